"""Counts per minute, from which rates and ratios of every window are added up.

A count remembers the offset that it has reached in its own partition. Within a partition records
come in order, so a record at or below that offset was counted before: at least once is enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.record import Position

MINUTE_MS: Final = 60_000
WINDOWS_MINUTES: Final = (1, 15, 60)
CALLBACK: Final = "callback"
SUCCEEDED: Final = "PaymentSucceeded"
UNPAID: Final = ("PaymentFailed", "PaymentClosed")


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted together: of one partition, minute, provider, account and word.

    `what` is an event type, or `callback`. `minute_ms` is the minute's first millisecond.
    """

    topic: str
    partition: int
    minute_ms: int
    provider: str
    account: str
    what: str


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """`count` records up to and including `last_offset`."""

    key: Counted
    count: int
    last_offset: int


@dataclass(frozen=True, slots=True)
class Window:
    """What happened at an account within some whole minutes, `start_ms` <= time < `end_ms`.

    `success_ratio` is paid of all attempts that came to an end, None where there were none.
    """

    minutes: int
    start_ms: int
    end_ms: int
    provider: str
    account: str
    counts: Mapping[str, int]
    outcomes: Mapping[str, int]

    @property
    def success_ratio(self) -> float | None:
        return success_ratio(self.counts)


def counted(
    position: Position, appended_at_ms: int, provider: str, account: str, what: str
) -> Counted:
    """Return which count a record appended at that time belongs to."""
    minute_ms = appended_at_ms - appended_at_ms % MINUTE_MS
    return Counted(position.topic, position.partition, minute_ms, provider, account, what)


def apply_count(key: Counted, offset: int, row: MinuteRow | None) -> MinuteRow:
    """Return the count after the record at `offset`; unchanged where it was counted before."""
    if row is None:
        return MinuteRow(key, 1, offset)
    if offset <= row.last_offset:
        return row
    return MinuteRow(key, row.count + 1, offset)


def window_bounds(now_ms: int, minutes: int) -> tuple[int, int]:
    """Return start and end of the last `minutes` whole minutes before the current one."""
    end_ms = now_ms - now_ms % MINUTE_MS
    return end_ms - minutes * MINUTE_MS, end_ms


def success_ratio(counts: Mapping[str, int]) -> float | None:
    """Return paid / (paid + failed + closed), from counts by event type."""
    paid = counts.get(SUCCEEDED, 0)
    ended = paid + sum(counts.get(word, 0) for word in UNPAID)
    return paid / ended if ended else None
