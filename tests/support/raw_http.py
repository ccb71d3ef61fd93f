"""HTTP as bytes on a socket: requests that no client library would send, answers read strictly."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import orjson

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Answer:
    """One answer; header names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key == name]
        assert len(values) <= 1, f"{name} stands more than once"
        return values[0] if values else None

    @property
    def problem(self) -> str:
        """Return the code of a problem document, after checking the document."""
        assert self.header("content-type") == "application/problem+json"
        members = orjson.loads(self.body)
        assert members["status"] == self.status
        assert members["title"]
        return str(members["type"]).rpartition("/")[2]


class Wire:
    """One connection to a server, by bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, address: tuple[str, int]) -> "Wire":
        return cls(*await asyncio.open_connection(*address))

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    def end(self) -> None:
        """Close our side; answers can still come."""
        self.writer.write_eof()

    async def answer(self, *, head_only: bool = False) -> Answer:
        """Return the next final answer; 100 Continue is skipped only by `interim`."""
        return await asyncio.wait_for(self._answer(head_only), PATIENCE_S)

    async def interim(self) -> int:
        """Return the status of an interim answer."""
        line = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        return int(line.split(b" ")[1])

    async def ended(self) -> bool:
        """Return whether the server ends the connection without saying another byte."""
        try:
            return await asyncio.wait_for(self.reader.read(1), PATIENCE_S) == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _answer(self, head_only: bool) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1")
        status_line, *lines = head.split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = tuple(
            (name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)
        )
        lengths = [int(value) for name, value in headers if name == "content-length"]
        assert len(lengths) == (0 if int(status) == 204 else 1)
        body = b"" if head_only or not lengths else await self.reader.readexactly(lengths[0])
        return Answer(int(status), headers, body)


def request(
    target: str | bytes,
    body: bytes | None = b"",
    *,
    method: str = "POST",
    headers: Iterable[tuple[str, str]] = (),
    version: str = "1.1",
) -> bytes:
    """Return a request; `body` None: no Content-Length is said. A host is said where none is."""
    headers = tuple(headers)
    raw = target if isinstance(target, bytes) else target.encode("latin-1")
    head = b"%b %b HTTP/%b\r\n" % (method.encode(), raw, version.encode())
    if not any(name.lower() == "host" for name, _ in headers):
        head += b"Host: shop.example\r\n"
    for name, value in headers:
        head += f"{name}: {value}\r\n".encode("latin-1")
    if body is not None:
        head += b"Content-Length: %d\r\n" % len(body)
    return head + b"\r\n" + (body or b"")


def chunk(content: bytes, *, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(content), extension, content)


def chunked(
    target: str,
    contents: Iterable[bytes],
    *,
    extension: bytes = b"",
    trailer: bytes = b"",
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Return a whole request in chunks."""
    head = request(target, None, headers=(*headers, ("Transfer-Encoding", "chunked")))
    parts = b"".join(chunk(content, extension=extension) for content in contents)
    return head + parts + b"0\r\n" + trailer + b"\r\n"
