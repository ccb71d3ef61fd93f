"""The same pipeline on the embedded log in memory: one process runs every role.

The file is what outlives a process, so it is the one SQLite connection of a seed.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any

from schemas.record import Record
from schemas.topics import Topic
from streams.embedded.arrivals import Arrivals
from streams.embedded.consumer import Membership
from streams.embedded.file import open_writable
from streams.embedded.log import EmbeddedLog
from streams.embedded.reader import Reader
from streams.log import Log
from tests.chaos.oracle import Row
from tests.simulation.loop import Process
from tests.simulation.pipeline import World

OFFSETS_OF = "DELETE FROM offsets WHERE consumer_group = ?"
LOSE = "DELETE FROM records WHERE id >= ? AND id < ? AND id % ? = 0 AND key <> ?"


class MemoryLog(EmbeddedLog):
    """An embedded log over a connection that is not its own, and is not closed with it."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], int]) -> None:
        self._writing = self._reading = connection
        self._reader = Reader(connection)
        self._arrivals = Arrivals(None)
        self._writer = self._start_writer(clock, in_memory=True)
        self._roles = None
        self._membership = Membership()

    async def close(self) -> None:
        """The next process goes on with what is committed."""


class EmbeddedWorld(World):
    """A seed on the embedded log."""

    def make_topics(self) -> None:
        self.connection = open_writable(":memory:")
        self._log = MemoryLog(self.connection, self.loop.now_ms)
        self._running_log: tuple[Process, MemoryLog] | None = None
        self.loop.run_until_complete(self._log.create(self.topics.all()))

    def open_log(self, process: Process) -> Log:
        # All roles of a process share its log, and with it who consumes for a group.
        if self._running_log is None or self._running_log[0] is not process:
            self._running_log = (process, MemoryLog(self.connection, self.loop.now_ms))
        return self._running_log[1]

    def roles(self, *, duel: bool) -> list[tuple[str, Callable[..., Any]]]:
        return [("up", self.up)]

    async def up(self, process: Process, stopping: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as roles:
            for role in (self.ingress, self.verify, self.settle):
                roles.create_task(role(process, stopping))

    def behind(self, group: str, topic: Topic) -> bool:
        reader = self._log._reader
        offsets, bounds = reader.offsets(group, topic.name), reader.bounds(topic.name)
        return any((offsets.get(p) or 0) < each.end for p, each in bounds.items())

    def go_away(self, for_s: float) -> None:
        """A file does not go away."""

    def forget_offsets(self, group: str) -> None:
        self.connection.execute(OFFSETS_OF, (group,))

    def lose_ledger(self, partition: int, *, every: int) -> None:
        every = every or 3  # A file loses no newest transaction of one topic alone.
        first = self._log._reader.slot(self.topics.ledger.name, partition) << 40
        bounds = (first, first + (1 << 40), every, b"partitions")
        self.connection.execute(LOSE, bounds)

    def rows(self) -> list[Row]:
        async def every() -> list[Record]:
            return [
                record
                for topic in self.topics.all()
                async for record in self._log.read(topic.name)
            ]

        return [
            Row(
                record.topic.split(".")[1], record.partition, record.offset, record.key,
                record.value,
                {name: value.decode("latin-1") for name, value in record.headers},
            )
            for record in self.loop.run_until_complete(every())
        ]  # fmt: skip
