"""Ids of callbacks: UUIDv7 (RFC 9562), rising within a process, cheap enough for every request."""

import os
import weakref
from collections.abc import Callable
from typing import Final

# One system call for this many ids; it was a tenth of a request's cost when made for each.
IDS_PER_DRAW: Final = 256
_HEX_PER_ID: Final = 16
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_COUNTER_MAX: Final = 0xFFF


class CallbackIds:
    """Call it for the next id.

    48 bits of milliseconds, a 12-bit counter that starts at the bottom of each millisecond, 62
    random bits. A clock that steps back, or a counter that is used up, keeps the last or takes the
    next millisecond, so the ids rise whatever the clock does.
    """

    def __init__(
        self, clock: Callable[[], int], entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._ms = -1
        self._counter = 0
        self._prefix = ""
        self._hex = ""
        self._at = 0
        _LIVE.add(self)

    def __call__(self) -> str:
        ms = self._clock()
        if ms > self._ms:
            self._turn_to(ms)
        elif self._counter == _COUNTER_MAX:
            self._turn_to(self._ms + 1)
        else:
            self._counter += 1
        at = self._at
        if at == len(self._hex):
            self._hex = self._entropy(IDS_PER_DRAW * _HEX_PER_ID // 2).hex()
            at = 0
        self._at = at + _HEX_PER_ID
        random = self._hex[at : at + _HEX_PER_ID]
        return f"{self._prefix}{self._counter:03x}-{_VARIANT[random[0]]}{random[1:4]}-{random[4:]}"

    def forget(self) -> None:
        """Drop drawn entropy: a forked child must not use its parent's."""
        self._hex = ""
        self._at = 0

    def _turn_to(self, ms: int) -> None:
        self._ms = ms
        self._counter = 0
        digits = f"{ms:012x}"
        self._prefix = f"{digits[:8]}-{digits[8:]}-7"


_LIVE: Final["weakref.WeakSet[CallbackIds]"] = weakref.WeakSet()


def _forget_all() -> None:
    for ids in _LIVE:
        ids.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
