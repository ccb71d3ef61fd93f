"""A payment's story: from each raw callback over what became of it to the event, with reasons."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from processors.views.callbacks import CallbackRow
from processors.views.outcomes import OutcomeRow
from schemas import errors
from schemas.event import Event
from schemas.outcome import DECISION

MomentKind = Literal["callback", "outcome", "event"]
_STEPS: Final[tuple[MomentKind, ...]] = ("callback", "outcome", "event")
_FAMILIES: Final = (errors.Refused, errors.Unsupported)
# Why an item announced nothing, by its code; the classes' own words where there is a class.
REASONS: Final[dict[str, str]] = {
    each.reason: (each.__doc__ or "").strip().splitlines()[0]
    for family in _FAMILIES
    for each in family.__subclasses__()
} | {
    errors.CONFLICT: "Known already, with another amount or currency. Nothing is announced twice.",
    errors.TOO_OLD: "Older than the ledger remembers: it may have been announced before.",
    errors.DEFECT: "Our own code failed on it.",
    DECISION: "Closed by a recorded decision of a person.",
}
_WORDS: Final = {
    "announced": "Announced as the event.",
    "duplicate": "Known already, with the same content.",
    "superseded": "A stronger fact of the payment was announced before.",
    "ignored": "Authentic, and nothing to announce.",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a story. `at_ms` is receipt, recording of the outcome, or building of the event.

    `callback_id` ties the lines together; `reason` is a sentence, for outcomes alone.
    """

    at_ms: int
    kind: MomentKind
    callback_id: str
    word: str
    reason: str
    of: CallbackRow | OutcomeRow | Event


def timeline(
    callbacks: Iterable[CallbackRow], outcomes: Iterable[OutcomeRow], events: Iterable[Event]
) -> tuple[Moment, ...]:
    """Return the moments in the order of time; of one time the cause stands before the effect."""
    moments = [
        *(Moment(c.received_at_ms, "callback", c.id, c.kind, "", c) for c in callbacks),
        *(_outcome_moment(outcome) for outcome in outcomes),
        *(Moment(e.recorded_at_ms, "event", e.causation_id, e.type, "", e) for e in events),
    ]
    return tuple(sorted(moments, key=lambda each: (each.at_ms, _STEPS.index(each.kind))))


def _outcome_moment(row: OutcomeRow) -> Moment:
    reason = REASONS.get(row.code or "") or _WORDS.get(row.outcome, "")
    return Moment(row.recorded_at_ms, "outcome", row.callback_id, row.outcome, reason, row)
