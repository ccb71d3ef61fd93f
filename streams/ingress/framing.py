"""What the headers say about the framing of a request, beyond what llhttp checks."""

from typing import Final, NamedTuple

from streams.ingress.problems import ProblemCode

_NAMES: Final = frozenset(("expect", "content-length", "transfer-encoding"))
_LENGTHS: Final = frozenset(len(name) for name in _NAMES)


class Framing(NamedTuple):
    """`length`: what Content-Length says, else 0; `chunked`: how the body comes instead."""

    fault: ProblemCode | None
    length: int
    chunked: bool
    expects: bool
    http_10: bool

    @property
    def head(self) -> bytes:
        """Return a request head that frames a body in the same way, and asks for nothing else."""
        if self.chunked:
            return b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        return b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % self.length


def read_framing(headers: tuple[tuple[str, str], ...], version: str) -> Framing:
    """Return the framing of a request; llhttp has already refused lengths that are no numbers,
    repeated lengths, and a length beside a transfer coding.
    """
    length = 0
    coding = expect = None
    for name, value in headers:
        if len(name) in _LENGTHS:
            lower = name.lower()
            if lower == "content-length":
                length = int(value)
            elif lower == "transfer-encoding":
                coding = value.lower()
            elif lower == "expect":
                expect = value.lower()
    fault: ProblemCode | None = None
    if version not in ("1.0", "1.1"):
        fault = "version-unknown"
    elif coding is not None and version == "1.0":
        fault = "bad-request"  # HTTP/1.0 knows no codings: RFC 9112 calls the framing faulty.
    elif coding is not None and coding != "chunked":
        fault = "transfer-coding-unknown"
    elif expect is not None and expect != "100-continue":
        fault = "expectation-failed"
    expects = expect is not None and version == "1.1"
    return Framing(fault, length, coding is not None, expects, version == "1.0")
