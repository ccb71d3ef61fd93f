"""The coupon service: one coupon for each paid order, taken back with the money."""

from collections.abc import Callable
from typing import Final

from schemas.event import EVENT_TYPES, Event, EventType
from streams.downstream.order import PAID, UNPAID, OrderKey, Standing
from streams.downstream.orders import OrderBook
from streams.downstream.tables import storable
from streams.views.database import Database

GRANTED: Final = "granted"
WITHDRAWN: Final = "withdrawn"
REVIEW: Final = ""


class Coupons:
    """Grants and withdraws; satisfies `inbox.Service`.

    It hears the same events as the order service and asks it nothing: a call there could fail,
    or answer from before or after. `new_code` returns a code that nobody can guess; one that is
    made in a transaction that is rolled back was never given to anyone.
    """

    name: Final = "coupons"
    types: Final[frozenset[EventType]] = frozenset(EVENT_TYPES)

    def __init__(self, database: Database, new_code: Callable[[], str]) -> None:
        self._database = database
        self._book = OrderBook(database, self.name)
        self._new_code = new_code

    def effect(self, event: Event) -> None:
        for stands in self._book.take(event):
            self._follow(stands, event.id)

    def review(self, order: OrderKey) -> None:
        """Look at an order again after the shop said what it costs."""
        self._follow(self._book.stand(order), REVIEW)

    def _follow(self, stands: Standing, event_id: str) -> None:
        if stands.status in PAID:
            # One row for each order: a second payment grants nothing, and a refund that fails
            # brings back the same coupon.
            self._database.run(
                "INSERT INTO downstream_coupons VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (mode, number) DO UPDATE SET state = excluded.state,"
                " event_id = excluded.event_id"
                " WHERE downstream_coupons.state <> excluded.state",
                (*stands.order, self._new_code(), GRANTED, storable(event_id)),
            )
        elif stands.status in UNPAID:
            self._database.run(
                "UPDATE downstream_coupons SET state = ?, event_id = ?"
                " WHERE mode = ? AND number = ? AND state <> ?",
                (WITHDRAWN, storable(event_id), *stands.order, WITHDRAWN),
            )
