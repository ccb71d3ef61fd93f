"""Puts the simulated client library under the adapters of `streams.kafka`, for a while."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import streams.kafka.client
import streams.kafka.consume
import streams.kafka.lookup
import streams.kafka.settle
import streams.verify
from schemas.topics import Topic
from streams.log import TopicState
from tests.simulation.client import Consumer, Producer
from tests.simulation.network import Line, Network

IDLE_POLL_MS: Final = 1_000


class _Lookup:
    """The calls of `streams.kafka.lookup` that go through the administrative client."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def _ask(self, work: Any) -> Any:
        with streams.kafka.client.unavailable("looking up"):
            return await self._network.ask(Line(), work, "look")

    async def describe(self, settings: Any) -> dict[str, TopicState]:
        broker = self._network.broker
        topics = await self._ask(lambda: {t: len(logs) for t, logs in broker.topics.items()})
        return {name: TopicState(count, broker.configs[name]) for name, count in topics.items()}

    async def create(self, settings: Any, topics: Sequence[Topic], replicas: int) -> None:
        for topic in topics:
            self._network.broker.create(topic.name, topic.partitions, topic.config())

    async def partition_numbers(self, settings: Any, topic: str) -> list[int]:
        return list(range(len(self._network.broker.topics[topic])))

    async def committed_offsets(
        self, settings: Any, group: str, topic: str, partitions: Sequence[int]
    ) -> dict[int, int | None]:
        held = self._network.broker.group(group).offsets
        found: dict[int, int | None] = await self._ask(
            lambda: {p: held.get((topic, p)) for p in partitions}
        )
        return found


@contextmanager
def installed(network: Network) -> Iterator[None]:
    """Let the adapters talk to the simulated broker within the block."""
    lookup = _Lookup(network)
    places: list[tuple[Any, str, Any]] = [
        (streams.kafka.client, "AIOKafkaProducer",
         type("Producer", (Producer,), {"network": network})),
        (streams.kafka.client, "AIOKafkaConsumer",
         type("Consumer", (Consumer,), {"network": network, "count": 0})),
        (streams.kafka.settle, "committed_offsets", lookup.committed_offsets),
        (streams.kafka.consume, "committed_offsets", lookup.committed_offsets),
        # Whoever polls is woken by what arrives; idle polls only cost time.
        (streams.kafka.settle, "POLL_MS", IDLE_POLL_MS),
        (streams.verify, "POLL_MS", IDLE_POLL_MS),
        *((streams.kafka.lookup, name, getattr(lookup, name))
          for name in ("describe", "create", "partition_numbers", "committed_offsets")),
    ]  # fmt: skip
    before = [(module, name, getattr(module, name)) for module, name, _ in places]
    try:
        for module, name, value in places:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in before:
            setattr(module, name, value)
