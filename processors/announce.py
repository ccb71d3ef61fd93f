"""From a fact and what was announced before to the event: its identity, sums and marks."""

from typing import Final

from schemas.event import CARRIES, Event, EventType
from schemas.fact import Fact, FactRecord
from schemas.identity import event_id
from schemas.ledger import Announced, LedgerState
from schemas.money import Money

_AFTER_PAYMENT: Final = frozenset(
    (
        "RefundCompleted",
        "RefundFailed",
        "PaymentReversed",
        "DisputeOpened",
        "DisputeWon",
        "DisputeLost",
    )
)


def event_of(
    state: LedgerState,
    record: FactRecord,
    fact: Fact,
    recorded_at_ms: int,
    as_type: EventType | None,
) -> Event:
    """Return the event that announces `fact` next; `as_type` where that is another type.

    The rise of a running total is its amount; a refund of stated amount gets the sum beside it.
    """
    derived = fact.type == "RefundTotal"
    event_type: EventType = as_type or (
        "RefundCompleted" if fact.type == "RefundTotal" else fact.type
    )
    part_id = None if event_type == "PaymentLinked" else fact.part_id
    amount, total = fact.amount, fact.refunded_total
    if derived and total is not None:
        amount = Money(total.minor - state.refunded_minor, total.currency, total.exponent)
        if part_id is None or state.find(event_type, part_id) is not None:
            part_id = f"total:{total.minor}"
    reversed_entry = _reversed(state, event_type, part_id)
    unlinked = event_type.startswith("Refund") and fact.payment_id is None
    if event_type in ("RefundCompleted", "RefundFailed") and not derived and not unlinked:
        total = _total_after(state, event_type, amount, reversed_entry)
    carried = {name: getattr(fact, name) for name in CARRIES[event_type]}
    if "refunded_total" in carried:
        carried["refunded_total"] = None if unlinked else total
    if "amount" in carried:
        carried["amount"] = amount
    return Event(
        id=event_id(record.provider, record.ledger, event_type, fact.payment_id, part_id),
        key=record.key or b"",
        type=event_type,
        mode=record.mode,
        provider=record.provider,
        account=record.ledger,
        payment_id=fact.payment_id,
        merchant_order_id=fact.merchant_order_id,
        occurred_at_ms=fact.occurred_at_ms,
        sequence=state.sequence + 1,
        causation_id=record.callback_id,
        causation_item=record.item,
        recorded_at_ms=recorded_at_ms,
        out_of_order=(
            event_type in _AFTER_PAYMENT
            and not unlinked
            and not any(state.of_type("PaymentSucceeded"))
        ),
        derived=derived,
        unlinked=unlinked,
        reverses=None if reversed_entry is None else reversed_entry.id,
        part_id=part_id,
        **carried,
    )


def _reversed(state: LedgerState, event_type: str, part_id: str | None) -> Announced | None:
    """The event that a failed refund or a reversal takes back."""
    if event_type == "RefundFailed":
        return state.find("RefundCompleted", part_id)
    if event_type == "PaymentReversed":
        paid = list(state.of_type("PaymentSucceeded"))
        exact = [entry for entry in paid if entry.part_id == part_id]
        return exact[0] if exact else paid[0] if len(paid) == 1 else None
    return None


def _total_after(
    state: LedgerState, event_type: str, amount: Money | None, taken_back: Announced | None
) -> Money | None:
    """The net sum refunded after a refund that states its own amount."""
    if event_type == "RefundCompleted" and amount is not None:
        return Money(state.refunded_minor + amount.minor, amount.currency, amount.exponent)
    lowered = amount or (None if taken_back is None else money_of(taken_back))
    if lowered is None:
        return None
    counted = taken_back is not None or state.counts_totals
    net = max(0, state.refunded_minor - lowered.minor) if counted else state.refunded_minor
    return Money(net, lowered.currency, lowered.exponent)


def money_of(entry: Announced) -> Money | None:
    """Return the amount of an announced event."""
    if entry.minor is None or entry.currency is None:
        return None
    return Money.from_minor(entry.minor, entry.currency)
