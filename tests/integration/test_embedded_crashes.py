"""The embedded log under kill -9, a torn write, a full disk, and a second process."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streams.embedded import EmbeddedLog
from streams.errors import RolesTaken
from tests.support import log_programs
from tests.support.log_programs import TOPIC, body, draft, now_ms

ROOT = Path(__file__).parents[2]
KILLS = 10


def start(program: str, path: Path, run: int = 0) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, log_programs.__file__, program, str(path), str(run)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[EmbeddedLog]:
    log = EmbeddedLog(path, clock=now_ms)
    try:
        yield log
    finally:
        await log.close()


def killed_after(program: subprocess.Popen[bytes], lines: int) -> list[int]:
    """Kill -9 once the program has printed `lines` numbers; return all numbers it printed."""
    assert program.stdout is not None
    said = [program.stdout.readline() for _ in range(lines)]
    program.kill()
    said += program.stdout.readlines()
    program.stdout.close()
    assert program.wait() == -signal.SIGKILL
    # The last line may be cut short by the kill; an unfinished number was not told to anybody.
    return [int(line) for line in said if line.endswith(b"\n")]


async def numbers_held(log: EmbeddedLog) -> list[int]:
    """Return the numbers in the log; each record must be whole, and offsets without gaps."""
    numbers = []
    expected = dict.fromkeys(range(TOPIC.partitions), 0)
    async for record in log.read(TOPIC.name):
        number = int(record.key or b"")
        assert record.value == body(number)
        assert record.offset == expected[record.partition]
        expected[record.partition] += 1
        numbers.append(number)
    return numbers


async def lost_after_kills(program: str, path: Path, kills: int) -> set[int]:
    """Kill the program again and again; return the acknowledged numbers the log does not hold."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    acknowledged: set[int] = set()
    held: list[int] = []
    for run in range(kills):
        running = start(program, path, run)
        acknowledged.update(killed_after(running, chance.randrange(1, 400)))
        async with opened(path) as log:
            held = await numbers_held(log)
        assert len(held) == len(set(held))
    return acknowledged - set(held)


async def test_every_acknowledged_record_survives_kill_9(tmp_path: Path) -> None:
    assert await lost_after_kills("append", tmp_path / "log.sqlite", KILLS) == set()


async def test_the_same_test_catches_a_log_that_acknowledges_before_it_commits(
    tmp_path: Path,
) -> None:
    assert await lost_after_kills("hasty", tmp_path / "log.sqlite", 3) != set()


@pytest.mark.parametrize("tear", ["cut", "zeros"])
async def test_a_torn_last_write_leaves_every_acknowledged_record(
    tmp_path: Path, tear: str
) -> None:
    """The last append reached the write-ahead log in part, as when power fails during it."""
    program = start("last", tmp_path / "log.sqlite")
    said = program.communicate(timeout=60)[0].split(b"\n")
    (acknowledged_bytes,) = (int(line[4:]) for line in said if line.startswith(b"wal "))
    wal_bytes = (tmp_path / "log.sqlite-wal").stat().st_size
    assert wal_bytes > acknowledged_bytes
    for kept in {acknowledged_bytes, acknowledged_bytes + 11, wal_bytes - 4_500, wal_bytes - 1}:
        copy = tmp_path / f"{kept}"
        copy.mkdir()
        for name in ("log.sqlite", "log.sqlite-wal"):
            shutil.copy(tmp_path / name, copy / name)
        os.truncate(copy / "log.sqlite-wal", kept)
        if tear == "zeros":
            os.truncate(copy / "log.sqlite-wal", wal_bytes)
        async with opened(copy / "log.sqlite") as log:
            assert sorted(await numbers_held(log)) == list(range(40))
            await log.appender().append([draft(40), draft(41)])
            assert sorted(await numbers_held(log)) == list(range(42))


async def test_an_untorn_last_write_counts_even_unacknowledged(tmp_path: Path) -> None:
    """Shows that the test above tears something: without a tear the record is there."""
    start("last", tmp_path / "log.sqlite").communicate(timeout=60)
    async with opened(tmp_path / "log.sqlite") as log:
        assert 40 in await numbers_held(log)


async def test_a_full_disk_is_unavailable_and_heals(tmp_path: Path) -> None:
    program = start("full", tmp_path / "log.sqlite")
    said = program.communicate(timeout=60)[0].split()
    assert program.returncode == 0
    assert b"unavailable" in said
    acknowledged = {int(word) for word in said if word != b"unavailable"}
    assert len(acknowledged) > 20
    async with opened(tmp_path / "log.sqlite") as log:
        assert acknowledged <= set(await numbers_held(log))


async def test_the_roles_belong_to_one_process_and_are_free_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    program = start("roles", path)
    assert program.stdout is not None
    assert program.stdout.readline() == b"claimed\n"
    async with opened(path) as log:
        with pytest.raises(RolesTaken, match=f"process {program.pid} "):
            log.claim_roles()
        await log.create([TOPIC])
        await log.appender().append([draft(1)])  # Commands append beside the roles.
        program.kill()
        program.communicate()
        log.claim_roles()
        log.claim_roles()
        async with opened(path) as other:
            with pytest.raises(RolesTaken, match=f"process {os.getpid()} "):
                other.claim_roles()
    async with opened(path) as log:
        log.claim_roles()


async def test_a_waiting_consumer_hears_another_process(tmp_path: Path) -> None:
    async with opened(tmp_path / "log.sqlite") as log:
        await log.create([TOPIC])
        consumer = await log.consumer("g", [TOPIC.name])
        waiting = asyncio.ensure_future(consumer.poll(timeout_ms=600_000, records_max=10))
        program = start("append", tmp_path / "log.sqlite")
        try:
            async with asyncio.timeout(20):
                assert (await waiting).records
        finally:
            program.kill()
            program.communicate()
