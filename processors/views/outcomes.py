"""One row per item of a callback: the outcome that counts, and what was recorded before it."""

from dataclasses import dataclass

from schemas.errors import OutcomeWord
from schemas.outcome import STANDING, Outcome
from schemas.record import Position


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """`position` and `recorded_at_ms` are those of the outcome's own record."""

    callback_id: str
    item: int
    items: int
    outcome: OutcomeWord
    code: str | None
    event_id: str | None
    revision: str | None
    callback: Position
    position: Position
    recorded_at_ms: int


def outcome_row(outcome: Outcome, position: Position, recorded_at_ms: int) -> OutcomeRow:
    """Return the row of one recorded outcome."""
    return OutcomeRow(
        outcome.callback_id, outcome.item, outcome.items, outcome.outcome, outcome.code,
        outcome.event_id, outcome.revision, outcome.callback, position, recorded_at_ms,
    )  # fmt: skip


def apply_outcome(recorded: OutcomeRow, row: OutcomeRow | None) -> OutcomeRow:
    """Return the one of two outcomes of an item that counts.

    The last one by its place in the log, except that the first of those that stand stays. Decided
    by place and word alone, so that neither repetition nor order of arrival matters.
    """
    if row is None:
        return recorded
    stands, stood = recorded.outcome in STANDING, row.outcome in STANDING
    if stands != stood:
        return recorded if stands else row
    later = recorded.position.offset > row.position.offset
    return recorded if later != stands else row
