"""Asking the views: a payment's story, counts, windows, alarms."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from processors.views import (
    WINDOWS_MINUTES,
    CallbackRow,
    Moment,
    OutcomeRow,
    Window,
    event_from_text,
    timeline,
    window_bounds,
)
from schemas.event import Event
from schemas.record import Position
from streams.views.columns import OUTCOME_COLUMNS, read_outcome_row
from streams.views.database import Database

# A callback is open until the newest code's number of items have an outcome.
_OPEN: Final = (
    "SELECT c.received_at_ms FROM view_callbacks c WHERE c.received_at_ms >= ?"
    " AND (SELECT count(*) FROM view_outcomes o WHERE o.callback_topic = c.topic"
    " AND o.callback_part = c.part AND o.callback_place = c.place AND o.callback_id = c.id)"
    " < coalesce((SELECT o.items FROM view_outcomes o WHERE o.callback_topic = c.topic"
    " AND o.callback_part = c.part AND o.callback_place = c.place AND o.callback_id = c.id"
    " ORDER BY o.recorded_at_ms DESC, o.place DESC LIMIT 1), 1)"
    " ORDER BY c.received_at_ms LIMIT 1"
)
_JOINED: Final = (
    "view_outcomes o LEFT JOIN view_callbacks c ON c.topic = o.callback_topic"
    " AND c.part = o.callback_part AND c.place = o.callback_place AND c.id = o.callback_id"
)


@dataclass(frozen=True, slots=True)
class Story:
    """A payment, or callbacks without one: its row's members and its moments in order."""

    payments: tuple[dict[str, object], ...]
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Alarms:
    """What a person should look at. `oldest_open_ms`: receipt of the oldest callback of which an
    item has no outcome, None where all have."""

    oldest_open_ms: int | None
    over_refunded: tuple[str, ...]
    conflicts: tuple[str, ...]
    failures: int


def find_story(database: Database, name: str) -> Story | None:
    """Return the story of whatever `name` is the id of: order, payment, refund, dispute, event,
    callback, payment key; None where nothing is known by it."""
    keys = _keys(database, name)
    events = _events(database, keys)
    outcomes = _outcomes(database, name, events)
    callbacks = _callbacks(database, [name, *(o.callback_id for o in outcomes),
                                      *(e.causation_id for e in events)])  # fmt: skip
    if not (events or outcomes or callbacks):
        return None
    return Story(_payments(database, keys), timeline(callbacks, outcomes, events))


def outcome_counts(database: Database) -> list[tuple[str, str, str, str | None, int]]:
    """Return (provider, account, outcome, code, items); of each item the outcome that counts."""
    rows = database.rows(
        "SELECT coalesce(c.provider, 'unknown'), coalesce(c.account, 'unknown'), o.outcome,"
        f" o.code, count(*) FROM {_JOINED} GROUP BY 1, 2, 3, 4"
    )
    counts = ((row[0], row[1], row[2], row[3], row[4]) for row in rows)
    return sorted(counts, key=lambda count: (*count[:3], count[3] or ""))


def windows(database: Database, now_ms: int) -> list[Window]:
    """Return what happened at each account within each window before `now_ms`."""
    found = []
    for minutes in WINDOWS_MINUTES:
        start_ms, end_ms = window_bounds(now_ms, minutes)
        counts: dict[tuple[str, str], Counter[str]] = {}
        for provider, account, what, count in database.rows(
            "SELECT provider, account, what, sum(count) FROM view_minutes"
            " WHERE minute_ms >= ? AND minute_ms < ? GROUP BY 1, 2, 3",
            (start_ms, end_ms),
        ):
            counts.setdefault((provider, account), Counter())[what] = int(count)
        outcomes: dict[tuple[str, str], Counter[str]] = {}
        for provider, account, outcome, code, count in database.rows(
            "SELECT coalesce(c.provider, 'unknown'), coalesce(c.account, 'unknown'), o.outcome,"
            f" o.code, count(*) FROM {_JOINED}"
            " WHERE o.recorded_at_ms >= ? AND o.recorded_at_ms < ? GROUP BY 1, 2, 3, 4",
            (start_ms, end_ms),
        ):
            word = outcome if code is None else f"{outcome}:{code}"
            outcomes.setdefault((provider, account), Counter())[word] = count
        found += [
            Window(minutes, start_ms, end_ms, *where, counts.get(where, Counter()),
                   outcomes.get(where, Counter()))
            for where in sorted(counts.keys() | outcomes.keys())
        ]  # fmt: skip
    return found


def oldest_open_ms(database: Database, since_ms: int = 0) -> int | None:
    """Return when the oldest callback without its outcomes was received, None without any.

    `since_ms`: nothing received before is open any more, so that a watch needs not look again.
    """
    found = database.rows(_OPEN, (since_ms,))
    return int(found[0][0]) if found else None


def alarms(database: Database, since_ms: int = 0) -> Alarms:
    """Return what a person should look at; `since_ms` as in `oldest_open_ms`."""
    return Alarms(
        oldest_open_ms(database, since_ms),
        tuple(row[0] for row in database.rows(
            "SELECT payment_key FROM view_payments WHERE over_refunded = 1 ORDER BY 1"
        )),
        tuple(row[0] for row in database.rows(
            "SELECT DISTINCT callback_id FROM view_outcomes"
            " WHERE outcome = 'parked' AND code = 'conflict' ORDER BY 1"
        )),
        database.rows("SELECT count(*) FROM view_failures")[0][0],
    )  # fmt: skip


def _keys(database: Database, name: str) -> list[str]:
    found = database.rows(
        "SELECT payment_key FROM view_names WHERE name = ?"
        " UNION SELECT payment_key FROM view_payments WHERE payment_key = ?"
        " UNION SELECT payment_key FROM view_events WHERE id = ? OR causation_id = ?"
        " UNION SELECT e.payment_key FROM view_history h JOIN view_events e ON e.id = h.event_id"
        " WHERE h.callback_id = ?",
        (name,) * 5,
    )
    return sorted(row[0] for row in found)


def _events(database: Database, keys: Sequence[str]) -> list[Event]:
    return [
        event_from_text(text)
        for key in keys
        for (text,) in database.rows(
            "SELECT event FROM view_events WHERE payment_key = ? ORDER BY part, place", (key,)
        )
    ]


def _outcomes(database: Database, name: str, events: Sequence[Event]) -> list[OutcomeRow]:
    rows: dict[Position, OutcomeRow] = {}
    asked = [("callback_id", name), *(("event_id", event.id) for event in events)]
    asked += [("callback_id", event.causation_id) for event in events]
    for column, value in asked:
        for found in database.rows(
            f"SELECT {OUTCOME_COLUMNS} FROM view_history WHERE {column} = ?", (value,)
        ):
            row = read_outcome_row(found)
            rows[row.position] = row
    return list(rows.values())


def _callbacks(database: Database, names: Sequence[str]) -> list[CallbackRow]:
    return [
        CallbackRow(Position(*found[:3]), *found[3:])
        for name in dict.fromkeys(names)
        for found in database.rows("SELECT * FROM view_callbacks WHERE id = ?", (name,))
    ]


def _payments(database: Database, keys: Sequence[str]) -> tuple[dict[str, object], ...]:
    names = (
        "payment_key", "provider", "account", "mode", "payment_id", "merchant_order_id", "status",
        "currency", "exponent", "paid_minor", "refunded_minor", "over_refunded",
    )  # fmt: skip
    columns = ", ".join(names)
    rows = [
        found
        for key in keys
        for found in database.rows(
            f"SELECT {columns} FROM view_payments WHERE payment_key = ?", (key,)
        )
    ]
    return tuple(
        dict(zip(names, row, strict=True)) | {"over_refunded": bool(row[-1])} for row in rows
    )
