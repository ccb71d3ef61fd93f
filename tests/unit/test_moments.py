"""A moment that no event can write down is refused where it is judged, not where it is settled."""

import pytest

from schemas.errors import Malformed
from schemas.times import FIRST_MS, LAST_MS, parse_rfc3339, rfc3339
from tests.support.settling import fact


@pytest.mark.parametrize("ms", [FIRST_MS, 0, LAST_MS])
def test_every_moment_that_a_fact_may_hold_can_be_written_and_read(ms: int) -> None:
    fact("PaymentSucceeded", 100, occurred_at_ms=ms).check()
    assert parse_rfc3339(rfc3339(ms)) == ms


@pytest.mark.parametrize("ms", [FIRST_MS - 1, LAST_MS + 1, 4_000_056_655_665_556])
def test_a_moment_that_cannot_be_written_is_refused(ms: int) -> None:
    with pytest.raises(OverflowError):
        rfc3339(ms)
    with pytest.raises(Malformed):
        fact("PaymentSucceeded", 100, occurred_at_ms=ms).check()
