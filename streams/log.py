"""The few typed calls by which every stage reaches a log, whichever log it is.

Two logs satisfy them: `streams.kafka` (production) and `streams.embedded` (one SQLite file, one
process). What only Kafka promises, fencing and rebalance, is not visible here.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.record import Draft, Position, Record, TopicPartition
from schemas.topics import Topic

Entry = tuple[int, bytes | None, bytes | None]  # offset, key, value


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in offset order within each partition; `next_offsets` is committed after them."""

    records: Sequence[Record]
    next_offsets: Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it stands in the log: partition count and settings (as Kafka names them)."""

    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartitionBounds:
    """`start`: first offset held; `end`: after the last; `stable`: end of committed data."""

    start: int
    stable: int
    end: int


def ending_at(
    bounds: Mapping[int, PartitionBounds], end: Mapping[int, int] | None
) -> Mapping[int, PartitionBounds]:
    """Return bounds that end at `end` where that is given and earlier."""
    if end is None:
        return bounds
    return {
        p: PartitionBounds(each.start, each.stable, min(each.end, end.get(p, each.end)))
        for p, each in bounds.items()
    }


class Appender(Protocol):
    """Appends with acknowledgement by all in-sync replicas."""

    async def append(self, drafts: Sequence[Draft]) -> Sequence[Position]:
        """Append and return the positions once every draft is acknowledged.

        Drafts of one partition keep their order. A cancelled or timed-out call may still land.

        Raises:
            Unavailable: the log did not acknowledge all of them; some may have landed.
        """

    async def close(self) -> None: ...


class Consumer(Protocol):
    """A member of a group.

    No committed offset means from the beginning; out of range raises Unavailable and never jumps.
    """

    async def poll(self, *, timeout_ms: int, records_max: int) -> Batch: ...

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None: ...

    async def close(self) -> None: ...


class Settler(Protocol):
    """What the exactly-once loop drives; one instance serves all partitions of its process."""

    async def restore(self, partition: int) -> None:
        """Rebuild the state of a partition. Called after fencing, before the offset is read."""

    def process(self, partition: int, records: Sequence[Record]) -> Sequence[Draft]:
        """Return the drafts of one transaction. State changes stay provisional."""

    def committed(self, partition: int, positions: Sequence[Position]) -> None:
        """Merge the provisional changes: their transaction is committed.

        `positions` are those of the drafts, in their order.
        """

    def forget(self, partition: int) -> None:
        """Drop everything of a partition that is owned no more, or whose transaction failed."""


class Log(Protocol):
    """A log: topics, appending, consuming at least once, reading, and settling exactly once."""

    async def describe(self) -> Mapping[str, TopicState]:
        """Return every topic that exists."""

    async def create(self, topics: Sequence[Topic]) -> None:
        """Create topics that do not exist yet; existing ones are left as they are."""

    def appender(self) -> Appender: ...

    async def consumer(self, group: str, topics: Sequence[str]) -> Consumer: ...

    async def bounds(self, topic: str) -> Mapping[int, PartitionBounds]: ...

    def read(
        self,
        topic: str,
        partitions: Sequence[int] | None = None,
        *,
        follow: bool = False,
        start: Mapping[int, int] | None = None,
        end: Mapping[int, int] | None = None,
    ) -> AsyncGenerator[Record, None]:
        """Yield committed records, each partition in order, from `start` (default: first held).

        Ends at the end that stood when it was called, or before it at `end` (excluded), unless
        `follow`.
        """  # fmt: skip

    def entries(
        self, topic: str, partition: int, *, start: int | None = None
    ) -> AsyncGenerator[Sequence[Entry], None]:
        """Yield what `read` yields of one partition, many at once and without headers and times.

        Nothing where `start` is not held, or was not reached yet.
        """

    async def get(self, position: Position) -> Record | None:
        """Return the record at a position, or None where it is not held any more."""

    async def committed_offsets(self, group: str, topic: str) -> Mapping[int, int | None]:
        """Return the committed offset of each partition; None where the group has none."""

    async def producer_at(self, position: Position) -> int | None:
        """Return the id of the producer that wrote at a position, committed or not, if known."""

    async def run_exactly_once(
        self,
        group: str,
        topic: str,
        settler: Settler,
        *,
        ready: Callable[[bool], None],
        stopping: Callable[[], bool],
    ) -> None:
        """Drive `settler`: one transaction per partition and batch, offsets inside it.

        `ready` hears whether all owned partitions are restored. Returns after `stopping()` turned
        true; any error ends the call, and the process must end with it.
        """  # fmt: skip

    async def close(self) -> None: ...
