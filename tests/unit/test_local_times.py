"""Local times with summer time: against the system's zone tables, and where there is no moment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from processors.local_times import central_european_ms
from schemas.errors import Malformed

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
HOUR = timedelta(hours=1)


def test_every_hour_of_thirty_years_is_that_of_the_zone_tables() -> None:
    moment = datetime(1996, 1, 1, tzinfo=UTC)
    while moment.year < 2026:
        local = moment.astimezone(COPENHAGEN)
        if not local.fold:  # Of the hour that comes twice, the first is taken.
            stamp = local.strftime("%Y%m%d%H%M%S")
            assert central_european_ms(stamp, what="time") == int(moment.timestamp()) * 1000
        moment += HOUR if moment.month in (3, 10) else 97 * HOUR


@pytest.mark.parametrize(
    "text",
    ["20260329020000", "20260329025959", "19951231235959", "00010101000000", "20260230120000",
     "99991231240000", "", "today"],
)  # fmt: skip
def test_what_is_no_moment_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        central_european_ms(text, what="time")


def test_last_moment_of_all_is_read() -> None:
    assert central_european_ms("99991231235959", what="time") == 253_402_297_199_000
