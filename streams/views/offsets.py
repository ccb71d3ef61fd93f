"""The views' consumer group on Kafka: where it begins is said, never left to a reset policy."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition as Assigned

from schemas.record import TopicPartition
from streams.kafka.client import discard_consumer, start_consumer, unavailable
from streams.log import Log


async def begin_group(
    log: Log, settings: Mapping[str, Any], group: str, topics: Sequence[str],
    progress: Mapping[TopicPartition, int], *, again: bool = False,
) -> None:  # fmt: skip
    """Commit the store's progress where the group has no offset; `again`: everywhere.

    Everything before the progress was applied by reading, so nothing is skipped.

    Raises:
        Unavailable: members of the group are running and own the offsets.
    """
    missing = {}
    for name in topics:
        for partition, offset in (await log.committed_offsets(group, name)).items():
            if offset is None or again:
                # Reading to the end has noted every partition, those without records too.
                missing[Assigned(name, partition)] = progress[TopicPartition(name, partition)]
    if not missing:
        return
    consumer = await start_consumer(settings, group_id=group)
    try:
        consumer.assign(list(missing))
        with unavailable("setting the offsets of the views; stop their processes first"):
            await consumer.commit(missing)
    finally:
        await discard_consumer(consumer)
