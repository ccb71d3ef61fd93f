"""Whether the run led to what the simulator said beforehand, item by item and event by event."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.demo.reading import Reading, Stored
from schemas.outcome import STANDING, Outcome
from streams.simulate import Delivery, ExpectedItem, Report, event_differences

CONFLICT: Final = "conflict"
EXAMPLES_MAX: Final = 8
_Known = tuple[str, str, str]  # provider, account, digest of the body


@dataclass(frozen=True)
class Check:
    """One thing that has to hold; `wrong` are sentences about where it does not."""

    claim: str
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.wrong


def checks(
    deliveries: Sequence[Delivery], report: Report, reading: Reading, ended_badly: Sequence[str]
) -> list[Check]:
    """Return every check of a run."""
    expected = sum(len(each.expectation.items) for each in deliveries)
    books = reading.books
    discrepancies = [*books.examples]
    if books.in_flight:
        discrepancies.append(f"{books.in_flight} callbacks or payments are on their way still")
    return [
        Check(
            f"each of {report.deliveries} deliveries got the reply that its provider waits for",
            _unexpected_replies(report),
        ),
        Check(
            f"each of {expected} items came out as the simulator had foretold",
            tuple(_differing_outcomes(deliveries, reading)),
        ),
        Check(
            f"{len(reading.events)} events: every one foretold is there, none twice, no other",
            (*event_differences(deliveries, reading.events), *_unforetold(deliveries, reading)),
        ),
        Check(
            f"the books balance: {books.callbacks} callbacks, {books.items} items,"
            " one outcome each",
            tuple(discrepancies),
        ),
        Check("every process ended in order", tuple(ended_badly)),
    ]


def _unexpected_replies(report: Report) -> tuple[str, ...]:
    if report.stopped_early:
        return ("sending took too long and was given up", *report.samples)
    return tuple(report.samples)


def _differing_outcomes(deliveries: Sequence[Delivery], reading: Reading) -> Iterable[str]:
    stored = _by_body(reading)
    conflicts: dict[str, set[str]] = defaultdict(set)
    for delivery in deliveries:
        found = stored.get(_known(delivery), [])
        where = f"{delivery.provider} {delivery.scenario}"
        if not found:
            yield f"{where}: answered, and not in the log"
        for each in found:
            yield from (f"{where}: {wrong}" for wrong in _differences(delivery, each))
        if delivery.scenario == CONFLICT:
            conflicts[delivery.story] |= {o.outcome for s in found for o in s.outcomes.values()}
    yield from (
        f"{CONFLICT}: of two amounts one is announced and one parked, not {sorted(words)}"
        for words in conflicts.values()
        if words & STANDING == set() or "parked" not in words
    )
    strangers = stored.keys() - {_known(delivery) for delivery in deliveries}
    yield from (f"{provider}: a callback that nobody sent" for provider, _, _ in strangers)


def _differences(delivery: Delivery, stored: Stored) -> Iterable[str]:
    items = delivery.expectation.items
    if stored.outcomes.keys() != set(range(len(items))):
        yield f"{len(stored.outcomes)} outcomes of {len(items)} items"
        return
    for number, expected in enumerate(items):
        outcome = stored.outcomes[number]
        if not _meets(expected, outcome, delivery.scenario):
            yield (
                f"item {number} is {_words(outcome.outcome, outcome.code)},"
                f" not {_words(expected.outcome, expected.code)}"
            )


def _meets(expected: ExpectedItem, outcome: Outcome, scenario: str) -> bool:
    """Who comes first among those who state one fact is chance: the others are duplicates."""
    contradicts = outcome.outcome == "parked" and outcome.code == CONFLICT
    if scenario == CONFLICT:
        return outcome.outcome in STANDING or contradicts
    if expected.outcome in STANDING:
        return outcome.outcome in STANDING
    return (outcome.outcome, outcome.code) == (expected.outcome, expected.code)


def _unforetold(deliveries: Sequence[Delivery], reading: Reading) -> Iterable[str]:
    foretold = {
        (delivery.provider, item.event.type, item.event.payment_id)
        for delivery in deliveries
        for item in delivery.expectation.items
        if item.event is not None
    }
    found = Counter((event.provider, event.type, event.payment_id) for event in reading.events)
    return (
        f"{found[told]} not foretold: {' '.join(map(str, told))}"
        for told in found.keys() - foretold
    )


def _by_body(reading: Reading) -> dict[_Known, list[Stored]]:
    found: dict[_Known, list[Stored]] = defaultdict(list)
    for stored in reading.callbacks.values():
        callback = stored.callback
        found[callback.provider, callback.account, _digest(callback.body)].append(stored)
    return found


def _known(delivery: Delivery) -> _Known:
    return delivery.provider, delivery.account, _digest(delivery.body)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _words(outcome: str, code: str | None) -> str:
    return outcome if code is None else f"{outcome} ({code})"
