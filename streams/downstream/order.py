"""What an order is worth: pure sums over its payments, in whatever order they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from schemas.money import Money
from streams.downstream.payment import Payment

OrderStatus = Literal[
    "open", "partly_paid", "paid", "partly_refunded", "refunded", "disputed", "reversed"
]
# Paid for, whatever was given back of it since.
PAID: Final = frozenset(("paid", "partly_refunded"))
# All that was paid is with the payer again, or was never paid: not for this order, that is.
UNPAID: Final = frozenset(("refunded", "reversed", "open"))


class OrderKey(NamedTuple):
    """An order of the shop. The mode belongs to it: test money never pays a live order."""

    mode: str
    number: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as its payments make it; amounts in minor units of `currency`.

    `paid_minor` is captured and not taken back. `mixed`: some payment was in another currency than
    the order's and counts for nothing, until a person looks.
    """

    order: OrderKey
    status: OrderStatus
    currency: str | None
    exponent: int
    total_minor: int | None
    paid_minor: int
    refunded_minor: int
    mixed: bool


def standing(order: OrderKey, total: Money | None, payments: Sequence[Payment]) -> Standing:
    """Return how an order stands. Without a total the first payment pays it.

    Without a total its currency is that of its first captured payment in the order given, which
    must be the same each time.
    """
    currency, exponent = _currency(total, payments)
    counted = [each for each in payments if each.currency in (currency, None)]
    kept = sum(each.captured - each.taken_back for each in counted)
    refunded = sum(each.refunded for each in counted)
    mixed = len(counted) < len(payments) or any(each.mixed for each in payments)
    status = _status(total, counted, kept, refunded)
    return Standing(
        order, status, currency, exponent, None if total is None else total.minor, kept, refunded,
        mixed,
    )  # fmt: skip


def _currency(total: Money | None, payments: Sequence[Payment]) -> tuple[str | None, int]:
    if total is not None:
        return total.currency, total.exponent
    by_weight = sorted(payments, key=lambda each: (not each.succeeded, each.currency is None))
    return (by_weight[0].currency, by_weight[0].exponent) if by_weight else (None, 0)


def _status(
    total: Money | None, payments: Sequence[Payment], kept: int, refunded: int
) -> OrderStatus:
    if any(each.disputed for each in payments):
        return "disputed"
    if not any(each.succeeded for each in payments):
        return "open"
    if kept <= 0 and any(each.taken_back for each in payments):
        return "reversed"
    if refunded > 0 and refunded >= kept:
        return "refunded"
    if total is not None and kept < total.minor:
        return "partly_paid"
    return "partly_refunded" if refunded > 0 else "paid"
