"""Listings: what came of the events, for people and commands."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from streams.downstream.tables import create_tables, storable
from streams.views.database import Database

ORDER_COLUMNS: Final = (
    "mode", "number", "status", "currency", "exponent", "total_minor", "paid_minor",
    "refunded_minor", "mixed",
)  # fmt: skip
COUPON_COLUMNS: Final = ("mode", "number", "code", "state", "event_id")
MESSAGE_COLUMNS: Final = (
    "message_id", "mode", "number", "type", "text", "written_for_ms", "attempts", "sent_at_ms",
)  # fmt: skip
FAILURE_COLUMNS: Final = ("consumer", "topic", "part", "place", "event_id", "error")
Rows = list[dict[str, Any]]


def orders(database: Database, number: str | None = None) -> Rows:
    """Return every order, or those of one number, as the order service has them."""
    return _rows(
        database, "downstream_orders", ORDER_COLUMNS, "consumer = 'orders'", number,
        "number, mode",
    )  # fmt: skip


def coupons(database: Database, number: str | None = None) -> Rows:
    return _rows(database, "downstream_coupons", COUPON_COLUMNS, "1 = 1", number, "number, mode")


def messages(database: Database, number: str | None = None) -> Rows:
    """Return the messages in the order in which their events were announced."""
    return _rows(
        database, "downstream_outbox", MESSAGE_COLUMNS, "1 = 1", number,
        "written_for_ms, sequence, message_id",
    )  # fmt: skip


def failures(database: Database, number: str | None = None) -> Rows:
    """Return the records that could not be read; they belong to no order."""
    return _rows(
        database, "downstream_failures", FAILURE_COLUMNS, "1 = 1", None,
        "consumer, topic, part, place",
    )  # fmt: skip


LISTINGS: Final[dict[str, Callable[..., Rows]]] = {
    "orders": orders, "coupons": coupons, "messages": messages, "failures": failures,
}  # fmt: skip


def inbox_counts(database: Database) -> dict[str, int]:
    """Return how many events each consumer has applied."""
    create_tables(database)
    return {
        str(row[0]): int(row[1])
        for row in database.rows(
            "SELECT consumer, COUNT(*) FROM downstream_inbox GROUP BY consumer"
        )
    }


def _rows(
    database: Database, table: str, columns: Sequence[str], where: str, number: str | None,
    order: str,
) -> Rows:  # fmt: skip
    create_tables(database)
    named, values = ("", ()) if number is None else (" AND number = ?", (storable(number),))
    found = database.rows(
        f"SELECT {', '.join(columns)} FROM {table} WHERE {where}{named} ORDER BY {order}", values
    )
    return [dict(zip(columns, row, strict=True)) for row in found]
