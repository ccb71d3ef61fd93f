"""Effects per second of the order service: Kafka to rows, in SQLite that waits for the disk."""

import time
from pathlib import Path
from typing import Final

import uvloop

from schemas.event import Event
from schemas.topics import topics
from streams.collector import tend_garbage
from streams.downstream.consume import consume_once
from streams.downstream.inbox import Inbox
from streams.downstream.orders import Orders
from streams.kafka import KafkaLog
from streams.views.database import open_database
from tests.bench.stages import STAGE_S_MAX, fill
from tests.support.downstream import draft_of, events_of, paid

EVENTS: Final = 12_000


def effects_per_s(bootstrap: str, folder: Path) -> float:
    """Return how many payments a second become paid orders, one process; the first fifth warms."""
    return uvloop.run(_effects(bootstrap, folder))


async def _effects(bootstrap: str, folder: Path) -> float:
    log, all_topics = KafkaLog(bootstrap), topics(f"downstream-{time.time_ns()}")
    topic = all_topics.events
    await fill(log, all_topics, [draft_of(e, topic.name, topic.partitions) for e in _events()])
    database = open_database(f"sqlite:///{folder / 'downstream.db'}", durable=True)
    inbox = Inbox(database, Orders(database))
    consumer = await log.consumer(f"{topic.name}-orders", [topic.name])
    tend_garbage()
    done, warm, warm_s = 0, 0, 0.0
    deadline_s = time.monotonic() + STAGE_S_MAX
    while done < EVENTS:
        done += (await consume_once(consumer, inbox))["applied"]
        if not warm and done >= EVENTS // 5:
            warm, warm_s = done, time.monotonic()
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{done} of {EVENTS} events in {STAGE_S_MAX} s")
    took_s = time.monotonic() - warm_s
    await log.close()
    database.close()
    return (done - warm) / took_s


def _events() -> list[Event]:
    return events_of(
        *(paid(1_000, f"P{number}", merchant_order_id=f"A-{number}") for number in range(EVENTS))
    )
