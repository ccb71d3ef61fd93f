"""Moments as providers write them, in integer milliseconds since 1970."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from processors.encodings import digits
from schemas.errors import Malformed

UNIX_MS_DIGITS: Final = 13
UNIX_SECONDS_MAX: Final = 253_402_300_799  # the last second of the year 9999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})",
    re.ASCII,
)
_LOCAL: Final = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[ T]?"
    r"([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.([0-9]{1,3}))?",
    re.ASCII,
)


def unix_ms(text: bytes | str, *, what: str) -> int:
    """Return a time in milliseconds since 1970 of exactly 13 digits: the years 2001 to 2286.

    Where it is signed without a separator, its length is what keeps it apart from the body.

    Raises:
        Malformed: anything else.
    """
    if len(text) != UNIX_MS_DIGITS:
        raise Malformed(f"{what} is no time in milliseconds")
    return digits(text, what=what)


def rfc3339_ms(text: str, *, what: str) -> int:
    """Return milliseconds of an RFC 3339 time; finer fractions are cut. The zone must be there.

    Raises:
        Malformed: another form, or a moment that does not exist.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise Malformed(f"{what} is no RFC 3339 time")
    fraction = match[1]
    try:
        if fraction is not None:
            text = text.replace(fraction, "." + fraction[1:7].ljust(6, "0"), 1)
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MS
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{what} is no RFC 3339 time") from error


def local_ms(text: str, *, offset_minutes: int, what: str) -> int:
    """Return milliseconds of `yyyy-MM-dd HH:mm:ss[.SSS]` or `yyyyMMddHHmmss` at a fixed offset.

    Raises:
        Malformed: another form, or a moment that does not exist.
    """
    match = _LOCAL.fullmatch(text)
    if match is None:
        raise Malformed(f"{what} is no local time")
    year, month, day, hour, minute, second, fraction = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError as error:
        raise Malformed(f"{what} is no local time") from error
    ms = int((fraction or "0").ljust(3, "0"))
    return (moment - _EPOCH) // _MS + ms - offset_minutes * 60_000
