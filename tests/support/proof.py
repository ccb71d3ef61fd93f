"""What must hold after any fault: the one check that the tests and their mutants share."""

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from schemas.callback import decode_callback
from schemas.event import Event, read_event
from schemas.ledger import COUNT_KEY, LedgerState, decode_ledger
from schemas.outcome import Outcome, read_outcome
from schemas.record import Position
from schemas.topics import PARTITIONS_KEY, partition_for_key
from streams.books import final_outcomes
from streams.cli.frame import now_ms
from streams.log import Log
from streams.open_log import open_log
from streams.partition_count import RecordedCount, events_in_order
from streams.simulate import Delivery, event_differences
from streams.topology import existing_topics
from tests.support.deployment import Deployed

DRAINED_WITHIN_S = 60.0
# Which of them a callback becomes depends on which of its payment's came first.
BY_ORDER = frozenset((("announced", None), ("duplicate", None), ("superseded", None)))
CONFLICT = ("parked", "conflict")


@dataclass
class Found:
    """What a log holds, as committed readers see it."""

    callbacks: dict[str, list[tuple[str, Position]]] = field(default_factory=dict)  # by digest
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)  # by callback
    events: list[Event] = field(default_factory=list)
    ledger: dict[bytes, LedgerState] = field(default_factory=dict)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def opened(deployed: Deployed) -> Log:
    return open_log(deployed.log_url, options={}, clock=now_ms)


async def drained(deployed: Deployed) -> None:
    """Wait until both groups have committed the ends of what they consume.

    Raises:
        TimeoutError: they do not get there.
    """
    deadline = time.monotonic() + DRAINED_WITHIN_S
    log = opened(deployed)
    try:
        names = await existing_topics(log, deployed.prefix)
        for role, topic in (("verify", names.callbacks.name), ("settle", names.facts.name)):
            while True:
                ends = {p: b.end for p, b in (await log.bounds(topic)).items()}
                reached = await log.committed_offsets(f"{deployed.prefix}-{role}", topic)
                if all((reached.get(p) or 0) >= end for p, end in ends.items()):
                    break
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{role}: {dict(reached)} of {ends}: {deployed.logged()}")
                await asyncio.sleep(0.1)
    finally:
        await log.close()


async def found_in(deployed: Deployed) -> Found:
    """Read everything."""
    found = Found()
    log = opened(deployed)
    try:
        names = await existing_topics(log, deployed.prefix)
        async for record in log.read(names.callbacks.name):
            callback = decode_callback(record)
            # Some providers call with GET: their message is the query.
            query = callback.target.partition("?")[2].encode()
            message = query if callback.method == "GET" else callback.body
            held = found.callbacks.setdefault(digest(message), [])
            held.append((callback.id, record.position))
        async for record in log.read(names.outcomes.name):
            outcome = read_outcome(record)
            found.outcomes.setdefault(outcome.callback_id, []).append(outcome)
        count = await RecordedCount(log, names).read()
        assert count is not None
        found.events = [read_event(record) async for record in events_in_order(log, names, count)]
        async for record in log.read(names.ledger.name):
            if record.key is None or record.key in (COUNT_KEY, PARTITIONS_KEY):
                continue
            # Of a payment that moved to another partition a tombstone stays behind.
            if partition_for_key(record.key, count.partitions) == record.partition:
                assert record.value is not None, "a ledger state is gone"
                found.ledger[record.key] = decode_ledger(record.value)
            elif not count.eras:
                raise AssertionError("a ledger state in another partition than its payment's")
    finally:
        await log.close()
    return found


async def prove(deployed: Deployed, answered: Sequence[Delivery]) -> Found:
    """Let everything come to its end, stop the roles, and check every promise.

    `answered`: what was answered with success, each an obligation, and nothing else was sent.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    await drained(deployed)
    codes = deployed.stop()
    assert set(codes.values()) <= {0}, f"ended by SIGTERM: {codes} {deployed.logged()[-3000:]}"
    found = await found_in(deployed)
    _assert_kept(found, answered)
    _assert_once(found.events)
    _assert_caused(found, answered)
    differences = event_differences(answered, found.events)
    assert not differences, f"events differ: {differences[:5]}"
    _assert_outcomes(found, answered)
    _assert_folds(found)
    done = deployed.run("books", "--wait", "5", "--json", check=False)
    assert done.returncode == 0, f"the books do not balance: {done.stdout[-3000:]}"
    books = json.loads(done.stdout)
    assert books["callbacks"] == sum(map(len, found.callbacks.values()))
    assert sum(books["events"].values()) == len(found.events)
    return found


def _assert_kept(found: Found, answered: Iterable[Delivery]) -> None:
    lost = [each for each in answered if digest(each.message) not in found.callbacks]
    assert not lost, f"{len(lost)} callbacks answered with success are not stored"
    stored = [each for held in found.callbacks.values() for each in held]
    assert len({callback_id for callback_id, _ in stored}) == len(stored), "an id stands twice"
    open_ = [each for each, _ in stored if each not in found.outcomes]
    assert not open_, f"{len(open_)} stored callbacks have no outcome"
    for recorded in found.outcomes.values():
        items = final_outcomes(recorded)
        assert sorted(items) == list(range(recorded[0].items)), "an item has no outcome"


def _assert_once(events: Sequence[Event]) -> None:
    doubled = [each for each, count in Counter(e.id for e in events).items() if count > 1]
    assert not doubled, f"{len(doubled)} facts were announced twice"
    sequences: dict[bytes, list[int]] = {}
    for event in events:
        sequences.setdefault(event.key, []).append(event.sequence)
    gaps = [key for key, each in sequences.items() if each != list(range(1, len(each) + 1))]
    assert not gaps, f"{len(gaps)} payments have gaps in their sequence"


def _assert_caused(found: Found, answered: Iterable[Delivery]) -> None:
    """Each event was announced for a callback that announces an event of this type."""
    by_story: dict[str, list[Delivery]] = {}
    for each in answered:
        by_story.setdefault(each.story, []).append(each)
    announcing: dict[str, set[tuple[str, str, str | None]]] = {}
    for story in by_story.values():
        told = [(each, item.event) for each in story for item in each.expectation.items]
        for each in story:
            # Of a running total told in another order each callback may announce a rise.
            announcing.setdefault(digest(each.message), set()).update(
                (each.provider, event.type, event.payment_id)
                for teller, event in told
                if event is not None and (teller is each or not each.expectation.any_order)
            )
    said = {
        callback_id: announcing.get(body, set())
        for body, held in found.callbacks.items()
        for callback_id, _ in held
    }
    for event in found.events:
        fact = (event.provider, event.type, event.payment_id)
        assert fact in said.get(event.causation_id, ()), f"nobody told of {event.id}: {fact}"


def _assert_outcomes(found: Found, answered: Iterable[Delivery]) -> None:
    for each in answered:
        for callback_id, _ in found.callbacks[digest(each.message)]:
            final = final_outcomes(found.outcomes[callback_id])
            for place, item in enumerate(each.expectation.items):
                outcome = (final[place].outcome, final[place].code)
                expected = {(item.outcome, item.code)}
                if expected & BY_ORDER:
                    expected |= BY_ORDER
                if not each.expectation.any_order:
                    expected |= BY_ORDER | ({CONFLICT} if each.scenario == "conflict" else set())
                name = f"{each.provider} {each.scenario}, item {place}"
                assert outcome in expected, f"outcomes differ: {name}: {outcome}, not {expected}"


def _assert_folds(found: Found) -> None:
    folded: dict[bytes, LedgerState] = {}
    for event in found.events:
        folded[event.key] = folded.get(event.key, LedgerState()).after(event)
    assert folded == found.ledger, "the ledger is not the fold of the events"
