"""A group's one consumer, and which consumer that is."""

import asyncio
from collections.abc import Mapping, Sequence

from schemas.errors import Unavailable
from schemas.record import TopicPartition
from streams.embedded.arrivals import Arrivals
from streams.embedded.reader import Reader, starting_positions
from streams.embedded.transaction import Transaction
from streams.embedded.writer import Writer
from streams.log import Batch


class Membership:
    """Who consumes for a group in this process: the newest; whoever came before is fenced."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], object] = {}

    def take(self, group: str, topics: Sequence[str], owner: object) -> None:
        self._owners.update(dict.fromkeys([(group, topic) for topic in topics], owner))

    def check(self, group: str, topics: Sequence[str], owner: object) -> None:
        """Raise Unavailable unless `owner` is the newest consumer of all these topics."""
        if any(self._owners.get((group, topic)) is not owner for topic in topics):
            raise Unavailable(f"a newer consumer of group {group} has taken over")


class EmbeddedConsumer:
    """Consumes all partitions of its topics; satisfies `streams.log.Consumer`."""

    def __init__(
        self,
        group: str,
        topics: Sequence[str],
        *,
        reader: Reader,
        writer: Writer,
        arrivals: Arrivals,
        membership: Membership,
    ) -> None:
        self._group = group
        self._topics = tuple(topics)
        self._reader = reader
        self._writer = writer
        self._arrivals = arrivals
        self._membership = membership
        self._closed = False
        membership.take(group, topics, self)
        self._positions = starting_positions(reader, group, topics)

    async def poll(self, *, timeout_ms: int, records_max: int) -> Batch:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_ms / 1000
        # A caller whose every poll finds records must still let the others of the loop run.
        await asyncio.sleep(0)
        while True:
            self._check()
            seen = self._arrivals.count
            found = self._reader.next_records(self._positions, records_max=records_max)
            left_s = deadline_s - loop.time()
            if found or left_s <= 0:
                break
            await self._arrivals.beyond(seen, timeout_s=left_s)
        next_offsets = {where: records[-1].offset + 1 for where, records in found.items()}
        self._move(next_offsets)
        return Batch([record for records in found.values() for record in records], next_offsets)

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        self._check()
        by_slot = {self._reader.slot(*where): next_ for where, next_ in next_offsets.items()}

        def work(transaction: Transaction) -> None:
            transaction.set_offsets(self._group, by_slot)

        await self._writer.run(work)

    async def close(self) -> None:
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise Unavailable(f"the consumer of group {self._group} is closed")
        self._membership.check(self._group, self._topics, self)

    def _move(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        """Advance, and put the partitions just served behind the others: all get their turn."""
        for where, next_offset in next_offsets.items():
            del self._positions[where]
            self._positions[where] = next_offset
