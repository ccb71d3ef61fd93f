"""Reading the file from the event loop: every call is one short snapshot of a few milliseconds."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Final, NamedTuple

from schemas.errors import Unavailable
from schemas.record import Position, Record, TopicPartition
from streams.embedded.file import (
    OFFSET_MASK,
    decode_headers,
    first_id,
    slot_of,
    store_errors,
)
from streams.log import PartitionBounds, TopicState

# Bounds of one snapshot: together they keep the event loop waiting for some 5 ms at most.
RECORDS_PER_READ_MAX: Final = 1_000
BYTES_PER_READ_MAX: Final = 2 * 1024 * 1024
_RECORDS: Final = (
    "SELECT id, timestamp_ms, key, headers, value FROM records"
    " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
)


class NumberedTopic(NamedTuple):
    """A topic's number in the file, by which its partitions' slots are known."""

    number: int
    partitions: int

    def slot(self, partition: int) -> int:
        return slot_of(self.number, partition)


class Reader:
    """Reads topics, bounds, records and offsets; owned by the event loop's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        # Topics are never changed or dropped, so what was seen once holds for ever.
        self._topics: dict[str, NumberedTopic] = {}
        self._version = self._file_version()

    def changed(self) -> bool:
        """Return whether another connection has committed since this was last asked."""
        version = self._file_version()
        before, self._version = self._version, version
        return version != before

    def topic(self, name: str) -> NumberedTopic:
        """Return a topic.

        Raises:
            Unavailable: it does not exist.
        """
        if name not in self._topics:
            with store_errors():
                row = self._connection.execute(
                    "SELECT topic, partitions FROM topics WHERE name = ?", (name,)
                ).fetchone()
            if row is None:
                raise Unavailable(f"topic {name} does not exist in the embedded log")
            self._topics[name] = NumberedTopic(*row)
        return self._topics[name]

    def slot(self, name: str, partition: int) -> int:
        """Return the slot of a partition.

        Raises:
            Unavailable: there is no such topic or partition.
        """
        topic = self.topic(name)
        if not 0 <= partition < topic.partitions:
            raise Unavailable(f"topic {name} has no partition {partition}")
        return topic.slot(partition)

    def describe(self) -> dict[str, TopicState]:
        with store_errors():
            rows = self._connection.execute("SELECT name, partitions, config FROM topics")
            return {name: TopicState(count, json.loads(text)) for name, count, text in rows}

    def bounds(self, name: str) -> dict[int, PartitionBounds]:
        topic = self.topic(name)
        with store_errors():
            rows = self._connection.execute(
                "SELECT log_start, log_end FROM partitions"
                " WHERE slot >= ? AND slot < ? ORDER BY slot",
                (topic.slot(0), topic.slot(topic.partitions)),
            ).fetchall()
        return {
            partition: PartitionBounds(start, end, end)
            for partition, (start, end) in enumerate(rows)
        }

    def offsets(self, group: str, name: str) -> dict[int, int | None]:
        topic = self.topic(name)
        first = topic.slot(0)
        offsets: dict[int, int | None] = dict.fromkeys(range(topic.partitions))
        with store_errors():
            rows = self._connection.execute(
                "SELECT slot, next_offset FROM offsets"
                " WHERE consumer_group = ? AND slot >= ? AND slot < ?",
                (group, first, topic.slot(topic.partitions)),
            ).fetchall()
        return offsets | {slot - first: next_offset for slot, next_offset in rows}

    def get(self, position: Position) -> Record | None:
        slot = self.slot(position.topic, position.partition)
        if not 0 <= position.offset <= OFFSET_MASK:
            return None
        where = TopicPartition(position.topic, position.partition)
        found = self._records(where, slot, position.offset, position.offset + 1, 1)
        return found[0] if found else None

    def next_records(
        self,
        positions: Mapping[TopicPartition, int],
        *,
        records_max: int,
        ends: Mapping[TopicPartition, int] | None = None,
    ) -> dict[TopicPartition, list[Record]]:
        """Return records from the positions on, of each partition in offset order.

        At most `records_max`, and at most one snapshot's bounds; partitions without records are
        left out. `ends` limits what is read. Partitions are visited in the order of `positions`.

        Raises:
            Unavailable: a position lies outside what is held: a jump would lose records.
        """
        found: dict[TopicPartition, list[Record]] = {}
        left = min(records_max, RECORDS_PER_READ_MAX)
        bytes_left = BYTES_PER_READ_MAX
        with self._snapshot():
            bounds = {name: self.bounds(name) for name in {where.topic for where in positions}}
            for where, position in positions.items():
                held = bounds[where.topic][where.partition]
                within(where, position, held)
                end = held.end if ends is None else min(held.end, ends[where])
                if position >= end or left <= 0 or bytes_left <= 0:
                    continue
                slot = self.slot(*where)
                records = self._records(where, slot, position, end, left, bytes_left)
                if records:
                    found[where] = records
                    left -= len(records)
                    bytes_left -= sum([len(record.value or b"") for record in records])
        return found

    def _records(
        self,
        where: TopicPartition,
        slot: int,
        start: int,
        end: int,
        count_max: int,
        bytes_max: int = BYTES_PER_READ_MAX,
    ) -> list[Record]:
        records = []
        topic, partition = where
        base = first_id(slot)
        # Closing ends the statement also where the loop stops early; an open one holds the WAL.
        with (
            store_errors(),
            closing(
                self._connection.execute(_RECORDS, (base + start, base + end, count_max))
            ) as rows,
        ):
            for number, timestamp_ms, key, headers, value in rows:
                offset = number & OFFSET_MASK
                named = decode_headers(headers)
                records.append(Record(topic, partition, offset, timestamp_ms, key, value, named))
                bytes_max -= len(value or b"")
                if bytes_max <= 0:
                    break
        return records

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Bounds and records of one moment: retention must not slip in between them."""
        with store_errors():
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            with store_errors():
                self._connection.execute("COMMIT")

    def _file_version(self) -> int:
        with store_errors():
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)


def within(where: TopicPartition, position: int, held: PartitionBounds) -> None:
    """Check that a position can be read from.

    Raises:
        Unavailable: it lies before the first record held, or behind the end.
    """
    if not held.start <= position <= held.end:
        raise Unavailable(
            f"offset {position} of {where.topic}-{where.partition} is out of range:"
            f" {held.start} to {held.end} are held"
        )


def starting_positions(
    reader: Reader, group: str, names: Sequence[str]
) -> dict[TopicPartition, int]:
    """Return where a group goes on: its committed offset, or the first record held.

    Raises:
        Unavailable: a committed offset is out of range.
    """
    positions = {}
    for name in names:
        bounds = reader.bounds(name)
        for partition, offset in reader.offsets(group, name).items():
            where = TopicPartition(name, partition)
            position = bounds[partition].start if offset is None else offset
            within(where, position, bounds[partition])
            positions[where] = position
    return positions
