"""The order service: what the payments of an order make of it."""

from typing import Final

import structlog

from schemas.event import EVENT_TYPES, Event, EventType
from schemas.money import Money
from streams.downstream.order import OrderKey, Standing, standing
from streams.downstream.payment import Payment, payment_of, payment_state
from streams.downstream.tables import storable
from streams.views.database import Database

PAYMENTS_OF_ORDER: Final = (
    "SELECT mode, number, currency, exponent, state FROM downstream_payments"
    " WHERE consumer = ? AND mode = ? AND number = ? ORDER BY payment_key"
)
_log = structlog.get_logger()


class OrderBook:
    """The payments and orders of one consumer. Calls belong into a transaction."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer

    def take(self, event: Event) -> list[Standing]:
        """Add an event to its payment; return how the orders that it touches stand then.

        None where the payment's order is not known (yet): its money waits under the payment's own
        key, until an event such as PaymentLinked names the order. Two where an earlier event that
        comes later names another.
        """
        key = event.key.decode()
        before = self._payment(key) or Payment(event.mode)
        self._look_for_gap(event, before)
        after = before.after(event)
        self._write_payment(key, after)
        numbers = {storable(each) for each in (before.number, after.number) if each is not None}
        # In one order everywhere, so that two processes do not wait for each other.
        return [self.stand(OrderKey(event.mode, number)) for number in sorted(numbers)]

    def stand(self, order: OrderKey) -> Standing:
        """Add up an order's payments, write how it stands, and return it."""
        self._lock(order)
        rows = self._database.rows(PAYMENTS_OF_ORDER, (self._consumer, *order))
        stands = standing(order, total_of(self._database, order), [payment_of(*r) for r in rows])
        self._database.run(
            "UPDATE downstream_orders SET status = ?, currency = ?, exponent = ?,"
            " total_minor = ?, paid_minor = ?, refunded_minor = ?, mixed = ?"
            " WHERE consumer = ? AND mode = ? AND number = ?",
            (
                stands.status, stands.currency, stands.exponent, stands.total_minor,
                stands.paid_minor, stands.refunded_minor, int(stands.mixed), self._consumer,
                *order,
            ),
        )  # fmt: skip
        return stands

    def _lock(self, order: OrderKey) -> None:
        """Take the order's row until the transaction ends.

        Another process may apply another payment of the same order now: without the lock neither
        would see the other's, and the later one to write would be wrong.
        """
        self._database.run(
            "INSERT INTO downstream_orders VALUES (?, ?, ?, 'open', NULL, 0, NULL, 0, 0, 0)"
            " ON CONFLICT (consumer, mode, number) DO UPDATE SET mode = excluded.mode",
            (self._consumer, *order),
        )

    def _payment(self, key: str) -> Payment | None:
        found = self._database.rows(
            "SELECT mode, number, currency, exponent, state FROM downstream_payments"
            " WHERE consumer = ? AND payment_key = ?",
            (self._consumer, key),
        )
        return payment_of(*found[0]) if found else None

    def _write_payment(self, key: str, payment: Payment) -> None:
        number = None if payment.number is None else storable(payment.number)
        self._database.run(
            "INSERT INTO downstream_payments VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (consumer, payment_key) DO UPDATE SET number = excluded.number,"
            " currency = excluded.currency, exponent = excluded.exponent, state = excluded.state",
            (
                self._consumer, key, payment.mode, number, payment.currency, payment.exponent,
                payment_state(payment),
            ),
        )  # fmt: skip

    def _look_for_gap(self, event: Event, before: Payment) -> None:
        if event.sequence > before.sequence + 1:
            _log.error("downstream_gap", consumer=self._consumer, event_id=event.id,
                       sequence=event.sequence, last=before.sequence, alarm="downstream_gap",
                       meaning="events of the payment are missing, or come later")  # fmt: skip


def total_of(database: Database, order: OrderKey) -> Money | None:
    """Return what the shop said an order costs, None where it said nothing."""
    found = database.rows(
        "SELECT minor, currency, exponent FROM downstream_totals WHERE mode = ? AND number = ?",
        order,
    )
    return Money(*found[0]) if found else None


class Orders:
    """Keeps each order's status; satisfies `inbox.Service`."""

    name: Final = "orders"
    types: Final[frozenset[EventType]] = frozenset(EVENT_TYPES)

    def __init__(self, database: Database) -> None:
        self._book = OrderBook(database, self.name)

    def effect(self, event: Event) -> None:
        self._book.take(event)

    def review(self, order: OrderKey) -> None:
        """Look at an order again after the shop said what it costs."""
        self._book.stand(order)
