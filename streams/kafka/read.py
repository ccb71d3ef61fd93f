"""Reading without a group: committed records, up to the end that stood at the call."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Assigned

from schemas.errors import Unavailable
from schemas.record import Record
from streams.kafka.batches import entries_of, fetch_by_batch
from streams.kafka.client import discard_consumer, poll, start_consumer, unavailable
from streams.kafka.consume import as_record
from streams.log import Entry, PartitionBounds

POLL_MS: Final = 500
RECORDS_MAX: Final = 5_000
# One answer is worked on while the next one comes; a dozen partitions are restored at once.
ENTRIES_BYTES_MAX: Final = 2 * 1024 * 1024


async def read_records(
    settings: Mapping[str, Any],
    topic: str,
    bounds: Mapping[int, PartitionBounds],
    partitions: Sequence[int],
    *,
    follow: bool,
    start: Mapping[int, int],
    stall_s_max: float,
) -> AsyncGenerator[Record, None]:
    """Yield records from `start` (at least the first held) to the ends in `bounds`.

    The end is the high watermark: a transaction open at the call is waited for, so that what it
    commits is not missed.

    Raises:
        Unavailable: no progress for `stall_s_max`, such as a transaction that hangs.
    """
    first = {p: max(start.get(p, 0), bounds[p].start) for p in partitions}
    ends = {Assigned(topic, p): bounds[p].end for p in partitions
            if follow or first[p] < bounds[p].end}  # fmt: skip
    if not ends:
        return
    consumer = await start_consumer(settings)
    try:
        consumer.assign(list(ends))
        for where in ends:
            consumer.seek(where, first[where.partition])
        if follow:
            while True:
                for record in await _next(consumer, tuple(ends)):
                    yield record
        progress = _Progress(consumer, ends, stall_s_max)
        while progress.open:
            for record in await _next(consumer, tuple(progress.open)):
                if record.offset < bounds[record.partition].end:
                    yield record
            await progress.close_finished()
    finally:
        await discard_consumer(consumer)


async def read_entries(
    settings: Mapping[str, Any],
    where: Assigned,
    bounds: PartitionBounds,
    *,
    start: int | None,
    stall_s_max: float,
) -> AsyncGenerator[Sequence[Entry], None]:
    """Yield the entries of a partition to the end in `bounds`, as `read_records` its records."""
    first = bounds.start if start is None else start
    if not bounds.start <= first < bounds.end:
        return
    consumer = await start_consumer(settings, max_partition_fetch_bytes=ENTRIES_BYTES_MAX)
    try:
        fetch_by_batch(consumer)
        consumer.assign([where])
        consumer.seek(where, first)
        progress = _Progress(consumer, {where: bounds.end}, stall_s_max)
        while progress.open:
            with unavailable("reading"):
                fetched = await poll(consumer, (where,), timeout_ms=POLL_MS)
            for found in fetched.get(where, ()):
                entries = entries_of(found)
                if entries[-1][0] >= bounds.end:
                    entries = [entry for entry in entries if entry[0] < bounds.end]
                yield entries
            await progress.close_finished()
    finally:
        await discard_consumer(consumer)


async def _next(consumer: AIOKafkaConsumer, partitions: tuple[Assigned, ...]) -> list[Record]:
    with unavailable("reading"):
        fetched = await poll(consumer, partitions, timeout_ms=POLL_MS, records_max=RECORDS_MAX)
    return [as_record(found) for records in fetched.values() for found in records]


class _Progress:
    """Which partitions are not yet read to their end, by position: offsets have gaps."""

    def __init__(
        self, consumer: AIOKafkaConsumer, ends: Mapping[Assigned, int], stall_s_max: float
    ) -> None:
        self.open = dict(ends)
        self._consumer = consumer
        self._stall_s_max = stall_s_max
        self._seen: dict[Assigned, tuple[int, int | None]] = {}
        self._moved_s = time.monotonic()

    async def close_finished(self) -> None:
        for where, end in list(self.open.items()):
            position = await self._consumer.position(where)
            if position >= end or self._nothing_left(where, position, end):
                del self.open[where]
                self._consumer.pause(where)
        if self.open and time.monotonic() - self._moved_s > self._stall_s_max:
            raise Unavailable("reading stands still: an open transaction or a partition is away")

    def _nothing_left(self, where: Assigned, position: int, end: int) -> bool:
        """Tell whether an answer for this very position was empty with nothing open before `end`.

        Compaction may have removed all that lay between, and no record will ever move us on.
        """
        answered = self._consumer.last_poll_timestamp(where)
        before = self._seen.get(where)
        if before is None or before[0] != position:
            self._seen[where] = (position, answered)
            self._moved_s = time.monotonic()
            return False
        stable = self._consumer.last_stable_offset(where)
        unread = where in self._consumer._fetcher._records
        return answered != before[1] and not unread and stable is not None and stable >= end
