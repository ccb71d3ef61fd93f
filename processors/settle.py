"""Settling: the fold of one payment's facts into its events, each announced once.

Pure: a state (what was announced) and a fact give at most one event, the outcome, and the state
after it. The state changes only through `LedgerState.after(event)`, so the ledger is fold(events).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from processors.announce import event_of, money_of
from processors.expiry import is_too_old
from schemas.errors import CONFLICT, DEFECT, TOO_OLD, OutcomeWord
from schemas.event import AMOUNT_REQUIRED, Event, EventType
from schemas.fact import Fact, FactRecord
from schemas.ledger import (
    ANNOUNCED_MAX,
    LEDGER_BYTES_MAX,
    Announced,
    LedgerState,
    encode_ledger,
)
from schemas.money import Money
from schemas.outcome import Outcome

Alarm = Literal[
    "conflict",
    "over_refund",
    "success_after_closed",
    "other_order_number",
    "too_many_facts",
]
# Below this many events no state comes near its limit in bytes: one fact has 16 KiB at most.
_SMALL_STATE: Final = 16
# A weaker fact after a stronger one is not announced.
_STRENGTH: Final = {
    "PaymentFailed": 1,
    "PaymentAuthorized": 2,
    "PaymentClosed": 3,
    "PaymentSucceeded": 4,
}
_LINKABLE: Final = frozenset(("PaymentAuthorized", "PaymentSucceeded"))
# After each of these the refunds can exceed the payment; a refund may come before its payment.
_CHANGES_SUMS: Final = frozenset(("PaymentSucceeded", "PaymentReversed", "RefundCompleted"))


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one fact. `outcome` None: its own callback item already announced the
    event."""

    state: LedgerState
    event: Event | None
    outcome: Outcome | None
    alarms: tuple[Alarm, ...] = ()


def settle(
    state: LedgerState | None, record: FactRecord, *, recorded_at_ms: int, ledger_days: int
) -> Settlement:
    """Return the settlement of a fact against what was announced of its payment.

    `recorded_at_ms` is when events are built; `ledger_days` how long a payment without news is
    kept.
    """
    fact = record.fact
    if state is None:
        state = LedgerState()
    if _repeats_its_own_callback(state, record):
        return Settlement(state, None, None)
    settlement = _settle(state, record, fact, recorded_at_ms)
    # Only what would be announced is withheld here: a duplicate stays one however old or full.
    if settlement.event is None:
        return settlement
    if is_too_old(state, record, recorded_at_ms, ledger_days):
        return _unchanged(record, state, "parked", TOO_OLD)
    if _is_too_large(settlement.state):
        return _unchanged(record, state, "parked", DEFECT, alarms=("too_many_facts",))
    return settlement


def _settle(state: LedgerState, record: FactRecord, fact: Fact, recorded_at_ms: int) -> Settlement:
    if fact.type == "RefundTotal":
        return _settle_total(state, record, fact, recorded_at_ms)
    known = state.find(fact.type, fact.part_id)
    if known is not None and not _fails_again_after_success(state, fact, known):
        return _settle_known(state, record, fact, known, recorded_at_ms)
    return _settle_new(state, record, fact, recorded_at_ms)


def fold(events: Iterable[Event]) -> LedgerState:
    """Return the ledger state of a payment from its events in order."""
    state = LedgerState()
    for event in events:
        state = state.after(event)
    return state


def _is_too_large(state: LedgerState) -> bool:
    count = len(state.announced)
    if count <= _SMALL_STATE:
        return False
    return count > ANNOUNCED_MAX or len(encode_ledger(state)) > LEDGER_BYTES_MAX


def _repeats_its_own_callback(state: LedgerState, record: FactRecord) -> bool:
    # Verify is at least once: after a crash it judges a batch again, with equal results. After a
    # release newer code may count the items of a batch differently, so the item alone proves
    # nothing: only the very event that this fact became makes it a repeat.
    return any(
        entry.causation_id == record.callback_id
        and entry.causation_item == record.item
        and _became(record.fact, entry)
        for entry in state.announced
    )


def _became(fact: Fact, entry: Announced) -> bool:
    """Whether `fact` can have been announced as `entry`."""
    if entry.type == "PaymentLinked":
        return fact.type in _LINKABLE and fact.merchant_order_id == entry.order
    if fact.type == "RefundTotal":
        total = fact.refunded_total
        return total is not None and entry.total_minor == total.minor
    if fact.type == "PaymentFailed" and entry.type == "PaymentReversed":
        return fact.reverses_success
    return fact.type == entry.type and (fact.part_id or None) == (entry.part_id or None)


def _fails_again_after_success(state: LedgerState, fact: Fact, known: Announced) -> bool:
    """Whether a failure of a known identity is a later one, which takes captured money back.

    An attempt that failed before the success is told again by retries, with its own time.
    """
    if fact.type != "PaymentFailed" or not fact.reverses_success:
        return False
    if fact.occurred_at_ms is None or fact.occurred_at_ms == known.occurred_at_ms:
        return False
    times = [entry.occurred_at_ms for entry in state.of_type("PaymentSucceeded")]
    return any(paid is not None and paid < fact.occurred_at_ms for paid in times)


def _settle_known(
    state: LedgerState, record: FactRecord, fact: Fact, known: Announced, recorded_at_ms: int
) -> Settlement:
    stated = fact.amount
    differs = (
        fact.type in AMOUNT_REQUIRED
        and stated is not None
        and (stated.minor, stated.currency) != (known.minor, known.currency)
    )
    # What we derived from a running total was not stated by the provider and contradicts nothing.
    if differs and known.total_minor is None:
        return _unchanged(record, state, "parked", CONFLICT, known.id, alarms=("conflict",))
    order = fact.merchant_order_id
    linkable = order is not None and known.order is None and fact.type in _LINKABLE
    if linkable and state.find("PaymentLinked", None) is None:
        linked = Fact(
            type=fact.type,
            payment_id=fact.payment_id,
            merchant_order_id=order,
            occurred_at_ms=fact.occurred_at_ms,
        )
        return _announce(state, record, linked, recorded_at_ms, as_type="PaymentLinked")
    announced_order = known.order or state.linked_order
    contradicts = None not in (order, announced_order) and order != announced_order
    alarms: tuple[Alarm, ...] = ("other_order_number",) if contradicts else ()
    return _unchanged(record, state, "duplicate", None, known.id, alarms=alarms)


def _settle_new(
    state: LedgerState, record: FactRecord, fact: Fact, recorded_at_ms: int
) -> Settlement:
    strength = _STRENGTH.get(fact.type)
    if strength is not None:
        strongest = max((_STRENGTH.get(e.type, 0) for e in state.announced), default=0)
        if fact.type == "PaymentFailed" and fact.reverses_success and strongest == 4:
            if _is_before_success(state, fact):
                return _unchanged(record, state, "superseded", None)
            return _settle_reversal(state, record, fact, recorded_at_ms)
        if strength < strongest:
            return _unchanged(record, state, "superseded", None)
        if fact.type == "PaymentSucceeded" and strongest == _STRENGTH["PaymentClosed"]:
            return _announce(state, record, fact, recorded_at_ms, alarms=("success_after_closed",))
    return _announce(state, record, fact, recorded_at_ms)


def _is_before_success(state: LedgerState, fact: Fact) -> bool:
    """Whether an attempt failed, by its own time, before the payment succeeded."""
    times = [entry.occurred_at_ms for entry in state.of_type("PaymentSucceeded")]
    return fact.occurred_at_ms is not None and all(
        paid is not None and fact.occurred_at_ms < paid for paid in times
    )


def _settle_reversal(
    state: LedgerState, record: FactRecord, fact: Fact, recorded_at_ms: int
) -> Settlement:
    """A failure after success, at a provider where that happens, takes the money back."""
    paid = state.find("PaymentSucceeded", fact.capture_id)
    if paid is None:
        paid = next(state.of_type("PaymentSucceeded"))
    known = state.find("PaymentReversed", paid.part_id) or _reversed_by(state, fact)
    if known is not None:
        return _unchanged(record, state, "duplicate", None, known.id)
    amount = fact.amount or money_of(paid)
    reversal = Fact(
        type="PaymentReversed",
        payment_id=fact.payment_id,
        merchant_order_id=fact.merchant_order_id,
        occurred_at_ms=fact.occurred_at_ms,
        amount=amount,
        capture_id=paid.part_id,
    )
    return _announce(state, record, reversal, recorded_at_ms)


def _reversed_by(state: LedgerState, fact: Fact) -> Announced | None:
    """The reversal that a failure without a capture became when fewer captures were known."""
    if fact.capture_id is not None:
        return None
    same_time = (
        entry
        for entry in state.of_type("PaymentReversed")
        if entry.occurred_at_ms == fact.occurred_at_ms
    )
    return next(same_time, None)


def _settle_total(
    state: LedgerState, record: FactRecord, fact: Fact, recorded_at_ms: int
) -> Settlement:
    """Announce the rise of a running total above the highest known."""
    total = fact.refunded_total
    assert total is not None  # `Fact.check` refuses a RefundTotal without it.
    for entry in state.of_type("RefundCompleted"):
        if entry.total_minor == total.minor and entry.part_id in (
            fact.refund_id,
            f"total:{total.minor}",
        ):
            # Announced already, even if a failed refund lowered the sum since.
            return _unchanged(record, state, "duplicate", None, entry.id)
    if total.minor <= state.refunded_minor or _overtaken(state, fact, total):
        known = state.find("RefundCompleted", fact.refund_id) if fact.refund_id else None
        return _unchanged(record, state, "duplicate", None, known.id if known else None)
    return _announce(state, record, fact, recorded_at_ms)


def _overtaken(state: LedgerState, fact: Fact, total: Money) -> bool:
    """Whether a later statement of at least this total was announced.

    Such a total was a duplicate when it first came; told again after a failed refund has lowered
    the sum, it must not look like a rise.
    """
    stated_at = fact.occurred_at_ms
    return stated_at is not None and any(
        entry.total_minor is not None
        and entry.total_minor >= total.minor
        and entry.occurred_at_ms is not None
        and entry.occurred_at_ms > stated_at
        for entry in state.of_type("RefundCompleted")
    )


def _announce(
    state: LedgerState,
    record: FactRecord,
    fact: Fact,
    recorded_at_ms: int,
    *,
    as_type: EventType | None = None,
    alarms: tuple[Alarm, ...] = (),
) -> Settlement:
    event = event_of(state, record, fact, recorded_at_ms, as_type)
    after = state.after(event)
    # Most payments have no refund: nothing is summed for them.
    if event.type in _CHANGES_SUMS and after.refunded_minor > 0:
        paid = any(after.of_type("PaymentSucceeded"))
        if paid and after.refunded_minor > max(0, after.paid_minor):
            alarms += ("over_refund",)
    outcome = _outcome(record, "announced", None, event.id)
    return Settlement(after, event, outcome, alarms)


def _unchanged(
    record: FactRecord,
    state: LedgerState,
    word: OutcomeWord,
    code: str | None,
    known_id: str | None = None,
    *,
    alarms: tuple[Alarm, ...] = (),
) -> Settlement:
    return Settlement(state, None, _outcome(record, word, code, known_id), alarms)


def _outcome(
    record: FactRecord, word: OutcomeWord, code: str | None, known_id: str | None
) -> Outcome:
    return Outcome(
        record.callback_id, record.item, record.items, word, code, known_id, record.revision,
        record.callback,
    )  # fmt: skip
