"""What the embedded log alone does: its own retention, compaction, fencing, and memory."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from schemas.errors import InvalidRecord, Unavailable
from schemas.record import Draft, Position, Record, TopicPartition
from schemas.topics import DAY_MS, MESSAGE_BYTES_MAX, Topic
from streams.embedded import EmbeddedLog
from streams.embedded.cleaning import (
    COMPACT_FROM_RECORDS,
    EVERY_MS,
    READERS_TAKE_MS_MAX,
    RECORDS_PER_STEP_MAX,
)
from streams.errors import ConfigurationError
from streams.open_log import open_log

HOUR_MS = 3_600_000
SHORT = Topic("short.v1", 2, "delete", HOUR_MS, "kept an hour", "none", "a test")
KEPT = Topic("kept.v1", 2, "delete", -1, "kept for ever", "none", "a test")
LATEST = Topic("latest.v1", 1, "compact", -1, "the latest of each key", "a key", "a test")


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@asynccontextmanager
async def opened(path: Path | None, clock: Clock) -> AsyncIterator[EmbeddedLog]:
    log = EmbeddedLog(path or ":memory:", clock=clock)
    try:
        await log.create([SHORT, KEPT, LATEST])
        yield log
    finally:
        await log.close()


def drafts(topic: Topic, count: int, *, key: bytes | None = None) -> list[Draft]:
    return [Draft(topic.name, 0, key, b"%d" % n, ()) for n in range(count)]


async def values(log: EmbeddedLog, topic: Topic) -> list[bytes | None]:
    return [record.value async for record in log.read(topic.name)]


async def append_in_later_steps(log: EmbeddedLog, clock: Clock, steps: int) -> None:
    """Give cleaning its turns: it runs beside commits, when it is due."""
    for _ in range(steps):
        clock.now_ms += EVERY_MS
        await log.appender().append([Draft(KEPT.name, 1, None, b"tick", ())])


async def test_retention_removes_the_old_and_keeps_offsets() -> None:
    clock = Clock()
    async with opened(None, clock) as log:
        appender = log.appender()
        await appender.append(drafts(SHORT, 3) + drafts(KEPT, 3))
        clock.now_ms += HOUR_MS // 2
        await appender.append(drafts(SHORT, 2))
        clock.now_ms += HOUR_MS // 2
        await append_in_later_steps(log, clock, 2)
        assert (await log.bounds(SHORT.name))[0].start == 3
        assert await values(log, SHORT) == [b"0", b"1"]
        assert len(await values(log, KEPT)) == 3 + 2
        assert await log.get(Position(SHORT.name, 0, 2)) is None
        clock.now_ms += HOUR_MS
        await append_in_later_steps(log, clock, 2)
        assert (await log.bounds(SHORT.name))[0].start == 5
        (position,) = await appender.append(drafts(SHORT, 1))
        assert position.offset == 5


async def test_retention_works_in_bounded_steps() -> None:
    clock = Clock()
    async with opened(None, clock) as log:
        await log.appender().append(drafts(SHORT, 3 * RECORDS_PER_STEP_MAX))
        clock.now_ms += 2 * HOUR_MS
        await append_in_later_steps(log, clock, 1)
        assert (await log.bounds(SHORT.name))[0].start == RECORDS_PER_STEP_MAX
        await append_in_later_steps(log, clock, 3)
        assert (await log.bounds(SHORT.name))[0].start == 3 * RECORDS_PER_STEP_MAX


async def test_a_committed_offset_that_retention_passed_is_unavailable() -> None:
    clock = Clock()
    async with opened(None, clock) as log:
        await log.appender().append(drafts(SHORT, 5))
        consumer = await log.consumer("g", [SHORT.name])
        await consumer.commit({TopicPartition(SHORT.name, 0): 2})
        clock.now_ms += 2 * HOUR_MS
        await append_in_later_steps(log, clock, 2)
        with pytest.raises(Unavailable, match="out of range"):
            await consumer.poll(timeout_ms=0, records_max=10)
        with pytest.raises(Unavailable, match="out of range"):
            await log.consumer("g", [SHORT.name])
        with pytest.raises(Unavailable, match="out of range"):
            log.read(SHORT.name, start={0: 2})


async def test_compaction_keeps_the_latest_of_each_key_and_drops_old_tombstones() -> None:
    clock = Clock()
    async with opened(None, clock) as log:
        appender = log.appender()
        await appender.append([Draft(LATEST.name, 0, b"gone", b"x", ())])
        await appender.append([Draft(LATEST.name, 0, b"gone", None, ())])
        clock.now_ms += 8 * DAY_MS
        fresh = Draft(LATEST.name, 0, b"fresh", None, ())
        await appender.append([*drafts(LATEST, COMPACT_FROM_RECORDS, key=b"busy"), fresh])
        await append_in_later_steps(log, clock, 2)
        # Too young: somebody may be reading up to an end before them.
        assert (await log.get(Position(LATEST.name, 0, 0))) is not None
        clock.now_ms += READERS_TAKE_MS_MAX
        await append_in_later_steps(log, clock, 2)
        held = [record async for record in log.read(LATEST.name)]
        assert [(record.key, record.value) for record in held] == [
            (b"busy", b"%d" % (COMPACT_FROM_RECORDS - 1)),
            (b"fresh", None),
        ]
        (position,) = await appender.append(drafts(LATEST, 1, key=b"busy"))
        assert position.offset == COMPACT_FROM_RECORDS + 3


async def test_a_record_above_the_limit_is_refused_before_it_is_written() -> None:
    async with opened(None, Clock()) as log:
        large = Draft(KEPT.name, 0, None, bytes(MESSAGE_BYTES_MAX), ())
        with pytest.raises(InvalidRecord):
            await log.appender().append([*drafts(KEPT, 1), large])
        assert await values(log, KEPT) == []


async def test_a_newer_consumer_of_a_group_fences_the_older() -> None:
    async with opened(None, Clock()) as log:
        await log.appender().append(drafts(KEPT, 2))
        older = await log.consumer("g", [KEPT.name])
        newer = await log.consumer("g", [KEPT.name])
        with pytest.raises(Unavailable, match="newer consumer"):
            await older.commit({TopicPartition(KEPT.name, 0): 2})
        assert len((await newer.poll(timeout_ms=0, records_max=9)).records) == 2


class Copying:
    """Copies records to the kept topic."""

    def __init__(self) -> None:
        self.settled = 0

    async def restore(self, partition: int) -> None: ...

    def process(self, partition: int, records: Sequence[Record]) -> Sequence[Draft]:
        return [Draft(KEPT.name, partition, None, record.value, ()) for record in records]

    def committed(self, partition: int, positions: Sequence[Position]) -> None:
        self.settled += 1

    def forget(self, partition: int) -> None: ...


async def test_a_second_settling_process_is_refused_and_nothing_doubles(tmp_path: Path) -> None:
    """Two logs on one file stand for two processes; neither took the roles' lock."""
    clock = Clock()
    path = tmp_path / "log.sqlite"
    async with opened(path, clock) as one, opened(path, clock) as two:
        settlers = (Copying(), Copying())
        stop = False
        runs = [
            asyncio.ensure_future(
                log.run_exactly_once(
                    "settle", SHORT.name, settler, ready=lambda _: None, stopping=lambda: stop
                )
            )
            for log, settler in zip((one, two), settlers, strict=True)
        ]
        appender, sent = one.appender(), 0
        async with asyncio.timeout(20):
            while not any(run.done() for run in runs):
                await appender.append([Draft(SHORT.name, 0, None, b"%d" % sent, ())])
                sent += 1
            copies = one.read(KEPT.name, follow=True)
            for _ in range(sent):
                await anext(copies)
            await copies.aclose()
        stop = True
        ended = await asyncio.gather(*runs, return_exceptions=True)
        assert sorted(type(end).__name__ for end in ended) == ["NoneType", "Unavailable"]
        assert await values(one, KEPT) == [b"%d" % n for n in range(sent)]


async def test_in_memory_every_run_is_the_same() -> None:
    async def run() -> list[Record]:
        clock = Clock()
        async with opened(None, clock) as log:
            appender = log.appender()
            await asyncio.gather(
                *(
                    appender.append([Draft(KEPT.name, n % 2, None, b"%d" % n, ())])
                    for n in range(40)
                )
            )
            return [record async for record in log.read(KEPT.name)]

    assert await run() == await run()


async def test_the_file_is_private_and_survives_a_clean_end(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.sqlite"
    async with opened(path, Clock()) as log:
        await log.appender().append(drafts(KEPT, 3))
        assert {p.stat().st_mode & 0o077 for p in path.parent.iterdir()} == {0}
    async with opened(path, Clock()) as log:
        assert await values(log, KEPT) == [b"0", b"1", b"2"]


async def test_a_closed_log_is_unavailable(tmp_path: Path) -> None:
    async with opened(tmp_path / "log.sqlite", Clock()) as log:
        appender = log.appender()
    with pytest.raises(Unavailable):
        await appender.append(drafts(KEPT, 1))


async def test_calls_made_before_close_are_committed(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    async with opened(path, Clock()) as log:
        appender = log.appender()
        calls = [asyncio.ensure_future(appender.append(drafts(KEPT, 1))) for _ in range(20)]
        await asyncio.sleep(0)
    assert len(await asyncio.gather(*calls)) == 20
    async with opened(path, Clock()) as log:
        assert len(await values(log, KEPT)) == 20


async def test_an_append_is_not_readable_while_another_process_holds_the_file(
    tmp_path: Path,
) -> None:
    """A writer elsewhere delays commits; it must delay the acknowledgement too."""
    path = tmp_path / "log.sqlite"
    async with opened(path, Clock()) as log:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        call = asyncio.ensure_future(log.appender().append(drafts(KEPT, 1)))
        done, _ = await asyncio.wait([call], timeout=0.2)
        assert not done
        assert await values(log, KEPT) == []
        other.execute("ROLLBACK")
        other.close()
        await call
        assert await values(log, KEPT) == [b"0"]


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one" * 99])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="not an embedded log"):
        EmbeddedLog(path, clock=Clock())
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE orders (id INTEGER)")
    other.close()
    with pytest.raises(ConfigurationError, match="another kind or version"):
        EmbeddedLog(path, clock=Clock())


@pytest.mark.parametrize(
    "url",
    [
        "", "redis://localhost", "/var/log.sqlite", "embedded://", "embedded://relative/file",
        "embedded:///directory/", "kafka://", "kafka://host", "kafka://host:0", "kafka://a:1,",
        "kafka://user:secret@host:9092", "kafka://host:9092/topic", "kafka://host:\u0663",
    ],
)  # fmt: skip
def test_an_address_of_no_log_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        open_log(url, options={}, clock=Clock())
    assert "secret" not in str(refusal.value)


async def test_an_embedded_address_opens_its_file(tmp_path: Path) -> None:
    log = open_log(
        f"embedded://{tmp_path}/a%20log.sqlite", options={}, clock=lambda: time.time_ns() // 10**6
    )
    assert await log.describe() == {}
    await log.close()
    assert (tmp_path / "a log.sqlite").exists()
