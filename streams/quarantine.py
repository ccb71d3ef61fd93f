"""The quarantine: refused and parked items, read through their outcomes. No body is copied.

Releasing judges the original again, with the newest revision, keys as of its receive time, and
skips no check. A conflict, a stale or a too old item is closed by a recorded decision instead.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.callback import Callback, decode_callback
from schemas.errors import CONFLICT, TOO_OLD, Stale
from schemas.outcome import DECISION, Outcome, outcome_draft, read_outcome
from schemas.record import Record
from schemas.topics import Topics
from streams.books import final_outcomes
from streams.log import Log
from streams.metrics import StageMetrics
from streams.verify import Book, Judging, Publisher

# Judging again cannot change these: time does not come back, and money was announced otherwise.
DECIDED: Final = frozenset((CONFLICT, Stale.reason, TOO_OLD))


class NotReleasable(Exception):
    """The item cannot be released so; the message says what can be done."""


@dataclass(frozen=True, slots=True)
class Held:
    """One callback in quarantine: its outcomes that are refused or parked, by item."""

    callback_id: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Items held for one reason at one account; `account` is `provider/name`, "" where the account
    was not found out. `first` and `last` are callback ids, as recorded."""

    outcome: str
    code: str
    account: str
    items: int
    callbacks: int
    first: str
    last: str

    @property
    def closing(self) -> str:
        """How these are settled: judged again, closed by a decision, or nothing to do."""
        if self.code in DECIDED:
            return "release --decision"
        return "release" if self.outcome == "parked" else "none: the sender's fault"


def by_cause(held: Iterable[Held], accounts: Mapping[str, str]) -> tuple[Cause, ...]:
    """Return what is held by cause: parked first, the most frequent first.

    `accounts`: `provider/name` by the name of a revision.
    """
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for each in held:
        for outcome in each.outcomes:
            account = accounts.get(outcome.revision or "", "")
            found[outcome.outcome, outcome.code or "", account].append(each.callback_id)
    causes = [
        Cause(word, code, account, len(ids), len(set(ids)), ids[0], ids[-1])
        for (word, code, account), ids in found.items()
    ]
    return tuple(
        sorted(causes, key=lambda each: (each.outcome, -each.items, each.code, each.account))
    )


async def held_callbacks(
    log: Log, topics: Topics, *, codes: frozenset[str] = frozenset()
) -> tuple[Held, ...]:
    """Return what is in quarantine, oldest first as recorded; `codes` empty: all codes."""
    recorded: dict[str, list[Outcome]] = {}
    async for record in log.read(topics.outcomes.name):
        outcome = read_outcome(record)
        recorded.setdefault(outcome.callback_id, []).append(outcome)
    held = []
    for callback_id, each in recorded.items():
        final = final_outcomes(each).values()
        kept = tuple(
            outcome
            for outcome in final
            if outcome.outcome in ("refused", "parked") and (not codes or outcome.code in codes)
        )
        if kept:
            held.append(Held(callback_id, kept))
    return tuple(held)


async def original(log: Log, held: Held) -> Record:
    """Return the record of a held callback.

    Raises:
        NotReleasable: it lies beyond the topic's retention.
    """
    record = await log.get(held.outcomes[0].callback)
    if record is None:
        raise NotReleasable("the callback lies beyond the retention of its topic")
    return record


async def release(
    log: Log, topics: Topics, held: Sequence[Held], *, book: Book, metrics: StageMetrics
) -> int:
    """Judge held callbacks again and append what comes of them; return how many.

    Raises:
        NotReleasable: one of them can only be closed by a decision, or is not held any more.
    """
    for each in held:
        decided = DECIDED.intersection(outcome.code or "" for outcome in each.outcomes)
        if decided:
            raise NotReleasable(f"{', '.join(sorted(decided))} is closed with --decision TEXT")
    appender = log.appender()
    try:
        await Publisher(log, topics, appender).publish(book)
        judging = Judging(book, topics, metrics)
        records = [await original(log, each) for each in held]
        await appender.append([draft for record in records for draft in judging.drafts(record)])
    finally:
        await appender.close()
    return len(held)


async def decide(
    log: Log, topics: Topics, held: Sequence[Held], *, decision: str, decided_by: str
) -> int:
    """Close items by a recorded decision: outcome `ignored`, code `decision`; return how many."""
    said = (("decision.reason", decision.encode()), ("decision.by", decided_by.encode()))
    closed = [
        Outcome(
            outcome.callback_id, outcome.item, outcome.items, "ignored", DECISION, None,
            outcome.revision, outcome.callback,
        )
        for each in held
        for outcome in each.outcomes
    ]  # fmt: skip
    topic = topics.outcomes
    appender = log.appender()
    try:
        await appender.append(
            [
                outcome_draft(each, topic=topic.name, partitions=topic.partitions, extra=said)
                for each in closed
            ]
        )
    finally:
        await appender.close()
    return len(closed)


def describe(record: Record) -> dict[str, object]:
    """Return what may be shown of a callback: no body, header values masked except its type."""
    callback: Callback = decode_callback(record)
    return {
        "callback_id": callback.id,
        "provider": callback.provider,
        "account": callback.account,
        "received_at_ms": callback.received_at_ms,
        "method": callback.method,
        "target_bytes": len(callback.target),
        "headers": [
            [name, value if name.lower() == "content-type" else f"<{len(value)} characters>"]
            for name, value in callback.headers
        ],
        "body_bytes": len(callback.body),
        "client": callback.client,
        "position": list(record.position),
    }
