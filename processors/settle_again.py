"""Settling the facts of a payment again, as of the time when they were settled.

Pure. A fact is settled at the time that its event (or its outcome) was recorded: by the present
time every fact of years ago would be too old.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from processors.expiry import expires_at_ms
from processors.settle import fold, settle
from schemas.event import Event
from schemas.fact import FactRecord
from schemas.ledger import LedgerState

Cause = tuple[str, int]  # callback id, item


@dataclass(frozen=True, slots=True)
class Told:
    """A fact in its place in the order of proof. `settled`: settling had reached it."""

    record: FactRecord
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Resettled:
    """The events of one payment, derived again.

    `orphans`: recorded events that no fact led to; `unsettled`: facts that settling had not yet
    reached when the replay began.
    """

    events: tuple[Event, ...]
    orphans: tuple[Event, ...]
    unsettled: int


def settle_again(
    told: Iterable[Told],
    recorded: Sequence[Event],
    *,
    causes_held: frozenset[Cause],
    facts_begin_held: bool,
    settled_at_ms: Mapping[Cause, int],
    ledger_days: int,
) -> Resettled:
    """Settle the facts of one payment in the order of proof.

    `recorded` are its events in their order. Those whose facts are beyond the retention (their
    causes are not in `causes_held`, and the topic does not hold its beginning any more:
    `facts_begin_held`) are what was known before. `settled_at_ms` says when a fact that announced
    nothing was settled, where that matters; else its receive time is taken. Never the present
    time: every fact of a range of years ago would be too old.
    """
    by_cause: dict[Cause, Event] = {}
    for event in recorded:
        by_cause.setdefault((event.causation_id, event.causation_item), event)
    prior, orphans = _before(recorded, causes_held, facts_begin_held)
    state: LedgerState | None = fold(prior) if prior else None
    derived = list(prior)
    unsettled = 0
    for each in told:
        fact = each.record
        cause = fact.callback_id, fact.item
        original = by_cause.get(cause)
        if original is None and not each.settled:
            unsettled += 1
            continue
        at_ms = settled_at_ms.get(cause, fact.received_at_ms)
        if original is not None:
            at_ms = original.recorded_at_ms
        if _had_expired(state, original, at_ms, ledger_days):
            state = None
        settlement = settle(state, fact, recorded_at_ms=at_ms, ledger_days=ledger_days)
        state = settlement.state
        if settlement.event is not None:
            derived.append(settlement.event)
    return Resettled(tuple(derived), tuple(orphans), unsettled)


def _before(
    recorded: Sequence[Event], causes_held: frozenset[Cause], facts_begin_held: bool
) -> tuple[list[Event], list[Event]]:
    prior: list[Event] = []
    orphans: list[Event] = []
    beginning = not facts_begin_held
    for event in recorded:
        if (event.causation_id, event.causation_item) in causes_held:
            beginning = False
        elif beginning:
            prior.append(event)
        else:
            orphans.append(event)
    return prior, orphans


def _had_expired(
    state: LedgerState | None, original: Event | None, at_ms: int, ledger_days: int
) -> bool:
    if state is None or not state.announced or (original is not None and original.sequence > 1):
        return False
    expires = expires_at_ms(state, ledger_days)
    return expires is not None and expires < at_ms
