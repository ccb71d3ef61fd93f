"""Looking up and creating: topics, bounds, committed offsets."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition as Assigned
from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords

from schemas.errors import Unavailable
from schemas.topics import Topic
from streams.kafka.client import admin, discard_consumer, start_consumer, unavailable
from streams.log import PartitionBounds, TopicState

REPLICAS_MAX: Final = 3
CREATE_S_MAX: Final = 20
LOOKUP_S_MAX: Final = 20
PAUSE_S: Final = 0.1
ONE_BATCH_BYTES: Final = 1  # the broker sends the first batch whole, however large
READ_UNCOMMITTED: Final = 0


async def describe(settings: Mapping[str, Any]) -> dict[str, TopicState]:
    """Return every topic that is not Kafka's own, with its settings as they are in force."""
    async with admin(settings) as client:
        with unavailable("describing topics"):
            counts = {t["topic"]: len(t["partitions"]) for t in await client.describe_topics()
                      if not t["is_internal"]}  # fmt: skip
            if not counts:
                return {}
            asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in counts]
            configs = _configs(await client.describe_configs(asked))
    return {name: TopicState(count, configs.get(name, {})) for name, count in counts.items()}


def _configs(responses: Sequence[Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for code, _message, _kind, name, entries in response.resources:
            if code:
                raise for_code(code)(f"settings of {name}")
            found[name] = {e[0]: e[1] for e in entries if e[1] is not None}
    return found


async def create(settings: Mapping[str, Any], topics: Sequence[Topic], replicas: int) -> None:
    """Create what does not exist and wait until every partition has a leader.

    `replicas` 0 means as many as there are brokers, at most REPLICAS_MAX.
    """
    async with admin(settings) as client:
        with unavailable("creating topics"):
            brokers = len((await client.describe_cluster())["brokers"])
            factor = replicas or min(REPLICAS_MAX, brokers)
            wanted = [NewTopic(t.name, t.partitions, factor, topic_configs=t.config())
                      for t in topics]  # fmt: skip
            response = await client.create_topics(wanted)
            for name, code, *_ in response.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(name)
            await _wait_for_leaders(client, [t.name for t in topics])


async def grow(settings: Mapping[str, Any], topic: str, partitions: int) -> None:
    """Give a topic that many partitions, and wait until each has a leader."""
    if len(await partition_numbers(settings, topic)) >= partitions:
        return
    async with admin(settings) as client:
        with unavailable(f"growing {topic}"):
            await client.create_partitions({topic: NewPartitions(partitions)})
            deadline_s = time.monotonic() + CREATE_S_MAX
            while len(await partition_numbers(settings, topic)) < partitions:
                if time.monotonic() > deadline_s:
                    raise TimeoutError
                await asyncio.sleep(PAUSE_S)
            await _wait_for_leaders(client, [topic])


async def members(settings: Mapping[str, Any], group: str) -> int:
    """Return how many members a group has now; one that does not exist has none."""
    async with admin(settings) as client:
        with unavailable(f"members of {group}"):
            (response,) = await client.describe_consumer_groups([group])
    ((code, _group, _state, _protocol_type, _protocol, found, *_),) = response.groups
    if code:
        raise Unavailable(f"members of {group}: {for_code(code).__name__}")
    return len(found)


async def _wait_for_leaders(client: Any, names: list[str]) -> None:
    deadline_s = time.monotonic() + CREATE_S_MAX
    while not await _have_leaders(client, names):
        if time.monotonic() > deadline_s:
            raise TimeoutError
        await asyncio.sleep(PAUSE_S)


async def _have_leaders(client: Any, names: list[str]) -> bool:
    found = await client.describe_topics(names)
    return len(found) == len(names) and all(
        not topic["error_code"] and all(not p["error_code"] for p in topic["partitions"])
        for topic in found
    )


async def partition_numbers(settings: Mapping[str, Any], topic: str) -> list[int]:
    """Return the partitions of a topic.

    Raises:
        Unavailable: no such topic.
    """
    async with admin(settings) as client:
        with unavailable(f"describing {topic}"):
            for found in await client.describe_topics([topic]):
                if found["topic"] == topic and not found["error_code"]:
                    return sorted(p["partition"] for p in found["partitions"])
    raise Unavailable(f"topic {topic} does not exist")


async def bounds(settings: Mapping[str, Any], topic: str) -> dict[int, PartitionBounds]:
    """Return first offset, last stable offset and high watermark of each partition."""
    numbers = await partition_numbers(settings, topic)
    asked = [Assigned(topic, number) for number in numbers]
    async with contextlib.AsyncExitStack() as stack:
        committed = await start_consumer(settings)
        stack.push_async_callback(discard_consumer, committed)
        every = await start_consumer(settings, isolation="read_uncommitted")
        stack.push_async_callback(discard_consumer, every)
        with unavailable(f"bounds of {topic}"):
            starts = await committed.beginning_offsets(asked)
            # In this order: an end asked for later is never below the stable one.
            stable = await committed.end_offsets(asked)
            ends = await every.end_offsets(asked)
    return {p.partition: PartitionBounds(starts[p], stable[p], ends[p]) for p in asked}


async def committed_offsets(
    settings: Mapping[str, Any], group: str, topic: str, partitions: Sequence[int]
) -> dict[int, int | None]:
    """Return the group's committed offsets; None where it has none.

    Not by the library's own call, which takes an error of the whole answer (a coordinator that is
    still loading) for "no offset", and so would begin anew.

    Raises:
        Unavailable: no answer within LOOKUP_S_MAX.
    """
    async with admin(settings) as client:
        with unavailable(f"committed offsets of {group}"):
            async with asyncio.timeout(LOOKUP_S_MAX):
                while True:
                    try:
                        return await _fetch_committed(client, group, topic, partitions)
                    except KafkaError as error:
                        if not error.retriable:
                            raise
                    await asyncio.sleep(PAUSE_S)


async def _fetch_committed(
    client: Any, group: str, topic: str, partitions: Sequence[int]
) -> dict[int, int | None]:
    node = await client.find_coordinator(group)
    request = OffsetFetchRequest(group, [(topic, list(partitions))])
    response = await client._send_request_to_node(node, request)
    offsets: dict[int, int | None] = dict.fromkeys(partitions)
    if response.error_code:
        raise for_code(response.error_code)(group)
    for _topic, found in response.topics:
        for partition, offset, _metadata, code in found:
            if code:
                raise for_code(code)(group)
            offsets[partition] = None if offset < 0 else offset
    return offsets


async def producer_at(
    settings: Mapping[str, Any], topic: str, partition: int, offset: int
) -> int | None:
    """Return the producer id of the batch at an offset, committed or not; None where none is.

    The last stable offset is where the oldest open transaction begins, and its batch names who
    wrote it. The library has no DescribeProducers; the bytes of a fetch hold the same number.

    Raises:
        Unavailable: no answer within LOOKUP_S_MAX.
    """
    where = Assigned(topic, partition)
    async with admin(settings) as client:
        with unavailable(f"looking at {topic}"):
            async with asyncio.timeout(LOOKUP_S_MAX):
                client._client.add_topic(topic)
                await client._client.force_metadata_update()
                leader = client._client.cluster.leader_for_partition(where)
                request = FetchRequest(
                    0, 0, ONE_BATCH_BYTES, READ_UNCOMMITTED,
                    [(topic, [(partition, offset, ONE_BATCH_BYTES)])],
                )  # fmt: skip
                response = await client._send_request_to_node(leader, request)
    for _topic, found in response.topics:
        for _partition, code, _high, *rest in found:
            batch = None if code else MemoryRecords(rest[-1] or b"").next_batch()
            if batch is not None:
                return None if batch.producer_id < 0 else int(batch.producer_id)
    return None
