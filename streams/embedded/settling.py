"""The exactly-once loop on the embedded log.

Guarantees:  outputs and offsets of a round are one SQLite transaction: both stand or neither.
             The transaction also compares the offsets with those this loop committed last, so a
             second loop, even in another process, is refused and never doubles an event.
Order:       of each partition, by offset. All partitions with new records share a transaction.
On error:    the call ends, everything provisional is forgotten, the next call starts from disk.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from schemas.record import Draft, Position, Record, TopicPartition
from streams.embedded.arrivals import Arrivals
from streams.embedded.consumer import Membership
from streams.embedded.reader import Reader, starting_positions
from streams.embedded.transaction import Row, Transaction
from streams.embedded.writer import Writer
from streams.log import Settler

RECORDS_PER_ROUND_MAX: Final = 1_000
# How late `stopping` may be noticed while nothing arrives.
STOP_ASKED_EVERY_S: Final = 0.1


class SettlingLoop:
    """One group's exactly-once loop over all partitions of one topic."""

    def __init__(
        self,
        group: str,
        topic: str,
        settler: Settler,
        *,
        reader: Reader,
        writer: Writer,
        arrivals: Arrivals,
        membership: Membership,
        rows: Callable[[Sequence[Draft]], list[Row]],
    ) -> None:
        self._group = group
        self._topic = topic
        self._settler = settler
        self._reader = reader
        self._writer = writer
        self._arrivals = arrivals
        self._membership = membership
        self._rows = rows
        self._positions: dict[TopicPartition, int] = {}
        self._committed: dict[int, int | None] = {}

    async def run(self, *, ready: Callable[[bool], None], stopping: Callable[[], bool]) -> None:
        partitions = range(self._reader.topic(self._topic).partitions)
        self._membership.take(self._group, (self._topic,), self)
        ready(False)
        try:
            for partition in partitions:
                await self._settler.restore(partition)
            self._committed = self._reader.offsets(self._group, self._topic)
            self._positions = starting_positions(self._reader, self._group, (self._topic,))
            ready(True)
            while not stopping():
                await self._round()
        finally:
            ready(False)
            for partition in partitions:
                self._settler.forget(partition)

    async def _round(self) -> None:
        """Settle what has arrived, or wait for it a little."""
        self._membership.check(self._group, (self._topic,), self)
        seen = self._arrivals.count
        found = self._reader.next_records(self._positions, records_max=RECORDS_PER_ROUND_MAX)
        if not found:
            await self._arrivals.beyond(seen, timeout_s=STOP_ASKED_EVERY_S)
            return
        drafted: dict[int, Sequence[Draft]] = {}
        for where, records in found.items():
            drafted[where.partition] = self._settler.process(where.partition, records)
            # Settling is pure computing; between partitions the rest of the process may go on.
            await asyncio.sleep(0)
        next_offsets = {where.partition: of[-1].offset + 1 for where, of in found.items()}
        drafts = [draft for each in drafted.values() for draft in each]
        positions = await self._commit(drafts, next_offsets)
        self._merge(found, next_offsets)
        for partition, each in drafted.items():
            self._settler.committed(partition, positions[: len(each)])
            del positions[: len(each)]

    async def _commit(
        self, drafts: Sequence[Draft], next_offsets: Mapping[int, int]
    ) -> list[Position]:
        rows = self._rows(drafts)
        slot = self._reader.topic(self._topic).slot
        expected = {slot(partition): self._committed[partition] for partition in next_offsets}
        moved = {slot(partition): offset for partition, offset in next_offsets.items()}

        def work(transaction: Transaction) -> Sequence[int]:
            transaction.expect_offsets(self._group, expected)
            offsets = transaction.append(rows)
            transaction.set_offsets(self._group, moved)
            return offsets

        size_bytes = sum([len(row.value or b"") for row in rows])
        offsets = await self._writer.run(work, size_bytes=size_bytes)
        return [
            Position(draft.topic, draft.partition, offset)
            for draft, offset in zip(drafts, offsets, strict=True)
        ]

    def _merge(
        self, found: Mapping[TopicPartition, Sequence[Record]], next_offsets: Mapping[int, int]
    ) -> None:
        for where in found:
            partition = where.partition
            self._committed[partition] = next_offsets[partition]
            # Behind the others, so that a busy partition does not take every round.
            del self._positions[where]
            self._positions[where] = next_offsets[partition]
