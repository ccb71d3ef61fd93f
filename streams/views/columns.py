"""Outcomes as columns: the order in which both tables of outcomes are written and read."""

from typing import Final

from processors.views import OutcomeRow
from schemas.record import Position
from streams.views.database import Row

OUTCOME_COLUMNS: Final = (
    "topic, part, place, callback_id, item, items, outcome, code, event_id, revision,"
    " callback_topic, callback_part, callback_place, recorded_at_ms"
)


def outcome_values(row: OutcomeRow) -> tuple[object, ...]:
    return (
        *row.position, row.callback_id, row.item, row.items, row.outcome, row.code, row.event_id,
        row.revision, *row.callback, row.recorded_at_ms,
    )  # fmt: skip


def read_outcome_row(values: Row) -> OutcomeRow:
    """Return the outcome of a database row, in the order of its columns."""
    (topic, part, place, callback_id, item, items, outcome, code, event_id, revision,
     callback_topic, callback_part, callback_place, recorded_at_ms) = values  # fmt: skip
    return OutcomeRow(
        callback_id, item, items, outcome, code, event_id, revision,
        Position(callback_topic, callback_part, callback_place), Position(topic, part, place),
        recorded_at_ms,
    )  # fmt: skip
