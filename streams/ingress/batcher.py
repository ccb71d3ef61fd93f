"""Many requests, one append: rounds of a few milliseconds, and the bytes that await an ack.

Guarantees:  a waiter hears True only after the log acknowledged its draft; each hears exactly one
             word, at the latest `ack_timeout_s` after it was taken in.
Does not:    spool. What the log does not acknowledge in time is the provider's to send again; it
             may still land, and is then a duplicate like any other.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from schemas.record import Draft
from streams.ingress.limits import Limits
from streams.log import Appender

Told = Callable[[bool], None]
# A round that takes longer may be waiting for one partition only; see `Batcher`.
SLOW_S: Final = 0.25
APART_S: Final = 5.0


class _Round:
    """Drafts that are appended together, and who waits for them."""

    __slots__ = ("_failed", "_timer", "drafts", "size_bytes", "waiting")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        deadline_s: float,
        failed: Callable[[BaseException], None],
    ) -> None:
        self.drafts: list[Draft] = []
        self.waiting: list[Told] | None = []
        self.size_bytes = 0
        self._failed = failed
        self._timer = loop.call_at(deadline_s, self.tell, False)

    def tell(self, stored: bool) -> None:
        """Tell the waiters, once."""
        waiting, self.waiting = self.waiting, None
        self._timer.cancel()
        for told in waiting or ():
            try:
                told(stored)
            except Exception as error:  # noqa: BLE001 - the others must hear as well
                self._failed(error)


class Batcher:
    """Collects drafts for `round_s` and appends them with one call.

    `pending_bytes` counts a draft until its append returns, not until its waiter has lost
    patience: the memory is held as long. While a round was slow or failed within the last
    `APART_S`, each partition is appended by itself, so that one partition without a leader does
    not take the others' answers with it.
    """

    def __init__(
        self,
        appender: Appender,
        *,
        limits: Limits,
        appended: Callable[[float], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._appender = appender
        self._limits = limits
        self._appended = appended
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._rounds: dict[int, _Round] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._apart_until_s = 0.0
        self.pending_bytes = 0

    @property
    def full(self) -> bool:
        return self.pending_bytes > self._limits.pending_bytes_max

    def submit(self, draft: Draft, size_bytes: int, told: Told) -> None:
        """Take a draft in; `told` hears whether it is stored."""
        if self._timer is None:
            self._timer = self._loop.call_later(self._limits.round_s, self._close_round)
        now_s = self._loop.time()
        lane = draft.partition if now_s < self._apart_until_s else -1
        round_ = self._rounds.get(lane)
        if round_ is None:
            deadline_s = now_s + self._limits.ack_timeout_s
            round_ = self._rounds[lane] = _Round(self._loop, deadline_s, self._failed)
        round_.drafts.append(draft)
        assert round_.waiting is not None
        round_.waiting.append(told)
        round_.size_bytes += size_bytes
        self.pending_bytes += size_bytes
        if len(round_.drafts) >= self._limits.round_drafts_max:
            self._close_round()

    async def drain(self) -> None:
        """Append what was taken in, and wait until every append has returned or lost patience."""
        self._close_round()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=self._limits.ack_timeout_s)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _close_round(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rounds, self._rounds = self._rounds, {}
        for round_ in rounds.values():
            task = self._loop.create_task(self._append(round_))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _append(self, round_: _Round) -> None:
        started_s = self._loop.time()
        slow = self._loop.call_later(SLOW_S, self._go_apart)
        stored = False
        try:
            stored = await self._stored(round_.drafts)
            self._appended(self._loop.time() - started_s)
        finally:
            slow.cancel()
            self.pending_bytes -= round_.size_bytes
            round_.tell(stored)

    async def _stored(self, drafts: Sequence[Draft]) -> bool:
        try:
            await self._appender.append(drafts)
        except Exception as error:  # noqa: BLE001 - Unavailable or a defect: not acknowledged
            self._go_apart()
            self._failed(error)
            return False
        return True

    def _go_apart(self) -> None:
        self._apart_until_s = self._loop.time() + APART_S
