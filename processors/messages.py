"""Message builders: the exact bytes that are signed, and what a good signature proves."""

from collections.abc import Iterable

from processors.signing import Message


def framed(*parts: bytes, proves: bytes) -> Message[bytes]:
    """Return parts joined without separators, proving the one that carries the content."""
    return Message(b"".join(parts), proves)


def sorted_form(
    pairs: Iterable[tuple[bytes, bytes]], *, exclude: frozenset[bytes], keep_empty: bool
) -> bytes:
    """Return `name=value&...` in byte order of the names, values decoded and not encoded again.

    All received fields take part, unknown ones too: signing is never checked over a chosen few.
    """
    return b"&".join(
        name + b"=" + value
        for name, value in sorted(pairs)
        if name not in exclude and (value or keep_empty)
    )


def joined(values: Iterable[str | None], separator: str) -> bytes:
    """Return a fixed list of values; what is absent is empty, its separator stays."""
    return separator.join("" if value is None else value for value in values).encode()
