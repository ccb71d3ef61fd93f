"""The log of `streams.log` on Kafka."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from aiokafka import TopicPartition as Assigned

from schemas.record import Position, Record
from schemas.topics import Topic
from streams.kafka import lookup
from streams.kafka.append import KafkaAppender
from streams.kafka.client import client_settings, membership, start_consumer
from streams.kafka.consume import POLL_INTERVAL_MS_MAX, KafkaConsumer
from streams.kafka.read import read_entries, read_records
from streams.kafka.settle import ExactlyOnce
from streams.log import Entry, PartitionBounds, Settler, TopicState, ending_at

TRANSACTION_MS_MAX: Final = 20_000
# An abandoned transaction is aborted by the broker's sweep, every 10 s, after its time is over.
STALL_MARGIN_S: Final = 15
_NOWHERE: Final[Mapping[int, int]] = {}
_NO_OPTIONS: Final[Mapping[str, object]] = {}


class KafkaLog:
    """Kafka at `bootstrap` (`host:port`, comma between several).

    `options` go to every client: TLS (`ssl_cafile`, `ssl_certfile`, `ssl_keyfile`), SASL, time
    limits. `instance_id` makes the consumers of this process static members. `replicas` of topics
    to create: 0 for as many as there are brokers, at most three. `transaction_ms_max` must lie
    above the longest batch: an open transaction holds back every reader.

    Raises:
        ConfigurationError: an option that is not known.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        options: Mapping[str, object] = _NO_OPTIONS,
        instance_id: str | None = None,
        replicas: int = 0,
        transaction_ms_max: int = TRANSACTION_MS_MAX,
    ) -> None:
        self._settings = client_settings(bootstrap, options)
        self._instance_id = instance_id
        self._replicas = replicas
        self._transaction_ms_max = transaction_ms_max
        self._opened: set[KafkaAppender | KafkaConsumer] = set()

    async def describe(self) -> Mapping[str, TopicState]:
        return await lookup.describe(self._settings)

    async def create(self, topics: Sequence[Topic]) -> None:
        await lookup.create(self._settings, topics, self._replicas)

    async def grow(self, topic: str, partitions: int) -> None:
        """See `streams.growth.GrowableLog`."""
        await lookup.grow(self._settings, topic, partitions)

    async def members(self, group: str) -> int:
        """See `streams.growth.GrowableLog`."""
        return await lookup.members(self._settings, group)

    def appender(self) -> KafkaAppender:
        appender = KafkaAppender(self._settings, closed=self._opened.discard)
        self._opened.add(appender)
        return appender

    async def consumer(self, group: str, topics: Sequence[str]) -> KafkaConsumer:
        for topic in topics:
            # Waiting for a topic that nobody creates would look like an idle consumer.
            await lookup.partition_numbers(self._settings, topic)
        member = membership(group, self._instance_id)
        consumer = await start_consumer(
            self._settings, **member, max_poll_interval_ms=POLL_INTERVAL_MS_MAX
        )
        consumer.subscribe(list(topics))
        member_of = KafkaConsumer(consumer, group, self._settings, closed=self._opened.discard)
        self._opened.add(member_of)
        return member_of

    async def bounds(self, topic: str) -> Mapping[int, PartitionBounds]:
        return await lookup.bounds(self._settings, topic)

    async def read(
        self,
        topic: str,
        partitions: Sequence[int] | None = None,
        *,
        follow: bool = False,
        start: Mapping[int, int] | None = None,
        end: Mapping[int, int] | None = None,
    ) -> AsyncGenerator[Record, None]:
        """See `streams.log.Log`.

        Raises:
            Unavailable: a transaction stays open before the end for longer than it may.
        """  # fmt: skip
        bounds = ending_at(await self.bounds(topic), end)
        records = read_records(
            self._settings,
            topic,
            bounds,
            sorted(bounds) if partitions is None else partitions,
            follow=follow,
            start=start or _NOWHERE,
            stall_s_max=self._transaction_ms_max / 1000 + STALL_MARGIN_S,
        )
        async with aclosing(records):
            async for record in records:
                yield record

    async def entries(
        self, topic: str, partition: int, *, start: int | None = None
    ) -> AsyncGenerator[Sequence[Entry], None]:
        """See `streams.log.Log`."""
        bounds = await self.bounds(topic)
        entries = read_entries(
            self._settings,
            Assigned(topic, partition),
            bounds[partition],
            start=start,
            stall_s_max=self._transaction_ms_max / 1000 + STALL_MARGIN_S,
        )
        async with aclosing(entries):
            async for each in entries:
                yield each

    async def get(self, position: Position) -> Record | None:
        bounds = (await self.bounds(position.topic)).get(position.partition)
        if bounds is None or not bounds.start <= position.offset < bounds.stable:
            return None
        records = self.read(
            position.topic, [position.partition], start={position.partition: position.offset}
        )
        async with aclosing(records):
            async for record in records:
                return record if record.offset == position.offset else None
        return None

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int | None]:
        numbers = await lookup.partition_numbers(self._settings, topic)
        return await lookup.committed_offsets(self._settings, group, topic, numbers)

    async def producer_at(self, position: Position) -> int | None:
        return await lookup.producer_at(self._settings, *position)

    async def run_exactly_once(
        self,
        group: str,
        topic: str,
        settler: Settler,
        *,
        ready: Callable[[bool], None],
        stopping: Callable[[], bool],
    ) -> None:
        await lookup.partition_numbers(self._settings, topic)
        loop = ExactlyOnce(
            self._settings, group, topic, settler, ready, stopping, self._transaction_ms_max
        )
        await loop.run(self._instance_id)

    async def close(self) -> None:
        """Close what was opened and is open still."""
        await asyncio.gather(*(opened.close() for opened in tuple(self._opened)))
