"""The exactly-once loop under what happens to processes: zombies, rebalances, kills, refusals."""

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from deploy.kafka_local import ROOT
from schemas.errors import Unavailable
from schemas.record import Draft
from schemas.topics import Topic
from streams.kafka import KafkaLog, settle
from streams.kafka.append import send_all
from streams.kafka.client import discard_producer, start_consumer, start_producer
from tests.support.kafka_settler import Copier

DEADLINE_S = 40.0


def topic(name: str, partitions: int = 1) -> Topic:
    return Topic(name, partitions, "delete", -1, "a test", "none", "a test")


@pytest.fixture
async def log(kafka_bootstrap: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka_bootstrap)
    yield log
    await log.close()


async def fill(log: KafkaLog, name: str, values: range, partitions: int = 1) -> None:
    appender = log.appender()
    await appender.append(
        [Draft(name, n % partitions, None, b"%d" % n, ()) for n in values]
    )  # fmt: skip
    await appender.close()


async def copies(log: KafkaLog, name: str) -> Counter[bytes]:
    return Counter([record.value or b"" async for record in log.read(name)])


async def until(done: Callable[[], bool], *running: asyncio.Task[None]) -> None:
    """Wait for a state of our own objects; a run that ends with an error shows it."""
    async with asyncio.timeout(DEADLINE_S):
        while not done():
            for task in running:
                if task.done():
                    task.result()
            await asyncio.sleep(0.02)


class Run:
    """A run of the loop in this process."""

    def __init__(self, log: KafkaLog, group: str, source: str, settler: Copier) -> None:
        self.settler = settler
        self.ready = False
        self._stop = False
        self.task = asyncio.create_task(
            log.run_exactly_once(
                group, source, settler, ready=self._hear, stopping=lambda: self._stop
            )
        )

    def _hear(self, ready: bool) -> None:
        self.ready = ready

    @property
    def count(self) -> int:
        return sum(self.settler.batches)

    async def stop(self) -> None:
        self._stop = True
        await asyncio.wait_for(self.task, DEADLINE_S)


@pytest.mark.parametrize(("identity", "seen"), [("fixed", 1), ("per process", 2)])
async def test_only_a_fixed_id_fences_a_zombie(
    log: KafkaLog, topic_prefix: str, identity: str, seen: int
) -> None:
    # The second case is the mutant: it shows that the id, and nothing else, holds the zombie off.
    source, output = f"{topic_prefix}.in", f"{topic_prefix}.out"
    await log.create([topic(source), topic(output)])
    await fill(log, source, range(3))
    own = settle.transactional_id(topic_prefix, 0)
    zombie = await start_producer(
        log._settings,
        transactional_id=own if identity == "fixed" else f"{own}-other-process",
        transaction_timeout_ms=30_000,
    )
    await zombie.begin_transaction()
    drafts = [Draft(output, 0, None, b"%d" % n, ()) for n in range(3)]
    await send_all(zombie, drafts)

    run = Run(log, topic_prefix, source, Copier(output))
    await until(lambda: ("committed", 0) in run.settler.calls, run.task)
    await run.stop()
    fenced = pytest.raises(KafkaError) if identity == "fixed" else contextlib.nullcontext()
    with fenced:
        await zombie.commit_transaction()
    await discard_producer(zombie)
    assert await copies(log, output) == {b"%d" % n: seen for n in range(3)}


async def test_members_come_and_go_and_each_record_is_settled_once(
    log: KafkaLog, topic_prefix: str
) -> None:
    source, output = f"{topic_prefix}.in", f"{topic_prefix}.out"
    await log.create([topic(source, 4), topic(output, 4)])
    first = Run(log, topic_prefix, source, Copier(output))
    await fill(log, source, range(200), 4)
    await until(lambda: first.count > 0, first.task)
    second = Run(log, topic_prefix, source, Copier(output))
    for low in range(200, 2_000, 200):
        await fill(log, source, range(low, low + 200), 4)
    await until(lambda: second.ready and first.ready, first.task, second.task)
    await until(lambda: ("restore", 0) in first.settler.calls, first.task)
    await fill(log, source, range(2_000, 2_400), 4)
    await until(lambda: second.count > 0, first.task, second.task)
    kept = [call for call in first.settler.calls if call[0] == "restore"]
    # Two of four partitions stayed with the first: their state was not restored again.
    assert len(kept) == 4
    await first.stop()
    await fill(log, source, range(2_400, 2_600), 4)
    await until(lambda: first.count + second.count >= 2_600, second.task)
    await second.stop()
    assert await copies(log, output) == {b"%d" % n: 1 for n in range(2_600)}


async def test_a_steady_stream_loses_nothing_while_members_change(
    log: KafkaLog, topic_prefix: str
) -> None:
    # A poll begun before an assignment may return its first records after it: dropped as stale,
    # with the position moved past them, they would be lost. It is a race:
    # without `_polling` six changes lost records, four did not always.
    source, output = f"{topic_prefix}.in", f"{topic_prefix}.out"
    await log.create([topic(source, 6), topic(output, 6)])
    appender = log.appender()
    written = 0
    feeding = True

    async def feed() -> None:
        nonlocal written
        while feeding:
            numbers = range(written, written + 6)
            await appender.append([Draft(source, n % 6, None, b"%d" % n, ()) for n in numbers])
            written += 6
            await asyncio.sleep(0.002)

    runs = [Run(log, topic_prefix, source, Copier(output))]
    feeder = asyncio.create_task(feed())
    for _ in range(6):
        runs.append(Run(log, topic_prefix, source, Copier(output)))
        await until(lambda run=runs[-1]: run.ready and run.count > 0, runs[0].task, runs[-1].task)
        await runs[-1].stop()
    feeding = False
    await feeder
    await until(lambda: runs[0].ready, runs[0].task)
    await fill(log, source, range(written, written + 6), 6)
    bounds = await log.bounds(source)
    reached: dict[int, int | None] = {}
    async with asyncio.timeout(DEADLINE_S):
        while reached != {partition: bound.end for partition, bound in bounds.items()}:
            reached = dict(await log.committed_offsets(topic_prefix, source))
    await runs[0].stop()
    assert await copies(log, output) == {b"%d" % n: 1 for n in range(written + 6)}


async def test_a_kill_inside_a_transaction_leaves_each_record_once(
    log: KafkaLog, kafka_bootstrap: str, topic_prefix: str
) -> None:
    source, output = f"{topic_prefix}.in", f"{topic_prefix}.out"
    await log.create([topic(source), topic(output)])
    await fill(log, source, range(50))
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.kafka_settler",
        kafka_bootstrap, topic_prefix, source, output, cwd=ROOT,
    )  # fmt: skip
    assert await asyncio.wait_for(program.wait(), DEADLINE_S) == -9
    run = Run(log, topic_prefix, source, Copier(output))
    await until(lambda: run.count >= 50 and ("committed", 0) in run.settler.calls, run.task)
    await run.stop()
    assert await copies(log, output) == {b"%d" % n: 1 for n in range(50)}
    # The killed one had written: without the abort there would be two of each.
    assert await uncommitted_count(log, output) >= 100


async def uncommitted_count(log: KafkaLog, name: str) -> int:
    consumer = await start_consumer(log._settings, isolation="read_uncommitted")
    where = TopicPartition(name, 0)
    consumer.assign([where])
    consumer.seek(where, 0)
    end = (await consumer.end_offsets([where]))[where]
    count = 0
    while await consumer.position(where) < end:
        for records in (await consumer.getmany(timeout_ms=500)).values():
            count += len(records)
    await consumer.stop()
    return count


async def test_a_refused_draft_does_not_move_the_offset(
    log: KafkaLog, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = f"{topic_prefix}.in", f"{topic_prefix}.out"
    await log.create([topic(source), topic(output)])
    await fill(log, source, range(1))
    # Past our own check, so that it is the broker who refuses.
    monkeypatch.setattr("streams.kafka.append.MESSAGE_BYTES_MAX", 2**31)

    class TooLarge(Copier):
        def process(self, partition, records):
            small = super().process(partition, records)
            return [*small, Draft(self.output, partition, None, bytes(1_100_000), ())]

    run = Run(log, topic_prefix, source, TooLarge(output))
    with pytest.raises(Unavailable):
        await asyncio.wait_for(run.task, DEADLINE_S)
    assert await log.committed_offsets(topic_prefix, source) == {0: None}
    assert ("committed", 0) not in run.settler.calls
    assert not run.ready
    healthy = Run(log, topic_prefix, source, Copier(output))
    await until(lambda: ("committed", 0) in healthy.settler.calls, healthy.task)
    await healthy.stop()
    assert await copies(log, output) == {b"0": 1}


async def test_an_idle_run_settles_a_new_record_at_once(log: KafkaLog, topic_prefix: str) -> None:
    source, output = f"{topic_prefix}.in", f"{topic_prefix}.out"
    await log.create([topic(source), topic(output)])
    run = Run(log, topic_prefix, source, Copier(output))
    await until(lambda: run.ready, run.task)
    appender = log.appender()
    clock = asyncio.get_running_loop()
    waits = []
    for n in range(12):
        began = clock.time()
        await appender.append([Draft(source, 0, None, b"%d" % n, ())])
        await until(lambda n=n: run.settler.calls.count(("committed", 0)) > n, run.task)
        waits.append(clock.time() - began)
    await appender.close()
    await run.stop()
    # The median, so that a busy machine does not decide; a poll's time-out would show in each.
    assert sorted(waits)[6] < 0.15
