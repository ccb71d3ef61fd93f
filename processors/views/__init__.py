"""What the views hold, as pure steps: `apply_*(what came, row) -> row`.

Every step is an upsert that knows what it has seen: by the event's own id, by the position of an
outcome, by the offset that a count has reached. Applying twice, or the partitions in any order,
gives the same rows, so a view may be fed at least once and built again at any time.
"""

from processors.views.callbacks import CallbackRow, callback_row
from processors.views.minutes import (
    MINUTE_MS,
    WINDOWS_MINUTES,
    Counted,
    MinuteRow,
    Window,
    apply_count,
    success_ratio,
    window_bounds,
)
from processors.views.outcomes import OutcomeRow, apply_outcome, outcome_row
from processors.views.payments import PaymentRow, apply_event, event_from_text, event_text
from processors.views.timeline import REASONS, Moment, timeline

__all__ = [
    "MINUTE_MS",
    "REASONS",
    "WINDOWS_MINUTES",
    "CallbackRow",
    "Counted",
    "MinuteRow",
    "Moment",
    "OutcomeRow",
    "PaymentRow",
    "Window",
    "apply_count",
    "apply_event",
    "apply_outcome",
    "callback_row",
    "event_from_text",
    "event_text",
    "outcome_row",
    "success_ratio",
    "timeline",
    "window_bounds",
]
