"""What Faust's consumer must do otherwise on topics that transactions write to.

Each override leans on a private part of Faust 0.15.3; tests/integration/test_views_faust.py holds
each against the library, so that another version fails there and not in production.
"""

from typing import Any, cast

import faust
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP


class CommittedThread(AIOKafkaConsumerThread):
    """Reads what was committed: as shipped, aborted records are delivered at least once too."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer


class CommittedConsumer(Consumer):
    """Goes past transaction markers without claiming the record after them."""

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        # The library counts the record that ends the gap as skipped, before it was applied.
        await super()._add_gap(tp, offset_from, offset_to - 1)


class CommittedTransport(Transport):
    """The transport with that consumer."""

    Consumer = CommittedConsumer


class CommittedApp(faust.App):
    """A Faust application that reads what was committed."""

    def _new_transport(self) -> Any:
        return CommittedTransport(self.conf.broker_consumer, cast(Any, self))
