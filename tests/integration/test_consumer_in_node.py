"""The consumer in Node of docs/consuming.md, on a real Kafka and PostgreSQL, agrees with ours."""

import asyncio
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from schemas.event import Event
from schemas.topics import topics
from streams.downstream.read import orders
from streams.kafka import KafkaLog
from streams.kafka.client import client_settings, start_producer
from streams.topology import ensure_topics
from streams.views.database import open_database
from tests.support.downstream import PARTITIONS, Shop, draft_of, told
from tests.support.postgres import empty_database
from tests.support.spec_tools import ROOT, install_node_program

SOURCE: Final = ROOT / "docs/consuming/node"
INSTALLED: Final = ROOT / ".cache/node_consumer"
WITHIN_S: Final = 60


class Consumer:
    """A process of the consumer; each line that it prints says what became of a batch."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def batch(self) -> Counter[str]:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), WITHIN_S)
        if not line:
            _, err = await self.process.communicate()
            raise AssertionError(err.decode()[-2_000:])
        said = json.loads(line)
        return Counter({name: said[name] for name in ("applied", "known", "skipped")})

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()


async def start(node: str, bootstrap: str, prefix: str, database: str) -> Consumer:
    environment = {
        "KAFKA_BROKERS": bootstrap, "TOPIC": f"{prefix}.events.v1", "GROUP": f"{prefix}-node",
        "DATABASE_URL": database, "KAFKAJS_NO_PARTITIONER_WARNING": "1",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        node, "consumer.mjs", cwd=INSTALLED, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    return Consumer(process)


async def announce(
    bootstrap: str, prefix: str, events: Sequence[Event], *, aborted: bool = False
) -> None:
    """Write events in a transaction, as settle does."""
    producer = await start_producer(client_settings(bootstrap, {}), transactional_id=f"{prefix}-t")
    try:
        await producer.begin_transaction()
        for event in events:
            draft = draft_of(event, f"{prefix}.events.v1")
            await (await producer.send(
                draft.topic, draft.value, key=draft.key, partition=draft.partition,
                headers=list(draft.headers),
            ))  # fmt: skip
        await (producer.abort_transaction() if aborted else producer.commit_transaction())
    finally:
        await producer.stop()


def sums_in_node(database: str) -> list[tuple[object, ...]]:
    rows = open_database(database)
    found = rows.rows("SELECT mode, order_number, currency, paid, refunded FROM order_sums")
    rows.close()
    return sorted((mode, number, currency, int(paid), int(refunded))
                  for mode, number, currency, paid, refunded in found)  # fmt: skip


def sums_in_python(events: Sequence[Event]) -> list[tuple[object, ...]]:
    shop = Shop()
    shop.hear(*events)
    columns = ("mode", "number", "currency", "paid_minor", "refunded_minor")
    return sorted(tuple(row[each] for each in columns) for row in orders(shop.database))


@pytest.fixture(scope="module")
def node() -> str:
    program = install_node_program(SOURCE, INSTALLED)
    shutil.copy(SOURCE / "consumer.mjs", INSTALLED / "consumer.mjs")
    return program


async def test_a_consumer_in_node_that_is_killed_agrees_with_ours(
    node: str, kafka_bootstrap: str, topic_prefix: str, postgres: str
) -> None:
    log = KafkaLog(kafka_bootstrap)
    await ensure_topics(log, topics(topic_prefix, payment_partitions=PARTITIONS))
    await log.close()
    events, database = told(10), empty_database(postgres)
    half = len(events) // 2
    # A reader of uncommitted records would know them by their ids.
    unsaid = [replace(each, id=f"aborted-{each.id}") for each in events]
    await announce(kafka_bootstrap, topic_prefix, unsaid, aborted=True)
    await announce(kafka_bootstrap, topic_prefix, events[:half])
    consumer = await start(node, kafka_bootstrap, topic_prefix, database)
    try:
        await consumer.batch()
        await consumer.kill()
        # Told once more, as after a restore of the topic: the same ids.
        await announce(kafka_bootstrap, topic_prefix, events[:half])
        await announce(kafka_bootstrap, topic_prefix, events[half:])
        consumer = await start(node, kafka_bootstrap, topic_prefix, database)
        while len(inbox(database)) < sum(map(is_wanted, events)):
            await consumer.batch()
        consumer.process.terminate()
        assert await asyncio.wait_for(consumer.process.wait(), WITHIN_S) == 0
    finally:
        await consumer.kill()
    assert sorted(inbox(database)) == sorted(each.id for each in events if is_wanted(each))
    assert sums_in_node(database) == sums_in_python(events)


def inbox(database: str) -> list[str]:
    rows = open_database(database)
    found = [str(row[0]) for row in rows.rows("SELECT event_id FROM inbox")]
    rows.close()
    return found


def is_wanted(event: Event) -> bool:
    return f'"io.tillstream.{event.type}.v1"' in _TEXT


_TEXT: Final = Path(SOURCE / "consumer.mjs").read_text()
