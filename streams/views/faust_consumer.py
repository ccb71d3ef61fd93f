"""What Faust's consumer must do otherwise on topics that transactions write to.

Each override leans on a private part of Faust 0.15.3; tests/integration/test_views_faust.py holds
each against the library, so that another version fails there and not in production.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, cast

import faust
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP


class CommittedThread(AIOKafkaConsumerThread):
    """Reads what was committed: as shipped, aborted records are delivered at least once too."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(self, consumer: Any, *arguments: Any, **more: Any) -> Any:
        """Fetch; a changelog without a place to begin at begins where it begins.

        Recovery seeks changelogs itself, but a fetch may come first. With no reset policy, which
        is right for what the views read, it would end the process.
        """
        try:
            return await super()._fetch_records(consumer, *arguments, **more)
        except NoOffsetForPartitionError as error:
            (where,) = error.args
            await self._begin(consumer, [where], error)
        except OffsetOutOfRangeError as error:
            await self._begin(consumer, list(error.args[0]), error)
        return {}

    async def _begin(self, consumer: Any, partitions: list[Any], error: Exception) -> None:
        if any(where.topic not in self.app.tables.changelog_topics for where in partitions):
            raise error
        for where, start in (await consumer.beginning_offsets(partitions)).items():
            if where in consumer.assignment():
                consumer.seek(where, start)


class FirstOffset(int):
    """Offset 0, which the library's `if gap > 1 and read_offset` mistakes for nothing read."""

    def __bool__(self) -> bool:
        return True


class ReadOffsets(defaultdict[TP, int | None]):
    """The last offset read of each partition."""

    def __setitem__(self, where: TP, offset: int | None) -> None:
        super().__setitem__(where, FirstOffset(0) if offset == 0 else offset)


class CommittedConsumer(Consumer):
    """Goes past transaction markers without claiming the record after them."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        # Aborted records right after offset 0 would hold the committed offset at 1 for ever.
        self._read_offset = ReadOffsets(lambda: None)

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        # The library counts the record that ends the gap as skipped, before it was applied.
        await super()._add_gap(tp, offset_from, offset_to - 1)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> Any:
        """Called by recovery alone, for changelogs, with one less than the first offset held.

        Where the first records are gone (emptied, compacted) that is out of range, and with no
        reset policy the process would end, again and again.
        """
        held = await self.earliest_offsets(*partitions)
        inside = {where: max(to, held.get(where) or 0) for where, to in partitions.items()}
        return await super().seek_wait(inside)


class CommittedTransport(Transport):
    """The transport with that consumer."""

    Consumer = CommittedConsumer


class CommittedApp(faust.App):
    """A Faust application that reads what was committed."""

    def _new_transport(self) -> Any:
        return CommittedTransport(self.conf.broker_consumer, cast(Any, self))
