"""The views on Kafka: Faust agents apply records, a table holds the counts of recent minutes.

The rows in the database are the truth: they know what they have seen. The table repeats their
counts for the metrics, and its changelog may be empty, compacted or lost: nothing is computed
from it.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from schemas.record import Record
from schemas.topics import Topic, Topics
from streams.views.applying import Applying
from streams.views.faust_consumer import CommittedApp
from streams.views.store import Store

SESSION_S: Final = 9.0
HEARTBEAT_S: Final = 2.0
REQUEST_S: Final = 40.0
COMMIT_S: Final = 1.0
LOOK_S: Final = 0.1
MINUTE_S: Final = 60.0
TABLE_KEPT_S: Final = 3_600.0
WATCH_S: Final = 2.0
TABLE: Final = "minutes"


def changelog(group: str, topics: Topics) -> Topic:
    """Return the changelog topic of the minutes: made by us, with our replication."""
    return Topic(
        f"{group}-{TABLE}-changelog", topics.events.partitions, "compact", -1,
        "counts of recent minutes, a cache", "partition, provider, account, type", "views",
    )  # fmt: skip


def record_of(message: Any) -> Record:
    """Return the record of a Faust message."""
    return Record(
        message.topic, message.partition, message.offset, round(message.timestamp * 1000),
        message.key, message.value, tuple(message.headers or ()),
    )  # fmt: skip


def build_app(
    group: str, topics: Topics, store: Store, *, settings: Mapping[str, Any],
    watch: Callable[[Mapping[tuple[str, str], int]], None], folder: Path,
    instance_id: str | None = None,
    give_up: Callable[[int], object] = os._exit,
) -> CommittedApp:  # fmt: skip
    """Return the application. `watch` hears (provider, type) -> count of the last hour.

    `folder` is Faust's own. `give_up` ends the process with an exit code, at once.
    """
    app = CommittedApp(
        group,
        broker=[f"aiokafka://{server}" for server in settings["bootstrap_servers"]],
        broker_credentials=credentials(settings),
        processing_guarantee="at_least_once",
        store="memory://",
        # Nothing is kept there, but Faust makes it, and otherwise where the process was started.
        datadir=folder,
        autodiscover=False,
        # Without a web server of Faust's own; ours answers on the admin port.
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=True,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=REQUEST_S,
        broker_commit_interval=COMMIT_S,
        consumer_auto_offset_reset="none",
        consumer_group_instance_id=instance_id,
        producer_acks=-1,
    )
    partitions = topics.events.partitions
    table = app.Table(TABLE, default=int, partitions=partitions)
    minutes = table.tumbling(MINUTE_S, expires=TABLE_KEPT_S)
    applying = Applying(store, give_up=give_up)

    async def applied(stream: Any) -> None:
        async for event in stream.events():
            record = record_of(event.message)
            changed = await applying.apply(record)
            if record.topic == topics.events.name:
                # Last: what the table says has been written before.
                for key, count in changed:
                    minutes[key] = count

    for kind in (topics.callbacks, topics.outcomes, topics.events):
        source = app.topic(kind.name, key_type=bytes, value_type=bytes, key_serializer="raw",
                           value_serializer="raw", partitions=kind.partitions)  # fmt: skip
        # One at a time: with more, Faust commits past a record that is still being applied.
        app.agent(source, name=kind.name, concurrency=1)(applied)

    async def look() -> None:
        watch(_recent(table))

    app.timer(interval=WATCH_S)(look)
    return app


def credentials(settings: Mapping[str, Any]) -> Any:
    """Return Faust's credentials for the client settings of `streams.kafka`."""
    import faust

    protocol = str(settings.get("security_protocol", "PLAINTEXT"))
    context = settings.get("ssl_context")
    if protocol == "SSL":
        return faust.SSLCredentials(context=context)
    if protocol.startswith("SASL") and settings.get("sasl_mechanism") == "GSSAPI":
        return faust.GSSAPICredentials(
            kerberos_service_name=settings.get("sasl_kerberos_service_name", "kafka"),
            kerberos_domain_name=settings.get("sasl_kerberos_domain_name"),
            ssl_context=context,
            mechanism="GSSAPI",
        )
    if protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.get("sasl_plain_username"),
            password=settings.get("sasl_plain_password"),
            ssl_context=context,
            mechanism=settings.get("sasl_mechanism", "PLAIN"),
        )
    return None


async def run_app(
    app: CommittedApp, *, stopping: asyncio.Event, ready: Callable[[bool], None]
) -> None:
    """Run the application until `stopping`.

    Raises:
        Exception: what crashed it; the process must end with it.
    """
    running = asyncio.create_task(app.start())
    ended = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, ended}, return_when=asyncio.FIRST_COMPLETED)
        while not stopping.is_set():
            if app._crashed.is_set() or app.should_stop:
                raise app.crash_reason or RuntimeError("the views' application ended")
            if running.done():
                running.result()
            ready(bool(app.tables.actives_ready) and not app.rebalancing)
            await asyncio.sleep(LOOK_S)
    finally:
        ready(False)
        ended.cancel()
        async with asyncio.timeout(20):
            await app.stop()


def _recent(table: Any) -> dict[tuple[str, str], int]:
    """Add up the counts of the last hour by provider and type, from this process's partitions."""
    since_s = time.time() - TABLE_KEPT_S
    counts: dict[tuple[str, str], int] = {}
    for (key, (_, end_s)), count in list(table.items()):
        if end_s >= since_s:
            _, provider, _, what = key.split("|", 3)
            counts[provider, what] = counts.get((provider, what), 0) + count
    return counts
