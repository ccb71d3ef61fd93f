"""Integer milliseconds since 1970 UTC, and their one text form: RFC 3339, `Z`, milliseconds."""

from datetime import UTC, datetime, timedelta
from typing import Final

DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(ms: int) -> str:
    """Return `2026-11-23T04:05:06.000Z` for integer milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def parse_rfc3339(text: str) -> int:
    """Return milliseconds of a text made by `rfc3339`.

    Raises:
        ValueError: any other form.
    """
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    if rfc3339(ms) != text:
        raise ValueError("not the one RFC 3339 form of this project")
    return ms
