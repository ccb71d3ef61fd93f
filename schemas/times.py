"""Integer milliseconds since 1970 UTC, and their one text form: RFC 3339, `Z`, milliseconds."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

DAY_MS: Final = 86_400_000
# The years 1 to 9999: what the text form can say.
FIRST_MS: Final = -62_135_596_800_000
LAST_MS: Final = 253_402_300_799_999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Without a zone: its text form has no offset to cut off.
_LOCAL_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001
_MS: Final = timedelta(milliseconds=1)


# The same few moments are written again and again: one recording time for a whole batch.
@lru_cache(maxsize=1_024)
def rfc3339(ms: int) -> str:
    """Return `2026-11-23T04:05:06.000Z` for integer milliseconds."""
    return (_LOCAL_EPOCH + ms * _MS).isoformat(timespec="milliseconds") + "Z"


def parse_rfc3339(text: str) -> int:
    """Return milliseconds of a text made by `rfc3339`.

    Raises:
        ValueError: any other form.
    """
    # Ten times as fast as `strptime`. It takes other forms as well: only the one comes back equal.
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not UTC:
        raise ValueError("not a time in UTC")
    ms = (moment - _EPOCH) // _MS
    if rfc3339(ms) != text:
        raise ValueError("not the one RFC 3339 form of this project")
    return ms
