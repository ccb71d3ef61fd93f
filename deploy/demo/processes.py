"""The roles as processes of the demonstration's own, and their end whatever happens.

Guarantees:  every process started here has ended when `Processes` is left, by SIGTERM or, where
             that does not help in time, by SIGKILL to the group that it leads. Should the
             demonstration itself be killed, the kernel tells them (on Linux).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import orjson

READY_S_MAX: Final = 60.0
END_S_MAX: Final = 20.0
LOOK_S: Final = 0.02
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG: Final = 1


class ProcessEnded(Exception):
    """A process ended, or did not become ready; the text holds the end of its log."""


@dataclass
class RoleProcess:
    """One process and its log, which says when it is ready and on which port it listens."""

    name: str
    wanted: Mapping[str, int]
    log_file: Path
    process: "subprocess.Popen[bytes]"
    port: int | None = None
    _ready: dict[str, int] = field(default_factory=dict)
    _log: IO[bytes] | None = None

    @property
    def ready(self) -> bool:
        return all(self._ready.get(role, 0) >= count for role, count in self.wanted.items())

    def look(self) -> None:
        """Read what the log says since the last look.

        Raises:
            ProcessEnded: the process is not there any more.
        """
        if self._log is None:
            self._log = self.log_file.open("rb")
        while True:
            at = self._log.tell()
            line = self._log.readline()
            if not line.endswith(b"\n"):
                self._log.seek(at)  # Half a line: the rest comes later.
                break
            self._hear(line)
        self.check()

    def check(self) -> None:
        """Raise `ProcessEnded` where the process is not there any more."""
        code = self.process.poll()
        if code is not None:
            raise ProcessEnded(f"{self.name} ended with {code}: {self.tail()}")

    def tail(self) -> str:
        return self.log_file.read_text(errors="replace")[-1_500:].strip()

    def end(self) -> int:
        """SIGTERM, then SIGKILL to its group; return the exit code."""
        if self._log is not None:
            self._log.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                return self.process.wait(END_S_MAX)
            except subprocess.TimeoutExpired:
                # It leads a group of its own, so nobody else is in it.
                with suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def _hear(self, line: bytes) -> None:
        try:
            said: dict[str, Any] = orjson.loads(line)
        except ValueError:
            return
        match said.get("event"):
            case "role_ready":
                self._ready[said["role"]] = self._ready.get(said["role"], 0) + 1
            case "listening":
                self.port = int(said["port"])


class Processes:
    """The processes of one demonstration, by name."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        # Settings of the surroundings are not the demonstration's.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TILLSTREAM_")}
        self._environment = {**inherited, **environment}
        self._running: list[RoleProcess] = []

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def start(self, *command: str, wanted: Mapping[str, int]) -> RoleProcess:
        """Start a `tillstream` command; `wanted` counts the processes of each role in it."""
        log_file = self._folder / f"{command[0]}.log"
        with log_file.open("wb") as log, _undisturbed():
            process = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", *command],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for the demonstration, which then ends them in order.
                start_new_session=True,
                preexec_fn=_begin_child,
            )
            started = RoleProcess(command[0], wanted, log_file, process)
            self._running.append(started)
        return started

    def wait_ready(self) -> None:
        """Wait until all are ready.

        Raises:
            ProcessEnded: one ended, or they take more than a minute.
        """
        self._wait(lambda: all(each.ready for each in self._running))

    def check(self) -> None:
        """Raise `ProcessEnded` where one of them is not there any more."""
        for each in self._running:
            each.check()

    def end(self) -> Sequence[str]:
        """End all of them, the first started first; return those that did not end well."""
        ended = [(each.name, each.end()) for each in self._running]
        self._running.clear()
        return [f"{name} ended with {code}" for name, code in ended if code]

    def _wait(self, reached: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + READY_S_MAX
        while True:
            for each in self._running:
                each.look()
            if reached():
                return
            if time.monotonic() > deadline_s:
                late = next(each for each in self._running if not each.ready)
                raise ProcessEnded(f"{late.name} did not become ready: {late.tail()}")
            time.sleep(LOOK_S)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold signals back: a process started and not listed yet would be ended by nobody."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_child() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # The mask is inherited, and a process that hears no SIGTERM never ends in order.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
