"""Consuming at least once as a member of a group."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Assigned
from aiokafka.errors import CommitFailedError, IllegalStateError, NoOffsetForPartitionError

from schemas.errors import Unavailable
from schemas.record import Record, TopicPartition
from streams.kafka.client import GATHER_MS, discard_consumer, poll, unavailable
from streams.kafka.lookup import committed_offsets
from streams.log import Batch

POLL_INTERVAL_MS_MAX: Final = 300_000
_log = structlog.get_logger()


def as_record(found: Any) -> Record:
    """Return a fetched record in our form."""
    return Record(found.topic, found.partition, found.offset, found.timestamp, found.key,
                  found.value, found.headers)  # fmt: skip


class KafkaConsumer:
    """A member of a group; partitions come and go between two calls of `poll`."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        group: str,
        settings: Mapping[str, Any],
        *,
        closed: Callable[["KafkaConsumer"], None],
    ) -> None:
        self._consumer = consumer
        self._tell_closed = closed
        self._group = group
        self._settings = settings

    async def poll(self, *, timeout_ms: int, records_max: int) -> Batch:
        """Return what has been fetched, at once where there is something, else within the time.

        Raises:
            Unavailable: an offset that is not held (any more), or any error of the client. The
                process must end: after it the client may have skipped a record.
        """
        with unavailable("polling"):
            try:
                fetched = await poll(
                    self._consumer,
                    timeout_ms=timeout_ms,
                    records_max=records_max,
                    gather_ms=GATHER_MS,
                )
            except NoOffsetForPartitionError:
                await self._begin_missing()
                return Batch((), {})
        records: list[Record] = []
        next_offsets: dict[TopicPartition, int] = {}
        for partition, found in fetched.items():
            records.extend(map(as_record, found))
            next_offsets[TopicPartition(*partition)] = found[-1].offset + 1
        return Batch(records, next_offsets)

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        """Commit what is still ours. Of lost partitions the next owner judges the records again.

        Raises:
            Unavailable: the broker did not take it.
        """
        owned = self._consumer.assignment()
        offsets = {Assigned(*where): offset for where, offset in next_offsets.items()
                   if Assigned(*where) in owned}  # fmt: skip
        if len(offsets) < len(next_offsets):
            _log.warning("commit_of_lost_partitions", group=self._group)
        if not offsets:
            return
        with unavailable("committing"):
            try:
                await self._consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError):
                _log.warning("commit_after_rebalance", group=self._group)

    async def close(self) -> None:
        self._tell_closed(self)
        await discard_consumer(self._consumer)

    async def _begin_missing(self) -> None:
        """Seek to the first record held wherever the group has no offset. Never a reset policy."""
        consumer = self._consumer
        by_topic: dict[str, list[int]] = {}
        for topic, partition in consumer.assignment():
            by_topic.setdefault(topic, []).append(partition)
        for topic, partitions in by_topic.items():
            committed = await committed_offsets(self._settings, self._group, topic, partitions)
            missing = [p for p in partitions if committed[p] is None]
            starts = await consumer.beginning_offsets([Assigned(topic, p) for p in missing])
            for where, start in starts.items():
                if where in consumer.assignment() and not _has_position(consumer, where):
                    consumer.seek(where, start)
                    warn_missing(self._group, topic, where.partition, start)


def warn_missing(group: str, topic: str, partition: int, start: int) -> None:
    """Say that a group begins at the start of a partition: right at first, a loss later."""
    _log.warning("offsets_missing", group=group, topic=topic, partition=partition, start=start,
                 meaning="no committed offset: from the beginning")  # fmt: skip


def _has_position(consumer: AIOKafkaConsumer, where: Assigned) -> bool:
    assignment = consumer._subscription.subscription.assignment
    if assignment is None:
        raise Unavailable("the assignment is gone")
    return bool(assignment.state_value(where).has_valid_position)
