"""What a consumer knows of one payment: a pure fold of its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from schemas.event import Event

# A lost dispute that names no amount takes all that was captured.
ALL: Final = None


@dataclass(frozen=True, slots=True)
class Payment:
    """Sums in minor units of `currency`, which is None until an event states an amount.

    `refunds` is the amount of each refund by its event's id; `taken` what was reversed or lost, by
    dispute or else by event; `disputes` the last word on each. `mixed`: some amount stood in
    another currency and is in no sum. `sequence` is that of the last event.
    """

    mode: str
    number: str | None = None
    currency: str | None = None
    exponent: int = 0
    succeeded: bool = False
    captured: int = 0
    refunded: int = 0
    refunds: Mapping[str, int] = field(default_factory=dict)
    taken: Mapping[str, int | None] = field(default_factory=dict)
    disputes: Mapping[str, str] = field(default_factory=dict)
    mixed: bool = False
    sequence: int = 0

    @property
    def taken_back(self) -> int:
        """Captured money that was reversed or lost in a dispute."""
        amounts = [self.captured if each is ALL else each for each in self.taken.values()]
        return min(self.captured, sum(amounts))

    @property
    def disputed(self) -> bool:
        return "DisputeOpened" in self.disputes.values()

    def after(self, event: Event) -> "Payment":
        """Return the payment once `event` happened. To be called once for each event.

        Sums rise by amounts, so that a repetition shows: nothing here hides a missing inbox.
        """
        known = replace(
            self,
            # The first name stays; it may become known after the money did.
            number=self.number if self.number is not None else event.merchant_order_id,
            sequence=event.sequence,
        )
        return known._moved(event)._disputed(event)

    def _moved(self, event: Event) -> "Payment":
        money = event.amount
        if money is None or event.type not in _MONEY:
            return self._unrefunded(event) if event.type == "RefundFailed" else self
        if self.currency not in (None, money.currency):
            return replace(self, mixed=True)
        known = replace(self, currency=money.currency, exponent=money.exponent)
        match event.type:
            case "PaymentSucceeded":
                return replace(known, succeeded=True, captured=self.captured + money.minor)
            case "RefundCompleted":
                return known._refunded(event, money.minor)
            case "RefundFailed":
                return known._unrefunded(event)
            case _:
                by = event.dispute_id or event.id
                return replace(known, taken={**self.taken, by: money.minor})

    def _refunded(self, event: Event, minor: int) -> "Payment":
        total = self.refunded + minor
        if event.derived and event.refunded_total is not None:
            # What the provider states is the total; the rise depends on what came before.
            total = event.refunded_total.minor
        return replace(self, refunded=total, refunds={**self.refunds, event.id: minor})

    def _unrefunded(self, event: Event) -> "Payment":
        if event.reverses is None or event.reverses not in self.refunds:
            return self
        left = {name: minor for name, minor in self.refunds.items() if name != event.reverses}
        return replace(self, refunded=self.refunded - self.refunds[event.reverses], refunds=left)

    def _disputed(self, event: Event) -> "Payment":
        by = event.dispute_id or ""
        match event.type:
            case "DisputeOpened":
                # The end of a dispute may be proven before its beginning.
                return replace(self, disputes={by: event.type, **self.disputes})
            case "DisputeWon":
                kept = {name: minor for name, minor in self.taken.items() if name != by}
                return replace(self, taken=kept, disputes={**self.disputes, by: event.type})
            case "DisputeLost":
                minor = event.amount.minor if event.amount is not None else ALL
                # A reversal may have told of the same money already.
                taken = {by: minor, **self.taken}
                return replace(self, taken=taken, disputes={**self.disputes, by: event.type})
        return self


_MONEY: Final = ("PaymentSucceeded", "PaymentReversed", "RefundCompleted", "RefundFailed")
_STATE: Final = (
    "succeeded", "captured", "refunded", "refunds", "taken", "disputes", "mixed", "sequence",
)  # fmt: skip


def payment_state(payment: Payment) -> str:
    """Return all but mode, number and currency as one line of JSON."""
    members = {name: getattr(payment, name) for name in _STATE}
    return orjson.dumps(members).decode()


def payment_of(
    mode: str, number: str | None, currency: str | None, exponent: int, state: str
) -> Payment:
    """Return the payment that `payment_state` wrote."""
    members: dict[str, Any] = orjson.loads(state)
    return Payment(mode, number, currency, exponent, **members)
