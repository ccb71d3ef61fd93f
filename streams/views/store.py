"""Writing the views: records of the log become rows, with the progress in the same transaction."""

from collections.abc import Sequence
from typing import Final

from processors.views import (
    MinuteRow,
    OutcomeRow,
    PaymentRow,
    apply_count,
    apply_event,
    apply_outcome,
    callback_row,
    event_from_text,
    event_text,
    outcome_row,
)
from processors.views.minutes import CALLBACK, counted
from schemas.errors import Unavailable
from schemas.event import Event, read_event
from schemas.outcome import read_outcome
from schemas.record import Record, TopicPartition
from schemas.topics import Topics
from streams.verify import foreign_id
from streams.views.columns import OUTCOME_COLUMNS, outcome_values, read_outcome_row
from streams.views.database import Database
from streams.views.tables import ROWS, TABLES_VERSION, create_tables

MINUTES_KEPT_MS: Final = 2 * 86_400_000
_META: Final = (
    "INSERT INTO view_meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number"
)


class Superseded(Unavailable):
    """The views were built anew meanwhile: what this process remembers of them is void."""


class Store:
    """The views of one deployment. One instance per process, used from one thread."""

    def __init__(self, database: Database, topics: Topics) -> None:
        create_tables(database)
        self.database = database
        self._topics = topics
        self._generation = self._number("generation")

    @property
    def complete(self) -> bool:
        """Whether the rows were built to an end, by code that writes the same rows as ours."""
        return self._number("complete") == TABLES_VERSION

    def progress(self) -> dict[TopicPartition, int]:
        """Return the next offset of each partition of which records were applied."""
        rows = self.database.rows("SELECT topic, part, next_place FROM view_progress")
        return {TopicPartition(topic, part): place for topic, part, place in rows}

    def begin_rebuild(self, starts: dict[TopicPartition, int]) -> None:
        """Forget all rows that the log can bring back; whoever writes beside us finds out.

        `starts`: the first offsets held. Callbacks before them are gone from the log and kept.
        """
        with self.database.transaction():
            kept = self._kept_callbacks(starts)
            self._generation = self._number("generation") + 1
            self.database.run(_META, ("generation", self._generation))
            self.database.run(_META, ("complete", 0))
            for name in (*ROWS, "view_progress", "view_failures"):
                self.database.run(f"DELETE FROM {name}")
            for row in kept:
                marks = ", ".join("?" * len(row))
                self.database.run(f"INSERT INTO view_callbacks VALUES ({marks})", row)

    def end_rebuild(self) -> None:
        with self.database.transaction():
            self._check_generation()
            self.database.run(_META, ("complete", TABLES_VERSION))

    def apply(self, records: Sequence[Record]) -> list[MinuteRow]:
        """Write what the records say, all or nothing, and return the counts that changed.

        Raises:
            InvalidRecord: one of them is no record of ours.
            Superseded: the views were rebuilt beside us.
            Unavailable: the database is.
        """
        changed: list[MinuteRow] = []
        next_places = {
            TopicPartition(record.topic, record.partition): record.offset + 1 for record in records
        }
        with self.database.transaction():
            self._check_generation()
            # First: its row is the lock by which two writers of one partition take turns.
            self._advance(next_places)
            for record in records:
                changed += self._apply(record)
        return changed

    def advance(self, next_places: dict[TopicPartition, int]) -> None:
        """Note that all before these offsets was applied."""
        with self.database.transaction():
            self._check_generation()
            self._advance(next_places)

    def fail(self, record: Record, error: str) -> None:
        """Name a record that cannot be applied, and go past it."""
        name = next((v.decode("latin-1") for n, v in record.headers if n == "ce_id"), "")
        with self.database.transaction():
            self._check_generation()
            self.database.run(
                "INSERT INTO view_failures VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (topic, part, place) DO NOTHING",
                (*record.position, name[:64].replace("\x00", ""), error),
            )
            self._advance({TopicPartition(record.topic, record.partition): record.offset + 1})

    def prune(self, now_ms: int) -> None:
        """Drop counts that no window reaches any more."""
        self.database.run(
            "DELETE FROM view_minutes WHERE minute_ms < ?", (now_ms - MINUTES_KEPT_MS,)
        )

    def _apply(self, record: Record) -> list[MinuteRow]:
        if record.topic == self._topics.callbacks.name:
            return self._apply_callback(record)
        if record.topic == self._topics.outcomes.name:
            outcome = read_outcome(record)
            self._write_outcome(outcome_row(outcome, record.position, record.timestamp_ms))
            return []
        return self._apply_event(read_event(record), record)

    def _apply_callback(self, record: Record) -> list[MinuteRow]:
        row = callback_row(record, foreign_id=foreign_id(record))
        self.database.run(
            "INSERT INTO view_callbacks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (topic, part, place) DO NOTHING",
            (
                *row.position, row.id, row.provider, row.account, row.kind, row.received_at_ms,
                row.body_bytes, row.causation_id,
            ),
        )  # fmt: skip
        return self._count(record, row.provider, row.account, CALLBACK)

    def _write_outcome(self, row: OutcomeRow) -> None:
        marks = ", ".join("?" * 14)
        self.database.run(
            f"INSERT INTO view_history ({OUTCOME_COLUMNS}) VALUES ({marks})"
            " ON CONFLICT (topic, part, place) DO NOTHING",
            outcome_values(row),
        )
        found = self.database.rows(
            f"SELECT {OUTCOME_COLUMNS} FROM view_outcomes WHERE callback_topic = ?"
            " AND callback_part = ? AND callback_place = ? AND callback_id = ? AND item = ?",
            (*row.callback, row.callback_id, row.item),
        )
        known = read_outcome_row(found[0]) if found else None
        counts = apply_outcome(row, known)
        if counts == known:
            return
        self.database.run(
            f"INSERT INTO view_outcomes ({OUTCOME_COLUMNS}) VALUES ({marks})"
            " ON CONFLICT (callback_topic, callback_part, callback_place, callback_id, item)"
            " DO UPDATE SET topic = excluded.topic, part = excluded.part, place = excluded.place,"
            " items = excluded.items, outcome = excluded.outcome, code = excluded.code,"
            " event_id = excluded.event_id, revision = excluded.revision,"
            " recorded_at_ms = excluded.recorded_at_ms",
            outcome_values(counts),
        )

    def _apply_event(self, event: Event, record: Record) -> list[MinuteRow]:
        key = event.key.decode()
        known = self.database.rows("SELECT event FROM view_events WHERE payment_key = ?", (key,))
        row: PaymentRow | None = None
        for (text,) in known:
            row = apply_event(event_from_text(text), row)
        after = apply_event(event, row)
        if after is not row:
            self.database.run(
                "INSERT INTO view_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    event.id, *record.position, key, event.sequence, event.type,
                    event.causation_id, event.recorded_at_ms, event_text(event),
                ),
            )  # fmt: skip
            self._write_payment(key, after)
        return self._count(record, event.provider, event.account, event.type)

    def _write_payment(self, key: str, row: PaymentRow) -> None:
        money, state = row.money, row.state
        values = (
            key, row.last.provider, row.last.account, row.last.mode, row.last.payment_id,
            row.merchant_order_id, row.status, money.currency if money else None,
            money.exponent if money else None, state.paid_minor, state.refunded_minor,
            int(row.over_refunded), len(row.events),
            min(event.recorded_at_ms for event in row.events),
            max(event.recorded_at_ms for event in row.events),
        )  # fmt: skip
        self.database.run("DELETE FROM view_payments WHERE payment_key = ?", (key,))
        marks = ", ".join("?" * len(values))
        self.database.run(f"INSERT INTO view_payments VALUES ({marks})", values)
        for kind, name in row.names:
            self.database.run(
                "INSERT INTO view_names VALUES (?, ?, ?)"
                " ON CONFLICT (name, kind, payment_key) DO NOTHING",
                (name, kind, key),
            )

    def _count(self, record: Record, provider: str, account: str, what: str) -> list[MinuteRow]:
        key = counted(record.position, record.timestamp_ms, provider, account, what)
        names = (key.topic, key.partition, key.minute_ms, key.provider, key.account, key.what)
        found = self.database.rows(
            "SELECT count, last_place FROM view_minutes WHERE topic = ? AND part = ?"
            " AND minute_ms = ? AND provider = ? AND account = ? AND what = ?",
            names,
        )
        known = MinuteRow(key, *found[0]) if found else None
        row = apply_count(key, record.offset, known)
        if row is known:
            return []
        self.database.run(
            "INSERT INTO view_minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (topic, part, minute_ms, provider, account, what)"
            " DO UPDATE SET count = excluded.count, last_place = excluded.last_place",
            (*names, row.count, row.last_offset),
        )
        return [row]

    def _advance(self, next_places: dict[TopicPartition, int]) -> None:
        for (topic, part), place in sorted(next_places.items()):
            self.database.run(
                "INSERT INTO view_progress VALUES (?, ?, ?) ON CONFLICT (topic, part) DO UPDATE"
                " SET next_place = excluded.next_place"
                " WHERE excluded.next_place > view_progress.next_place",
                (topic, part, place),
            )

    def _check_generation(self) -> None:
        if self._number("generation", lock=self.database.share_lock) != self._generation:
            raise Superseded("the views were rebuilt by another process")

    def _number(self, name: str, *, lock: str = "") -> int:
        found = self.database.rows(f"SELECT number FROM view_meta WHERE name = ?{lock}", (name,))
        return int(found[0][0]) if found else 0

    def _kept_callbacks(self, starts: dict[TopicPartition, int]) -> list[tuple[object, ...]]:
        return [
            row
            for (topic, part), start in starts.items()
            if topic == self._topics.callbacks.name and self.complete
            for row in self.database.rows(
                "SELECT * FROM view_callbacks WHERE topic = ? AND part = ? AND place < ?",
                (topic, part, start),
            )
        ]
