"""The one writer: calls that wait together are committed together, with one fsync for all.

While one commit waits for the disk, the next calls queue up and become the next transaction: the
busier the log, the larger the groups, and no call ever waits for company.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol, TypeVar

from schemas.errors import Unavailable
from streams.embedded.cleaning import Cleaning
from streams.embedded.file import store_errors
from streams.embedded.transaction import Transaction
from streams.errors import ConfigurationError

T = TypeVar("T")
GROUP_BYTES_MAX: Final = 16 * 1024 * 1024
IDLE_S: Final = 30.0


@dataclass(slots=True)
class Call:
    """One call's part of a transaction, and the future that hears of the commit."""

    work: Callable[[Transaction], Any]
    size_bytes: int
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = field(default=None)

    def settle(self) -> None:
        """Tell the caller, unless the call was cancelled meanwhile; its records landed then."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer(Protocol):
    """Runs `work` in a transaction; returns its result once that is committed and synced."""

    async def run(self, work: Callable[[Transaction], T], *, size_bytes: int = 0) -> T: ...

    async def close(self) -> None: ...


class InlineWriter:
    """Commits each call by itself, at once, in the caller's thread: deterministic."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Callable[[], int],
        committed: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._committed = committed
        self._cleaning = Cleaning(connection, clock)

    async def run(self, work: Callable[[Transaction], T], *, size_bytes: int = 0) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        call = Call(work, size_bytes, future)
        commit_together(self._connection, [call], self._clock)
        self._cleaning.run_if_due()
        call.settle()
        self._committed()
        return await future

    async def close(self) -> None:
        """Nothing waits here: every call was committed before it returned."""


class ThreadWriter:
    """Commits groups of calls in a thread of its own, so that fsync never holds the loop.

    `committed` is called in the loop after each group, after its callers were told.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Callable[[], int],
        committed: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._committed = committed
        self._cleaning = Cleaning(connection, clock)
        self._queue: SimpleQueue[Call | None] = SimpleQueue()
        self._closed = False
        # A daemon: a process that ends without closing must not hang; SQLite recovers the file.
        self._thread = threading.Thread(target=self._serve, name="log-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Transaction], T], *, size_bytes: int = 0) -> T:
        if self._closed:
            raise Unavailable("the embedded log is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put(Call(work, size_bytes, future))
        return await future

    async def close(self) -> None:
        """Commit what is queued, then end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        serving = True
        try:
            while serving:
                calls, serving = self._next_group()
                if calls:
                    self.commit_and_tell(calls)
                self._cleaning.run_if_due()
        finally:
            self._closed = True
            self._refuse_the_rest()

    def _refuse_the_rest(self) -> None:
        """Whatever ended the thread: nobody may wait for ever for an answer."""
        rest: list[Call] = []
        with suppress(Empty):
            while True:
                call = self._queue.get_nowait()
                if call is not None:
                    call.error = Unavailable("the embedded log is closed")
                    rest.append(call)
        if rest:
            self.tell(rest)

    def _next_group(self) -> tuple[list[Call], bool]:
        """Return the waiting calls, at least one unless idle, and whether to go on after them."""
        calls: list[Call] = []
        size_bytes = 0
        with suppress(Empty):
            call = self._queue.get(timeout=IDLE_S)
            while call is not None:
                calls.append(call)
                size_bytes += call.size_bytes
                if size_bytes >= GROUP_BYTES_MAX:
                    return calls, True
                call = self._queue.get_nowait()
            return calls, False
        return calls, True

    def commit_and_tell(self, calls: Sequence[Call]) -> None:
        """Commit, and only then tell the callers: the other way round a crash loses money."""
        commit_together(self._connection, calls, self._clock)
        self.tell(calls)

    def tell(self, calls: Sequence[Call]) -> None:
        """Settle the calls in the loop with one wake-up for the whole group."""

        def in_loop() -> None:
            for call in calls:
                call.settle()
            self._committed()

        # The loop may be gone: then nobody waits any more.
        with suppress(RuntimeError):
            calls[0].future.get_loop().call_soon_threadsafe(in_loop)


def commit_together(
    connection: sqlite3.Connection, calls: Sequence[Call], clock: Callable[[], int]
) -> None:
    """Commit the calls in one transaction and leave a result or an error in each.

    A call that refuses itself has written nothing, and does not hurt the others. Whatever else
    goes wrong undoes the transaction and is every caller's error.
    """
    try:
        with store_errors():
            connection.execute("BEGIN IMMEDIATE")
            transaction = Transaction(connection, clock())
            for call in calls:
                _work(call, transaction)
            transaction.write()
            connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001 - the callers get it; the thread must live on
        for call in calls:
            call.error = error
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")


def _work(call: Call, transaction: Transaction) -> None:
    try:
        call.result = call.work(transaction)
    except (Unavailable, ConfigurationError) as error:
        call.error = error
