"""The books: every item of every callback has one outcome, every announced one its event.

Reads committed records only and changes nothing. What is still on its way is counted apart.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from processors.expiry import LEDGER_DAYS_MIN
from schemas.callback import decode_callback
from schemas.errors import Foreign, InvalidRecord
from schemas.event import Event, read_event
from schemas.ledger import COUNT_KEY, LedgerState, decode_ledger
from schemas.outcome import STANDING, Outcome, read_outcome
from schemas.record import Position, Record
from schemas.times import DAY_MS
from schemas.topics import PARTITIONS_KEY, Topics
from streams.log import Log
from streams.partition_count import PartitionCount, RecordedCount, events_in_order
from streams.verify import foreign_id

EXAMPLES_MAX: Final = 20


@dataclass(slots=True)
class Books:
    """What a reading found. `discrepancies` are sentences; none means that the books balance."""

    callbacks: int = 0
    items: int = 0
    in_flight: int = 0
    by_outcome: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_provider: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    discrepancies: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        return not self.discrepancies and not self.in_flight

    def differs(self, what: str, where: str) -> None:
        self.discrepancies[what] += 1
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(f"{what}: {where}")


def final_outcomes(recorded: list[Outcome]) -> dict[int, Outcome]:
    """Return the outcome that counts of each item, from a callback's outcomes in order."""
    final: dict[int, Outcome] = {}
    for outcome in recorded:
        standing = final.get(outcome.item)
        if standing is None or standing.outcome not in STANDING:
            final[outcome.item] = outcome
    return final


async def read_books(log: Log, topics: Topics) -> Books:
    """Read all topics once and compare them with each other."""
    books = Books()
    recorded: dict[str, list[Outcome]] = {}
    # Outcomes and events first: what arrives meanwhile is a callback without outcome, in flight.
    async for record in log.read(topics.outcomes.name):
        outcome = read_outcome(record)
        recorded.setdefault(outcome.callback_id, []).append(outcome)
    events = await _read_events(log, topics, books)
    finals = {callback_id: final_outcomes(each) for callback_id, each in recorded.items()}
    await _compare_callbacks(log, topics, books, finals)
    _compare_events(books, finals, events)
    await _compare_ledger(log, topics, books, events)
    return books


async def _read_events(log: Log, topics: Topics, books: Books) -> dict[str, Event]:
    events: dict[str, Event] = {}
    latest: dict[bytes, Event] = {}
    count = await RecordedCount(log, topics).read() or PartitionCount(topics.events.partitions)
    async for record in events_in_order(log, topics, count):
        event = read_event(record)
        if event.id in events:
            books.differs("an event stands twice", event.id)
        before = latest.get(event.key)
        follows = event.sequence == (0 if before is None else before.sequence) + 1
        if not follows and not _began_anew(before, event):
            books.differs("a payment's sequence has a gap", event.id)
        latest[event.key] = event
        events[event.id] = event
        books.events[event.type] += 1
    return events


def _began_anew(before: Event | None, event: Event) -> bool:
    """Whether a payment came back after its ledger record had expired."""
    if before is None:
        return False
    apart_ms = event.recorded_at_ms - before.recorded_at_ms
    return event.sequence == 1 and apart_ms > LEDGER_DAYS_MIN * DAY_MS


async def _compare_callbacks(
    log: Log, topics: Topics, books: Books, finals: dict[str, dict[int, Outcome]]
) -> None:
    starts = {p: b.start for p, b in (await log.bounds(topics.callbacks.name)).items()}
    seen: set[Position] = set()
    async for callback_id, provider, record in _callbacks(log, topics):
        books.callbacks += 1
        seen.add(record.position)
        items = {
            item: outcome
            for item, outcome in finals.get(callback_id, {}).items()
            if outcome.callback == record.position
        }
        if not items:
            books.in_flight += 1
            continue
        expected = next(iter(items.values())).items
        books.items += expected
        if len(items) < expected:
            books.in_flight += 1
        for outcome in items.values():
            books.by_outcome[outcome.outcome, outcome.code or ""] += 1
            books.by_provider[provider, outcome.outcome, outcome.code or ""] += 1
    for callback_id, items in finals.items():
        where = next(iter(items.values())).callback
        held = where.topic != topics.callbacks.name or where.offset >= starts[where.partition]
        if held and where not in seen:
            books.differs("an outcome of a callback that is not held", callback_id)


def _compare_events(
    books: Books, finals: dict[str, dict[int, Outcome]], events: dict[str, Event]
) -> None:
    announced = {
        outcome.event_id: (callback_id, item)
        for callback_id, items in finals.items()
        for item, outcome in items.items()
        if outcome.outcome == "announced"
    }
    for event_id, (callback_id, item) in announced.items():
        event = events.get(event_id or "")
        if event is None:
            books.differs("an announced outcome without its event", callback_id)
        elif (event.causation_id, event.causation_item) != (callback_id, item):
            books.differs("an event of another callback than its outcome's", event.id)
    for event_id in events.keys() - announced.keys():
        books.differs("an event without an announced outcome", event_id)


async def _compare_ledger(
    log: Log, topics: Topics, books: Books, events: dict[str, Event]
) -> None:
    folded: dict[bytes, LedgerState] = {}
    for event in events.values():
        folded[event.key] = folded.get(event.key, LedgerState()).after(event)
    placed: dict[tuple[int, bytes], bytes] = {}
    gone: set[bytes] = set()  # Expired or being rebuilt: what is not there cannot differ.
    async for record in log.read(topics.ledger.name):
        if record.key is None or record.key in (COUNT_KEY, PARTITIONS_KEY):
            continue
        # A tombstone is of its own partition: a payment that moved has its state elsewhere.
        if record.value is None:
            placed.pop((record.partition, record.key), None)
            gone.add(record.key)
        else:
            placed[record.partition, record.key] = record.value
    held = {key: value for (_, key), value in placed.items()}
    for key, value in held.items():
        try:
            state = decode_ledger(value)
        except InvalidRecord:
            books.differs("a ledger state that cannot be read", key.decode("utf-8", "replace"))
            continue
        known = folded.get(key)
        if known is not None and state.sequence > known.sequence:
            books.in_flight += 1  # Announced after the events were read.
        elif state != known:
            books.differs("a ledger state unlike its events", key.decode("utf-8", "replace"))
    for key in folded.keys() - held.keys() - gone:
        books.differs("a payment with events that the ledger lacks", key.decode())


async def _callbacks(log: Log, topics: Topics) -> AsyncIterator[tuple[str, str, Record]]:
    async for record in log.read(topics.callbacks.name):
        try:
            callback = decode_callback(record)
        except Foreign:
            yield foreign_id(record), "unknown", record
        else:
            yield callback.id, callback.provider, record
