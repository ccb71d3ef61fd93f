"""Settling stage: facts -> events + ledger + outcomes, in one transaction with the offsets.

Guarantees:  a `read_committed` reader of the events sees each business fact once: under
duplicates,
             kill -9, zombies and rebalances.
State:       what was announced of each payment of the partitions owned here, in a store: a cache
             of the ledger topic, itself fold(events). A count record in each transaction lets a
             restore notice a ledger, or a store, that is missing, partial, of another history or
             of an unknown version (`streams.ledger`).
Order:       one partition is one order; events keep the order of proof.
On error:    any exception ends the process before the offsets move; the next owner fences,
restores
             and repeats the batch.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from processors.settle import Settlement, settle
from schemas.errors import DEFECT, OutcomeWord
from schemas.event import event_draft
from schemas.fact import FactRecord, read_fact
from schemas.ledger import COUNT_KEY, LedgerTotals, decode_ledger, encode_ledger
from schemas.outcome import Outcome, outcome_draft
from schemas.record import Draft, Position, Record
from schemas.topics import Topics, partition_for_key
from streams.ledger import MemoryStores, Restoring, Store, Stores, ledger_draft
from streams.log import Log
from streams.metrics import StageMetrics
from streams.partition_count import PartitionCount

SWEEP_STATES: Final = 500  # looked at for expiry in one batch
SWEEP_EVERY_MS: Final = 3_600_000
_FACT_TYPE: Final = ("ce_type", b"io.tillstream.FactStated.v1")
_log = structlog.get_logger()


class LedgerDisagrees(Exception):
    """A store does not add up to what its transaction said: a defect of ours; settling ends."""


@dataclass(slots=True)
class Partition:
    """The states of one partition as encoded bytes: most facts are news and need no decoding."""

    store: Store
    swept_at_ms: int
    sweep: Iterator[tuple[bytes, bytes]] | None = None


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

    `changed` are states as they go into the ledger, None for expired ones; `totals` are the
    store's with them. Nothing else of a fact is kept: all objects of a full batch would not fit
    into the processor's cache.
    """

    totals: LedgerTotals
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
        stores: Stores | None = None,
    ) -> None:
        """`count`: as it is recorded; None: the one of `topics`, which never grew.

        `stores` None: the states are kept in memory.
        """
        self._count_of_partitions = count or PartitionCount(topics.facts.partitions)
        self._restoring = Restoring(
            log, topics, stores or MemoryStores(), self._count_of_partitions,
            ledger_days=ledger_days, clock=clock,
        )  # fmt: skip
        self._topics = topics
        self._deployment = deployment
        self._ledger_days = ledger_days
        self._clock = clock
        self._metrics = metrics
        self._partitions: dict[int, Partition] = {}
        self._rounds: dict[int, _Round] = {}

    async def restore(self, partition: int) -> None:
        store = await self._restoring.open(partition)
        self._partitions[partition] = Partition(store, self._clock())
        self._tell_payments(partition)

    def process(self, partition: int, records: Sequence[Record]) -> Sequence[Draft]:
        owned = self._partitions[partition]
        now_ms = self._clock()
        round_ = _Round(owned.store.totals.copy())
        drafts: list[Draft] = []
        for record in records:
            self._settle(owned, round_, record, now_ms, drafts)
        self._mark_expired(owned, round_, now_ms)
        if round_.changed:
            changes = round_.changed.items()
            drafts += [ledger_draft(self._topics, partition, *change) for change in changes]
            # The last of all: its offset names what the store agrees with.
            count = round_.totals.record()
            drafts.append(ledger_draft(self._topics, partition, COUNT_KEY, count))
        self._rounds[partition] = round_
        return drafts

    def committed(self, partition: int, positions: Sequence[Position] = ()) -> None:
        round_ = self._rounds.pop(partition)
        if round_.changed:
            store = self._partitions[partition].store
            store.write(round_.changed.items(), positions[-1].offset if positions else None)
            if store.totals != round_.totals:
                raise LedgerDisagrees(f"the store of ledger partition {partition}")
        self._tell_payments(partition)
        self._count(round_.tally)

    def forget(self, partition: int) -> None:
        owned = self._partitions.pop(partition, None)
        self._rounds.pop(partition, None)
        if owned is not None:
            owned.store.close()

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
        held = round_.changed.get(key) or owned.store.get(key)
        state = None if held is None else decode_ledger(held)
        settlement = settle(state, fact, recorded_at_ms=now_ms, ledger_days=self._ledger_days)
        round_.tally.add(fact, settlement, now_ms)
        event, outcome = settlement.event, settlement.outcome
        if event is not None:
            encoded = round_.changed[key] = encode_ledger(settlement.state)
            if held is None:
                round_.totals.add(key, encoded)
            else:
                round_.totals.replace(key, held, encoded)
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

    def _mark_expired(self, owned: Partition, round_: _Round, now_ms: int) -> None:
        """Mark a bounded number of expired payments; their tombstones go into this transaction."""
        if owned.sweep is None:
            if now_ms - owned.swept_at_ms < SWEEP_EVERY_MS:
                return
            owned.swept_at_ms = now_ms
            owned.sweep = owned.store.items()
        for _ in range(SWEEP_STATES):
            found = next(owned.sweep, None)
            if found is None:
                owned.sweep = None
                break
            key, seen = found
            if key in round_.changed or not self._restoring.is_expired(seen, now_ms):
                continue
            # The sweep reads a few hundred states ahead: of this one there may be news since.
            octets = owned.store.get(key)
            if octets is not None and self._restoring.is_expired(octets, now_ms):
                round_.changed[key] = None
                round_.totals.replace(key, octets, None)

    def _tell_payments(self, partition: int) -> None:
        payments = self._partitions[partition].store.totals.payments
        self._metrics.ledger_payments.labels(str(partition)).set(payments)

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
