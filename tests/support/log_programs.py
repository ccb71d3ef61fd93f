"""Small programs over an embedded log that tests start, stop and kill.

    log_programs.py append PATH RUN      appends for ever; prints each acknowledged number
    log_programs.py hasty PATH RUN       the same with a log that acknowledges before it commits
    log_programs.py last PATH            appends, prints, appends once more, and dies unprinted
    log_programs.py roles PATH           claims the roles, says so, waits for its end
    log_programs.py full PATH            meets a full disk, then gets room again
"""  # fmt: skip

import asyncio
import hashlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from schemas.errors import Unavailable
from schemas.record import Draft
from schemas.topics import Topic
from streams.embedded import EmbeddedLog
from streams.embedded.writer import Call, ThreadWriter, Writer, commit_together

TOPIC = Topic("numbers.v1", 4, "delete", -1, "numbers", "none", "a test program")
APPENDERS = 16


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def body(number: int) -> bytes:
    """Return bytes that only this number has, some of them over many pages."""
    return hashlib.sha256(b"%d" % number).digest() * (1 + number * 7 % 300)


def draft(number: int) -> Draft:
    return Draft(TOPIC.name, number % TOPIC.partitions, b"%d" % number, body(number), ())


class _Guess:
    """Answers instead of a transaction, so that a call has a result before anything is written."""

    def append(self, rows: Sequence[Any]) -> list[int]:
        return [0 for _ in rows]


class HastyWriter(ThreadWriter):
    """The defect under test: tells the callers first. A slow disk stands in for lost power."""

    def commit_and_tell(self, calls: Sequence[Call]) -> None:
        if not all(call.size_bytes for call in calls):
            super().commit_and_tell(calls)  # The topic is created properly.
            return
        for call in calls:
            call.result = call.work(_Guess())
        self.tell(calls)
        time.sleep(0.02)
        commit_together(self._connection, calls, self._clock)


class HastyLog(EmbeddedLog):
    """An embedded log that acknowledges before it commits."""

    def _start_writer(self, clock: Callable[[], int], *, in_memory: bool) -> Writer:
        return HastyWriter(self._writing, clock=clock, committed=self._arrivals.notify)


def say(text: str) -> None:
    os.write(1, text.encode() + b"\n")


async def append_for_ever(log: EmbeddedLog, run: int) -> None:
    await log.create([TOPIC])
    appender = log.appender()
    numbers = count(run * 1_000_000)

    async def one_after_another() -> None:
        for number in numbers:
            await appender.append([draft(number)])
            say(str(number))

    await asyncio.gather(*(one_after_another() for _ in range(APPENDERS)))


async def append_and_die(log: EmbeddedLog, wal: Path) -> None:
    await log.create([TOPIC])
    appender = log.appender()
    for number in range(40):
        await appender.append([draft(number)])
        say(str(number))
    say(f"wal {os.stat(wal).st_size}")
    await appender.append([draft(40)])
    os.kill(os.getpid(), signal.SIGKILL)


async def meet_a_full_disk(log: EmbeddedLog) -> None:
    await log.create([TOPIC])
    appender = log.appender()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    numbers = count()
    try:
        for number in numbers:
            await appender.append([draft(number)])
            say(str(number))
    except Unavailable:
        say("unavailable")
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for _ in range(20):
        number = next(numbers)
        await appender.append([draft(number)])
        say(str(number))
    await log.close()


async def hold_roles(log: EmbeddedLog) -> None:
    log.claim_roles()
    say("claimed")
    await asyncio.Event().wait()


def main(program: str, path: Path, run: int = 0) -> None:
    kind = HastyLog if program == "hasty" else EmbeddedLog

    async def started() -> None:
        log = kind(path, clock=now_ms)
        if program in ("append", "hasty"):
            await append_for_ever(log, run)
        elif program == "last":
            await append_and_die(log, path.with_name(path.name + "-wal"))
        elif program == "full":
            await meet_a_full_disk(log)
        else:
            await hold_roles(log)

    asyncio.run(started())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
