"""One replay at a time on a state file, also after its first process was killed.

The operating system gives a lock back when its holder dies, whatever it died of.
"""

import asyncio
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Final

from streams.errors import ConfigurationError

ENDING_S_MAX: Final = 5.0
PAUSE_S: Final = 0.05
EXIT_ORPHANED: Final = 1


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the state file for this process and those that it starts.

    Raises:
        ConfigurationError: another replay holds it, or the folder cannot be written.
    """
    descriptor = _opened(Path(f"{path}.lock"))
    try:
        if not _taken(descriptor, fcntl.LOCK_EX):
            raise ConfigurationError("the same replay is running already")
        # The file stays: removed, it could be held by one and made anew by another.
        yield
    finally:
        os.close(descriptor)


def join_crew(path: Path) -> int:
    """Be seen, to the end of this process, by whoever goes on with the replay after a kill.

    Returns the descriptor that holds the lock.
    """
    descriptor = _opened(_crew(path))
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


async def earlier_ended(path: Path, *, seconds_max: float = ENDING_S_MAX) -> None:
    """Wait until no process of an earlier run is at work: two would write the same part.

    Raises:
        ConfigurationError: one still is after `seconds_max`.
    """
    descriptor = _opened(_crew(path))
    try:
        for _ in range(int(seconds_max / PAUSE_S)):
            if _taken(descriptor, fcntl.LOCK_EX):
                return
            await asyncio.sleep(PAUSE_S)
        raise ConfigurationError("processes of an earlier run are still at work")
    finally:
        os.close(descriptor)


def end_with_parent() -> None:
    """End this process when the one that started it is gone: nobody would hear of its work."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(EXIT_ORPHANED)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _crew(path: Path) -> Path:
    return Path(f"{path}.crew.lock")


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(
            f"TILLSTREAM_STATE: {path.parent} cannot be written: {error.strerror}"
        ) from error


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
