"""One SQLite transaction in the making: many calls collect in it, few statements write it.

The statements are few for a reason beyond SQLite's own costs: Python gives up its lock at every
step of a statement and may wait 5 ms to get it back while the event loop is busy. A row at a
time would make a busy process wait for itself.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from schemas.errors import Unavailable
from schemas.topics import Topic
from streams.embedded.file import (
    PARTITIONS_MAX,
    TOPICS_MAX,
    first_id,
    slot_of,
)
from streams.errors import ConfigurationError

ROWS_PER_STATEMENT_MAX: Final = 512
_ENDS: Final = "SELECT json_group_object(slot, log_end) FROM partitions"
_SET_ENDS: Final = (
    "UPDATE partitions SET log_end = j.value FROM json_each(?) AS j"
    " WHERE partitions.slot = CAST(j.key AS INTEGER)"
)
_OFFSETS: Final = (
    "SELECT json_group_object(slot, next_offset) FROM offsets WHERE consumer_group = ?"
)
_SET_OFFSETS: Final = (
    "INSERT INTO offsets SELECT ?1, CAST(key AS INTEGER), value FROM json_each(?2) WHERE true"
    " ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset"
)


class Row(NamedTuple):
    """A draft whose partition is resolved; only offset and time are missing."""

    slot: int
    key: bytes | None
    headers: bytes
    value: bytes | None


class Transaction:
    """Collects appends and offsets of several calls, and writes them all at once."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms
        # Read anew each time: other processes append beside this one.
        self._ends: dict[int, int] = _by_slot(connection.execute(_ENDS))
        self._touched: set[int] = set()
        self._parameters: list[object] = []
        self._offsets: dict[str, dict[int, int]] = {}

    def append(self, rows: Sequence[Row]) -> list[int]:
        """Give every row the next offset of its partition; return the offsets."""
        ends, now_ms, offsets = self._ends, self._now_ms, []
        for slot, key, headers, value in rows:
            offset = ends[slot]
            ends[slot] = offset + 1
            offsets.append(offset)
            self._parameters += (first_id(slot) + offset, now_ms, key, headers, value)
        self._touched.update([row.slot for row in rows])
        return offsets

    def expect_offsets(self, group: str, expected: Mapping[int, int | None]) -> None:
        """Check that nobody else moved a group's offsets.

        Raises:
            Unavailable: somebody did. Nothing of this call may be written.
        """
        stored = _by_slot(self._connection.execute(_OFFSETS, (group,)))
        stored |= self._offsets.get(group, {})
        if any(stored.get(slot) != offset for slot, offset in expected.items()):
            raise Unavailable(f"another process has moved the offsets of group {group}")

    def set_offsets(self, group: str, next_offsets: Mapping[int, int]) -> None:
        self._offsets.setdefault(group, {}).update(next_offsets)

    def create(self, topic: Topic) -> None:
        """Create a topic unless one of that name exists.

        Raises:
            ConfigurationError: more partitions or topics than this log can number.
        """
        row = self._connection.execute(
            "SELECT (SELECT count(*) FROM topics), EXISTS (SELECT 1 FROM topics WHERE name = ?)",
            (topic.name,),
        ).fetchone()
        if row[1]:
            return
        if topic.partitions > PARTITIONS_MAX or row[0] >= TOPICS_MAX:
            raise ConfigurationError(f"too many topics or partitions for {topic.name}")
        number = row[0] + 1
        self._connection.execute(
            "INSERT INTO topics VALUES (?, ?, ?, ?)",
            (number, topic.name, topic.partitions, json.dumps(topic.config())),
        )
        for partition in range(topic.partitions):
            slot = slot_of(number, partition)
            self._connection.execute("INSERT INTO partitions VALUES (?, 0, 0, 0, 0)", (slot,))
            self._ends[slot] = 0

    def write(self) -> None:
        """Write what was collected; the caller commits."""
        self._insert_records()
        if self._touched:
            ends = {slot: self._ends[slot] for slot in self._touched}
            self._connection.execute(_SET_ENDS, (json.dumps(ends),))
        for group, offsets in self._offsets.items():
            self._connection.execute(_SET_OFFSETS, (group, json.dumps(offsets)))

    def _insert_records(self) -> None:
        """Insert in statements of 512, 256, ... 1 rows: few steps, and few texts to prepare."""
        width, at, step = 5, 0, ROWS_PER_STATEMENT_MAX
        while at < len(self._parameters):
            while step * width > len(self._parameters) - at:
                step //= 2
            part = self._parameters[at : at + step * width]
            values = ",".join(["(?,?,?,?,?)"] * step)
            self._connection.execute(
                "INSERT INTO records (id, timestamp_ms, key, headers, value) VALUES " + values,
                part,
            )
            at += step * width


def _by_slot(cursor: sqlite3.Cursor) -> dict[int, int]:
    (text,) = cursor.fetchone()
    return {int(slot): value for slot, value in json.loads(text).items()}
