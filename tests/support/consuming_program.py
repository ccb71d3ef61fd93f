"""Consumers that die by SIGKILL at each line of their loop in turn, and are started again.

`python -m tests.support.consuming_program` reads a `Campaign` as JSON from stdin. It looks which
lines a whole run reaches, on a database and groups of its own; then, for each of them, it forks a
consumer that dies when it comes there, while the next one takes up what was left; at last one that
may live. It prints how many lines there were, and those that no consumer came to.

Forks, because a Python that has loaded everything starts in milliseconds so: no thread and no
connection exists before a fork.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg  # noqa: F401 - loaded here, once, and not in every child

import streams.downstream.consume as loop_module
import streams.kafka  # noqa: F401 - as well
import streams.views.database as database_module
from streams.downstream.coupons import Coupons
from streams.downstream.inbox import Service
from streams.downstream.messages import Messages
from streams.downstream.orders import Orders
from streams.log import Log
from streams.logging import configure_logging
from streams.open_log import open_log
from streams.views.database import Database, open_database
from tests.support import consuming_mutants
from tests.support.consuming_mutants import WAYS

RECORDS_MAX = 4
CHILD_S_MAX = 60
# A line is come to once for each event of a batch: die at the first, second, third, in turn.
VISITS = 3
# What a run has to see for the survey: every kind of event, more than once.
SURVEYED = 40
# Sums without a step outside: to die in them is to die at the line that called them.
PURE = ("payment.py", "order.py")
Line = tuple[str, int]
TRACED = (
    str(Path(loop_module.__file__).parent), database_module.__file__, consuming_mutants.__file__,
)  # fmt: skip


@dataclass(frozen=True)
class Campaign:
    """`files` narrows the lines to those of the files so named; empty: all that are traced.

    `survey` is the address of the database for the run that nobody disturbs.
    """

    log_url: str
    topic: str
    group: str
    database: str
    survey: str
    way: str = "right"
    files: tuple[str, ...] = ()
    services: tuple[str, ...] = ("orders", "coupons", "messages")
    static: bool = False


def services(campaign: Campaign, database: Database) -> list[Service]:
    every = (Orders(database), Coupons(database, lambda: "code"), Messages(database))
    return [each for each in every if each.name in campaign.services]


async def consume_all(
    campaign: Campaign, begin: Callable[[], None], *, events_max: int = 10**9
) -> None:
    """Run the three services until each has committed the end of the topic, or enough.

    `begin` is called when all is open, before the first poll.
    """
    make_inbox, step = WAYS[campaign.way]
    database = open_database(campaign.database, durable=True)
    log = open_log(
        campaign.log_url, options={}, clock=lambda: time.time_ns() // 1_000_000,
        instance_id=f"{campaign.group}-1" if campaign.static else None,
    )  # fmt: skip
    left = []
    for service in services(campaign, database):
        group = f"{campaign.group}-{service.name}"
        inbox = make_inbox(database, service)
        left.append((group, inbox, await log.consumer(group, [campaign.topic])))
    seen: Counter[str] = Counter()
    begin()
    while left:
        for group, inbox, consumer in tuple(left):
            fates = await step(consumer, inbox, RECORDS_MAX)
            seen[group] += fates.total()
            done = seen[group] >= events_max
            if done or (not fates and await _is_done(log, group, campaign.topic)):
                left = [each for each in left if each[0] != group]
    sys.settrace(None)
    await log.close()
    database.close()


async def _is_done(log: Log, group: str, topic: str) -> bool:
    offsets = await log.committed_offsets(group, topic)
    bounds = await log.bounds(topic)
    return all((offsets[partition] or 0) >= held.end for partition, held in bounds.items())


def tracing(seen: Callable[[Line], None]) -> Callable[[], None]:
    """Return what begins to tell `seen` each line of the loop just before it runs."""

    def local(frame: FrameType, what: str, _: Any) -> Any:
        if what == "line":
            seen((frame.f_code.co_filename, frame.f_lineno))
        return local

    def entered(frame: FrameType, what: str, argument: Any) -> Any:
        return local if frame.f_code.co_filename.startswith(TRACED) else None

    def begin() -> None:
        # Frames that are under way, such as ours, are not traced; those of the loop begin later.
        sys.settrace(entered)

    return begin


def survey(campaign: Campaign) -> list[Line]:
    """Return the lines that a whole run comes to, in the order of their first visit."""
    reading, writing = os.pipe()
    apart = Campaign(**asdict(campaign) | {
        "database": campaign.survey, "group": f"{campaign.group}-survey",
    })  # fmt: skip

    def run() -> None:
        lines: dict[Line, None] = {}
        begin = tracing(lambda line: lines.setdefault(line))
        asyncio.run(consume_all(apart, begin, events_max=SURVEYED))
        os.write(writing, b"\n".join(f"{name}:{n}".encode() for name, n in lines))

    # A few kilobytes: less than a pipe holds.
    code = forked(run)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found = [line.rsplit(":", 1) for line in answer.read().splitlines()]
    if code != 0:
        raise RuntimeError(f"the survey ended with {code}")
    return [
        (path, int(number))
        for path, number in found
        if Path(path).name not in PURE
        and (not campaign.files or Path(path).name in campaign.files)
    ]


def die_at(line: Line, visit: int) -> Callable[[], None]:
    """Return what begins to watch for a line, to die by SIGKILL at a visit of it."""
    left = visit

    def seen(here: Line) -> None:
        nonlocal left
        left -= here == line
        if here == line and not left:
            os.kill(os.getpid(), signal.SIGKILL)

    return tracing(seen)


def forked(run: Callable[[], None]) -> int:
    """Run in a child and return its exit code, -9 where it was killed."""
    child = os.fork()
    if child == 0:
        signal.alarm(CHILD_S_MAX)
        code = 1
        try:
            run()
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def kill_at_each(campaign: Campaign, lines: Iterable[Line]) -> list[Line]:
    """Return the lines that no consumer came to before everything was consumed."""
    missed = []
    for number, line in enumerate(lines):
        visit = 1 + number % VISITS
        code = forked(lambda: asyncio.run(consume_all(campaign, die_at(line, visit))))  # noqa: B023
        if code == 0:
            missed.append(line)
        elif code != -signal.SIGKILL:
            raise RuntimeError(f"a consumer ended with {code} on its way to {line}")
    code = forked(lambda: asyncio.run(consume_all(campaign, lambda: None)))
    if code != 0:
        raise RuntimeError(f"the last consumer ended with {code}")
    return missed


def main() -> None:
    configure_logging()
    campaign = Campaign(**json.load(sys.stdin))
    lines = survey(campaign)
    missed = kill_at_each(campaign, lines)
    shown = [f"{Path(name).name}:{number}" for name, number in missed]
    print(json.dumps({"lines": len(lines), "missed": shown}))


if __name__ == "__main__":
    main()
