"""Faults planted in the product, each of which the simulation must notice.

Every name is a mistake that somebody could make. PLANTED holds a seed that notices it.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, Final

import streams.kafka.append as append
import streams.kafka.read as read
import streams.kafka.settle as settle
import streams.settle as stage
import streams.verify as verify
from schemas.errors import Unavailable
from schemas.fact import Fact
from schemas.ledger import LedgerState
from streams.ingress.batcher import Batcher, _Round
from streams.kafka.consume import KafkaConsumer
from streams.kafka.settle import ExactlyOnce
from streams.ledger import MemoryStore, Restoring
from streams.settle import Partition, Settling

Change = tuple[Any, str, Any]
_names = count()


def commit_before_ack() -> list[Change]:
    """Verify commits the offsets before its drafts are acknowledged."""
    poll = KafkaConsumer.poll

    async def hasty(self: Any, **arguments: Any) -> Any:
        batch = await poll(self, **arguments)
        if batch.records:
            await commit(self, batch.next_offsets)
        return batch

    async def done(self: Any, next_offsets: Any) -> None:
        """Committed already."""

    commit = KafkaConsumer.commit
    return [(KafkaConsumer, "poll", hasty), (KafkaConsumer, "commit", done)]


def reply_before_ack() -> list[Change]:
    """The front door answers when the append begins."""
    proper = Batcher._append

    async def hasty(self: Any, round_: Any) -> None:
        round_.tell(True)
        await proper(self, round_)

    return [(Batcher, "_append", hasty)]


def silence_is_success() -> list[Change]:
    """The front door takes the end of its patience for an acknowledgement."""
    proper = _Round.tell
    return [(_Round, "tell", lambda self, stored: proper(self, True))]


def unique_transactional_ids() -> list[Change]:
    """Every start has a transactional id of its own, which fences nobody."""
    return [(settle, "transactional_id", lambda group, p: f"{group}-{p}-{next(_names)}")]


async def _fenced(self: Any, partition: int) -> Any:
    return await settle.start_producer(
        self._settings,
        transactional_id=settle.transactional_id(self._group, partition),
        transaction_timeout_ms=self._transaction_ms_max,
    )


def fence_last() -> list[Change]:
    """State and offset are read before the old owner is fenced."""
    proper = ExactlyOnce._take_over

    async def hasty(self: Any, partition: int) -> Any:
        if partition in self._owned:
            return await proper(self, partition)
        await self._settler.restore(partition)
        offset = await self._committed(partition)
        self._owned[partition] = settle._Owned(await _fenced(self, partition), offset)
        return offset

    return [(ExactlyOnce, "_take_over", hasty)]


def restore_before_fence() -> list[Change]:
    """The state is restored before the old owner is fenced, the offset read afterwards."""
    proper = ExactlyOnce._take_over

    async def hasty(self: Any, partition: int) -> Any:
        if partition in self._owned:
            return await proper(self, partition)
        await self._settler.restore(partition)
        producer = await _fenced(self, partition)
        offset = await self._committed(partition)
        self._owned[partition] = settle._Owned(producer, offset)
        return offset

    return [(ExactlyOnce, "_take_over", hasty)]


def merged_before_commit() -> list[Change]:
    """State is merged before the commit, and a failed transaction is tried again."""
    proper, committed, drafts_of = ExactlyOnce._settle, Settling.committed, Settling.process

    async def again(self: Any, where: Any, records: Any) -> None:
        while True:
            try:
                await proper(self, where, records)
            except Unavailable:
                self._owned[where.partition].producer = await _fenced(self, where.partition)
            else:
                return

    def process(self: Any, partition: int, records: Any) -> Any:
        drafts = drafts_of(self, partition, records)
        committed(self, partition)
        return drafts

    return [
        (ExactlyOnce, "_settle", again), (Settling, "process", process),
        (Settling, "committed", lambda self, partition, positions: None),
    ]  # fmt: skip


def failed_send_skipped() -> list[Change]:
    """What the broker did not take inside a transaction is not noticed."""

    async def careless(producer: Any, drafts: Any) -> Any:
        for draft in drafts:
            batch = producer.create_batch()
            batch.append(timestamp=None, key=draft.key, value=draft.value, headers=draft.headers)
            await producer.send_batch(batch, draft.topic, partition=draft.partition)
        return drafts

    return [(settle, "send_all", careless)]


def first_ack_only() -> list[Change]:
    """Of several partitions the acknowledgement of the first is awaited."""
    proper = append.send_all

    async def hasty(producer: Any, drafts: Any) -> Any:
        sending = asyncio.ensure_future(proper(producer, drafts))
        first = drafts[0]
        own = [d for d in drafts if (d.topic, d.partition) == (first.topic, first.partition)]
        if len(own) == len(drafts):
            return await sending
        await asyncio.sleep(0.0005)
        return []

    return [(append, "send_all", hasty)]


def offsets_before_events() -> list[Change]:
    """Offsets are committed in a transaction of their own, before that of the events."""
    proper = ExactlyOnce._settle

    async def hasty(self: Any, where: Any, records: Any) -> None:
        producer = self._owned[where.partition].producer
        with settle.unavailable("offsets"):
            await producer.begin_transaction()
            await producer.send_offsets_to_transaction(
                {where: records[-1].offset + 1}, self._group
            )
            await producer.commit_transaction()
        await proper(self, where, records)

    return [(ExactlyOnce, "_settle", hasty)]


def no_restore() -> list[Change]:
    """Settle starts without its ledger."""

    async def empty(self: Any, partition: int) -> None:
        self._partitions[partition] = Partition(MemoryStore(), self._clock())

    return [(Settling, "restore", empty)]


def restore_cut_short() -> list[Change]:
    """The newest records of the ledger are not read, and its count is not compared."""
    proper = Restoring._agrees

    async def short(self: Any, store: Any, partition: int) -> bool:
        bounds = (await self._log.bounds(self._topics.ledger.name))[partition]
        full = self._log
        self._log = _CutShort(full, bounds.end - 6)
        try:
            await proper(self, store, partition)
        finally:
            self._log = full
        return True

    return [(Restoring, "_agrees", short)]


class _CutShort:
    def __init__(self, log: Any, end: int) -> None:
        self._log, self._end = log, max(0, end)
        self.bounds = log.bounds

    def read(self, topic: str, partitions: Any, **arguments: Any) -> Any:
        return self._log.read(topic, partitions, end={partitions[0]: self._end}, **arguments)

    async def entries(self, topic: str, partition: int, **arguments: Any) -> Any:
        async for entries in self._log.entries(topic, partition, **arguments):
            yield [entry for entry in entries if entry[0] < self._end]


def trusting_restore() -> list[Change]:
    """A ledger is believed whatever it counts."""
    proper = Restoring._agrees

    async def trusting(self: Any, store: Any, partition: int) -> bool:
        await proper(self, store, partition)
        return True

    return [(Restoring, "_agrees", trusting)]


def uncommitted_restore() -> list[Change]:
    """The ledger is restored with what was never committed."""
    proper = read.start_consumer

    async def careless(settings: Any, **more: Any) -> Any:
        return await proper(settings, isolation="read_uncommitted", **more)

    return [(read, "start_consumer", careless)]


def offsets_missing_means_end() -> list[Change]:
    """Where the group has no offset, settle begins at the end."""
    proper = ExactlyOnce._take_over

    async def jump(self: Any, partition: int) -> Any:
        committed = await proper(self, partition)
        if committed is None:
            where = settle.Assigned(self._topic, partition)
            return (await self._consumer.end_offsets([where]))[where]
        return committed

    return [(ExactlyOnce, "_take_over", jump)]


def identity_of_delivery() -> list[Change]:
    """A fact is known by the delivery that stated it, not by what happened."""
    proper = LedgerState.find

    def find(self: Any, event_type: str, part_id: Any) -> Any:
        return None if event_type == "PaymentSucceeded" else proper(self, event_type, part_id)

    return [(LedgerState, "find", find)]


def refund_by_payment() -> list[Change]:
    """All refunds of a payment are one."""
    proper = Fact.part_id

    def part(self: Any) -> Any:
        return None if self.type.startswith("Refund") else proper.fget(self)  # type: ignore[attr-defined]

    return [(Fact, "part_id", property(part))]


def captures_are_one() -> list[Change]:
    """Captures in parts are taken for one capture told again."""
    proper = Fact.part_id

    def part(self: Any) -> Any:
        return None if self.type == "PaymentSucceeded" else proper.fget(self)  # type: ignore[attr-defined]

    return [(Fact, "part_id", property(part))]


def another_partition_hash() -> list[Change]:
    """Facts are spread by callback, not by payment."""
    proper = verify.fact_draft

    def spread(record: Any, octets: Any, *, topic: str, partitions: int) -> Any:
        draft = proper(record, octets, topic=topic, partitions=partitions)
        return replace(draft, partition=zlib.crc32(record.callback_id.encode()) % partitions)

    return [(verify, "fact_draft", spread)]


def no_outcome_of_duplicates() -> list[Change]:
    """A duplicate is dropped without a word."""
    proper = stage.settle

    def silent(*arguments: Any, **more: Any) -> Any:
        settled = proper(*arguments, **more)
        return settled if settled.event is not None else replace(settled, outcome=None)

    return [(stage, "settle", silent)]


def ledger_behind_its_events() -> list[Change]:
    """A ledger that adds up is believed, whatever the events say."""

    async def content(self: Any, store: Any, partition: int) -> bool:
        return True

    return [(Restoring, "_holds_newest", content)]


PLANTED: Final[dict[str, tuple[Callable[[], list[Change]], int]]] = {
    "commit-before-ack": (commit_before_ack, 6),
    "reply-before-ack": (reply_before_ack, 1),
    "silence-is-success": (silence_is_success, 1),
    "unique-transactional-ids": (unique_transactional_ids, 96),
    "fence-last": (fence_last, 103),
    "restore-before-fence": (restore_before_fence, 774),
    "merged-before-commit": (merged_before_commit, 1),
    "failed-send-skipped": (failed_send_skipped, 6),
    "first-ack-only": (first_ack_only, 78),
    "offsets-before-events": (offsets_before_events, 1),
    "no-restore": (no_restore, 1),
    "restore-cut-short": (restore_cut_short, 4),
    "trusting-restore": (trusting_restore, 12),
    "uncommitted-restore": (uncommitted_restore, 1),
    "offsets-missing-means-end": (offsets_missing_means_end, 0),
    "identity-of-delivery": (identity_of_delivery, 0),
    "refund-by-payment": (refund_by_payment, 0),
    "captures-are-one": (captures_are_one, 0),
    "another-partition-hash": (another_partition_hash, 0),
    "no-outcome-of-duplicates": (no_outcome_of_duplicates, 0),
    "ledger-behind-its-events": (ledger_behind_its_events, 158),
}


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let the product have a fault within the block."""
    changes = PLANTED[name][0]()
    before = [(place, attribute, place.__dict__[attribute]) for place, attribute, _ in changes]
    try:
        for place, attribute, value in changes:
            setattr(place, attribute, value)
        yield
    finally:
        for place, attribute, value in before:
            setattr(place, attribute, value)
