"""One HTTP/1.1 connection to send callbacks over: keep-alive, one request at a time."""

import asyncio
from typing import Final, NamedTuple, cast

import httptools

from streams.simulate.messages import Headers

REPLY_BYTES_MAX: Final = 65_536


class Reply(NamedTuple):
    """What the receiver answered."""

    status: int
    body: bytes


class NoReply(ConnectionError):
    """The connection ended, or was ended by us, before a whole reply was there."""


class Connection(asyncio.Protocol):
    """A client connection. After `NoReply`, or when `open` is False, it is of no more use."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self.open = False
        self.gone = asyncio.Event()  # The socket is closed; the loop may end.

    @classmethod
    async def connect(cls, host: str, port: int, *, timeout_s: float) -> "Connection":
        """Return an open connection.

        Raises:
            OSError: nobody listens there, or not within `timeout_s`.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout_s):
            _, connection = await loop.create_connection(cls, host, port)
        return connection

    async def ask(self, request: bytes, *, timeout_s: float) -> Reply:
        """Send one request and return its reply.

        Raises:
            NoReply: the connection ended, the reply is no HTTP, or it took longer.
        """
        if self._transport is None or not self.open:
            raise NoReply("the connection is closed")
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Reply] = loop.create_future()
        self._waiting = waiting
        timer = loop.call_later(timeout_s, self._fail, "no reply in time")
        self._transport.write(request)
        try:
            return await waiting
        finally:
            timer.cancel()

    def tell(self, octets: bytes) -> None:
        """Send octets without waiting for anything: what a broken sender does."""
        if self._transport is not None:
            self._transport.write(octets)

    def close(self) -> None:
        self.open = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: the transports of uvloop are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("the reply is not HTTP")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection ended")
        self.gone.set()

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > REPLY_BYTES_MAX:
            self._fail("the reply is too long")

    def on_message_complete(self) -> None:
        reply = Reply(self._parser.get_status_code(), bytes(self._body))
        self._body.clear()
        if not self._parser.should_keep_alive():
            self.close()
        self._parser = httptools.HttpResponseParser(self)
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    def _fail(self, why: str) -> None:
        self.close()
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(NoReply(why))


def request_octets(method: str, target: str, host: str, headers: Headers, body: bytes) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
