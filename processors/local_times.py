"""Local times with summer time, by rule: no zone files, so that replays say the same."""

from datetime import UTC, datetime, timedelta
from typing import Final

from processors.moments import local_ms
from schemas.errors import Malformed

WINTER_MINUTES, SUMMER_MINUTES = 60, 120
MARCH, OCTOBER = 3, 10
CHANGE_HOUR_UTC: Final = 1
SINCE_YEAR: Final = 1996  # Before, the European rule ended summer in September.
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def central_european_ms(text: str, *, what: str) -> int:
    """Return milliseconds of a local time of Denmark and its neighbours; see `moments.local_ms`.

    Summer lasts from the last Sunday of March to that of October, 01:00 UTC each. The hour that
    October has twice is taken as its first.

    Raises:
        Malformed: another form, before 1996, or a moment that does not exist.
    """
    summer_ms = local_ms(text, offset_minutes=SUMMER_MINUTES, what=what)
    year = int(text[:4])
    if year < SINCE_YEAR:
        raise Malformed(f"{what} lies before the rule of summer time")
    starts_ms, ends_ms = _change_ms(year, MARCH), _change_ms(year, OCTOBER)
    if starts_ms <= summer_ms < ends_ms:
        return summer_ms
    winter_ms = summer_ms + (SUMMER_MINUTES - WINTER_MINUTES) * 60_000
    if starts_ms <= winter_ms < ends_ms:
        raise Malformed(f"{what} is no moment: the clock skips it")
    return winter_ms


def _change_ms(year: int, month: int) -> int:
    last = datetime(year, month, 31, CHANGE_HOUR_UTC, tzinfo=UTC)
    sunday = last - timedelta(days=(last.weekday() + 1) % 7)
    return int((sunday - _EPOCH).total_seconds()) * 1000
