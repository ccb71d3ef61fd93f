"""Last phase: the payments of the range are settled again, and their events compared as sets.

A payment's facts are taken in the order in which settling once read them; those outside the range
as they were recorded, those inside as they come out today.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from processors.replay import Change, compare_events, fact_changes
from processors.settle_again import Cause, Told, settle_again
from schemas.errors import TOO_OLD
from schemas.event import Event, event_draft, read_event
from schemas.fact import FactRecord, decode_fact, fact_draft, read_fact
from schemas.record import Draft, Record
from schemas.topics import Topics
from streams.errors import ConfigurationError
from streams.log import Appender, Log
from streams.replay.judging import named_item
from streams.replay.part import Part
from streams.replay.plan import Plan, Range, Span, Wanted
from streams.replay.store import DerivedRow

APPEND_CHUNK: Final = 1_000


@dataclass(slots=True)
class _Payments:
    """The facts and events of one partition's payments, by key."""

    told: dict[bytes, list[Told]] = field(default_factory=lambda: defaultdict(list))
    events: dict[bytes, list[Event]] = field(default_factory=lambda: defaultdict(list))
    causes: dict[bytes, set[Cause]] = field(default_factory=lambda: defaultdict(set))
    drafts: list[Draft] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlingAgain:
    """What settles the payments of one partition. `appender` None: nothing is written."""

    log: Log
    topics: Topics
    plan: Plan
    wanted: Wanted
    into: Topics | None
    appender: Appender | None

    async def run(self, part: Part) -> None:
        payments = _Payments()
        keys = part.store.keys(part.number)
        if not keys:
            return
        await self._read_facts(part, payments, keys)
        await self._read_events(part, payments, keys)
        settled_at = part.store.settled_at(TOO_OLD)
        events: list[Draft] = []
        for key in sorted(keys):
            resettled = settle_again(
                payments.told[key],
                payments.events[key],
                causes_held=frozenset(payments.causes[key]),
                facts_begin_held=self.plan.begin_is_held(self.topics.facts.name, key),
                settled_at_ms=settled_at,
                ledger_days=self.wanted.ledger_days,
            )
            part.counts["payments"] += 1
            part.counts["unsettled"] += resettled.unsettled
            derived = [
                event
                for event in resettled.events
                if (event.causation_id, event.causation_item) in payments.causes[key]
            ]
            part.counts["events"] += len(derived)
            orphans = {event.id for event in resettled.orphans}
            recorded = [each for each in payments.events[key] if each.id not in orphans]
            for orphan in resettled.orphans:
                part.found("event_without_fact", orphan.id, {"payment": key.decode()})
            _note(part, key, recorded, resettled.events)
            events += [self._event_draft(event, part.number) for event in derived if self.into]
        await self._write(part.number, payments.drafts, events)

    async def _read_facts(self, part: Part, payments: _Payments, keys: set[bytes]) -> None:
        rows = part.store.derived(part.number)
        instead = {
            (row.partition, row.offset, row.item, row.revision): row for row in rows if row.instead
        }
        topic = self.topics.facts.name
        spans = self.plan.spans(topic, attrgetter("facts"), keys)
        async with aclosing(self._read(part, topic, spans, keys)) as records:
            async for key, record in records:
                fact = read_fact(record)
                where = fact.callback.partition, fact.callback.offset, fact.item, fact.revision
                payments.causes[key].add((fact.callback_id, fact.item))
                told, octets = fact, record.value
                if where in instead:
                    octets = _taken_instead(part, record.value or b"", fact, instead[where])
                    told = fact if octets is None else decode_fact(octets)
                if octets is not None:
                    settled = record.offset < self.plan.settled.get(record.partition, 0)
                    self._tell(payments, told, octets, settled=settled)
        for row in rows:
            if not row.instead and row.octets is not None:
                self._tell(payments, decode_fact(row.octets), row.octets, settled=True)

    def _tell(
        self, payments: _Payments, fact: FactRecord, octets: bytes, *, settled: bool
    ) -> None:
        key = fact.key or b""
        payments.told[key].append(Told(fact, settled))
        payments.causes[key].add((fact.callback_id, fact.item))
        covered: Range = self.wanted.range
        if self.into and covered.covers(fact.received_at_ms, fact.provider, fact.account):
            topic = self.into.facts
            draft = fact_draft(fact, octets, topic=topic.name, partitions=topic.partitions)
            payments.drafts.append(self._marked(draft))

    async def _read_events(self, part: Part, payments: _Payments, keys: set[bytes]) -> None:
        topic = self.topics.events.name
        spans = self.plan.spans(topic, attrgetter("events"), keys)
        async with aclosing(self._read(part, topic, spans, keys)) as records:
            async for key, record in records:
                payments.events[key].append(read_event(record))

    async def _read(
        self, part: Part, topic: str, spans: Sequence[Span], keys: set[bytes]
    ) -> AsyncGenerator[tuple[bytes, Record], None]:
        """Yield the records of these payments, each payment's in order, with their keys."""
        for span in spans:
            reading = self.log.read(topic, span.partitions, start=span.start, end=span.ends)
            async with aclosing(reading) as records:
                async for record in records:
                    if record.key in keys:
                        yield record.key, record
                    part.record_done()

    def _event_draft(self, event: Event, partition: int) -> Draft:
        assert self.into is not None
        return self._marked(
            event_draft(
                event, topic=self.into.events.name, partition=partition,
                deployment=self.wanted.deployment,
            )
        )  # fmt: skip

    def _marked(self, draft: Draft) -> Draft:
        mark = ("replay.id", self.wanted.id.encode())
        return Draft(draft.topic, draft.partition, draft.key, draft.value, (*draft.headers, mark))

    async def _write(self, number: int, facts: list[Draft], events: list[Draft]) -> None:
        """Write what is not written yet.

        Raises:
            ConfigurationError: somebody else has written there.
        """
        if self.into is None or self.appender is None:
            return
        for topic, drafts in ((self.into.facts.name, facts), (self.into.events.name, events)):
            # One part alone writes to this partition, always in one order: what an interrupted
            # run has written is its beginning.
            written = (await self.log.bounds(topic))[number].end
            while written < len(drafts):
                chunk = drafts[written : written + APPEND_CHUNK]
                # More than was sent: an append that was under way at a kill landed after the look.
                written = (await self.appender.append(chunk))[-1].offset + 1
            if written != len(drafts):
                raise ConfigurationError(
                    f"{topic}-{number} holds {written} records and not {len(drafts)}: others were"
                    " written into it; begin anew with another --into"
                )


def _taken_instead(part: Part, octets: bytes, fact: FactRecord, row: DerivedRow) -> bytes | None:
    """Return what is settled in this partition instead of a recorded fact, and say why."""
    if row.octets is not None:
        subject = named_item(fact.callback_id, fact.item, fact.revision)
        detail = {
            "item": fact.item,
            "revision": fact.revision,
            "position": list(fact.callback),
            "changes": _plain(fact_changes(octets, row.octets)),
        }
        part.explained("fact_changed", subject, detail)
    return None if row.elsewhere else row.octets


def _note(part: Part, key: bytes, recorded: Sequence[Event], derived: Sequence[Event]) -> None:
    found = compare_events(recorded, derived)
    payment = key.decode()
    for kind, events in (("event_missing", found.missing), ("event_surplus", found.surplus)):
        for event in events:
            part.found(kind, event.id, {"payment": payment, **_described(event)})
    for kind, changed in (("event_changed", found.changed), ("event_placed", found.placed)):
        for event_id, changes in changed:
            part.found(kind, event_id, {"payment": payment, "changes": _plain(changes)})


def _described(event: Event) -> Mapping[str, object]:
    amount = event.amount
    return {
        "type": event.type,
        "causation_id": event.causation_id,
        "amount": None if amount is None else [amount.minor, amount.currency, amount.exponent],
    }


def _plain(changes: Sequence[Change]) -> list[list[object]]:
    return [[each.field, each.recorded, each.derived] for each in changes]
