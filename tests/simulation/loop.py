"""A deterministic event loop: simulated time, and processes that can be killed between two steps.

Every callback belongs to the process in whose context it was scheduled. A killed process runs no
further step, not even its `finally`; a stopped one runs none until it is woken, while the time
of all others goes on. What runs outside any process is the network and the broker.
"""

import asyncio
import contextvars
import heapq
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, Final

START_S: Final = 1_700_000_000.0
STEPS_MAX: Final = 400_000
_PROCESS: Final[contextvars.ContextVar["Process | None"]] = contextvars.ContextVar(
    "process", default=None
)


class Stuck(Exception):
    """Nothing is left to happen, or far too much happens."""


class Buried(BaseException):
    """Ends what a killed process left behind; nothing catches it."""


class Process:
    """One simulated operating-system process: `main` and whatever it starts.

    `at_step` are steps, counted from its start, before which something is done to it;
    `at_request` are named requests, such as "append sent", with how often each comes before.
    """

    def __init__(
        self,
        name: str,
        at_step: dict[int, Callable[["Process"], None]],
        at_request: dict[str, tuple[int, Callable[["Process"], None]]],
    ) -> None:
        self.name = name
        self.steps = 0
        self.dead = False
        self.stopped = False
        self.ready = False
        self.struck = False
        self.main: asyncio.Task[None] | None = None
        self.over = asyncio.Event()  # set when it has ended, by itself or not
        self.context = contextvars.Context()
        self.context.run(_PROCESS.set, self)
        self._held: list[asyncio.Handle] = []
        self._at_step = at_step
        self._at_request = at_request
        self._requests: dict[str, int] = {}
        self.observed: Callable[[str], None] = lambda _: None

    def comes_to(self, request: str) -> bool:
        """Count a request, and strike where it is the one; whether it was."""
        self.observed(request)
        self._requests[request] = self._requests.get(request, 0) + 1
        number, act = self._at_request.get(request, (0, _nothing))
        if number != self._requests[request]:
            return False
        act(self)
        return True

    def may_run(self, handle: asyncio.Handle) -> bool:
        if self.dead:
            return False
        if not self.stopped:
            self.steps += 1
            act = self._at_step.get(self.steps)
            if act is None:
                return True
            act(self)
            if not self.dead and not self.stopped:
                return True
        if self.stopped:
            self._held.append(handle)
        return False

    def kill(self) -> None:
        self.dead = True
        self.over.set()

    def stop(self) -> None:
        self.stopped = True

    def wake(self, loop: "SimulatedLoop") -> None:
        self.stopped = False
        held, self._held = self._held, []
        loop.run_soon(held)

    def tell_ready(self, ready: bool) -> None:
        self.ready = ready

    @property
    def ended(self) -> bool:
        return self.over.is_set()


def _nothing(process: Process) -> None:
    """Nothing befalls it."""


async def strike(kind: str, when: str) -> None:
    """Let what is due at this request befall the calling process, and not go on if it must not."""
    process = _PROCESS.get()
    if process is not None and process.comes_to(f"{kind} {when}"):
        await asyncio.sleep(0)


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs callbacks in order; where none is due, time jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = START_S
        self.steps = 0
        self._timers = 0
        self._scheduled: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._dropped: list[asyncio.Handle] = []
        self.set_exception_handler(lambda *_: None)

    def time(self) -> float:
        return self._now_s

    def now_ms(self) -> int:
        return int(self._now_s * 1000)

    def run_soon(self, handles: list[asyncio.Handle]) -> None:
        self._ready.extend(handles)

    def spawn(self, process: Process, main: Coroutine[Any, Any, None]) -> None:
        """Start a process."""
        process.main = self.create_task(main, context=process.context)
        nobody = contextvars.Context()
        process.main.add_done_callback(lambda _: process.over.set(), context=nobody)

    def outside(self, when_s: float, work: Callable[[], None]) -> asyncio.TimerHandle:
        """Call `work` at a time, as something that belongs to no process."""
        return self.call_at(when_s, work, context=contextvars.Context())

    def create_task(self, coro: Any, *, name: Any = None, context: Any = None) -> Any:
        # Kept: a task that is collected would run its `finally` as no killed process does.
        task = super().create_task(coro, name=name, context=context)
        self._tasks.append(task)
        return task

    def _run_once(self) -> None:
        ready = self._ready
        if not ready and not self._stopping:
            self._pass_time()
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(_PROCESS)
            if process is None or process.may_run(handle):
                handle._run()
            else:
                self._dropped.append(handle)
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise Stuck(f"more than {STEPS_MAX} rounds")

    def call_at(
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        # With a number: timers of one moment come in the order in which they were set.
        self._timers += 1
        heapq.heappush(self._scheduled, (when, self._timers, handle))
        return handle

    def _pass_time(self) -> None:
        scheduled = self._scheduled
        while scheduled and (not self._ready or scheduled[0][0] <= self._now_s):
            when_s, _, handle = heapq.heappop(scheduled)
            if not handle._cancelled:
                self._now_s = max(self._now_s, when_s)
                self._ready.append(handle)
        if not self._ready:
            raise Stuck("nothing is left to happen")

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing is counted: cancelled timers go when their time comes."""

    def _process_events(self, events: Any) -> None:
        """No events come from outside."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""

    def bury(self) -> None:
        """End every task that is left, quietly: nothing that they still do counts."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.close()
            for task in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False
                    _close(task.get_coro())
            self._tasks.clear()
            self._dropped.clear()


def _close(coroutine: Any) -> None:
    for _ in range(100):
        try:
            # Unlike `close`, this may be said again where a `finally` awaits.
            coroutine.throw(Buried())
        except BaseException:  # noqa: BLE001 - whatever its ending raises, nobody hears it
            return
