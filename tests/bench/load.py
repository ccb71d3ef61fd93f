"""HTTP load over kept connections: as fast as answers come, or at a fixed rate."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, cast

LOAD_S_MAX: Final = 60


class _Connection(asyncio.Protocol):
    """One request at a time; each answer is one read, since replies are small."""

    def __init__(self, load: "_Load") -> None:
        self._load = load

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: the transports of uvloop are none of asyncio's classes.
        self.transport = cast("asyncio.Transport", transport)
        self._load.free(self)

    def send(self, octets: bytes) -> None:
        self.transport.write(octets)

    def data_received(self, answer: bytes) -> None:
        if not answer.startswith(b"HTTP/1.1 200"):
            self._load.fail(RuntimeError(f"answered {answer[:40]!r}"))
            return
        self._load.answered()
        self._load.free(self)


class _Load:
    """Requests still to send: each when it is due and a connection is free, in order."""

    def __init__(self, requests: Sequence[bytes], *, due: int) -> None:
        self._requests = requests
        self._due = due
        self._next = 0
        self._answered = 0
        # In turn: a connection that waits for long is closed by the server.
        self._idle: deque[_Connection] = deque()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def free(self, connection: _Connection) -> None:
        self._idle.append(connection)
        self.send()

    def answered(self) -> None:
        self._answered += 1
        if self._answered == len(self._requests) and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    async def pace(self, per_s: float) -> list[float]:
        """Make one request after the other due, and return when each was."""
        started_s = time.time()
        due_s = [started_s + n / per_s for n in range(len(self._requests))]
        for moment_s in due_s:
            wait_s = moment_s - time.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self._due += 1
            self.send()
        return due_s

    def send(self) -> None:
        while self._idle and self._next < self._due:
            octets = self._requests[self._next]
            self._next += 1
            self._idle.popleft().send(octets)


async def send_all(
    address: tuple[str, int],
    requests: Sequence[bytes],
    *,
    connections: int,
    per_s: float | None = None,
) -> list[float]:
    """Send requests and await their answers; `per_s` None: as fast as answers come.

    Returns when each was due (seconds since 1970), whether or not a connection was free then: a
    stall counts for all whom it kept waiting. Empty without a rate.

    Raises:
        RuntimeError: another answer than 200.
    """
    load = _Load(requests, due=len(requests) if per_s is None else 0)
    due_s: list[float] = []
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(LOAD_S_MAX):
        opened = await asyncio.gather(
            *(loop.create_connection(lambda: _Connection(load), *address)
              for _ in range(connections))
        )  # fmt: skip
        try:
            if per_s is not None:
                due_s = await load.pace(per_s)
            await load.done
        finally:
            for transport, _ in opened:
                transport.close()
    return due_s
