"""Hazards that people met in public, on the stages and on a real Kafka."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition as Assigned
from prometheus_client import CollectorRegistry

from schemas.callback import encode_callback
from schemas.errors import Unavailable
from schemas.event import read_event
from schemas.topics import topics
from streams.alarms import StableOffsets, watch_stable_offsets
from streams.kafka import KafkaLog
from streams.metrics import StageMetrics
from streams.settle import Settling
from streams.topology import ensure_topics
from streams.verify import run_verify
from tests.support.stages import VECTORS, FixedBook, Line, Until, case, run_until

PAID = ("stripe", "payment-intent-succeeded")
ROOT = Path(__file__).parents[2]


def test_times_do_not_depend_on_the_zone_of_the_host() -> None:
    """R16: local times and the night of the clock change, judged in another zone."""
    files = [str(path) for path in sorted(VECTORS.glob("*.json"))[:3]]
    files += [str(VECTORS / f"{name}.json") for name in ("adyen", "wechatpay-v2", "unionpay")]
    said = [
        subprocess.run(
            [sys.executable, "-m", "streams.cli", "vectors", "run", *files, "--json"],
            env={**os.environ, "TZ": zone}, capture_output=True, text=True, cwd=ROOT, check=False,
        )
        for zone in ("UTC", "Pacific/Auckland")
    ]  # fmt: skip
    assert said[0].returncode == said[1].returncode == 0, said[1].stderr
    assert said[0].stdout == said[1].stdout


async def test_a_backlog_keeps_its_time_of_arrival_and_a_wrong_clock_of_ours_changes_nothing() -> (
    None
):
    """R27: windows are measured at the front door."""
    account, callback = case(*PAID)
    year_ms = 365 * 86_400_000
    line = await Line(account, now_ms=callback.received_at_ms + year_ms).open()
    await line.store(callback)
    await line.verify()
    await line.settle()
    assert [event.type for event in await line.events()] == ["PaymentSucceeded"]


async def test_taking_the_time_of_processing_as_now_is_caught() -> None:
    """R27, the wrong implementation: the same callback turns stale by waiting."""
    from processors.registry import PROVIDERS
    from processors.verdict import judge
    from schemas.record import Position
    from tests.unit.test_alarms import _changed

    account, callback = case(*PAID)
    waited = _changed(callback, callback.account, late_ms=20 * 60_000)
    judgement = judge(waited, Position("c", 0, 0), PROVIDERS["stripe"], account)
    assert [outcome.code for outcome in judgement.outcomes] == ["stale"]


class OnKafka:
    """The stages on a real Kafka, each run to its end."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.generation = ""  # A group of another name has no offsets: as if they had expired.
        self.topics = topics(prefix, payment_partitions=2)
        self.log = KafkaLog(bootstrap)
        self.metrics = StageMetrics(CollectorRegistry())
        self.account, self.callback = case(*PAID)

    async def store(self, *names: str) -> None:
        drafts = []
        for name in names:
            _, callback = case("stripe", name)
            for turn in range(2):
                draft = encode_callback(
                    callback, topic=self.topics.callbacks.name, partition=turn, deployment="t"
                )
                drafts.append(draft)
        appender = self.log.appender()
        await appender.append(drafts)
        await appender.close()

    async def verify(self) -> None:
        group = f"{self.prefix}-verify{self.generation}"
        stopping = Until()
        task = run_verify(
            self.log, self.topics, group=group, current_book=lambda: FixedBook((self.account,)),
            metrics=self.metrics, stopping=stopping, ready=lambda _: None,
        )  # fmt: skip
        await self._run(task, group, self.topics.callbacks.name, stopping)

    async def settle(self) -> None:
        group = f"{self.prefix}-settle{self.generation}"
        stopping = Until()
        task = self.log.run_exactly_once(
            group, self.topics.facts.name, self.settling(), ready=lambda _: None,
            stopping=stopping,
        )  # fmt: skip
        await self._run(task, group, self.topics.facts.name, stopping)

    def settling(self) -> Settling:
        return Settling(
            self.log, self.topics, deployment="t", ledger_days=540, metrics=self.metrics,
            clock=lambda: self.callback.received_at_ms + 1_000,
        )  # fmt: skip

    async def _run(self, task, group, topic, stopping) -> None:  # type: ignore[no-untyped-def]
        ends = {p: b.end for p, b in (await self.log.bounds(topic)).items()}
        await run_until(self.log, group, topic, ends, task, stopping)

    async def event_ids(self) -> list[str]:
        return [read_event(r).id async for r in self.log.read(self.topics.events.name)]


async def test_offsets_that_are_gone_lose_and_double_nothing(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    """R37: a group whose offsets expired begins at the beginning, and identity absorbs it."""
    line = OnKafka(kafka_bootstrap, topic_prefix)
    await ensure_topics(line.log, line.topics)
    await line.store("payment-intent-succeeded")
    await line.verify()
    await line.settle()
    line.generation = "-again"
    await line.store("direct-charge-without-payment-intent")
    with structlog.testing.capture_logs() as said:
        await line.verify()
        await line.settle()
    assert len(await line.event_ids()) == 2
    assert "offsets_missing" in {each["event"] for each in said}
    # An offset below the first record held: the stage ends, it never jumps to the end.
    await line.store("payment-intent-succeeded")
    name = line.topics.callbacks.name
    ends = await line.log.bounds(name)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.delete_records(
        {Assigned(name, p): RecordsToDelete(before_offset=ends[p].end) for p in (0, 1)}
    )
    await admin.close()
    with pytest.raises(Unavailable):
        await line.verify()
    await line.log.close()


async def test_a_transaction_that_never_ends_is_told_and_hides_nothing_for_ever(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    """R40: readers see nothing behind an open transaction; lag alone does not show it."""
    line = OnKafka(kafka_bootstrap, topic_prefix)
    await ensure_topics(line.log, line.topics)
    name = line.topics.events.name
    foreign = AIOKafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=f"{topic_prefix}-foreign",
        transaction_timeout_ms=60_000,
    )  # fmt: skip
    await foreign.start()
    await foreign.begin_transaction()
    await foreign.send_and_wait(name, b"hanging", partition=0)
    await foreign.send_and_wait(name, b"hanging", partition=1)
    stopping = asyncio.Event()
    watch = StableOffsets(line.metrics, stands_still_s=1.0)
    with structlog.testing.capture_logs() as said:
        watching = asyncio.create_task(
            watch_stable_offsets(
                line.log, line.topics, watch, clock_s=time.monotonic, stopping=stopping,
                every_s=0.2,
            )
        )  # fmt: skip
        async with asyncio.timeout(20):
            while len([s for s in said if s.get("alarm") == "stable_offset"]) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        stopping.set()
        await watching
    assert {(s["topic"], s["partition"]) for s in said if "alarm" in s} == {(name, 0), (name, 1)}
    # The documented cure: the next start of the same id ends what it left open.
    cure = AIOKafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=f"{topic_prefix}-foreign"
    )
    await cure.start()
    await cure.stop()
    await foreign.stop()
    await line.store("payment-intent-succeeded")
    await line.verify()
    await line.settle()
    assert len(await line.event_ids()) == 1
    await line.log.close()


def test_cases_of_the_reports_are_among_ours() -> None:
    """The published hazards of founding providers are vectors here, by their names."""
    names = {
        each["name"]
        for provider in ("adyen", "alipay", "paypal", "stripe")
        for each in json.loads((VECTORS / f"{provider}.json").read_text())["cases"]
    }
    hazards = {name.split("-")[0] for name in names if name.startswith("r") and name[1].isdigit()}
    assert {"r04", "r08", "r10", "r14", "r16", "r17"} <= hazards
