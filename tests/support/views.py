"""Histories for the views: callbacks, outcomes and events as the stages write them."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from schemas.callback import Callback, encode_callback
from schemas.event import Event, event_draft
from schemas.fact import Fact
from schemas.outcome import Outcome, outcome_draft
from schemas.record import Draft, Position, TopicPartition
from schemas.topics import Topics, partition_for_key, topics
from streams.log import Log
from streams.views.database import open_database
from streams.views.feed import catch_up
from streams.views.store import Store
from streams.views.tables import dump
from tests.support.settling import START_MS, Settler, fact

TOPICS = topics(payment_partitions=3)


@dataclass
class History:
    """Tells facts, each by a callback of its own, and keeps what settling makes of them."""

    topics: Topics
    series: str = "first"
    settler: Settler = field(default_factory=Settler)
    told: list[tuple[str, Outcome | None, Event | None]] = field(default_factory=list)

    def tell(self, stated: Fact, callback: str | None = None) -> None:
        callback = callback or f"{self.series}-{len(self.told)}"
        self.settler.now_ms += 1_000
        settlement = self.settler.tell(stated, callback)
        self.told.append((callback, settlement.outcome, settlement.event))

    def pay(self, number: int) -> None:
        """A payment of ten euros, told twice; every third is refunded, every fifth too much."""
        named = {"payment_id": f"P{number}", "merchant_order_id": f"A-{number}"}
        self.tell(fact("PaymentSucceeded", 1_000, **named))
        self.tell(fact("PaymentSucceeded", 1_000, **named))
        if number % 3 == 0:
            refund = f"R{number}"
            self.tell(fact("RefundCompleted", 400, refund_id=refund, **named))
        if number % 5 == 0:
            self.tell(fact("RefundCompleted", 1_000, refund_id=f"Q{number}", **named))
        if number % 7 == 0:
            self.tell(fact("PaymentSucceeded", 1_001, **named))

    def callback_drafts(self) -> list[Draft]:
        return [
            encode_callback(
                Callback(name, "larkpay", "shop", START_MS + n, "POST", "/", (), b"{}"),
                topic=self.topics.callbacks.name, partition=n % self.topics.callbacks.partitions,
                deployment="tests",
            )
            for n, (name, _, _) in enumerate(self.told)
        ]  # fmt: skip

    def settled_drafts(self, positions: Sequence[Position]) -> list[list[Draft]]:
        """Return outcome and event of each callback, which lies at the position given."""
        made = []
        for (_, outcome, event), position in zip(self.told, positions, strict=True):
            drafts = []
            if event is not None:
                drafts.append(self.event_draft(event))
            if outcome is not None:
                topic = self.topics.outcomes
                placed = replace(outcome, callback=position)
                drafts.append(outcome_draft(placed, topic=topic.name, partitions=topic.partitions))
            made.append(drafts)
        return made

    def event_draft(self, event: Event) -> Draft:
        topic = self.topics.events
        partition = partition_for_key(event.key, topic.partitions)
        return event_draft(event, topic=topic.name, partition=partition, deployment="tests")


async def write(log: Log, history: History) -> None:
    """Append a history, without transactions."""
    appender = log.appender()
    positions = await appender.append(history.callback_drafts())
    drafts = [each for drafts in history.settled_drafts(positions) for each in drafts]
    await appender.append(drafts)
    await appender.close()


async def built_apart(log: Log, topics: Topics) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows that plain reading of the whole log builds in a database of its own."""
    store = Store(open_database("sqlite:///:memory:"), topics)
    await catch_up(log, topics, store)
    rows = dump(store.database)
    store.database.close()
    return rows


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the rows of a SQLite file."""
    database = open_database(f"sqlite:///{path}")
    rows = dump(database)
    database.close()
    return rows


async def wait_for_progress(log: Log, topics: Topics, path: Path, within_s: float = 40) -> None:
    """Wait until the views in a file have applied the last record of every partition."""
    last: dict[TopicPartition, int] = {}
    for topic in (topics.callbacks, topics.outcomes, topics.events):
        async for record in log.read(topic.name):
            last[TopicPartition(record.topic, record.partition)] = record.offset
    deadline = time.monotonic() + within_s
    while True:
        database = open_database(f"sqlite:///{path}")
        store = Store(database, topics)
        progress = store.progress()
        database.close()
        behind = {
            w: (progress.get(w, 0), at) for w, at in last.items() if progress.get(w, 0) <= at
        }
        if not behind:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(json.dumps([[str(w), *each] for w, each in behind.items()]))
        await asyncio.sleep(0.1)
