"""Waiting for records: woken at once by this process, within milliseconds by others."""

import asyncio
from collections.abc import Callable
from typing import Final

# How often a waiting reader asks the file whether another process has committed.
ASK_FIRST_S: Final = 0.002
ASK_LAST_S: Final = 0.05


class Arrivals:
    """Counts commits and wakes whoever waits for the next one.

    `changed` says whether any connection has committed since it was last asked; None where no
    other process can.
    """

    def __init__(self, changed: Callable[[], bool] | None) -> None:
        self.count = 0
        # Kept between waits, so that short polls of an idle log do not start over each time.
        self._ask_s = ASK_FIRST_S
        self._changed = changed
        self._waiting: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        self.count += 1
        self._ask_s = ASK_FIRST_S
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def beyond(self, seen: int, *, timeout_s: float) -> None:
        """Return when `count` is no longer `seen`, or after the time-out.

        Take `seen` before reading: what is committed in between then ends the wait at once.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + timeout_s
        while self.count == seen and (left_s := deadline_s - loop.time()) > 0:
            await self._woken(min(left_s, self._ask_s) if self._changed else left_s)
            self._ask_s = min(self._ask_s * 2, ASK_LAST_S)
            if self.count == seen and self._changed and self._changed():
                self.notify()

    async def _woken(self, timeout_s: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait((future,), timeout=timeout_s)
        finally:
            self._waiting.discard(future)
