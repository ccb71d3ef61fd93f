"""One row per payment: its events, each once, and what they add up to."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, Literal

import orjson

from processors.expiry import LEDGER_DAYS_MIN
from processors.settle import fold
from schemas.event import OPTIONAL_MONEY, Event
from schemas.ledger import LedgerState
from schemas.money import Money
from schemas.times import DAY_MS

PaymentStatus = Literal[
    "authorized", "paid", "partly_refunded", "refunded", "reversed", "disputed", "dispute_lost",
    "failed", "closed", "refund_only",
]  # fmt: skip
# A payment that comes back after its ledger record expired begins anew with sequence 1.
_LIFE_APART_MS: Final = LEDGER_DAYS_MIN * DAY_MS
_NAMES: Final = (
    "payment_id", "merchant_order_id", "capture_id", "authorization_id", "refund_id",
    "merchant_refund_id", "dispute_id",
)  # fmt: skip


@dataclass(frozen=True)
class PaymentRow:
    """The events of one payment key in order, without repetition; all else follows from them."""

    events: tuple[Event, ...]

    @cached_property
    def state(self) -> LedgerState:
        """What settle knows of the payment: the same fold, so the two cannot disagree."""
        return fold(self.events)

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def merchant_order_id(self) -> str | None:
        """The order number, also where a later event was the first to name it."""
        named = (event.merchant_order_id for event in self.events)
        return next((order for order in named if order is not None), None)

    @property
    def money(self) -> Money | None:
        """An amount of the payment, for its currency and exponent."""
        amounts = (event.amount for event in self.events)
        return next((amount for amount in amounts if amount is not None), None)

    @property
    def over_refunded(self) -> bool:
        """Whether more was refunded than was paid and not taken back."""
        state = self.state
        paid = any(state.of_type("PaymentSucceeded"))
        return paid and state.refunded_minor > max(0, state.paid_minor)

    @property
    def status(self) -> PaymentStatus:
        state = self.state
        disputes = [event.type for event in self.events if event.type.startswith("Dispute")]
        if disputes and disputes[-1] != "DisputeWon":
            return "disputed" if disputes[-1] == "DisputeOpened" else "dispute_lost"
        if any(state.of_type("PaymentSucceeded")):
            return _paid_status(state)
        if any(state.of_type("PaymentReversed")):
            return "reversed"
        if any(state.of_type("PaymentClosed")):
            return "closed"
        if any(state.of_type("PaymentAuthorized")):
            return "authorized"
        return "failed" if any(state.of_type("PaymentFailed")) else "refund_only"

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Every id by which somebody may ask for the payment: (kind, id), each once."""
        found = {
            (kind, name): None
            for event in self.events
            for kind in _NAMES
            if (name := getattr(event, kind)) is not None
        }
        return tuple(found)


def _paid_status(state: LedgerState) -> PaymentStatus:
    if state.paid_minor <= 0 and any(state.of_type("PaymentReversed")):
        return "reversed"
    if state.refunded_minor <= 0:
        return "paid"
    return "refunded" if state.refunded_minor >= state.paid_minor else "partly_refunded"


def apply_event(event: Event, row: PaymentRow | None) -> PaymentRow:
    """Return the payment's row with `event` in it, at the place that its sequence gives."""
    if row is None:
        return PaymentRow((event,))
    if any(known.id == event.id for known in row.events):
        return row
    return PaymentRow(_in_order((*row.events, event)))


def _in_order(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Order by life, then by sequence: clocks of two owners may differ, but not by a year."""
    by_time = sorted(events, key=lambda event: (event.recorded_at_ms, event.sequence))
    ordered: list[Event] = []
    life: list[Event] = []
    for event in by_time:
        if life and event.recorded_at_ms - life[-1].recorded_at_ms > _LIFE_APART_MS:
            ordered += sorted(life, key=lambda each: each.sequence)
            life = []
        life.append(event)
    return (*ordered, *sorted(life, key=lambda each: each.sequence))


def event_text(event: Event) -> str:
    """Return an event as one line of JSON that `event_from_text` reads back exactly."""
    members = asdict(event) | {"key": event.key.decode()}
    return orjson.dumps(
        {name: each for name, each in members.items() if each is not None}
    ).decode()


def event_from_text(text: str) -> Event:
    """Return the event that `event_text` wrote."""
    members: dict[str, Any] = orjson.loads(text)
    for name in OPTIONAL_MONEY:
        if name in members:
            members[name] = Money(**members[name])
    for name in ("payment_id", "merchant_order_id", "occurred_at_ms"):
        members.setdefault(name, None)
    return Event(**members | {"key": members["key"].encode()})
