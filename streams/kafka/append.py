"""Appending: one batch per partition and call, every acknowledgement awaited.

Guarantees:  `append` returns only after all in-sync replicas hold every draft.
On error:    the producer is replaced. After a refused batch its sequence numbers have a gap and
             the broker would refuse all that follows; after an expiry it is unknown. The failing
             call raises, the next one works, without a person.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer

from schemas.errors import InvalidRecord, Unavailable
from schemas.record import Draft, Position, TopicPartition
from schemas.topics import MESSAGE_BYTES_MAX
from streams.kafka.client import discard_producer, start_producer, unavailable

# What a batch of one record adds: 61 bytes of batch header, at most 36 of record header and
# lengths, and 10 for the lengths of each header.
BATCH_OVERHEAD_BYTES: Final = 97
HEADER_OVERHEAD_BYTES: Final = 10
METADATA_S_MAX: Final = 5
_log = structlog.get_logger()


def check_size(draft: Draft) -> None:
    """One refused record fails its whole batch, and the library would send it.

    Raises:
        InvalidRecord: larger than a topic takes.
    """
    headers = draft.headers
    size = BATCH_OVERHEAD_BYTES + len(draft.key or b"") + len(draft.value or b"")
    size += HEADER_OVERHEAD_BYTES * len(headers) + sum(map(len, chain.from_iterable(headers)))
    # Names may take more than one byte a letter; the margin of the limit covers ours (ASCII).
    if size > MESSAGE_BYTES_MAX:
        raise InvalidRecord(f"a record of {size} bytes for {draft.topic}: at most 1 MiB")


async def send_all(producer: AIOKafkaProducer, drafts: Sequence[Draft]) -> list[Position]:
    """Send drafts and return their positions, in their order, once all are acknowledged.

    Raises:
        InvalidRecord: one is too large; nothing was sent.
        KafkaError: one batch failed; others may have landed.
    """
    by_partition: dict[tuple[str, int], list[int]] = {}
    for index, draft in enumerate(drafts):
        check_size(draft)
        by_partition.setdefault((draft.topic, draft.partition), []).append(index)
    positions: list[Position | None] = [None] * len(drafts)
    jobs = [_send_partition(producer, drafts, chosen, positions)
            for chosen in by_partition.values()]  # fmt: skip
    if len(jobs) == 1:
        await jobs[0]
    else:
        await asyncio.gather(*jobs)
    return [position for position in positions if position is not None]


async def _send_partition(
    producer: AIOKafkaProducer,
    drafts: Sequence[Draft],
    chosen: Sequence[int],
    positions: list[Position | None],
) -> None:
    first = drafts[chosen[0]]
    target = TopicPartition(first.topic, first.partition)
    # The library would wait for a missing topic as long as for an answer.
    async with asyncio.timeout(METADATA_S_MAX):
        await producer.partitions_for(target.topic)
    waiting: list[tuple[Any, Sequence[int]]] = []
    at = 0
    while at < len(chosen):
        batch, end = _fill(producer, drafts, chosen, at)
        # Queued one after the other: the order within a partition is the caller's.
        ack = await producer.send_batch(batch, target.topic, partition=target.partition)
        waiting.append((ack, chosen[at:end]))
        at = end
    for ack, indexes in waiting:
        base = (await ack).offset
        for step, index in enumerate(indexes):
            positions[index] = Position(target.topic, target.partition, base + step)


def _fill(
    producer: AIOKafkaProducer, drafts: Sequence[Draft], chosen: Sequence[int], at: int
) -> tuple[Any, int]:
    """Return a closed batch of drafts from `at` on, and where the next one begins."""
    batch = producer.create_batch()
    append = batch.append
    while at < len(chosen):
        draft = drafts[chosen[at]]
        if append(timestamp=None, key=draft.key, value=draft.value,
                  headers=list(draft.headers)) is None:  # fmt: skip
            break
        at += 1
    batch.close()
    return batch, at


class KafkaAppender:
    """Appends through one idempotent producer at a time; concurrent calls are safe."""

    def __init__(
        self, settings: Mapping[str, Any], *, closed: Callable[["KafkaAppender"], None]
    ) -> None:
        self._settings = settings
        self._tell_closed = closed
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._discarding: set[asyncio.Task[None]] = set()
        self._closed = False

    async def append(self, drafts: Sequence[Draft]) -> Sequence[Position]:
        """See `streams.log.Appender`; a draft that no topic takes raises InvalidRecord."""
        if not drafts:
            return ()
        producer = await self._ready_producer()
        try:
            with unavailable("appending"):
                return await send_all(producer, drafts)
        except Unavailable as error:
            self._replace(producer, error)
            raise

    async def close(self) -> None:
        self._closed = True
        self._tell_closed(self)
        if self._producer is not None:
            self._replace(self._producer, None)
        if self._discarding:
            await asyncio.gather(*self._discarding)

    async def _ready_producer(self) -> AIOKafkaProducer:
        if self._closed:
            raise Unavailable("this appender is closed")
        producer = self._producer
        # A producer whose sending task has ended would take batches and never send them.
        if producer is not None and producer._sender.sender_task.done():
            self._replace(producer, None)
        if self._producer is None:
            async with self._starting:
                if self._producer is None:
                    self._producer = await start_producer(self._settings)
        return self._producer

    def _replace(self, producer: AIOKafkaProducer, error: Unavailable | None) -> None:
        if self._producer is not producer:
            return
        if error is not None:
            _log.warning("producer_replaced", reason=str(error))
        self._producer = None
        # Aside: other calls' batches may still be acknowledged within its bounds.
        task = asyncio.create_task(discard_producer(producer))
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)
