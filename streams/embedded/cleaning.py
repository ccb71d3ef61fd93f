"""Retention and compaction, in bounded steps beside the writer's commits.

Both only shorten what nobody may rely on: records older than their topic's retention, and
records of a compacted topic that a later one with the same key replaces.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from streams.embedded.file import PARTITION_BITS, first_id

EVERY_MS: Final = 30_000
# While a step found more than it may remove: soon again, but leave room for commits between.
SOON_MS: Final = 500
RECORDS_PER_STEP_MAX: Final = 500
COMPACT_FROM_RECORDS: Final = 1_000
# A reader stops at the end that stood when it began. Were a record compacted away in favour of
# one behind that end, the reader would miss the key: so nothing this young replaces anything.
READERS_TAKE_MS_MAX: Final = 600_000

_OLD: Final = """
    SELECT min(CASE WHEN timestamp_ms >= ?1 THEN id END), max(id), count(*)
    FROM (SELECT id, timestamp_ms FROM records WHERE id >= ?2 AND id < ?3 ORDER BY id LIMIT ?4)"""
# Replaced records, and tombstones old enough that every reader has seen them.
_COMPACT: Final = """
    DELETE FROM records WHERE id IN (
        SELECT id FROM (
            SELECT id, timestamp_ms, value IS NULL AS tombstone,
                row_number() OVER (PARTITION BY key ORDER BY id DESC) AS newest
            FROM records WHERE id >= ?1 AND id < ?2 AND key IS NOT NULL)
        WHERE newest > 1 OR (tombstone AND timestamp_ms < ?3))"""
_PARTITIONS: Final = """
    SELECT slot, log_start, log_end, compacted_end, compacted_count, config
    FROM partitions JOIN topics ON topics.topic = slot >> ?"""


class Cleaning:
    """Decides when cleaning is due.

    Commits wait while a step runs. Expiry removes a bounded number of records a step; compaction
    takes one partition whole, some 5 us a record, and comes no more often than the partition
    doubles: half a second for 100,000 records, which is what this log is meant for.
    """

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], int]) -> None:
        self._connection = connection
        self._clock = clock
        self._due_ms: int | None = None

    def run_if_due(self) -> None:
        now_ms = self._clock()
        if self._due_ms is not None and now_ms < self._due_ms:
            return
        # A full disk or a lock held by others: nothing is lost by cleaning later.
        self._due_ms = now_ms + EVERY_MS
        with suppress(sqlite3.Error):
            if self._step(now_ms):
                self._due_ms = now_ms + SOON_MS

    def _step(self, now_ms: int) -> bool:
        """Clean within the bounds of one step; return whether more is waiting."""
        more = False
        for row in self._connection.execute(_PARTITIONS, (PARTITION_BITS,)).fetchall():
            slot, start, end, compacted_end, compacted_count, text = row
            config: Mapping[str, str] = json.loads(text)
            retention_ms = int(config["retention.ms"])
            if config["cleanup.policy"] == "compact":
                enough = max(COMPACT_FROM_RECORDS, compacted_count)
                if not more and end - compacted_end > enough:
                    old_end = self._old_end(slot, compacted_end, end, now_ms)
                    if old_end - compacted_end > enough:
                        before_ms = now_ms - int(config["delete.retention.ms"])
                        self._compact(slot, old_end, before_ms)
                        more = True
            elif retention_ms >= 0 and start < end:
                more |= self._expire(slot, start, end, now_ms - retention_ms)
        return more

    def _expire(self, slot: int, start: int, end: int, before_ms: int) -> bool:
        """Remove a partition's oldest records; return whether the step's bound cut it short."""
        base = first_id(slot)
        bounds = (before_ms, base + start, base + end, RECORDS_PER_STEP_MAX)
        young, last, count = self._connection.execute(_OLD, bounds).fetchone()
        keep = last + 1 if young is None else young
        if keep > base + start:
            self._transact(
                ("DELETE FROM records WHERE id >= ? AND id < ?", (base + start, keep)),
                (
                    "UPDATE partitions SET log_start = max(log_start, ?) WHERE slot = ?",
                    (keep - base, slot),
                ),
            )
        return young is None and count == RECORDS_PER_STEP_MAX

    def _old_end(self, slot: int, start: int, end: int, now_ms: int) -> int:
        """Return the offset of the first record that readers may not have seen replaced."""
        base = first_id(slot)
        young = self._connection.execute(
            "SELECT id FROM records WHERE id >= ? AND id < ? AND timestamp_ms >= ?"
            " ORDER BY id LIMIT 1",
            (base + start, base + end, now_ms - READERS_TAKE_MS_MAX),
        ).fetchone()
        return end if young is None else int(young[0]) - base

    def _compact(self, slot: int, end: int, before_ms: int) -> None:
        """Compact one partition up to `end`: its cost is paid for by as many appends before it."""
        low, high = first_id(slot), first_id(slot) + end
        count = "SELECT count(*) FROM records WHERE id >= ? AND id < ?"
        self._transact(
            (_COMPACT, (low, high, before_ms)),
            (
                f"UPDATE partitions SET compacted_end = ?, compacted_count = ({count})"
                " WHERE slot = ?",
                (end, low, high, slot),
            ),
        )

    def _transact(self, *statements: tuple[str, tuple[int, ...]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, parameters in statements:
                self._connection.execute(statement, parameters)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
