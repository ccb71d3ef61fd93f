"""Hazards of a real Kafka: offsets that are gone, transactions that never end."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.protocol.admin import DeleteGroupsRequest
from aiokafka.structs import TopicPartition as Assigned
from prometheus_client import CollectorRegistry

from schemas.callback import Callback, encode_callback
from schemas.errors import Unavailable
from schemas.event import Event, read_event
from schemas.record import TopicPartition
from schemas.topics import topics
from streams.kafka import KafkaLog
from streams.log import PartitionBounds
from streams.metrics import StageMetrics
from streams.settle import Settling
from streams.topology import ensure_topics
from streams.verify import run_verify
from streams.watch import StableOffsets, lag_age_s, watch_stable_offsets
from tests.support.broker import local_broker
from tests.support.payments import account_of, payment_ids, payments
from tests.support.stages import FixedBook, Until

NOW_MS = 1_790_000_000_000
PARTITIONS = 2


class OnKafka:
    """The stages on a real Kafka: each run to its end, or settle beside the test."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.bootstrap = bootstrap
        self.topics = topics(prefix, payment_partitions=PARTITIONS)
        self.verify_group, self.settle_group = f"{prefix}-verify", f"{prefix}-settle"
        self.log = KafkaLog(bootstrap)
        self.metrics = StageMetrics(CollectorRegistry())
        self.book = FixedBook((account_of("stripe"),))
        self.restored: list[int] = []
        self.settle_ready = False

    async def open(self) -> "OnKafka":
        await ensure_topics(self.log, self.topics)
        return self

    async def store(self, count: int, *, first: int = 0) -> None:
        """Store callbacks of `count` payments, each with an id of its own."""
        _, callbacks = payments("stripe", count, at_ms=NOW_MS, first=first)
        appender = self.log.appender()
        await appender.append(
            [
                encode_callback(
                    _named(callback, first + n), topic=self.topics.callbacks.name,
                    partition=n % 3, deployment="t",
                )
                for n, callback in enumerate(callbacks)
            ]
        )  # fmt: skip
        await appender.close()

    async def verify(self, *, within_s: float = 30.0) -> None:
        stopping = Until()
        stage = run_verify(
            self.log, self.topics, group=self.verify_group, current_book=lambda: self.book,
            metrics=self.metrics, stopping=stopping, ready=lambda _: None,
        )  # fmt: skip
        await self._to_the_end(
            stage, self.verify_group, self.topics.callbacks.name, stopping, within_s
        )

    async def settle(self) -> None:
        stopping = Until()
        await self._to_the_end(
            self.settling(stopping), self.settle_group, self.topics.facts.name, stopping, 30.0
        )

    async def settling(self, stopping: Until) -> None:
        settling = Settling(
            self.log, self.topics, deployment="t", ledger_days=540, metrics=self.metrics,
            clock=lambda: NOW_MS + 1_000,
        )  # fmt: skip
        restore = settling.restore

        async def counted(partition: int) -> None:
            self.restored.append(partition)
            await restore(partition)

        settling.restore = counted  # type: ignore[method-assign]
        await self.log.run_exactly_once(
            self.settle_group, self.topics.facts.name, settling, ready=self._hear_settle,
            stopping=stopping,
        )  # fmt: skip

    def _hear_settle(self, ready: bool) -> None:
        self.settle_ready = ready

    async def _to_the_end(
        self, stage: Any, group: str, topic: str, stopping: Until, within_s: float
    ) -> None:
        task = asyncio.ensure_future(stage)

        async def ended() -> bool:
            return task.done() or await self.is_at_the_end(group, topic)

        try:
            await until(ended, within_s)
        finally:
            stopping.reached = True
            await task

    async def is_at_the_end(self, group: str, topic: str) -> bool:
        committed = await self.log.committed_offsets(group, topic)
        bounds = await self.log.bounds(topic)
        return all((committed[p] or 0) >= each.end for p, each in bounds.items())

    async def events(self) -> list[Event]:
        return [read_event(r) async for r in self.log.read(self.topics.events.name)]

    async def payments_announced(self) -> Counter[str | None]:
        return Counter(event.payment_id for event in await self.events())


def _named(callback: Callback, number: int) -> Callback:
    return Callback(
        f"00000000-0000-7000-8000-{number:012d}", callback.provider, callback.account,
        callback.received_at_ms, callback.method, callback.target, callback.headers,
        callback.body,
    )  # fmt: skip


async def until(true: Callable[[], Awaitable[bool]], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not await true():  # noqa: ASYNC110 - other processes' states have no event
            await asyncio.sleep(0.05)


async def _true(seen: bool) -> bool:
    return seen


# -- R37: offsets that are gone ---------------------------------------------------------------


async def groups_are_deleted(line: OnKafka) -> None:
    """What the broker does with an empty group after its retention, at once."""
    admin = AIOKafkaAdminClient(bootstrap_servers=line.bootstrap)
    await admin.start()
    for group in (line.verify_group, line.settle_group):
        coordinator = await admin.find_coordinator(group)
        answer = await admin._send_request_to_node(coordinator, DeleteGroupsRequest([group]))
        assert answer.results == [(group, 0)]
    await admin.close()


async def offsets_expire(line: OnKafka) -> None:
    """Wait until the broker has forgotten both groups by itself."""

    async def forgotten() -> bool:
        both = [
            *(await _offsets(line, line.verify_group, line.topics.callbacks.name)),
            *(await _offsets(line, line.settle_group, line.topics.facts.name)),
        ]
        return both.count(None) == len(both)

    await until(forgotten, within_s=150.0)


async def _offsets(line: OnKafka, group: str, topic: str) -> Iterable[int | None]:
    return (await line.log.committed_offsets(group, topic)).values()


async def losing_offsets_loses_and_doubles_nothing(
    line: OnKafka,
    lose: Callable[[OnKafka], Awaitable[None]],
    *,
    break_it: Callable[[], None] = lambda: None,
    within_s: float = 30.0,
) -> None:
    await line.open()
    await line.store(10)
    await line.verify()
    await line.settle()
    await lose(line)
    assert set(await _offsets(line, line.verify_group, line.topics.callbacks.name)) == {None}
    await line.store(4, first=10)
    break_it()
    with structlog.testing.capture_logs() as said:
        await line.verify(within_s=within_s)
        await line.settle()
    assert await line.payments_announced() == Counter(payment_ids("stripe", 14))
    missing = [each for each in said if each["event"] == "offsets_missing"]
    assert {each["group"] for each in missing} == {line.verify_group, line.settle_group}
    assert {each["meaning"] for each in missing} == {"no committed offset: from the beginning"}


async def an_offset_below_the_log_start_ends_the_stage(
    line: OnKafka, *, break_it: Callable[[], None] = lambda: None, within_s: float = 30.0
) -> None:
    await line.open()
    await line.store(3)
    await line.verify()
    await line.store(6, first=3)
    name = line.topics.callbacks.name
    held = await line.log.bounds(name)
    admin = AIOKafkaAdminClient(bootstrap_servers=line.bootstrap)
    await admin.start()
    await admin.delete_records({Assigned(name, 0): RecordsToDelete(before_offset=held[0].end)})
    await admin.close()
    before = await line.log.committed_offsets(line.verify_group, name)
    await line.store(1, first=9)  # What a jump would go on with.
    break_it()
    with pytest.raises(Unavailable):
        await line.verify(within_s=within_s)
    after = await line.log.committed_offsets(line.verify_group, name)
    assert after[0] == before[0], "it did not jump"


async def test_offsets_that_are_gone_lose_and_double_nothing(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    line = OnKafka(kafka_bootstrap, topic_prefix)
    await losing_offsets_loses_and_doubles_nothing(line, groups_are_deleted)
    await line.log.close()


async def test_an_offset_below_the_log_start_ends_the_stage(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    line = OnKafka(kafka_bootstrap, topic_prefix)
    await an_offset_below_the_log_start_ends_the_stage(line)
    await line.log.close()


@pytest.mark.skipif(
    not os.environ.get("TILLSTREAM_TEST_SLOW"), reason="takes two minutes: TILLSTREAM_TEST_SLOW=1"
)
async def test_offsets_that_expire_by_themselves_lose_and_double_nothing(
    topic_prefix: str,
) -> None:
    properties = {
        "offsets.retention.minutes": "1",
        "offsets.retention.check.interval.ms": "5000",
    }
    with local_broker(properties=properties) as broker:
        line = OnKafka(broker.bootstrap, topic_prefix)
        await losing_offsets_loses_and_doubles_nothing(line, offsets_expire)
        await line.log.close()


class Latest(AIOKafkaConsumer):
    """The wrong one: the library's own default."""

    def __init__(self, *topics: str, **settings: Any) -> None:
        super().__init__(*topics, **settings | {"auto_offset_reset": "latest"})


@pytest.mark.parametrize("gone", ["offsets", "records"])
async def test_starting_at_the_end_is_caught(
    kafka_bootstrap: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    line = OnKafka(kafka_bootstrap, topic_prefix)

    def break_it() -> None:
        monkeypatch.setattr("streams.kafka.client.AIOKafkaConsumer", Latest)

    async def check() -> None:
        if gone == "offsets":
            await losing_offsets_loses_and_doubles_nothing(
                line, groups_are_deleted, break_it=break_it, within_s=3.0
            )
        else:
            await an_offset_below_the_log_start_ends_the_stage(
                line, break_it=break_it, within_s=3.0
            )

    # It jumps over what is there and waits at the end for more.
    with pytest.raises(TimeoutError):
        await check()
    await line.log.close()


# -- R40: a transaction that never ends -------------------------------------------------------


class LagOnly(StableOffsets):
    """The wrong one: compares readers, who are at the stable offset, with what they may read."""

    def look(self, topic: str, bounds: Any, now_s: float) -> list[TopicPartition]:
        readable = {
            p: PartitionBounds(each.start, each.stable, each.stable) for p, each in bounds.items()
        }
        return super().look(topic, readable, now_s)


async def test_a_transaction_that_never_ends_is_told_and_hides_nothing_for_ever(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    line = await OnKafka(kafka_bootstrap, topic_prefix).open()
    name, foreign_id = line.topics.events.name, f"{topic_prefix}-foreign"
    settle_until, watch_until = Until(), asyncio.Event()
    settle = asyncio.create_task(line.settling(settle_until))
    await until(lambda: _true(line.settle_ready))
    foreign = AIOKafkaProducer(
        bootstrap_servers=kafka_bootstrap, transactional_id=foreign_id,
        transaction_timeout_ms=600_000,
    )  # fmt: skip
    await foreign.start()
    await foreign.begin_transaction()
    await foreign.send_and_wait(name, b"hanging", partition=0)
    with structlog.testing.capture_logs() as said:
        watching = asyncio.create_task(
            watch_stable_offsets(
                line.log, line.topics, StableOffsets(stands_still_s=1.0), metrics=line.metrics,
                clock_s=time.monotonic, stopping=watch_until, every_s=0.3,
            )
        )  # fmt: skip
        await line.store(20)
        await line.verify()
        facts = line.topics.facts.name
        # Settling commits on behind the open transaction, and lag shows nothing.
        await until(lambda: line.is_at_the_end(line.settle_group, facts))
        assert await lag_age_s(line.log, line.settle_group, facts, NOW_MS * 2) == 0.0
        await until(lambda: _true(any(each.get("alarm") for each in said)))
    bounds = await line.log.bounds(name)
    assert bounds[0].stable < bounds[0].end
    (alarm,) = [each for each in said if each.get("alarm")]
    assert (alarm["topic"], alarm["partition"]) == (name, 0)
    assert alarm["producer_id"] == foreign._txn_manager.producer_id
    assert "last stable offset stands still" in alarm["meaning"]
    blind = LagOnly(stands_still_s=1.0)
    assert not any(blind.look(name, bounds, float(second)) for second in range(0, 60, 10)), (
        "watching only consumer lag must not find it: else this test shows nothing"
    )
    watch_until.set()
    await watching

    # The documented cure: the next start of the same id ends what it left open.
    cure = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, transactional_id=foreign_id)
    await cure.start()
    await cure.stop()
    with suppress(Exception):
        await foreign.stop()
    assert await line.payments_announced() == Counter(payment_ids("stripe", 20))
    await in_the_order_of_the_facts(line)
    assert sorted(line.restored) == list(range(PARTITIONS)), "settle did not start again"
    settle_until.reached = True
    await settle
    await line.log.close()


async def in_the_order_of_the_facts(line: OnKafka) -> None:
    """Each partition's events follow its facts, which are one to one here."""
    for partition in range(PARTITIONS):
        facts = [r.key async for r in line.log.read(line.topics.facts.name, [partition])]
        events = [r.key async for r in line.log.read(line.topics.events.name, [partition])]
        assert events == facts
