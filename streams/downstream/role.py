"""Running the services: each with a group, an inbox and a connection of its own."""

import asyncio
import secrets
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client import Counter as Metric

from schemas.money import Money
from streams.config import Config
from streams.downstream.consume import apply_all, consume
from streams.downstream.coupons import Coupons
from streams.downstream.inbox import Fate, Inbox, Service
from streams.downstream.messages import Messages
from streams.downstream.order import OrderKey
from streams.downstream.orders import Orders
from streams.downstream.outbox import Outbox, Sender
from streams.downstream.tables import create_tables, storable
from streams.ingress import serve_admin
from streams.log import Log
from streams.roles import Readiness
from streams.topology import existing_topics
from streams.views.database import Database, open_database

SERVICES: Final = ("orders", "coupons", "messages")
# 50 bits: not to be guessed, and short enough to be typed.
CODE_BYTES: Final = 7
SEND_EVERY_S: Final = 0.5


def open_service(name: str, database: Database) -> Service:
    """Return the service of that name over a database."""
    match name:
        case "orders":
            return Orders(database)
        case "coupons":
            return Coupons(database, lambda: secrets.token_hex(CODE_BYTES))
        case "messages":
            return Messages(database)
    raise ValueError(f"no such service: {name}")


def group_of(config: Config, service: str) -> str:
    """Return a service's consumer group."""
    return f"{config.prefix}-{service}"


def open_durable(config: Config) -> Database:
    """Open the database whose commits survive a loss of power.

    The offsets that follow them do: a transaction that is lost later would never be made again.
    """
    return open_database(config.database, durable=True)


async def run_services(
    config: Config, log: Log, names: Sequence[str], *, clock: Callable[[], int],
    registry: CollectorRegistry, readiness: Readiness, sender: Sender,
) -> None:  # fmt: skip
    """Run services until SIGTERM or SIGINT; any error ends the call.

    `sender` sends the messages.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    metric = Metric(
        "tillstream_downstream_records",
        "Records of events by consumer and what became of them.",
        ("consumer", "fate"),
        registry=registry,
    )
    tasks = [
        asyncio.create_task(_run_service(config, log, name, metric, stopping, readiness))
        for name in names
    ]
    if "messages" in names:
        sending = _send(config, sender, clock, stopping)
        tasks.append(asyncio.create_task(sending))
    if config.admin is not None:
        serving: Coroutine[Any, Any, None] = serve_admin(
            config.admin, ready=readiness.all_ready, registry=registry, openapi=None
        )
        tasks.append(asyncio.create_task(_until(stopping, serving)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        stopping.set()
        await asyncio.gather(*tasks)
    finally:
        stopping.set()
        await asyncio.gather(*tasks, return_exceptions=True)


async def apply_services(config: Config, log: Log, names: Sequence[str]) -> dict[str, Any]:
    """Let services apply what the log holds now, and end; return what became of the records."""
    topics = await existing_topics(log, config.prefix)
    applied = {}
    for name in names:
        database = open_durable(config)
        try:
            inbox = Inbox(database, open_service(name, database))
            applied[name] = dict(await apply_all(log, topics.events.name, inbox))
        finally:
            database.close()
    return applied


def expect_total(database: Database, order: OrderKey, total: Money) -> None:
    """Note what an order costs, before or after its payments, and look at it again."""
    create_tables(database)
    order = OrderKey(order.mode, storable(order.number))
    reviewing = (Orders(database), Coupons(database, lambda: secrets.token_hex(CODE_BYTES)))
    with database.transaction():
        database.run(
            "INSERT INTO downstream_totals VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (mode, number) DO UPDATE SET currency = excluded.currency,"
            " exponent = excluded.exponent, minor = excluded.minor",
            (*order, total.currency, total.exponent, total.minor),
        )
        for service in reviewing:
            service.review(order)


async def _run_service(
    config: Config, log: Log, name: str, metric: Metric, stopping: asyncio.Event,
    readiness: Readiness,
) -> None:  # fmt: skip
    ready = readiness.of(name)
    topics = await existing_topics(log, config.prefix)
    database = open_durable(config)
    try:
        inbox = Inbox(database, open_service(name, database))
        consumer = await log.consumer(group_of(config, name), [topics.events.name])
        counting = _counting(metric, name)
        try:
            await consume(consumer, inbox, stopping=stopping.is_set, ready=ready, heard=counting)
        finally:
            await consumer.close()
    finally:
        database.close()


def _counting(metric: Metric, name: str) -> Callable[[Counter[Fate]], None]:
    def heard(fates: Mapping[Fate, int]) -> None:
        for fate, count in fates.items():
            metric.labels(name, fate).inc(count)

    return heard


async def _send(
    config: Config, sender: Sender, clock: Callable[[], int], stopping: asyncio.Event
) -> None:
    database = open_durable(config)
    try:
        create_tables(database)
        outbox = Outbox(database, clock)
        while not stopping.is_set():
            if await outbox.send_some(sender):
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), SEND_EVERY_S)
    finally:
        database.close()


async def _until(stopping: asyncio.Event, serving: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(serving)
    ended = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    task.cancel()
    ended.cancel()
    await asyncio.gather(task, ended, return_exceptions=True)
