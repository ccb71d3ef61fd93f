"""Appending, consuming and reading on Kafka, where only Kafka has the hazard."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.structs import TopicPartition as Assigned
from structlog.testing import capture_logs

from schemas.errors import InvalidRecord, Unavailable
from schemas.record import Draft, Position, TopicPartition
from schemas.topics import Topic
from streams.errors import ConfigurationError
from streams.kafka import KafkaLog
from streams.kafka.append import send_all
from streams.kafka.client import discard_producer, start_producer
from streams.log import Batch, Consumer
from tests.support.broker import local_broker

DEADLINE_S = 40.0


@pytest.fixture
async def log(kafka_bootstrap: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka_bootstrap)
    yield log
    await log.close()


@pytest.fixture
async def name(log: KafkaLog, topic_prefix: str) -> str:
    await log.create([Topic(topic_prefix, 2, "delete", -1, "a test", "none", "a test")])
    return topic_prefix


def draft(name: str, value: bytes, partition: int = 0) -> Draft:
    return Draft(name, partition, None, value, ())


async def values(log: KafkaLog, name: str) -> list[bytes | None]:
    async with asyncio.timeout(DEADLINE_S):
        return [record.value async for record in log.read(name)]


async def first_batch(consumer: Consumer, records_max: int) -> Batch:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            batch = await consumer.poll(timeout_ms=500, records_max=records_max)
            if batch.records:
                return batch


async def delete_before(bootstrap: str, name: str, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_records({Assigned(name, 0): RecordsToDelete(before_offset=offset)})
    await admin.close()


async def test_an_append_works_after_a_refused_one(
    log: KafkaLog, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The refused batch leaves a gap in the sequence: a producer that is kept fails for ever.
    monkeypatch.setattr("streams.kafka.append.MESSAGE_BYTES_MAX", 2**31)
    appender = log.appender()
    await appender.append([draft(name, b"before")])
    with pytest.raises(Unavailable):
        await appender.append([draft(name, bytes(1_100_000))])
    for n in range(3):
        await appender.append([draft(name, b"%d" % n)])
    await appender.close()
    assert await values(log, name) == [b"before", b"0", b"1", b"2"]


async def test_a_record_that_no_topic_takes_harms_nothing(log: KafkaLog, name: str) -> None:
    appender = log.appender()
    with pytest.raises(InvalidRecord):
        await appender.append([draft(name, b"first"), draft(name, bytes(1_048_576))])
    await appender.append([draft(name, b"second")])
    assert await values(log, name) == [b"second"]


async def test_concurrent_appends_larger_than_a_batch_keep_their_order(
    log: KafkaLog, name: str
) -> None:
    appender = log.appender()
    bodies = [
        [b"%d-%03d" % (caller, n) + bytes(100_000) for n in range(12)] for caller in range(4)
    ]
    answers = await asyncio.gather(
        *(appender.append([draft(name, body) for body in caller]) for caller in bodies)
    )
    found = {r.position: r.value async for r in log.read(name)}
    for caller, positions in zip(bodies, answers, strict=True):
        assert [found[position] for position in positions] == caller
        assert list(positions) == sorted(positions)


async def test_a_cancelled_append_leaves_the_appender_usable(log: KafkaLog, name: str) -> None:
    appender = log.appender()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(appender.append([draft(name, b"late")]), 0)
    appending = asyncio.create_task(appender.append([draft(name, b"later")]))
    await asyncio.sleep(0)
    appending.cancel()
    await asyncio.wait({appending})
    (position,) = await appender.append([draft(name, b"kept")])
    assert (await log.get(position)).value == b"kept"


async def test_an_offset_out_of_range_ends_the_consumer(
    log: KafkaLog, kafka_bootstrap: str, name: str
) -> None:
    appender = log.appender()
    await appender.append([draft(name, b"%d" % n) for n in range(10)])
    consumer = await log.consumer(name, [name])
    await first_batch(consumer, 3)
    await consumer.commit({TopicPartition(name, 0): 3})
    await consumer.close()
    await delete_before(kafka_bootstrap, name, 7)
    consumer = await log.consumer(name, [name])
    with pytest.raises(Unavailable, match="OffsetOutOfRange"):
        await first_batch(consumer, 3)
    assert (await log.committed_offsets(name, name))[0] == 3


async def test_no_offset_begins_at_the_first_record_held_and_says_so(
    log: KafkaLog, kafka_bootstrap: str, name: str
) -> None:
    await log.appender().append([draft(name, b"%d" % n) for n in range(10)])
    await delete_before(kafka_bootstrap, name, 4)
    consumer = await log.consumer(name, [name])
    with capture_logs() as said:
        batch = await first_batch(consumer, 100)
    assert [record.offset for record in batch.records] == list(range(4, 10))
    assert {(line["partition"], line["start"]) for line in said
            if line["event"] == "offsets_missing"} == {(0, 4), (1, 0)}  # fmt: skip


async def test_reading_ends_behind_markers_and_aborted_records(log: KafkaLog, name: str) -> None:
    producer = await start_producer(log._settings, transactional_id=name)
    for value, end in ((b"1", "commit"), (b"2", "abort"), (b"3", "commit"), (b"4", "abort")):
        await producer.begin_transaction()
        await send_all(producer, [draft(name, value)])
        await getattr(producer, f"{end}_transaction")()
    await discard_producer(producer)
    assert await values(log, name) == [b"1", b"3"]
    end = (await log.bounds(name))[0].end
    assert end == 8
    assert await log.get(Position(name, 0, end - 1)) is None
    assert await log.get(Position(name, 0, 2)) is None


async def test_entries_of_many_batches_are_the_records_that_are_read(
    log: KafkaLog, name: str
) -> None:
    """Batches of several sizes, committed and aborted in turn by two producers, read from inside
    batches too: what the library's own iterator yields is what ours has to."""
    producers = [
        await start_producer(log._settings, transactional_id=f"{name}-{n}") for n in range(2)
    ]
    for number, size in enumerate((1, 300, 2, 40, 1, 7, 90, 3)):
        producer = producers[number % 2]
        await producer.begin_transaction()
        drafts = [Draft(name, 0, b"%d" % n, b"v" * n, (("h", b"x"),)) for n in range(size)]
        await send_all(producer, drafts)
        aborted = number % 3 == 1
        await (producer.abort_transaction() if aborted else producer.commit_transaction())
    for producer in producers:
        await discard_producer(producer)
    read = [(r.offset, r.key, r.value) async for r in log.read(name, [0])]
    assert len(read) == 1 + 2 + 40 + 7 + 90
    for start in (0, 1, 2, 303, 304, 305, 320, read[-1][0]):
        found = [e async for each in log.entries(name, 0, start=start) for e in each]
        assert found == [entry for entry in read if entry[0] >= start]


async def test_reading_waits_for_a_transaction_open_at_the_call(log: KafkaLog, name: str) -> None:
    producer = await start_producer(log._settings, transactional_id=name)
    await producer.begin_transaction()
    await send_all(producer, [draft(name, b"open")])
    reading = asyncio.create_task(values(log, name))
    bounds = (await log.bounds(name))[0]
    assert (bounds.stable, bounds.end) == (0, 1)
    done, _ = await asyncio.wait({reading}, timeout=1)
    assert not done
    await producer.commit_transaction()
    await discard_producer(producer)
    assert await reading == [b"open"]


async def test_reading_a_transaction_that_hangs_ends_unavailable(
    kafka_bootstrap: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.log.STALL_MARGIN_S", 1)
    log = KafkaLog(kafka_bootstrap, transaction_ms_max=1_000)
    producer = await start_producer(log._settings, transactional_id=name)
    await producer.begin_transaction()
    await send_all(producer, [draft(name, b"open")])
    with pytest.raises(Unavailable, match="open transaction"):
        await values(log, name)
    await producer.abort_transaction()
    await discard_producer(producer)


async def test_a_quiet_producer_is_forgotten_and_recovers_by_itself() -> None:
    forgetful = {
        "producer.id.expiration.ms": "1000",
        "producer.id.expiration.check.interval.ms": "300",
        "transactional.id.expiration.ms": "1000",
    }
    with local_broker(properties=forgetful) as broker:
        log = KafkaLog(broker.bootstrap)
        await log.create([Topic("quiet", 1, "delete", -1, "a test", "none", "a test")])
        appender = log.appender()
        await appender.append([draft("quiet", b"1")])
        # The passing of time is the hazard itself: the broker forgets after a second.
        await asyncio.sleep(2.5)
        await append_soon(appender, b"2")
        await delete_before(broker.bootstrap, "quiet", 1)
        await asyncio.sleep(2.5)
        await asyncio.gather(*(append_soon(appender, b"3-%d" % n) for n in range(10)))
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        await append_soon(appender, b"4")
        found = await values(log, "quiet")
        await log.close()
    assert sorted(found) == [b"2", *(b"3-%d" % n for n in range(10)), b"4"]


async def test_reading_ends_over_what_compaction_removed() -> None:
    quick = {"log.cleaner.backoff.ms": "100", "log.cleaner.min.cleanable.ratio": "0.01"}
    with local_broker(properties=quick) as broker:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        config = {"cleanup.policy": "compact", "segment.ms": "200", "delete.retention.ms": "0"}
        await admin.create_topics([NewTopic("compacted", 1, 1, topic_configs=config)])
        await admin.close()
        log = KafkaLog(broker.bootstrap)
        appender = log.appender()
        written = 0
        async with asyncio.timeout(DEADLINE_S):
            while len(found := [r async for r in log.read("compacted")]) >= written:
                # One more record of the same key rolls the segment, and the cleaner comes by.
                written += 3
                for n in range(3):
                    await appender.append([Draft("compacted", 0, b"k", b"%d" % n, ())])
                await asyncio.sleep(0.3)
        held = {record.offset for record in found}
        entries = [offset async for each in log.entries("compacted", 0) for offset, *_ in each]
        assert set(entries) <= held
        assert entries[-1] == written - 1
        (gone, *_) = sorted(set(range(written)) - held)
        assert max(held) == written - 1
        assert await log.get(Position("compacted", 0, gone)) is None
        await log.close()


async def append_soon(appender, value: bytes) -> None:
    """Append as an ingress does: one refusal may be answered, the provider's retry must work."""
    async with asyncio.timeout(10):
        try:
            await appender.append([draft("quiet", value)])
        except Unavailable:
            await appender.append([draft("quiet", value)])


@pytest.mark.parametrize(
    "options", [{"no_such": "x"}, {"request_timeout_ms": "soon"},
                {"security_protocol": "SSL", "ssl_cafile": "/no/such/file"}],
)  # fmt: skip
def test_an_option_that_cannot_hold_is_refused_at_once(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        KafkaLog("127.0.0.1:9", options=options)
