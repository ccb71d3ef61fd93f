"""An answer as the bytes of one socket write."""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from processors.contract import Reply

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LENGTH: Final = b"\r\nContent-Length: "
_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


class UnsafeReply(ValueError):
    """An answer whose headers would break out of their line."""


@lru_cache(1_024)
def _head(
    status: int, content_type: str, headers: tuple[tuple[str, str], ...], no_store: bool
) -> bytes:
    """Return the lines that answers share: providers have few forms. Ends before the length."""
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, '')}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name}: {value}" for name, value in headers]
    if no_store:
        lines.append("Cache-Control: no-store")
    if any("\r" in line or "\n" in line for line in lines):
        raise UnsafeReply("a header of the answer holds a line end")
    return "\r\n".join(lines).encode("latin-1") + _LENGTH


def encode(reply: Reply, *, method: str, http_10: bool, last: bool, date: bytes) -> bytes:
    """Return the bytes of an answer; `last` says that the connection ends after it.

    Raises:
        UnsafeReply: a header holds a line end.
        UnicodeEncodeError: a header holds what is not Latin-1.
    """
    head = _head(reply.status, reply.content_type, reply.headers, method in ("GET", "HEAD"))
    if last:
        connection = b"\r\nConnection: close\r\n\r\n"
    elif http_10:
        connection = b"\r\nConnection: keep-alive\r\n\r\n"
    else:
        connection = b"\r\n\r\n"
    if reply.status == 204:  # Must not state a length.
        return b"%b\r\nDate: %b%b" % (head.removesuffix(_LENGTH), date, connection)
    body = b"" if method == "HEAD" else reply.body
    return b"%b%d\r\nDate: %b%b%b" % (head, len(reply.body), date, connection, body)


def http_date(seconds: float) -> bytes:
    """Return the Date header's value."""
    return formatdate(seconds, usegmt=True).encode()
