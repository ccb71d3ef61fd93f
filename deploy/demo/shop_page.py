"""The end of the page: orders, coupons and messages, and one payment from first to last."""

from collections import Counter
from typing import Any, Final, get_args

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.demo.shop import Line, Shop, row_of
from schemas.money import Money
from schemas.times import rfc3339
from streams.downstream.messages import shown_money
from streams.downstream.order import OrderStatus

MEANINGS: Final = {
    "open": "not paid (yet)",
    "partly_paid": "less came than it costs",
    "paid": "paid for",
    "partly_refunded": "paid, some of it given back",
    "refunded": "all given back",
    "disputed": "the payer contests it",
    "reversed": "the money was taken back",
}
_STYLES: Final = {"callback": "dim", "event": "green", "message": "yellow", "order": "bold"}


def shop_table(shop: Shop) -> RenderableType:
    """Return orders by status with their coupons, and a line about the messages."""
    counted = Counter(each["status"] for each in shop.orders)
    coupons = {each["number"]: each["state"] for each in shop.coupons}
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for heading in ("order", "", "that is", "coupons", "withdrawn"):
        side: Any = "right" if heading in ("", "coupons", "withdrawn") else "left"
        table.add_column(heading, justify=side)
    for status in get_args(OrderStatus):
        if counted[status]:
            of = [coupons.get(o["number"]) for o in shop.orders if o["status"] == status]
            shown = [str(of.count(state)) if state in of else "-"
                     for state in ("granted", "withdrawn")]  # fmt: skip
            table.add_row(status.replace("_", " "), str(counted[status]), MEANINGS[status], *shown)
    sent = sum(each["sent_at_ms"] is not None for each in shop.messages)
    note = f"And {sent} messages, one for each event, each written once and sent from an outbox."
    return Group(table, Text(note, style="dim"))


def timeline_table(told: tuple[str, list[Line]] | None, shop: Shop) -> RenderableType:
    """Return the story of one payment, and what its order came to."""
    if told is None:
        return Text("There is no payment of a known order.")
    number, lines = told
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for line in lines:
        at = rfc3339(line.at_ms)[11:23]
        table.add_row(at, Text(line.kind, style=_STYLES[line.kind]), Text(line.text))
    order, coupon = row_of(shop.orders, number), row_of(shop.coupons, number)
    if order is not None:
        text = f"{number} is {order['status'].replace('_', ' ')}: {_sums(order)}"
        if coupon is not None:
            text += f"; coupon {coupon['code']} {coupon['state']}"
        table.add_row("", Text("order", style=_STYLES["order"]), Text(text))
    return table


def _sums(order: dict[str, Any]) -> str:
    amounts = {what: order[f"{what}_minor"] for what in ("paid", "refunded")}
    return ", ".join(
        f"{what} {shown_money(Money(minor, order['currency'], order['exponent']))}"
        for what, minor in amounts.items()
        if minor
    )
