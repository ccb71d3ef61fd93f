"""The services on a real Kafka: committed events alone, and processes that are killed."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from schemas.topics import topics
from streams.downstream.consume import consume_once
from streams.downstream.read import inbox_counts
from streams.downstream.role import SERVICES
from streams.kafka import KafkaLog
from streams.kafka.client import client_settings, start_producer
from streams.topology import ensure_topics
from tests.support.deployment import Deployed
from tests.support.downstream import (
    PARTITIONS,
    Shop,
    append,
    draft_of,
    effects,
    open_durable,
    told,
    wanted_effects,
)
from tests.support.postgres import empty_database

WITHIN_S = 30


@pytest.fixture
def postgres_url(postgres: str) -> str:
    return empty_database(postgres)


async def test_only_committed_events_reach_a_consumer_on_kafka(
    kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    log = KafkaLog(kafka_bootstrap)
    made = topics(topic_prefix, payment_partitions=PARTITIONS)
    await ensure_topics(log, made)
    events = told(3)
    producer = await start_producer(
        client_settings(kafka_bootstrap, {}), transactional_id=f"{topic_prefix}-t"
    )
    for committed, each in ((False, events), (True, events)):
        await producer.begin_transaction()
        for draft in (draft_of(event, made.events.name) for event in each):
            # What is aborted has ids of its own: a reader of it would make messages of them.
            headers = [
                (name, value if committed or name != "ce_id" else b"aborted-" + value)
                for name, value in draft.headers
            ]
            await (await producer.send(
                draft.topic, draft.value, key=draft.key, partition=draft.partition,
                headers=headers,
            ))  # fmt: skip
        await (producer.commit_transaction() if committed else producer.abort_transaction())
    await producer.stop()
    shop = Shop(open_durable(f"sqlite:///{tmp_path / 'rows.db'}"))
    for inbox in shop.inboxes:
        consumer = await log.consumer(f"{topic_prefix}-{inbox.service.name}", [made.events.name])
        fates: Counter[str] = Counter()
        async with asyncio.timeout(WITHIN_S):
            while fates.total() < len(events):
                fates += await consume_once(consumer, inbox)
        assert fates == {"applied": len(events)}
        await consumer.close()
    await log.close()
    assert effects(shop.database) == wanted_effects(events)
    shop.database.close()


async def test_two_processes_on_kafka_killed_in_turn_leave_each_effect_once(
    kafka_bootstrap: str, topic_prefix: str, postgres_url: str, tmp_path: Path
) -> None:
    log = KafkaLog(kafka_bootstrap)
    made = topics(topic_prefix, payment_partitions=PARTITIONS)
    await ensure_topics(log, made)
    events = told(12)
    deployed = Deployed(
        tmp_path, f"kafka://{kafka_bootstrap}", topic_prefix,
        extra_environment={"TILLSTREAM_DATABASE": postgres_url},
    )  # fmt: skip
    try:
        # Static members: whoever is killed comes back into its session at once.
        running = [
            await asyncio.to_thread(
                deployed.start, "downstream", "run", "all", "--instance-id", name, name=name
            )
            for name in ("one", "other")
        ]
        for number in range(0, len(events), 10):
            await append(log, made, events[number : number + 10])
            await asyncio.to_thread(running[number // 10 % 2].restart_after_kill)
        database = open_durable(postgres_url)
        async with asyncio.timeout(2 * WITHIN_S):
            while inbox_counts(database) != dict.fromkeys(SERVICES, len(events)):
                for process in running:
                    process.check_alive()
                await asyncio.sleep(0.1)
        assert effects(database) == wanted_effects(events)
        database.close()
        assert set((await asyncio.to_thread(deployed.stop)).values()) == {0}
    finally:
        await asyncio.to_thread(deployed.stop)
        await log.close()
