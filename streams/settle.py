"""Settling stage: facts -> events + ledger + outcomes, in one transaction with the offsets.

Guarantees:  a `read_committed` reader of the events sees each business fact once: under
duplicates,
             kill -9, zombies and rebalances.
State:       what was announced of each payment of the partitions owned here: a cache of the ledger
             topic, itself fold(events). A count record in each transaction lets a restore notice a
             ledger that is missing, partial or of an unknown version; it is rebuilt from events.
Order:       one partition is one order; events keep the order of proof.
On error:    any exception ends the process before the offsets move; the next owner fences,
restores
             and repeats the batch.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
import structlog

from processors.expiry import expires_at_ms
from processors.settle import Settlement, settle
from schemas.errors import DEFECT, InvalidRecord, OutcomeWord
from schemas.event import event_draft, read_event
from schemas.fact import FactRecord, read_fact
from schemas.ledger import LedgerState, decode_ledger, encode_ledger
from schemas.outcome import Outcome, outcome_draft
from schemas.record import Draft, Record
from schemas.topics import PARTITIONS_KEY, Topics, partition_for_key
from streams.log import Log
from streams.metrics import StageMetrics
from streams.partition_count import PartitionCount, events_in_order

COUNT_KEY: Final = b"count"  # of the record that says how much the ledger partition holds
REBUILD_CHUNK: Final = 1_000
SWEEP_STATES: Final = 500  # looked at for expiry in one batch
SWEEP_EVERY_MS: Final = 3_600_000
_FACT_TYPE: Final = ("ce_type", b"io.tillstream.FactStated.v1")
LEDGER_HEADERS: Final = (
    ("content-type", b"application/json"),
    ("ce_type", b"io.tillstream.LedgerState.v1"),
)
_log = structlog.get_logger()


@dataclass(slots=True)
class Partition:
    """The states of one partition as encoded bytes: most facts are news and need no decoding.

    `events` is the sum of the states' sequences; with the number of states it is the count record.
    """

    states: dict[bytes, bytes] = field(default_factory=dict)
    events: int = 0
    swept_at_ms: int = 0
    sweep: Iterator[bytes] | None = None

    def count_record(self) -> bytes:
        return orjson.dumps({"v": 1, "payments": len(self.states), "events": self.events})


@dataclass(slots=True)
class _Tally:
    """What a batch adds to the metrics, once it is committed."""

    ages_ms: list[int] = field(default_factory=list)
    outcomes: Counter[tuple[str, OutcomeWord, str | None]] = field(default_factory=Counter)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    alarms: list[tuple[str, str]] = field(default_factory=list)

    def add(self, fact: FactRecord, settlement: Settlement, now_ms: int) -> None:
        self.ages_ms.append(now_ms - fact.received_at_ms)
        outcome, event = settlement.outcome, settlement.event
        if outcome is not None:
            self.outcomes[fact.provider, outcome.outcome, outcome.code] += 1
        if event is not None:
            self.events[fact.provider, event.type] += 1
        self.alarms += [(alarm, fact.callback_id) for alarm in settlement.alarms]


@dataclass(slots=True)
class _Round:
    """One batch in the making: nothing here counts before its transaction is committed.

    `changed` are states as they go into the ledger, None for expired ones; `events` is the sum of
    sequences with them. Nothing else of a fact is kept: all objects of a full batch would not fit
    into the processor's cache.
    """

    events: int
    changed: dict[bytes, bytes | None] = field(default_factory=dict)
    tally: _Tally = field(default_factory=_Tally)


class Settling:
    """The `Settler` of the main path: see `streams.log`."""

    def __init__(
        self,
        log: Log,
        topics: Topics,
        *,
        deployment: str,
        ledger_days: int,
        clock: Callable[[], int],
        metrics: StageMetrics,
        count: PartitionCount | None = None,
    ) -> None:
        """`count`: as it is recorded; None: the one of `topics`, which never grew."""
        self._log = log
        self._count_of_partitions = count or PartitionCount(topics.facts.partitions)
        self._topics = topics
        self._deployment = deployment
        self._ledger_days = ledger_days
        self._clock = clock
        self._metrics = metrics
        self._partitions: dict[int, Partition] = {}
        self._rounds: dict[int, _Round] = {}

    async def restore(self, partition: int) -> None:
        restored = await self._read_ledger(partition)
        if restored is None:
            restored = await self._rebuild(partition)
        self._partitions[partition] = restored
        self._metrics.ledger_payments.labels(str(partition)).set(len(restored.states))

    def process(self, partition: int, records: Sequence[Record]) -> Sequence[Draft]:
        owned = self._partitions[partition]
        now_ms = self._clock()
        round_ = _Round(owned.events)
        drafts: list[Draft] = []
        for record in records:
            self._settle(owned, round_, record, now_ms, drafts)
        self._mark_expired(owned, round_, now_ms)
        if round_.changed:
            drafts += self._ledger_drafts(owned, round_, partition)
        self._rounds[partition] = round_
        return drafts

    def committed(self, partition: int) -> None:
        round_ = self._rounds.pop(partition)
        owned = self._partitions[partition]
        owned.events = round_.events
        for key, value in round_.changed.items():
            if value is None:
                owned.states.pop(key, None)
            else:
                owned.states[key] = value
        self._metrics.ledger_payments.labels(str(partition)).set(len(owned.states))
        self._count(round_.tally)

    def forget(self, partition: int) -> None:
        self._partitions.pop(partition, None)
        self._rounds.pop(partition, None)

    def _settle(
        self, owned: Partition, round_: _Round, record: Record, now_ms: int, drafts: list[Draft]
    ) -> None:
        if _FACT_TYPE not in record.headers:
            # Somebody else's record states nothing; a damaged fact of ours ends the process below.
            _log.error("foreign_fact", partition=record.partition, offset=record.offset)
            self._metrics.alarm("foreign_fact")
            return
        fact = read_fact(record)
        key = record.key or b""
        if partition_for_key(key, self._count_of_partitions.partitions) != record.partition:
            self._misplaced(round_, record, fact, now_ms, drafts)
            return
        state = _decoded(round_.changed.get(key) or owned.states.get(key))
        settlement = settle(state, fact, recorded_at_ms=now_ms, ledger_days=self._ledger_days)
        round_.tally.add(fact, settlement, now_ms)
        event, outcome = settlement.event, settlement.outcome
        if event is not None:
            round_.changed[key] = encode_ledger(settlement.state)
            round_.events += settlement.state.sequence - _sequence(state)
            drafts.append(
                event_draft(
                    event, topic=self._topics.events.name, partition=record.partition,
                    deployment=self._deployment,
                )
            )  # fmt: skip
        if outcome is not None:
            self._append_outcome(outcome, drafts)

    def _append_outcome(self, outcome: Outcome, drafts: list[Draft]) -> None:
        topic = self._topics.outcomes
        drafts.append(outcome_draft(outcome, topic=topic.name, partitions=topic.partitions))

    def _misplaced(
        self, round_: _Round, record: Record, fact: FactRecord, now_ms: int, drafts: list[Draft]
    ) -> None:
        """Announce nothing of a payment whose ledger lies elsewhere.

        Settled before the partitions grew, or written by who did not know of it: then its
        callback is judged again, and until then it is parked.
        """
        if self._count_of_partitions.settled_before(record):
            return
        _log.error("misplaced_fact", partition=record.partition, offset=record.offset)
        self._metrics.alarm("misplaced_fact")
        outcome = Outcome(
            fact.callback_id, fact.item, fact.items, "parked", DEFECT, None, fact.revision,
            fact.callback,
        )  # fmt: skip
        round_.tally.ages_ms.append(now_ms - fact.received_at_ms)
        round_.tally.outcomes[fact.provider, "parked", DEFECT] += 1
        self._append_outcome(outcome, drafts)

    def _ledger_drafts(self, owned: Partition, round_: _Round, partition: int) -> Iterator[Draft]:
        payments = len(owned.states)
        for key, value in round_.changed.items():
            payments += (value is not None) - (key in owned.states)
            yield self._ledger_draft(partition, key, value)
        count = orjson.dumps({"v": 1, "payments": payments, "events": round_.events})
        yield self._ledger_draft(partition, COUNT_KEY, count)

    def _ledger_draft(self, partition: int, key: bytes, value: bytes | None) -> Draft:
        return Draft(self._topics.ledger.name, partition, key, value, LEDGER_HEADERS)

    def _mark_expired(self, owned: Partition, round_: _Round, now_ms: int) -> None:
        """Mark a bounded number of expired payments; their tombstones go into this transaction."""
        if owned.sweep is None:
            if now_ms - owned.swept_at_ms < SWEEP_EVERY_MS:
                return
            owned.swept_at_ms = now_ms
            owned.sweep = iter(list(owned.states))
        for _ in range(SWEEP_STATES):
            key = next(owned.sweep, None)
            if key is None:
                owned.sweep = None
                break
            octets = owned.states.get(key)
            if key not in round_.changed and self._is_expired(octets, now_ms):
                round_.changed[key] = None
                round_.events -= sequence_of(octets)

    def _is_expired(self, octets: bytes | None, now_ms: int) -> bool:
        state = _decoded(octets)
        if state is None:
            return False
        expires = expires_at_ms(state, self._ledger_days)
        return expires is not None and expires < now_ms

    async def _read_ledger(self, partition: int) -> Partition | None:
        """Return the ledger of a partition, or None where it has to be rebuilt."""
        restored = Partition(swept_at_ms=self._clock())
        count: bytes | None = None
        async for record in self._log.read(self._topics.ledger.name, [partition]):
            if record.key == COUNT_KEY:
                count = record.value
            elif record.key == PARTITIONS_KEY or record.key is None:
                continue
            elif record.value is None:
                restored.states.pop(record.key, None)
            else:
                restored.states[record.key] = record.value
        try:
            restored.events = sum(sequence_of(value) for value in restored.states.values())
        except InvalidRecord:
            _log.warning("ledger_unreadable", partition=partition)
            return None
        if count == restored.count_record():
            return restored
        bounds = await self._log.bounds(self._topics.events.name)
        if count is None and not restored.states and bounds[partition].end == 0:
            return restored
        _log.warning("ledger_incomplete", partition=partition, payments=len(restored.states))
        return None

    async def _rebuild(self, partition: int) -> Partition:
        """Fold the events of a partition, and write the states back before anything is settled."""
        states: dict[bytes, LedgerState] = {}
        count = self._count_of_partitions
        async for record in events_in_order(self._log, self._topics, count, partition):
            if partition_for_key(record.key or b"", count.partitions) != partition:
                continue
            event = read_event(record)
            states[event.key] = states.get(event.key, LedgerState()).after(event)
        now_ms = self._clock()
        rebuilt = Partition(swept_at_ms=now_ms)
        for key, state in states.items():
            encoded = encode_ledger(state)
            if not self._is_expired(encoded, now_ms):
                rebuilt.states[key] = encoded
                rebuilt.events += state.sequence
        await self._write_back(partition, rebuilt)
        _log.warning("ledger_rebuilt", partition=partition, payments=len(rebuilt.states))
        return rebuilt

    async def _write_back(self, partition: int, rebuilt: Partition) -> None:
        # The count goes last: a crash in between leaves a ledger that is noticed as incomplete.
        stale = [
            record.key
            async for record in self._log.read(self._topics.ledger.name, [partition])
            if record.key is not None
            and record.key not in rebuilt.states
            and record.key not in (COUNT_KEY, PARTITIONS_KEY)
        ]
        drafts = [self._ledger_draft(partition, COUNT_KEY, None)]
        drafts += [self._ledger_draft(partition, key, None) for key in set(stale)]
        drafts += [self._ledger_draft(partition, *each) for each in rebuilt.states.items()]
        drafts.append(self._ledger_draft(partition, COUNT_KEY, rebuilt.count_record()))
        appender = self._log.appender()
        try:
            for start in range(0, len(drafts), REBUILD_CHUNK):
                await appender.append(drafts[start : start + REBUILD_CHUNK])
        finally:
            await appender.close()

    def _count(self, tally: _Tally) -> None:
        for age_ms in tally.ages_ms:
            self._metrics.age.observe(max(0.0, age_ms / 1000))
        for (provider, word, code), count in tally.outcomes.items():
            self._metrics.recorded("settle", provider, word, code, count)
        for (provider, event_type), count in tally.events.items():
            self._metrics.announced(provider, event_type, count)
        for alarm, callback_id in tally.alarms:
            _log.error("settling_alarm", alarm=alarm, callback_id=callback_id)
            self._metrics.alarm(alarm)


def _decoded(octets: bytes | None) -> LedgerState | None:
    return None if octets is None else decode_ledger(octets)


def _sequence(state: LedgerState | None) -> int:
    return 0 if state is None else state.sequence


def sequence_of(octets: bytes | None) -> int:
    return 0 if octets is None else decode_ledger(octets).sequence
