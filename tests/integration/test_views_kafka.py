"""The views on real Kafka: driven by Faust, killed, with aborted transactions and lost state."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import TopicPartition as Assigned
from aiokafka.admin import RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.record import Draft
from schemas.topics import Topics, topics
from streams.growth import migrate
from streams.kafka import KafkaLog
from streams.kafka.client import admin, client_settings, start_producer
from streams.topology import ensure_topics, existing_topics
from streams.views.database import open_database
from streams.views.read import alarms
from tests.support.deployment import Deployed
from tests.support.views import History, built_apart, rows_of, wait_for_progress, write

PARTITIONS = 2
READY_S_MAX = 30


@dataclass
class Site:
    """A prefix on the broker, with its topics and a database file."""

    log: KafkaLog
    topics: Topics
    deployed: Deployed
    bootstrap: str

    @property
    def database(self) -> Path:
        return self.deployed.folder / "state" / "tillstream.db"

    async def write_in_transactions(self, history: History) -> None:
        """As settle does; every second transaction is followed by an aborted one."""
        appender = self.log.appender()
        positions = await appender.append(history.callback_drafts())
        await appender.close()
        settings = client_settings(self.bootstrap, {})
        producer = await start_producer(settings, transactional_id=f"{self.topics.events.name}-t")
        try:
            for number, drafts in enumerate(history.settled_drafts(positions)):
                async with producer.transaction():
                    for draft in drafts:
                        await send(producer, draft)
                if number % 2:
                    await producer.begin_transaction()
                    for draft in drafts:
                        bad = Draft(draft.topic, draft.partition, draft.key, b"aborted", ())
                        await send(producer, bad)
                    await producer.abort_transaction()
        finally:
            await producer.stop()


async def send(producer, draft: Draft) -> None:  # type: ignore[no-untyped-def]
    await (await producer.send(
        draft.topic, draft.value, key=draft.key, partition=draft.partition,
        headers=list(draft.headers),
    ))  # fmt: skip


@pytest.fixture
async def site(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Site]:
    log = KafkaLog(kafka_bootstrap)
    made = topics(topic_prefix, payment_partitions=PARTITIONS)
    await ensure_topics(log, made)
    (tmp_path / "state").mkdir()
    deployed = Deployed(tmp_path, f"kafka://{kafka_bootstrap}", topic_prefix)
    yield Site(log, made, deployed, kafka_bootstrap)
    await asyncio.to_thread(deployed.stop)
    await log.close()


async def start(site: Site, name: str = "views"):  # type: ignore[no-untyped-def]
    begun = time.monotonic()
    views = await asyncio.to_thread(site.deployed.start, "views", name=name)
    assert time.monotonic() - begun < READY_S_MAX
    return views


def failures(site: Site) -> int:
    """Return how many records could not be applied: one that was aborted would be among them."""
    database = open_database(f"sqlite:///{site.database}")
    found = alarms(database).failures
    database.close()
    return found


def history(site: Site, payments: range) -> History:
    told = History(site.topics, series=f"from-{payments.start}")
    for number in payments:
        told.pay(number)
    return told


async def test_rows_survive_kills_and_aborted_transactions(site: Site) -> None:
    told = history(site, range(24))
    views = await start(site)
    writing = asyncio.create_task(site.write_in_transactions(told))
    for _ in range(2):
        await asyncio.sleep(1.0)
        await asyncio.to_thread(views.restart_after_kill)
    await writing
    await wait_for_progress(site.log, site.topics, site.database)
    rows = rows_of(site.database)
    assert rows == await built_apart(site.log, site.topics)
    assert len(rows["view_payments"]) == 24
    assert failures(site) == 0
    assert await asyncio.to_thread(views.stop) == 0


async def test_agents_apply_what_comes_and_their_offsets_follow(site: Site) -> None:
    views = await start(site)
    await site.write_in_transactions(history(site, range(10)))
    await wait_for_progress(site.log, site.topics, site.database, within_s=15)
    assert rows_of(site.database) == await built_apart(site.log, site.topics)
    assert views.starts == 1
    assert failures(site) == 0
    await committed_to_the_end(site)


async def test_a_lost_database_is_built_again_though_the_offsets_have_moved_on(site: Site) -> None:
    await write(site.log, history(site, range(10)))
    # Builds the rows and commits what it has read; here, before any views ever ran.
    done = await asyncio.to_thread(site.deployed.run, "views", "rebuild", "--json")
    assert '"records":' in done.stdout
    await committed_to_the_end(site)
    wanted = rows_of(site.database)
    for file in site.database.parent.glob("tillstream.db*"):
        file.unlink()
    await start(site)
    assert rows_of(site.database) == wanted
    await goes_on(site, range(10, 12))


async def committed_to_the_end(site: Site) -> None:
    """Wait until the group's offsets lie after the last record of every partition."""
    last = {}
    for name in (site.topics.events.name, site.topics.outcomes.name):
        async for record in site.log.read(name):
            last[name, record.partition] = record.offset
    async with asyncio.timeout(15):
        while True:
            behind = dict(last)
            for name in (site.topics.events.name, site.topics.outcomes.name):
                offsets = await site.log.committed_offsets(f"{site.deployed.prefix}-views", name)
                for partition, offset in offsets.items():
                    if (offset or 0) > behind.get((name, partition), -1):
                        behind.pop((name, partition), None)
            if not behind:
                return
            await asyncio.sleep(0.2)


async def test_no_state_but_the_rows_is_needed_to_go_on(site: Site) -> None:
    """The table's changelog is emptied, then compacted to gaps; then a second worker joins."""
    views = await start(site)
    await write(site.log, history(site, range(10)))
    await wait_for_progress(site.log, site.topics, site.database)
    changelog = f"{site.deployed.prefix}-views-minutes-changelog"

    await asyncio.to_thread(views.stop)
    ends = {p: b.end for p, b in (await site.log.bounds(changelog)).items()}
    assert sum(ends.values()) > 0, "the table has written nothing that could be lost"
    await empty(site, changelog, ends)
    views = await start(site)
    await goes_on(site, range(10, 20))

    await asyncio.to_thread(views.stop)
    await compact(site, changelog)
    views = await start(site)
    await goes_on(site, range(20, 30))

    await asyncio.to_thread(views.stop)
    first, second = await asyncio.gather(start(site, "first"), start(site, "second"))
    await goes_on(site, range(30, 40))
    assert (first.starts, second.starts) == (1, 1)
    first.check_alive()
    second.check_alive()


async def test_once_payments_have_more_partitions_the_views_go_on(site: Site) -> None:
    views = await start(site)
    await write(site.log, history(site, range(10)))
    await wait_for_progress(site.log, site.topics, site.database)
    assert await asyncio.to_thread(views.stop) == 0
    prefix = site.deployed.prefix
    await migrate(site.log, site.topics, PARTITIONS + 3, prefix=prefix)
    site.topics = await existing_topics(site.log, prefix)
    assert site.topics.events.partitions == PARTITIONS + 3
    views = await start(site)
    await goes_on(site, range(10, 40))
    views.check_alive()


async def goes_on(site: Site, payments: range) -> None:
    """Every partition moves, and the rows are those of the whole log."""
    await write(site.log, history(site, payments))
    await wait_for_progress(site.log, site.topics, site.database)
    assert rows_of(site.database) == await built_apart(site.log, site.topics)


async def empty(site: Site, topic: str, ends: dict[int, int]) -> None:
    # Kafka deletes records by request only where the topic's own policy may.
    may = {"cleanup.policy": "compact,delete", "retention.ms": "-1"}
    async with admin(client_settings(site.bootstrap, {})) as client:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, may)])
        await client.delete_records(
            {Assigned(topic, p): RecordsToDelete(before_offset=end) for p, end in ends.items()}
        )
    starts = {p: b.start for p, b in (await site.log.bounds(topic)).items()}
    assert starts == ends


async def compact(site: Site, topic: str) -> None:
    """Write one key 10,000 times and wait until the broker has removed most of them."""
    eager = {
        "cleanup.policy": "compact", "segment.ms": "1000", "min.cleanable.dirty.ratio": "0.01",
        "max.compaction.lag.ms": "1000",
    }  # fmt: skip
    async with admin(client_settings(site.bootstrap, {})) as client:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, eager)])
    found = [record async for record in site.log.read(topic)]
    again = Draft(topic, found[-1].partition, found[-1].key, found[-1].value, found[-1].headers)
    appender = site.log.appender()
    await appender.append([again] * 10_000)
    async with asyncio.timeout(45):
        while True:
            await asyncio.sleep(1.1)
            await appender.append([again])  # A segment is closed only by what comes after it.
            held = [r async for r in site.log.read(topic, [again.partition])]
            if len(held) < 5_000:
                break
    await appender.close()
