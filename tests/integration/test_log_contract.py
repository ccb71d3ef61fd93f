"""What every log promises, asked of both: the stages are written against this and nothing else."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import uuid4

import pytest

from schemas.errors import Unavailable
from schemas.record import Draft, Position, Record, TopicPartition
from schemas.topics import Topic
from streams.embedded import EmbeddedLog
from streams.log import Consumer, Log

PARTITIONS = 3
# Generous: a Kafka group needs seconds to form, and the machine may be busy.
DEADLINE_S = 40.0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def topic_named(name: str, partitions: int = PARTITIONS) -> Topic:
    return Topic(name, partitions, "delete", -1, "a test", "none", "a test")


@pytest.fixture(params=["embedded", "kafka"])
async def log(request: pytest.FixtureRequest, tmp_path) -> AsyncIterator[Log]:
    if request.param == "embedded":
        opened: Log = EmbeddedLog(tmp_path / "log.sqlite", clock=now_ms)
    else:
        bootstrap = request.getfixturevalue("kafka_bootstrap")
        from streams.kafka import KafkaLog

        opened = KafkaLog(bootstrap, options={})
    yield opened
    await opened.close()


@pytest.fixture
def prefix() -> str:
    return f"contract-{uuid4().hex[:12]}"


@pytest.fixture
async def topic(log: Log, prefix: str) -> str:
    name = f"{prefix}.in"
    await log.create([topic_named(name)])
    return name


@pytest.fixture
async def output(log: Log, prefix: str) -> str:
    name = f"{prefix}.out"
    await log.create([topic_named(name)])
    return name


def draft(topic: str, partition: int, value: bytes | None, key: bytes | None = None) -> Draft:
    return Draft(topic, partition, key, value, ())


async def append(log: Log, drafts: Sequence[Draft]) -> Sequence[Position]:
    appender = log.appender()
    try:
        return await appender.append(drafts)
    finally:
        await appender.close()


async def all_of(log: Log, topic: str, partitions: Sequence[int] | None = None) -> list[Record]:
    async with asyncio.timeout(DEADLINE_S):
        return [record async for record in log.read(topic, partitions)]


async def poll_for(consumer: Consumer, count: int) -> list[Record]:
    """Poll until `count` records came; more than that would fail the caller's comparison."""
    records: list[Record] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(records) < count:
            batch = await consumer.poll(timeout_ms=100, records_max=500)
            records += batch.records
    return records


# Appending and reading back.


async def test_append_returns_where_each_record_lies(log: Log, topic: str) -> None:
    drafts = [draft(topic, n % PARTITIONS, b"%d" % n) for n in range(9)]
    positions = await append(log, drafts)
    assert [position.partition for position in positions] == [n % PARTITIONS for n in range(9)]
    for sent, position in zip(drafts, positions, strict=True):
        record = await log.get(position)
        assert record is not None
        assert (record.value, record.position) == (sent.value, position)


async def test_drafts_of_a_partition_keep_their_order(log: Log, topic: str) -> None:
    appender = log.appender()
    for start in (0, 50):
        await appender.append([draft(topic, 1, b"%d" % n) for n in range(start, start + 50)])
    await appender.close()
    assert [record.value for record in await all_of(log, topic)] == [b"%d" % n for n in range(100)]


async def test_fifty_concurrent_appends_all_land_once(log: Log, topic: str) -> None:
    appender = log.appender()
    sent = [draft(topic, n % PARTITIONS, b"%d" % n) for n in range(50)]
    answers = await asyncio.gather(*(appender.append([one]) for one in sent))
    await appender.close()
    assert len({answer[0] for answer in answers}) == 50
    assert sorted(record.value or b"" for record in await all_of(log, topic)) == sorted(
        one.value or b"" for one in sent
    )


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (None, b"", ()),
        (b"", None, (("empty", b""),)),
        (b"\x00\xff", bytes(range(256)), (("every", bytes(range(256))), ("twice", b"1"))),
        (b"k", b"v", (("twice", b"1"), ("twice", b"2"), ("\u00e4\u4e2d", "\u4e2d".encode()))),
    ],
)
async def test_bytes_come_back_exactly(log: Log, topic: str, key, value, headers) -> None:
    (position,) = await append(log, [Draft(topic, 2, key, value, headers)])
    record = await log.get(position)
    assert record is not None
    assert (record.key, record.value, tuple(record.headers)) == (key, value, headers)


async def test_a_record_of_nearly_one_mebibyte_comes_back_exactly(log: Log, topic: str) -> None:
    body, header = os.urandom(990_000), os.urandom(32 * 1024)
    (position,) = await append(log, [Draft(topic, 0, b"k", body, (("h", header),))])
    record = await log.get(position)
    assert record is not None
    assert (record.value, record.headers) == (body, (("h", header),))


async def test_records_are_dated_when_appended(log: Log, topic: str) -> None:
    before = now_ms()
    (position,) = await append(log, [draft(topic, 0, b"x")])
    record = await log.get(position)
    assert record is not None
    assert before - 2 <= record.timestamp_ms <= now_ms() + 2


async def test_appending_to_a_missing_topic_is_refused(log: Log, prefix: str) -> None:
    with pytest.raises(Unavailable):
        await append(log, [draft(f"{prefix}.missing", 0, b"x")])


async def test_get_of_a_position_that_holds_nothing_is_none(log: Log, topic: str) -> None:
    await append(log, [draft(topic, 0, b"x")])
    assert await log.get(Position(topic, 0, 5_000)) is None


async def test_read_ends_at_the_end_that_stood_when_called(log: Log, topic: str) -> None:
    await append(log, [draft(topic, 0, b"%d" % n) for n in range(3)])
    reading = log.read(topic)
    first = await anext(reading)
    await append(log, [draft(topic, 0, b"later")])
    rest = [record.value async for record in reading]
    assert [first.value, *rest] == [b"0", b"1", b"2"]


async def test_read_takes_partitions_and_starts(log: Log, topic: str) -> None:
    await append(log, [draft(topic, n % 2, b"%d" % n) for n in range(10)])
    reading = log.read(topic, [1], start={1: 3})
    assert [record.value async for record in reading] == [b"7", b"9"]


async def test_entries_are_what_is_read_of_one_partition(log: Log, topic: str) -> None:
    await append(log, [draft(topic, n % 2, b"%d" % n) for n in range(10)])
    read = [(r.offset, r.key, r.value) async for r in log.read(topic, [1])]
    for start, expected in ((None, read), (0, read), (3, read[3:]), (5, []), (6, [])):
        found = [e async for each in log.entries(topic, 1, start=start) for e in each]
        assert found == expected


async def test_entries_that_are_not_held_are_none(log: Log, topic: str) -> None:
    assert [each async for each in log.entries(topic, 2, start=7)] == []
    assert [each async for each in log.entries(topic, 2)] == []


async def test_following_sees_what_comes_later(log: Log, topic: str) -> None:
    await append(log, [draft(topic, 0, b"before")])
    reading = log.read(topic, follow=True)
    async with asyncio.timeout(DEADLINE_S):
        assert (await anext(reading)).value == b"before"
        waiting = asyncio.ensure_future(anext(reading))
        await append(log, [draft(topic, 2, b"after")])
        assert (await waiting).value == b"after"
    await reading.aclose()


# Topics.


async def test_bounds_follow_the_appends(log: Log, topic: str) -> None:
    await append(log, [draft(topic, 1, b"%d" % n) for n in range(4)])
    bounds = await log.bounds(topic)
    assert {p: (b.start, b.stable, b.end) for p, b in bounds.items()} == {
        0: (0, 0, 0),
        1: (0, 4, 4),
        2: (0, 0, 0),
    }


async def test_creating_again_leaves_an_existing_topic_as_it_is(log: Log, topic: str) -> None:
    (position,) = await append(log, [draft(topic, 0, b"kept")])
    before = (await log.describe())[topic]
    await log.create([topic_named(topic, partitions=7), topic_named(f"{topic}.new", 1)])
    described = await log.describe()
    assert described[topic] == before
    assert described[topic].partitions == PARTITIONS
    assert described[topic].config["retention.ms"] == "-1"
    assert described[f"{topic}.new"].partitions == 1
    assert await log.get(position) is not None


# Consuming at least once.


async def test_without_a_committed_offset_a_group_begins_at_the_beginning(
    log: Log, topic: str
) -> None:
    await append(log, [draft(topic, n % PARTITIONS, b"%d" % n) for n in range(20)])
    assert set((await log.committed_offsets(topic, topic)).values()) == {None}
    consumer = await log.consumer(topic, [topic])
    records = await poll_for(consumer, 20)
    await consumer.close()
    for partition in range(PARTITIONS):
        mine = [record.offset for record in records if record.partition == partition]
        assert mine == list(range(len(mine)))
    assert len(records) == 20


async def test_a_group_goes_on_where_it_committed_and_repeats_the_rest(
    log: Log, topic: str
) -> None:
    await append(log, [draft(topic, 0, b"%d" % n) for n in range(10)])
    first = await log.consumer(topic, [topic])
    await poll_for(first, 10)
    await first.commit({TopicPartition(topic, 0): 4})
    await first.close()
    second = await log.consumer(topic, [topic])
    records = await poll_for(second, 6)
    await second.close()
    assert [record.value for record in records] == [b"%d" % n for n in range(4, 10)]
    assert (await log.committed_offsets(topic, topic))[0] == 4


async def test_a_consumer_serves_two_topics(log: Log, topic: str, output: str) -> None:
    await append(log, [draft(topic, 0, b"in"), draft(output, 2, b"out")])
    consumer = await log.consumer(topic, [topic, output])
    records = await poll_for(consumer, 2)
    await consumer.close()
    assert {(record.topic, record.value) for record in records} == {
        (topic, b"in"),
        (output, b"out"),
    }


async def test_a_batch_names_the_offsets_to_commit(log: Log, topic: str) -> None:
    await append(log, [draft(topic, 1, b"%d" % n) for n in range(5)])
    consumer = await log.consumer(topic, [topic])
    committed: dict[TopicPartition, int] = {}
    async with asyncio.timeout(DEADLINE_S):
        while committed != {TopicPartition(topic, 1): 5}:
            batch = await consumer.poll(timeout_ms=100, records_max=2)
            assert len(batch.records) <= 2
            await consumer.commit(batch.next_offsets)
            committed |= batch.next_offsets
    await consumer.close()
    assert (await log.committed_offsets(topic, topic))[1] == 5


async def test_a_waiting_consumer_hears_of_an_append(log: Log, topic: str) -> None:
    await append(log, [draft(topic, 0, b"first")])
    consumer = await log.consumer(topic, [topic])
    await poll_for(consumer, 1)
    waiting = asyncio.ensure_future(poll_for(consumer, 1))
    await append(log, [draft(topic, 1, b"second")])
    assert [record.value for record in await waiting] == [b"second"]
    await consumer.close()


async def test_a_committed_offset_out_of_range_stops_and_never_jumps(log: Log, topic: str) -> None:
    await append(log, [draft(topic, 0, b"%d" % n) for n in range(3)])
    first = await log.consumer(topic, [topic])
    await poll_for(first, 3)
    await first.commit({TopicPartition(topic, 0): 1_000})
    await first.close()
    with pytest.raises(Unavailable):
        await poll_for(await log.consumer(topic, [topic]), 1)


# Settling exactly once.


class Copying:
    """Copies each record to the output topic, in its own partition, and keeps a trace."""

    def __init__(self, output: str, *, fails_on: bytes | None = None) -> None:
        self.output = output
        self.fails_on = fails_on
        self.trace: list[tuple[str, int]] = []
        self.provisional: dict[int, int] = {}
        self.settled = 0

    async def restore(self, partition: int) -> None:
        self.trace.append(("restore", partition))

    def process(self, partition: int, records: Sequence[Record]) -> Sequence[Draft]:
        self.trace.append(("process", partition))
        if self.fails_on in [record.value for record in records]:
            raise RuntimeError("a defect about money")
        self.provisional[partition] = len(records)
        return [draft(self.output, partition, record.value) for record in records]

    def committed(self, partition: int, positions: Sequence[Position]) -> None:
        self.trace.append(("committed", partition))
        self.settled += self.provisional.pop(partition)

    def forget(self, partition: int) -> None:
        self.trace.append(("forget", partition))
        self.provisional.pop(partition, None)


async def settle(log: Log, topic: str, settler: Copying, until: Callable[[], bool]) -> list[bool]:
    """Run the loop until `until`; return what `ready` heard."""
    heard: list[bool] = []
    async with asyncio.timeout(DEADLINE_S):
        await log.run_exactly_once(topic, topic, settler, ready=heard.append, stopping=until)
    return heard


async def test_outputs_and_offsets_are_committed_together(
    log: Log, topic: str, output: str
) -> None:
    await append(log, [draft(topic, n % PARTITIONS, b"%d" % n) for n in range(30)])
    settler = Copying(output)
    heard = await settle(log, topic, settler, lambda: settler.settled == 30)
    assert True in heard
    inputs = {(r.partition, r.value) for r in await all_of(log, topic)}
    copies = [(r.partition, r.value) for r in await all_of(log, output)]
    assert set(copies) == inputs
    assert len(copies) == 30
    offsets = await log.committed_offsets(topic, topic)
    held = {p: b.end for p, b in (await log.bounds(topic)).items()}
    assert offsets == held


async def test_each_partition_is_restored_before_it_is_processed_and_committed_after(
    log: Log, topic: str, output: str
) -> None:
    await append(log, [draft(topic, n % PARTITIONS, b"%d" % n) for n in range(30)])
    settler = Copying(output)
    await settle(log, topic, settler, lambda: settler.settled == 30)
    for partition in range(PARTITIONS):
        calls = [call for call, where in settler.trace if where == partition]
        assert calls[:3] == ["restore", "process", "committed"]
        assert calls.count("process") == calls.count("committed")


async def test_a_second_run_goes_on_behind_the_first(log: Log, topic: str, output: str) -> None:
    await append(log, [draft(topic, 0, b"1")])
    first = Copying(output)
    await settle(log, topic, first, lambda: first.settled == 1)
    await append(log, [draft(topic, 0, b"2")])
    second = Copying(output)
    await settle(log, topic, second, lambda: second.settled == 1)
    assert [record.value for record in await all_of(log, output)] == [b"1", b"2"]


async def test_records_that_arrive_during_the_run_are_settled(
    log: Log, topic: str, output: str
) -> None:
    settler = Copying(output)
    running = asyncio.ensure_future(settle(log, topic, settler, lambda: settler.settled == 5))
    for n in range(5):
        await append(log, [draft(topic, n % PARTITIONS, b"%d" % n)])
    await running
    assert len(await all_of(log, output)) == 5


async def test_an_exception_ends_the_call_leaves_nothing_and_the_batch_is_repeated(
    log: Log, topic: str, output: str
) -> None:
    await append(log, [draft(topic, 1, b"good"), draft(topic, 1, b"bad")])
    failing = Copying(output, fails_on=b"bad")
    with pytest.raises(RuntimeError, match="a defect about money"):
        await settle(log, topic, failing, lambda: False)
    assert ("committed", 1) not in failing.trace
    assert failing.trace.index(("forget", 1)) > failing.trace.index(("process", 1))
    assert await all_of(log, output) == []
    assert (await log.committed_offsets(topic, topic))[1] is None
    mended = Copying(output)
    await settle(log, topic, mended, lambda: mended.settled == 2)
    assert [record.value for record in await all_of(log, output)] == [b"good", b"bad"]
