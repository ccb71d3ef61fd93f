"""What the headers say about the framing of a request, beyond what llhttp checks."""

from dataclasses import dataclass
from typing import Final

from streams.ingress.problems import ProblemCode

_NAMES: Final = {"expect", "content-length", "transfer-encoding", "connection"}
_LENGTHS: Final = frozenset(len(name) for name in _NAMES)


@dataclass(frozen=True, slots=True)
class Framing:
    """`head`: a request head that frames a body in the same way, and asks for nothing else."""

    fault: ProblemCode | None
    length: int
    expects: bool
    http_10: bool
    head: bytes


_PLAIN: Final = Framing(None, 0, False, False, b"POST / HTTP/1.1\r\n\r\n")


def read_framing(headers: tuple[tuple[str, str], ...], version: str) -> Framing:
    """Return the framing of a request; llhttp has already refused lengths that are no numbers,
    repeated lengths, and a length beside a transfer coding.
    """
    found = {
        lower: value
        for name, value in headers
        if len(name) in _LENGTHS and (lower := name.lower()) in _NAMES
    }
    if not found and version == "1.1":
        return _PLAIN
    length = found.get("content-length")
    coding = found.get("transfer-encoding")
    expect = found.get("expect")
    fault: ProblemCode | None = None
    if version not in ("1.0", "1.1"):
        fault = "version-unknown"
    elif coding is not None and version == "1.0":
        fault = "bad-request"  # HTTP/1.0 knows no codings: RFC 9112 calls the framing faulty.
    elif coding is not None and coding.lower() != "chunked":
        fault = "transfer-coding-unknown"
    elif expect is not None and expect.lower() != "100-continue":
        fault = "expectation-failed"
    head = b"POST / HTTP/1.1\r\n"
    if length is not None:
        head += b"Content-Length: %b\r\n" % length.encode("latin-1")
    elif coding is not None:
        head += b"Transfer-Encoding: chunked\r\n"
    return Framing(
        fault,
        int(length) if length else 0,
        expect is not None and version == "1.1",
        version == "1.0",
        head + b"\r\n",
    )
