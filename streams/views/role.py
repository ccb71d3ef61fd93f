"""Running the views as a role: plain reading on the embedded log, Faust on Kafka."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from schemas.topics import Topics
from streams.config import Config
from streams.ingress import serve_admin
from streams.log import Log
from streams.open_log import KAFKA
from streams.roles import Readiness
from streams.topology import existing_topics
from streams.views.database import open_database
from streams.views.feed import catch_up, fed_topics, follow, rebuild
from streams.views.store import Store
from streams.views.watch import Watch

LOOK_EVERY: Final = 10  # rounds of plain reading
_log = structlog.get_logger()


def group_of(config: Config) -> str:
    """Return the views' consumer group, which is Faust's application id."""
    return f"{config.prefix}-views"


async def open_store(config: Config, log: Log) -> tuple[Store, Topics]:
    """Open the database that the configuration names, for the topics that the log has.

    Raises:
        ConfigurationError: it cannot be opened.
        Unavailable: the database, or a topic, is not there.
    """
    topics = await existing_topics(log, config.prefix)
    return Store(open_database(config.database), topics), topics


async def run_views(
    config: Config, log: Log, *, clock: Callable[[], int], registry: CollectorRegistry,
    readiness: Readiness, admin: tuple[str, int] | None, instance_id: str | None = None,
) -> None:  # fmt: skip
    """Keep the views up to date until SIGTERM or SIGINT; any error ends the call.

    `admin` None: a parent process serves the admin port.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    ready = readiness.of("views")
    serving = asyncio.create_task(_serve(admin, readiness, registry))
    feeding = asyncio.create_task(
        _feed(config, log, clock, registry, stopping, ready, instance_id)
    )
    try:
        await asyncio.wait({serving, feeding}, return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, feeding):
            if task.done():
                task.result()
    finally:
        stopping.set()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(serving, feeding, return_exceptions=True)


async def rebuild_views(config: Config, log: Log) -> int:
    """Build every row anew and, on Kafka, let the group go on behind it; return the records.

    Raises:
        Unavailable: on Kafka, where processes of the views are still running.
    """
    store, topics = await open_store(config, log)
    try:
        applied = await rebuild(log, topics, store)
        await _begin_group(config, log, topics, store, again=True)
    finally:
        store.database.close()
    return applied


async def _feed(
    config: Config, log: Log, clock: Callable[[], int], registry: CollectorRegistry,
    stopping: asyncio.Event, ready: Callable[[bool], None], instance_id: str | None,
) -> None:  # fmt: skip
    store, topics = await open_store(config, log)
    watch = Watch(store, registry, clock)
    try:
        if _is_kafka(config):
            await _run_faust(config, log, topics, store, watch, stopping, ready, instance_id)
            return
        rounds = 0

        def fed() -> None:
            nonlocal rounds
            if rounds % LOOK_EVERY == 0:
                watch.look()
            rounds += 1

        await follow(log, topics, store, stopping=stopping, ready=ready, fed=fed)
    finally:
        store.database.close()


async def _run_faust(
    config: Config, log: Log, topics: Topics, store: Store, watch: Watch,
    stopping: asyncio.Event, ready: Callable[[bool], None], instance_id: str | None,
) -> None:  # fmt: skip
    from streams.kafka.client import client_settings
    from streams.views.faust_app import build_app, changelog, run_app

    settings = client_settings(_bootstrap(config), config.kafka)
    group = group_of(config)
    await log.create([changelog(group, topics)])
    applied = await catch_up(log, topics, store)
    _log.info("views_caught_up", records=applied)
    await _begin_group(config, log, topics, store)
    app = build_app(
        group,
        topics,
        store,
        settings=settings,
        watch=watch.look,
        folder=config.state / "faust",
        instance_id=instance_id,
    )
    await run_app(app, stopping=stopping, ready=ready)


async def _begin_group(
    config: Config, log: Log, topics: Topics, store: Store, *, again: bool = False
) -> None:
    if not _is_kafka(config):
        return
    from streams.kafka.client import client_settings
    from streams.views.offsets import begin_group

    await begin_group(
        log, client_settings(_bootstrap(config), config.kafka), group_of(config),
        fed_topics(topics), store.progress(), again=again,
    )  # fmt: skip


def _is_kafka(config: Config) -> bool:
    return (config.log or "").startswith(KAFKA)


def _bootstrap(config: Config) -> str:
    return (config.log or "").removeprefix(KAFKA)


async def _serve(
    admin: tuple[str, int] | None, readiness: Readiness, registry: CollectorRegistry
) -> None:
    if admin is None:
        await asyncio.Event().wait()
        return
    await serve_admin(admin, ready=readiness.all_ready, registry=registry, openapi=None)
