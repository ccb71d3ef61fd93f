"""`EmbeddedLog`: the log's calls over one SQLite file."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from schemas.errors import InvalidRecord, Unavailable
from schemas.record import Draft, Position, Record, TopicPartition
from schemas.topics import MESSAGE_BYTES_MAX, Topic
from streams.embedded.arrivals import Arrivals
from streams.embedded.consumer import EmbeddedConsumer, Membership
from streams.embedded.file import encode_headers, open_readable, open_writable
from streams.embedded.reader import RECORDS_PER_READ_MAX, Reader, within
from streams.embedded.roles import RolesLock
from streams.embedded.settling import SettlingLoop
from streams.embedded.transaction import Row, Transaction
from streams.embedded.writer import InlineWriter, ThreadWriter, Writer
from streams.log import Entry, PartitionBounds, Settler, TopicState, ending_at

FOLLOW_S: Final = 60.0
# At least what Kafka adds to a record and its batch, so that whatever fits here fits there.
FRAME_BYTES_MAX: Final = 100


class EmbeddedLog:
    """A log in one file, or in memory; satisfies `streams.log.Log`. Used from one event loop.

    `clock` returns milliseconds since 1970 and is called at each commit, from any thread.
    In memory there is no thread: every call commits before it returns, in the order of calls.

    Raises:
        ConfigurationError: the path cannot hold a log, or holds something else.
        Unavailable: the file cannot be opened now.
    """

    def __init__(self, path: Path | Literal[":memory:"], *, clock: Callable[[], int]) -> None:
        in_memory = not isinstance(path, Path)
        self._writing = open_writable(path)
        self._reading = open_readable(path) if isinstance(path, Path) else self._writing
        self._reader = Reader(self._reading)
        self._arrivals = Arrivals(None if in_memory else self._reader.changed)
        self._writer = self._start_writer(clock, in_memory=in_memory)
        self._roles = RolesLock(path) if isinstance(path, Path) else None
        self._membership = Membership()

    def _start_writer(self, clock: Callable[[], int], *, in_memory: bool) -> Writer:
        kind = InlineWriter if in_memory else ThreadWriter
        return kind(self._writing, clock=clock, committed=self._arrivals.notify)

    def claim_roles(self) -> None:
        """Become the one process that runs the roles; commands work without.

        Raises:
            RolesTaken: another process is; the message names its process id.
        """
        if self._roles is not None:
            self._roles.claim()

    async def describe(self) -> Mapping[str, TopicState]:
        return self._reader.describe()

    async def create(self, topics: Sequence[Topic]) -> None:
        def work(transaction: Transaction) -> None:
            for topic in topics:
                transaction.create(topic)

        await self._writer.run(work)

    def appender(self) -> "EmbeddedAppender":
        return EmbeddedAppender(self._writer, self._rows)

    async def consumer(self, group: str, topics: Sequence[str]) -> EmbeddedConsumer:
        """Return the group's consumer, which fences an earlier one of this process.

        Raises:
            Unavailable: a topic does not exist, or a committed offset is out of range.
        """
        return EmbeddedConsumer(
            group,
            topics,
            reader=self._reader,
            writer=self._writer,
            arrivals=self._arrivals,
            membership=self._membership,
        )

    async def bounds(self, topic: str) -> Mapping[int, PartitionBounds]:
        return self._reader.bounds(topic)

    def read(
        self,
        topic: str,
        partitions: Sequence[int] | None = None,
        *,
        follow: bool = False,
        start: Mapping[int, int] | None = None,
        end: Mapping[int, int] | None = None,
    ) -> AsyncGenerator[Record, None]:
        """Yield committed records; see `streams.log.Log.read`.

        Raises:
            Unavailable: no such topic, or a start that is not held (any more).
        """
        bounds = ending_at(self._reader.bounds(topic), end)
        wanted = bounds if partitions is None else partitions
        positions, ends = {}, {}
        for partition in wanted:
            where = TopicPartition(topic, partition)
            self._reader.slot(topic, partition)
            held = bounds[partition]
            positions[where] = (start or {}).get(partition, held.start)
            within(where, positions[where], held)
            ends[where] = held.end
        return self._follow(positions) if follow else self._until(positions, ends)

    async def entries(
        self, topic: str, partition: int, *, start: int | None = None
    ) -> AsyncGenerator[Sequence[Entry], None]:
        """See `streams.log.Log`."""
        held = (await self.bounds(topic))[partition]
        first = held.start if start is None else start
        if held.start <= first < held.end:
            async for record in self.read(topic, [partition], start={partition: first}):
                yield [(record.offset, record.key, record.value)]

    async def get(self, position: Position) -> Record | None:
        return self._reader.get(position)

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int | None]:
        return self._reader.offsets(group, topic)

    async def producer_at(self, position: Position) -> int | None:
        return None  # Its transactions are SQLite's: none stays open behind a lost process.

    async def run_exactly_once(
        self,
        group: str,
        topic: str,
        settler: Settler,
        *,
        ready: Callable[[bool], None],
        stopping: Callable[[], bool],
    ) -> None:
        loop = SettlingLoop(
            group,
            topic,
            settler,
            reader=self._reader,
            writer=self._writer,
            arrivals=self._arrivals,
            membership=self._membership,
            rows=self._rows,
        )
        await loop.run(ready=ready, stopping=stopping)

    async def close(self) -> None:
        """Commit what was called before, then free the file and the roles."""
        await self._writer.close()
        self._reading.close()
        self._writing.close()
        if self._roles is not None:
            self._roles.release()

    async def _until(
        self, positions: dict[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator[Record, None]:
        for where, position in positions.items():
            at = position
            while at < ends[where]:
                found = self._reader.next_records(
                    {where: at}, records_max=RECORDS_PER_READ_MAX, ends=ends
                )
                if where not in found:
                    break  # The rest was compacted away.
                for record in found[where]:
                    yield record
                at = found[where][-1].offset + 1

    async def _follow(self, positions: dict[TopicPartition, int]) -> AsyncGenerator[Record, None]:
        while True:
            seen = self._arrivals.count
            found = self._reader.next_records(positions, records_max=RECORDS_PER_READ_MAX)
            for where, records in found.items():
                for record in records:
                    yield record
                del positions[where]
                positions[where] = records[-1].offset + 1
            if not found:
                await self._arrivals.beyond(seen, timeout_s=FOLLOW_S)

    def _rows(self, drafts: Sequence[Draft]) -> list[Row]:
        """Resolve drafts to rows.

        Raises:
            InvalidRecord: a record larger than every topic's `max.message.bytes`.
            Unavailable: no such topic or partition.
        """
        rows = []
        for draft in drafts:
            size = len(draft.key or b"") + len(draft.value or b"")
            size += sum([len(name) + len(value) + 10 for name, value in draft.headers])
            size += FRAME_BYTES_MAX
            if size > MESSAGE_BYTES_MAX:
                raise InvalidRecord(f"a record of {size} bytes; {MESSAGE_BYTES_MAX} are allowed")
            slot = self._reader.slot(draft.topic, draft.partition)
            rows.append(Row(slot, draft.key, encode_headers(draft.headers), draft.value))
        return rows


class EmbeddedAppender:
    """Appends; satisfies `streams.log.Appender`."""

    def __init__(self, writer: Writer, rows: Callable[[Sequence[Draft]], list[Row]]) -> None:
        self._writer = writer
        self._rows = rows
        self._closed = False

    async def append(self, drafts: Sequence[Draft]) -> Sequence[Position]:
        """Append all of them in one transaction; see `streams.log.Appender.append`."""
        if self._closed:
            raise Unavailable("the appender is closed")
        if not drafts:
            return ()
        rows = self._rows(drafts)

        def work(transaction: Transaction) -> list[int]:
            return transaction.append(rows)

        size_bytes = sum([len(row.headers) + len(row.value or b"") for row in rows])
        offsets = await self._writer.run(work, size_bytes=size_bytes)
        return [
            Position(draft.topic, draft.partition, offset)
            for draft, offset in zip(drafts, offsets, strict=True)
        ]

    async def close(self) -> None:
        self._closed = True
