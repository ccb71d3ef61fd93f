"""One HTTP/1.1 connection: llhttp parses, the limits and the order of answers are ours.

Guarantees:  answers leave in the order of requests, each in one write; a request is handed on only
             when it is whole; what is held of a connection stays within the limits.
Does not:    reuse a connection after a request that it could not frame in exactly one way.
"""

import asyncio
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Final, cast

import orjson
from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from processors.contract import Reply
from streams.ingress.exchange import Exchange, Serve
from streams.ingress.framing import Framing, read_framing
from streams.ingress.problems import ProblemCode
from streams.ingress.wire import CONTINUE, encode

if TYPE_CHECKING:
    from streams.ingress.server import HttpServer

# What the next byte from the peer belongs to; DEAF: nothing is read any more, only discarded.
IDLE, HEADERS, BODY, DEAF = range(4)
# Of one header in JSON: brackets, four quotes, two commas.
_JSON_PER_HEADER: Final = 8


class Connection(asyncio.Protocol):
    """The protocol of one accepted socket."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_carried_bytes",
        "_eof",
        "_exchange",
        "_fault",
        "_headers",
        "_held_bytes",
        "_limits",
        "_linger_bytes",
        "_parser",
        "_phase",
        "_queue",
        "_requests",
        "_serve",
        "_server",
        "_target",
        "_time_s",
        "_transport",
        "_upgrade",
        "deadline_s",
        "peer",
        "write_deadline_s",
    )

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._limits = server.limits
        self._time_s = server.time_s
        self._transport: asyncio.Transport | None = None
        self._parser: HttpRequestParser | None = HttpRequestParser(self)
        self._queue: deque[Exchange] = deque()
        self._phase = IDLE
        self._requests = 0
        self._eof = False
        self._linger_bytes = 0
        self.peer = ""
        self.deadline_s = inf
        self.write_deadline_s = inf
        # Of the request that is arriving:
        self._exchange: Exchange | None = None
        self._serve: Serve | None = None
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._fault: ProblemCode | None = None
        self._body: bytes | bytearray = b""
        self._body_bytes = 0
        self._held_bytes = 0
        self._carried_bytes = 0
        self._upgrade: Framing | None = None

    # -- the transport's calls ---------------------------------------------------------------

    def connection_made(self, given: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of it, and behave like one.
        transport = self._transport = cast(asyncio.Transport, given)
        peername = transport.get_extra_info("peername")
        self.peer = str(peername[0]).partition("%")[0] if peername else ""
        self.deadline_s = self._time_s() + self._limits.header_timeout_s
        if not self._server.enter(self):
            self._phase = DEAF
            transport.write(self._server.full_answer)
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self._phase == DEAF:
            self._discard(len(data))
            return
        request = self._requests
        self._feed(data)
        if self._phase in (HEADERS, BODY) and self._requests == request:
            self._carry(len(data))
        if self._phase == HEADERS:
            if len(self._headers) > self._limits.header_count_max:
                self._fault = self._fault or "headers-too-large"
            if self._fault is not None:
                self._refuse(self._fault)

    def eof_received(self) -> bool:
        """Keep the socket for answers that are due; a request cut short is dropped unstored."""
        self._eof = True
        if self._exchange is not None and self._exchange in self._queue:
            self._queue.remove(self._exchange)
        self._release()
        self._exchange = None
        self._phase = DEAF
        if not self._queue:
            return False
        self._queue[-1].last = True
        self.deadline_s = inf
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        self._transport = None
        # Parser and connection hold each other; freed now, not by the collector.
        self._parser = None
        self._exchange = self._serve = None
        self._queue.clear()
        self._phase = DEAF
        self._server.leave(self)

    def pause_writing(self) -> None:
        """The peer does not read its answers: take no more requests from it."""
        self.write_deadline_s = self._time_s() + self._limits.write_timeout_s
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.write_deadline_s = inf
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # -- the server's calls ------------------------------------------------------------------

    def expire(self, now_s: float) -> None:
        """Act on a deadline that has passed."""
        if self._transport is None:
            return
        if now_s >= self.write_deadline_s:
            self._transport.abort()
        elif self._phase in (HEADERS, BODY):
            self._refuse("request-timeout")
        elif self._queue:
            self.deadline_s = inf
        elif self._phase == IDLE:
            self._transport.close()
        else:
            self._transport.abort()

    def close_if_idle(self) -> None:
        if self._phase == IDLE and not self._queue and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # -- the parser's calls ------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._phase != IDLE:
            return
        self._phase = HEADERS
        self._requests += 1
        self._fault = None
        self._carried_bytes = 0
        self.deadline_s = self._time_s() + self._limits.header_timeout_s

    def on_url(self, url: bytes) -> None:
        if self._phase == HEADERS and self._fault is None:
            self._target += url
            if len(self._target) > self._limits.target_bytes_max:
                self._fault = "target-too-long"

    def on_header(self, name: bytes, value: bytes) -> None:
        # Called sixteen times a request: counting is done once, when they are complete. A trailer
        # comes here too, after the headers were taken: not signed by anybody, and no header.
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._phase != HEADERS or self._parser is None:
            return
        parser = self._parser
        headers = tuple(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]
        )
        exchange = Exchange(
            self,
            parser.get_method().decode("ascii"),
            self._target.decode("latin-1"),
            headers,
            self._server.clock(),
        )
        framing = read_framing(headers, parser.get_http_version())
        exchange.http_10 = framing.http_10
        exchange.last = (
            not parser.should_keep_alive()
            or self._requests >= self._limits.requests_per_connection_max
            or len(self._queue) + 1 >= self._limits.pipeline_max
        )
        self._headers = []
        self._exchange = exchange
        self._queue.append(exchange)
        self._phase = BODY
        self._body = b""
        self._body_bytes = 0
        self._serve = None
        self.deadline_s = self._time_s() + self._limits.body_timeout_s
        self._upgrade = framing if parser.should_upgrade() else None
        self._admit(exchange, framing)

    def on_body(self, chunk: bytes) -> None:
        if self._phase != BODY:
            return
        size = self._body_bytes = self._body_bytes + len(chunk)
        if size > self._limits.body_bytes_max:
            self._refuse("body-too-large")
        elif self._serve is not None:
            if size == len(chunk):
                self._body = chunk
            else:
                # One growing buffer: a list of one-byte chunks would weigh fifty times as much.
                if isinstance(self._body, bytes):
                    self._body = bytearray(self._body)
                self._body += chunk
            self._held_bytes = size
            if not self._server.hold(len(chunk)):
                self._refuse("busy")

    def on_message_complete(self) -> None:
        # llhttp ends a request with Upgrade before its body, which is read afterwards.
        if self._phase != BODY or self._exchange is None or self._upgrade is not None:
            return
        exchange, serve, body = self._exchange, self._serve, self._body
        self._release()
        self._exchange = self._serve = None
        self._phase = DEAF if exchange.last else IDLE
        self.deadline_s = inf
        if serve is None:
            exchange.answer(exchange.refusal or self._server.refuse(exchange, "defect"))
            return
        try:
            serve(bytes(body))
        except Exception as error:  # noqa: BLE001 - one request's defect is not the server's end
            self._server.failed(error)
            exchange.answer(self._server.refuse(exchange, "defect"))

    # -- inside ------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except HttpParserCallbackError as error:
            self._server.failed(error.__context__ or error)
            self.abort()
        except HttpParserInvalidMethodError:
            self._refuse("method-unknown")
        except HttpParserError:
            self._refuse("bad-request")

    def _decline_upgrade(self, rest: bytes) -> None:
        """Go on in HTTP/1.1, as a server may. llhttp would drop the body (and with it a payment:
        the JDK's client asks for h2c on each first request), so a new parser reads it, told of the
        framing alone.
        """
        framing, self._upgrade = self._upgrade, None
        if self._phase != BODY or framing is None:
            return
        if self._exchange is not None and self._exchange.method == "CONNECT":
            self._exchange.last = True
            self.on_message_complete()
            return
        self._parser = HttpRequestParser(self)
        self._feed(framing.head + rest)

    def _admit(self, exchange: Exchange, framing: Framing) -> None:
        limits = self._limits
        fault = self._fault or framing.fault
        if fault is None and self._too_large(exchange.headers):
            fault = "headers-too-large"
        if fault is not None:
            self._refuse(fault)
            return
        try:
            decision = self._server.admit(exchange)
        except Exception as error:  # noqa: BLE001 - as in on_message_complete
            self._server.failed(error)
            decision = self._server.refuse(exchange, "defect")
        if isinstance(decision, Reply):
            exchange.refusal = decision
        else:
            self._serve = decision
        if framing.length > limits.body_bytes_max:
            self._refuse("body-too-large")
        elif framing.expects:
            exchange.expects = True
            if exchange.refusal is not None:
                # The peer waits for a word before it sends the body: this is the word.
                self._refuse("expectation-failed")
            elif self._queue[0] is exchange:
                self._continue(exchange)

    def _too_large(self, headers: tuple[tuple[str, str], ...]) -> bool:
        limits = self._limits
        if len(headers) > limits.header_count_max:
            return True
        raw_bytes = sum([len(name) + len(value) for name, value in headers])
        # No character that llhttp lets through takes more than two bytes in JSON.
        if 2 * raw_bytes + _JSON_PER_HEADER * len(headers) + 2 <= limits.header_bytes_max:
            return False
        return len(orjson.dumps(headers)) > limits.header_bytes_max

    def _carry(self, size: int) -> None:
        """Count what arrives of one request in later reads: unfinished lines, chunk framing."""
        self._carried_bytes += size
        limits = self._limits
        if self._phase == HEADERS:
            if self._carried_bytes > limits.header_bytes_max + limits.target_bytes_max:
                self._refuse("headers-too-large")
        elif self._carried_bytes - self._body_bytes > limits.framing_bytes_max:
            self._refuse("body-too-large")

    def _refuse(self, code: ProblemCode) -> None:
        """Answer the arriving request and read nothing more."""
        if self._phase == DEAF:
            return
        exchange = self._exchange
        if exchange is None:
            exchange = Exchange(self, "", "", (), 0)
            self._queue.append(exchange)
        self._release()
        self._exchange = self._serve = None
        self._phase = DEAF
        self.deadline_s = inf
        exchange.last = True
        exchange.answer(exchange.refusal or self._server.refuse(exchange, code))

    def flush(self) -> None:
        """Write the answers that are due, in one write."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        queue = self._queue
        answers: list[bytes] = []
        last = False
        while queue and not last and queue[0].reply is not None:
            exchange = queue.popleft()
            ending = self._server.draining and not queue and self._phase == IDLE
            last = exchange.last or ending
            answers.append(self._encode(exchange, exchange.reply, last=last))
        if not answers:
            return
        transport.write(answers[0] if len(answers) == 1 else b"".join(answers))
        if last:
            self._linger()
        elif queue:
            if queue[0].expects:
                self._continue(queue[0])
        elif self._phase == IDLE:
            self.deadline_s = self._time_s() + self._limits.keep_alive_s

    def _encode(self, exchange: Exchange, reply: Reply | None, *, last: bool) -> bytes:
        reply = reply or self._server.refuse(exchange, "defect")
        method, http_10, date = exchange.method, exchange.http_10, self._server.date
        try:
            return encode(reply, method=method, http_10=http_10, last=last, date=date)
        except ValueError as error:
            self._server.failed(error)
            reply = self._server.defect
            return encode(reply, method=method, http_10=http_10, last=last, date=date)

    def _continue(self, exchange: Exchange) -> None:
        exchange.expects = False
        if self._transport is not None and self._phase == BODY and not self._body_bytes:
            self._transport.write(CONTINUE)

    def _linger(self) -> None:
        """End our side, then wait for the peer's end: closing on unread bytes sends a reset, which
        may destroy the answer before it is read.
        """
        self._phase = DEAF
        self._queue.clear()
        self.deadline_s = self._time_s() + self._limits.linger_s
        if self._transport is not None:
            if self._eof:
                self._transport.close()
            else:
                self._transport.write_eof()

    def _discard(self, size: int) -> None:
        self._linger_bytes += size
        if self._linger_bytes > self._limits.linger_bytes_max:
            self.abort()

    def _release(self) -> None:
        """Keep nothing of a request that has been handed on: an idle connection is cheap."""
        self._server.release(self._held_bytes)
        self._held_bytes = 0
        self._body = self._target = b""
        self._headers = []
