"""What the small services of a shop made of the events, read once they have heard all of them."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.demo.checks import Check
from deploy.demo.reading import Reading
from schemas.event import Event
from schemas.outcome import Outcome
from streams.downstream.messages import shown_money
from streams.downstream.order import PAID, UNPAID
from streams.downstream.read import Rows, coupons, failures, inbox_counts, messages, orders
from streams.downstream.role import SERVICES
from streams.views.database import Database, open_database

HEARD_S_MAX: Final = 30.0
LOOK_S: Final = 0.1
# A story with these has most to tell.
PREFERRED: Final = ("RefundCompleted", "RefundFailed")
_Sums = dict[str, dict[str, int]]  # paid and refunded by currency


@dataclass(frozen=True)
class Shop:
    """Rows of the services' database; `heard` counts the events that each has applied."""

    heard: dict[str, int]
    orders: Rows
    coupons: Rows
    messages: Rows
    failures: Rows


@dataclass(frozen=True)
class Line:
    """One line of a payment's timeline."""

    at_ms: int
    kind: str
    text: str


async def read_when_heard(url: str, events: int, check: Callable[[], None]) -> Shop:
    """Wait until every service has applied all events and every message is sent; `check` may
    raise. What is not there after half a minute is told by the checks."""
    database = open_database(url)
    try:
        deadline_s = time.monotonic() + HEARD_S_MAX
        while not _is_done(database, events) and time.monotonic() < deadline_s:
            check()
            await asyncio.sleep(LOOK_S)
        return Shop(
            inbox_counts(database), orders(database), coupons(database), messages(database),
            failures(database),
        )  # fmt: skip
    finally:
        database.close()


def _is_done(database: Database, events: int) -> bool:
    counts = inbox_counts(database)
    heard = all(counts.get(name, 0) >= events for name in SERVICES)
    return heard and all(each["sent_at_ms"] is not None for each in messages(database))


def shop_checks(reading: Reading, shop: Shop) -> list[Check]:
    """Return what has to hold between the events and what came of them."""
    events = reading.events
    return [
        Check(
            f"each of {len(events)} events had its effect once: orders, coupons, messages",
            (*_unheard(events, shop), *_money_differs(events, shop), *_coupons_differ(shop)),
        )
    ]


def _unheard(events: Sequence[Event], shop: Shop) -> Iterable[str]:
    for name in SERVICES:
        if shop.heard.get(name, 0) != len(events):
            yield f"{name} has applied {shop.heard.get(name, 0)} events"
    sent = [each["message_id"] for each in shop.messages if each["sent_at_ms"] is not None]
    if sorted(sent) != sorted(event.id for event in events):
        yield f"{len(sent)} messages were sent"
    yield from (f"{each['consumer']} could not read an event" for each in shop.failures)


def _money_differs(events: Sequence[Event], shop: Shop) -> Iterable[str]:
    announced, booked = _announced_sums(events), _booked_sums(shop)
    for what in announced:
        if announced[what] != booked[what]:
            yield f"{what}: {booked[what]} in the orders, {announced[what]} in the events"


def _announced_sums(events: Sequence[Event]) -> _Sums:
    """Return the money of the payments whose order is known, from the events alone."""
    sums: _Sums = {"paid": defaultdict(int), "refunded": defaultdict(int)}
    named = {event.key for event in events if event.merchant_order_id is not None}
    by_id = {event.id: event for event in events}
    for event in events:
        if event.key not in named:
            continue
        taken = by_id.get(event.reverses or "", event)
        money = event.amount or taken.amount
        sign = {
            "PaymentSucceeded": ("paid", 1), "PaymentReversed": ("paid", -1),
            "RefundCompleted": ("refunded", 1),
        }.get(event.type)  # fmt: skip
        if event.type == "RefundFailed" and event.reverses is not None:
            sign = ("refunded", -1)
        if sign is not None and money is not None:
            sums[sign[0]][money.currency] += sign[1] * money.minor
    return _without_nothing(sums)


def _booked_sums(shop: Shop) -> _Sums:
    sums: _Sums = {"paid": defaultdict(int), "refunded": defaultdict(int)}
    for order in shop.orders:
        for what in sums:
            sums[what][order["currency"]] += order[f"{what}_minor"]
    return _without_nothing(sums)


def _without_nothing(sums: _Sums) -> _Sums:
    return {what: {c: n for c, n in each.items() if n} for what, each in sums.items()}


def _coupons_differ(shop: Shop) -> Iterable[str]:
    granted = {each["number"] for each in shop.coupons if each["state"] == "granted"}
    for order in shop.orders:
        number, status = order["number"], order["status"]
        if (status in PAID and number not in granted) or (status in UNPAID and number in granted):
            yield f"a coupon of an order that is {status} is not as it should be"
    if len({each["number"] for each in shop.coupons}) != len(shop.coupons):
        yield "an order has two coupons"


def story(reading: Reading, shop: Shop) -> tuple[str, list[Line]] | None:
    """Return the order and timeline of the payment with most to tell, None where there is none."""
    by_payment: dict[bytes, list[Event]] = defaultdict(list)
    for event in reading.events:
        by_payment[event.key].append(event)
    told = [each for each in by_payment.values() if _number(each) is not None]
    if not told:
        return None
    events = max(told, key=lambda each: (sum(e.type in PREFERRED for e in each), len(each)))
    number = _number(events)
    assert number is not None
    lines = [*_callbacks(reading, events), *_events(events), *_messages(shop, events)]
    return number, sorted(lines, key=lambda line: line.at_ms)


def _number(events: Sequence[Event]) -> str | None:
    return next((e.merchant_order_id for e in events if e.merchant_order_id is not None), None)


def _callbacks(reading: Reading, events: Sequence[Event]) -> Iterable[Line]:
    ids = {event.id for event in events}
    for stored in reading.callbacks.values():
        of_payment = [each for each in stored.outcomes.values() if each.event_id in ids]
        if of_payment:
            callback = stored.callback
            text = f"{len(callback.body):,} bytes: {', '.join(map(_fate, of_payment))}"
            yield Line(callback.received_at_ms, "callback", text)


def _fate(outcome: Outcome) -> str:
    known = "known already" if outcome.outcome == "duplicate" else str(outcome.outcome)
    return known if outcome.code is None else f"{known} ({outcome.code})"


def _events(events: Sequence[Event]) -> Iterable[Line]:
    for event in events:
        money = "" if event.amount is None else f", {shown_money(event.amount)}"
        early = ", before its payment" if event.out_of_order else ""
        yield Line(event.recorded_at_ms, "event", f"{event.sequence}: {event.type}{money}{early}")


def _messages(shop: Shop, events: Sequence[Event]) -> Iterable[Line]:
    ids = {event.id for event in events}
    for each in shop.messages:
        if each["message_id"] in ids and each["sent_at_ms"] is not None:
            yield Line(each["sent_at_ms"], "message", str(each["text"]))


def row_of(rows: Rows, number: str) -> dict[str, Any] | None:
    return next((each for each in rows if each["number"] == number), None)
