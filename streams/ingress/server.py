"""Listening, counting, sweeping and draining: what connections of one server share."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from processors.contract import Reply
from streams.ingress.exchange import Exchange, Serve, Service
from streams.ingress.http import Connection
from streams.ingress.limits import Limits
from streams.ingress.problems import ProblemCode, problem
from streams.ingress.wire import encode, http_date

BACKLOG: Final = 2_048


class HttpServer:
    """One listening socket and its connections. `clock` returns milliseconds since 1970."""

    def __init__(self, service: Service, *, limits: Limits, clock: Callable[[], int]) -> None:
        self.limits = limits
        self.clock = clock
        self.time_s = asyncio.get_running_loop().time
        self.draining = False
        self.date = http_date(clock() / 1000)
        self.receiving_bytes = 0
        self.defect = problem("defect", retry_after_s=limits.retry_after_s)
        self.full_answer = encode(
            problem("busy", retry_after_s=limits.retry_after_s),
            method="", http_10=False, last=True, date=self.date,
        )  # fmt: skip
        self.admit: Callable[[Exchange], Reply | Serve] = service.admit
        self.refuse: Callable[[Exchange, ProblemCode], Reply] = service.refuse
        self.failed: Callable[[BaseException], None] = service.failed
        self._service = service
        self._connections: set[Connection] = set()
        self._gone = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def start(
        self,
        listen: tuple[str, int],
        *,
        sock: socket.socket | None = None,
        reuse_port: bool = False,
    ) -> tuple[str, int]:
        """Listen and return the address; port 0 takes a free one.

        Raises:
            OSError: the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        if sock is not None:
            self._server = await loop.create_server(self._connection, sock=sock, backlog=BACKLOG)
        else:
            host, port = listen
            self._server = await loop.create_server(
                self._connection, host, port, backlog=BACKLOG, reuse_port=reuse_port or None
            )
        self._sweep()
        address = self._server.sockets[0].getsockname()
        return str(address[0]), int(address[1])

    async def drain(self) -> None:
        """Accept nothing more, answer what was accepted, close; bounded by `drain_s`."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.close_if_idle()
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), self.limits.drain_s)
        for connection in tuple(self._connections):
            connection.abort()
        if self._timer is not None:
            self._timer.cancel()

    def enter(self, connection: Connection) -> bool:
        """Count a connection in; False: there are too many."""
        if len(self._connections) >= self.limits.connections_max:
            return False
        self._connections.add(connection)
        return True

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self.draining and not self._connections:
            self._gone.set()

    def hold(self, size: int) -> bool:
        """Count body bytes that wait for the rest of their request; False: too many wait."""
        self.receiving_bytes += size
        return self.receiving_bytes <= self.limits.receiving_bytes_max

    def release(self, size: int) -> None:
        self.receiving_bytes -= size

    def _connection(self) -> Connection:
        return Connection(self)

    def _sweep(self) -> None:
        """One timer for all deadlines: a timer per request would cost more than parsing it."""
        now_s = self.time_s()
        self.date = http_date(self.clock() / 1000)
        late = [
            c for c in self._connections if now_s >= c.deadline_s or now_s >= c.write_deadline_s
        ]
        for connection in late:
            connection.expire(now_s)
        self._service.sweep(now_s)
        self._timer = asyncio.get_running_loop().call_later(self.limits.sweep_s, self._sweep)
