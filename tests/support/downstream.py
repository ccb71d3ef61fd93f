"""Stories for the consumers: facts settled into events, and these as records of a log."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.event import Event, event_draft
from schemas.fact import Fact
from schemas.record import Draft, Record
from schemas.topics import Topics, partition_for_key, topics
from streams.downstream.coupons import Coupons
from streams.downstream.inbox import Inbox
from streams.downstream.messages import Messages
from streams.downstream.orders import Orders
from streams.downstream.read import coupons, messages, orders
from streams.log import Log
from streams.views.database import Database, open_database
from tests.support.settling import START_MS, Settler, fact, total

PARTITIONS = 3
TOPICS = topics(payment_partitions=PARTITIONS)


def draft_of(event: Event, topic: str = TOPICS.events.name, count: int = PARTITIONS) -> Draft:
    return event_draft(
        event, topic=topic, partition=partition_for_key(event.key, count), deployment="tests"
    )


def records_of(events: Iterable[Event]) -> list[Record]:
    """Return events as they would lie in the log."""
    offsets: Counter[int] = Counter()
    made = []
    for event in events:
        draft = draft_of(event)
        made.append(
            Record(draft.topic, draft.partition, offsets[draft.partition], event.recorded_at_ms,
                   draft.key, draft.value, draft.headers)
        )  # fmt: skip
        offsets[draft.partition] += 1
    return made


def events_of(*facts: Fact) -> list[Event]:
    """Return what settling announces of facts in this order."""
    settler = Settler()
    for stated in facts:
        settler.tell(stated)
    return settler.events


def paid(minor: int = 1_000, payment: str = "P", **members: Any) -> Fact:
    return fact("PaymentSucceeded", minor, payment_id=payment, **members)


def refunded(minor: int, refund: str = "R", payment: str = "P", **members: Any) -> Fact:
    return fact("RefundCompleted", minor, payment_id=payment, refund_id=refund, **members)


def told(cycles: int) -> list[Event]:
    """Return events of every kind, over and over, so that each kind comes after each crash."""
    settler = Settler()
    for cycle in range(cycles):
        for number, facts in enumerate(stories()):
            for stated in facts:
                order = None if stated.merchant_order_id is None else f"A-{cycle}-{number}"
                names = {"payment_id": f"P-{cycle}-{number}", "merchant_order_id": order}
                settler.tell(replace(stated, **names))
    return settler.events


def stories() -> list[list[Any]]:
    unnamed = {"merchant_order_id": None}
    failed = fact("RefundFailed", 400, refund_id="R", occurred_at_ms=START_MS + 9)
    dispute = {"dispute_id": "D"}
    return [
        [paid(), refunded(400), failed],
        [paid(), total(300), total(1_000)],
        [paid(**unnamed), paid()],
        [paid(), fact("DisputeOpened", **dispute), fact("DisputeWon", **dispute)],
        [paid(), fact("DisputeLost", 1_000, **dispute), fact("PaymentReversed", 100)],
    ]


@dataclass
class Shop:
    """The three services on one database, and what a person sees of them."""

    database: Database = field(default_factory=lambda: open_database("sqlite:///:memory:"))
    codes: int = 0
    inboxes: Sequence[Inbox] = ()

    def __post_init__(self) -> None:
        services = (Orders(self.database), Coupons(self.database, self._code),
                    Messages(self.database))  # fmt: skip
        self.inboxes = [Inbox(self.database, service) for service in services]

    def hear(self, *events: Event) -> None:
        records = records_of(events)
        for inbox in self.inboxes:
            inbox.apply(records)

    def tell(self, *facts: Fact) -> None:
        self.hear(*events_of(*facts))

    @property
    def status(self) -> str:
        (order,) = orders(self.database, "A-17")
        return str(order["status"])

    @property
    def coupon(self) -> str | None:
        found = coupons(self.database, "A-17")
        return str(found[0]["state"]) if found else None

    @property
    def texts(self) -> list[str]:
        return [str(each["text"]) for each in messages(self.database)]

    def _code(self) -> str:
        self.codes += 1
        return f"code-{self.codes}"


def effects(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return what came of the events, without what chance or a clock has chosen."""
    wanted = {
        "downstream_inbox": "consumer, event_id",
        "downstream_payments": "consumer, payment_key, mode, number, currency, state",
        "downstream_orders": "consumer, mode, number, status, paid_minor, refunded_minor, mixed",
        # Not by which event: of two payments of one order either may come first.
        "downstream_coupons": "mode, number, state",
        "downstream_outbox": "message_id, mode, number, type, text",
    }
    return {
        name: sorted(
            (tuple(row) for row in database.rows(f"SELECT {columns} FROM {name}")), key=repr
        )
        for name, columns in wanted.items()
    }


def wanted_effects(events: Iterable[Event]) -> dict[str, list[tuple[object, ...]]]:
    """Return what should come of the events: each heard once, in one process."""
    shop = Shop()
    shop.hear(*events)
    return effects(shop.database)


def open_durable(url: str) -> Database:
    return open_database(url, durable=True)


async def append(log: Log, made: Topics, events: Sequence[Event]) -> None:
    """Append events, without a transaction."""
    appender = log.appender()
    await appender.append([draft_of(each, made.events.name) for each in events])
    await appender.close()
