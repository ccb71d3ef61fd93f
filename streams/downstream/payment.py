"""What a consumer knows of one payment: a pure fold of its events, in whatever order they come.

They come in order, except after `topics migrate`: then a payment's later events lie in another
partition, and a consumer that lags may read them before the earlier ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import orjson

from processors.expiry import LEDGER_DAYS_MIN
from schemas.event import Event
from schemas.times import DAY_MS

# A lost dispute that names no amount takes all that was captured.
ALL: Final = None
# A payment that comes back after its ledger record expired counts its sequence from 1 anew.
_LIFE_APART_MS: Final = LEDGER_DAYS_MIN * DAY_MS


class Refund(NamedTuple):
    """One completed refund, or one that failed later and has `undoes`, the id of the completed.

    `total` is the sum that the provider stated, where that is the source.
    """

    recorded_at_ms: int
    sequence: int
    minor: int
    total: int | None
    undoes: str | None


class Dispute(NamedTuple):
    """The last word on a dispute. `minor` ALL: everything that was captured."""

    sequence: int
    type: str
    minor: int | None


@dataclass(frozen=True, slots=True)
class Payment:
    """Sums in minor units of `currency`, which is None until an event states an amount.

    `number` is the order that the event `named_at` in sequence named, 0 where none did. `refunds`
    are by their event's id, `disputes` by their own; `taken` is what was reversed, by dispute or
    else by event. `mixed`: some amount stood in another currency and is in no sum. `sequence` is
    the highest seen.
    """

    mode: str
    number: str | None = None
    currency: str | None = None
    exponent: int = 0
    succeeded: bool = False
    captured: int = 0
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    taken: Mapping[str, int] = field(default_factory=dict)
    disputes: Mapping[str, Dispute] = field(default_factory=dict)
    mixed: bool = False
    named_at: int = 0
    sequence: int = 0

    @property
    def refunded(self) -> int:
        """What went back by refunds that did not fail."""
        return sum(map(self._refunded_in, _lives(self.refunds.values())))

    @property
    def taken_back(self) -> int:
        """Captured money that was reversed, or lost in a dispute, and did not come back."""
        won = {by for by, last in self.disputes.items() if last.type == "DisputeWon"}
        lost = {by: last.minor for by, last in self.disputes.items() if last.type == "DisputeLost"}
        # A reversal and a lost dispute of one name are the same money.
        amounts = {**lost, **self.taken}
        found = (self.captured if minor is ALL else minor
                 for by, minor in amounts.items() if by not in won)  # fmt: skip
        return min(self.captured, sum(found))

    @property
    def disputed(self) -> bool:
        return any(last.type == "DisputeOpened" for last in self.disputes.values())

    def after(self, event: Event) -> "Payment":
        """Return the payment once `event` happened. To be called once for each event.

        Captured money rises by amounts, so that a repetition shows: nothing hides a missing inbox.
        """
        known = replace(self, sequence=max(self.sequence, event.sequence))
        if event.merchant_order_id is not None and not 0 < self.named_at < event.sequence:
            known = replace(known, number=event.merchant_order_id, named_at=event.sequence)
        if event.type.startswith("Dispute"):
            return known._disputed(event)
        return known._moved(event)

    def _moved(self, event: Event) -> "Payment":
        if event.type == "RefundFailed":
            return self if event.reverses is None else self._with_refund(event, 0)
        money = event.amount
        if money is None or event.type not in _MOVING:
            return self
        if self.currency not in (None, money.currency):
            return replace(self, mixed=True)
        known = replace(self, currency=money.currency, exponent=money.exponent)
        if event.type == "PaymentSucceeded":
            return replace(known, succeeded=True, captured=self.captured + money.minor)
        if event.type == "RefundCompleted":
            return known._with_refund(event, money.minor)
        by = event.dispute_id or event.id
        return replace(known, taken={**self.taken, by: money.minor})

    def _with_refund(self, event: Event, minor: int) -> "Payment":
        derived = event.refunded_total if event.derived else None
        total = None if derived is None else derived.minor
        undoes = event.reverses if event.type == "RefundFailed" else None
        refund = Refund(event.recorded_at_ms, event.sequence, minor, total, undoes)
        return replace(self, refunds={**self.refunds, event.id: refund})

    def _disputed(self, event: Event) -> "Payment":
        by = event.dispute_id or ""
        minor = ALL if event.amount is None else event.amount.minor
        said = Dispute(event.sequence, event.type, minor)
        last = self.disputes.get(by)
        # The end of a dispute may be proven before its beginning; of two ends the later counts.
        if last is not None and _weight(last) > _weight(said):
            return self
        return replace(self, disputes={**self.disputes, by: said})

    def _refunded_in(self, life: Sequence[Refund]) -> int:
        refunded = 0
        for each in life:
            if each.undoes is not None:
                undone = self.refunds.get(each.undoes)
                refunded -= 0 if undone is None else undone.minor
            elif each.total is not None:
                # What the provider stated is the total; the rise depends on what came before.
                refunded = each.total
            else:
                refunded += each.minor
        return refunded


_MOVING: Final = ("PaymentSucceeded", "PaymentReversed", "RefundCompleted")


def _weight(dispute: Dispute) -> tuple[bool, int]:
    return dispute.type != "DisputeOpened", dispute.sequence


def _lives(refunds: Iterable[Refund]) -> list[list[Refund]]:
    """Return the refunds of each life of the payment, by sequence: totals begin at 0 in each."""
    lives: list[list[Refund]] = []
    last_ms = 0
    for each in sorted(refunds, key=lambda each: each[:2]):
        if not lives or each.recorded_at_ms - last_ms > _LIFE_APART_MS:
            lives.append([])
        lives[-1].append(each)
        last_ms = each.recorded_at_ms
    return [sorted(life, key=lambda each: each.sequence) for life in lives]


_STATE: Final = (
    "succeeded", "captured", "refunds", "taken", "disputes", "mixed", "named_at", "sequence",
)  # fmt: skip


def payment_state(payment: Payment) -> str:
    """Return all but mode, number and currency as one line of JSON."""
    members = {name: getattr(payment, name) for name in _STATE}
    members["refunds"] = {by: list(each) for by, each in payment.refunds.items()}
    members["disputes"] = {by: list(each) for by, each in payment.disputes.items()}
    return orjson.dumps(members).decode()


def payment_of(
    mode: str, number: str | None, currency: str | None, exponent: int, state: str
) -> Payment:
    """Return the payment that `payment_state` wrote."""
    members: dict[str, Any] = orjson.loads(state)
    members["refunds"] = {by: Refund(*each) for by, each in members["refunds"].items()}
    members["disputes"] = {by: Dispute(*each) for by, each in members["disputes"].items()}
    return Payment(mode, number, currency, exponent, **members)
