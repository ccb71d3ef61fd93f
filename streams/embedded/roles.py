"""The lock by which one process at a time runs the roles; the kernel frees it with the process."""

import fcntl
import os
from pathlib import Path

from streams.errors import ConfigurationError, RolesTaken


class RolesLock:
    """An exclusive lock on `<path>.roles.lock`, which holds the owner's process id."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".roles.lock")
        self._descriptor: int | None = None

    def claim(self) -> None:
        """Take the lock; taking it twice is once.

        Raises:
            RolesTaken: another process, or another log in this one, holds it.
            ConfigurationError: the lock file cannot be opened.
        """
        if self._descriptor is not None:
            return
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigurationError(f"{self._path} cannot be locked: {error}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise RolesTaken(
                f"process {owner} runs the roles on this embedded log ({self._path});"
                " one process at a time may"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
