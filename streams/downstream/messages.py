"""The messaging service: one message for each event, into an outbox."""

from typing import Final

from schemas.event import EVENT_TYPES, Event, EventType
from schemas.money import Money
from streams.downstream.tables import storable
from streams.views.database import Database

# An event says no more of a person than an order number: the sender knows whose order it is.
TEXTS: Final = {
    "PaymentAuthorized": "{amount} is reserved for {order}.",
    "PaymentSucceeded": "We received {amount} for {order}.",
    "PaymentFailed": "A payment for {order} did not get through.",
    "PaymentClosed": "The payment for {order} was closed unpaid.",
    "PaymentReversed": "{amount} paid for {order} was taken back.",
    "PaymentLinked": "A payment that came before belongs to {order}.",
    "RefundCompleted": "We refunded {amount} for {order}.",
    "RefundFailed": "A refund for {order} did not get through.",
    "DisputeOpened": "A payment for {order} is disputed.",
    "DisputeWon": "The dispute about {order} ended in our favour.",
    "DisputeLost": "The dispute about {order} ended against us.",
}


class Messages:
    """Writes messages and sends none; satisfies `inbox.Service`."""

    name: Final = "messages"
    types: Final[frozenset[EventType]] = frozenset(EVENT_TYPES)

    def __init__(self, database: Database) -> None:
        self._database = database

    def effect(self, event: Event) -> None:
        number = event.merchant_order_id
        self._database.run(
            "INSERT INTO downstream_outbox VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, NULL)",
            (
                # The event's id is the message's: whoever receives it twice can tell.
                event.id, event.mode, None if number is None else storable(number), event.type,
                storable(text_of(event)), event.recorded_at_ms, event.sequence,
            ),
        )  # fmt: skip


def text_of(event: Event) -> str:
    """Return the sentence that tells a customer of an event."""
    order = f"order {event.merchant_order_id}" if event.merchant_order_id else "your order"
    amount = "A payment" if event.amount is None else shown_money(event.amount)
    text = TEXTS[event.type].format(amount=amount, order=order)
    return text if event.mode == "live" else f"[{event.mode}] {text}"


def shown_money(money: Money) -> str:
    """Return an amount as people write it: `EUR 12.80`."""
    whole, part = divmod(money.minor, 10**money.exponent)
    decimals = f".{part:0{money.exponent}d}" if money.exponent else ""
    return f"{money.currency} {whole:,}{decimals}"
