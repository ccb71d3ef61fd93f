"""Which process holds which store: folders with a lock each, and when one may be adopted.

    <folder>/<partition>/<n>.lock   held, by flock, as long as somebody uses <n>/
    <folder>/<partition>/<n>/       the store, and what says for how long it can be trusted

A process that sleeps, or was stopped in the middle of a write, keeps its lock: when it wakes, a
batch that was committed long ago goes into its own store, never into its heir's. The heir takes
the next slot and restores from the topic.
"""

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from schemas.errors import Unavailable
from streams.errors import ConfigurationError
from streams.ledger.disk import FILE, DiskStore
from streams.ledger.store import Store

# More zombies than this on one machine are not our doing.
SLOTS_MAX: Final = 16
# A partition comes from the process beside us a moment before that one has let go.
RELEASE_S_MAX: Final = 1.0
ASK_EVERY_S: Final = 0.1
BOOT_FILE: Final = Path("/proc/sys/kernel/random/boot_id")
# In the slot: the boot of the machine in which it was opened last; that everything is on the disk.
_BOOT: Final = "boot"
_SYNCED: Final = "synced"
_log = structlog.get_logger()


def boot_id() -> str:
    """Return the name of this run of the machine, or "" where it has none."""
    with contextlib.suppress(OSError):
        return BOOT_FILE.read_text().strip()
    return ""


@dataclass(slots=True)
class Slot:
    """A folder whose lock is held here."""

    folder: Path
    lock: int

    def is_valid(self, boot: str) -> bool:
        """Whether what was written is still what is read: no crash of the machine in between."""
        if not (self.folder / FILE).is_file():
            return False
        if (self.folder / _SYNCED).exists():
            return True
        with contextlib.suppress(OSError):
            return boot != "" and (self.folder / _BOOT).read_text() == boot
        return False

    def wipe(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self, boot: str) -> None:
        """Take back, durably, that everything is on the disk."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / _BOOT).write_text(boot)
        (self.folder / _SYNCED).unlink(missing_ok=True)
        _sync(self.folder)

    def sync(self) -> None:
        """Make what was written survive a crash of the machine; the store must be closed."""
        _sync(self.folder / FILE)
        (self.folder / _SYNCED).touch()
        _sync(self.folder)

    def release(self) -> None:
        os.close(self.lock)


class DiskStores:
    """The stores of one process, below `folder`; see `streams.ledger.store.Stores`.

    Raises:
        ConfigurationError: the folder cannot be made.
    """

    def __init__(self, folder: Path, *, boot: str | None = None) -> None:
        self._folder = folder
        self._boot = boot_id() if boot is None else boot
        self._used: set[int] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"TILLSTREAM_STATE: {folder} cannot be made ({type(error).__name__})"
            ) from error

    async def open(self, partition: int) -> Store:
        """Return the newest store that nobody uses and that can be trusted, else an empty one.

        Raises:
            Unavailable: the disk, or every slot is in use.
        """
        home = self._folder / str(partition)
        with _unavailable():
            home.mkdir(exist_ok=True)
            slots = await self._free(home)
            self._used.add(partition)
            return self._chosen(slots)

    async def _free(self, home: Path) -> list[Slot]:
        """Return the slots that were used once and are free, or the next new one."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + RELEASE_S_MAX
        while True:
            known = [n for n in range(SLOTS_MAX) if _lock_file(home, n).exists()]
            slots = list(_locked(home, known))
            if slots:
                return slots
            if not known or loop.time() > deadline_s:
                break
            await asyncio.sleep(ASK_EVERY_S)
        if known:
            _log.warning("ledger_store_in_use", folder=home.name, slots=len(known))
        for n in range(SLOTS_MAX):
            for slot in _locked(home, [n]):
                return [slot]
        raise Unavailable(f"all {SLOTS_MAX} ledger stores of partition {home.name} are in use")

    def _chosen(self, slots: list[Slot]) -> Store:
        for slot in slots:
            if not slot.is_valid(self._boot):
                slot.wipe()
        slots.sort(key=_position)
        *others, chosen = slots
        # One store a partition is enough, and more would only fill the disk.
        for slot in others:
            slot.wipe()
            slot.release()
        try:
            chosen.prepare(self._boot)
            return _SlotStore(chosen)
        except BaseException:
            chosen.release()
            raise

    async def close(self) -> None:
        """Sync what this process has used, where nobody else has taken it over."""
        await asyncio.to_thread(self._sync)

    def _sync(self) -> None:
        for partition in self._used:
            home = self._folder / str(partition)
            for slot in _locked(home, range(SLOTS_MAX), make=False):
                with _unavailable():
                    if slot.is_valid(self._boot):
                        slot.sync()
                slot.release()


class _SlotStore(DiskStore):
    """A store that gives its slot back when it is closed."""

    def __init__(self, slot: Slot) -> None:
        super().__init__(slot.folder)
        self._slot: Slot | None = slot

    def close(self) -> None:
        super().close()
        if self._slot is not None:
            self._slot.release()
            self._slot = None


def _position(slot: Slot) -> int:
    """Return how far a free store has come; -1: it agrees with nothing."""
    if not (slot.folder / FILE).is_file():
        return -1
    try:
        store = DiskStore(slot.folder)
    except Unavailable:
        _log.warning("ledger_store_unreadable", folder=str(slot.folder))
        slot.wipe()
        return -1
    position = store.position
    store.close()
    return -1 if position is None else position


def _lock_file(home: Path, number: int) -> Path:
    return home / f"{number}.lock"


def _locked(home: Path, numbers: "range | list[int]", *, make: bool = True) -> Iterator[Slot]:
    """Yield the slots whose lock is free, locked now. Lock files are never removed: a lock on a
    file that is gone would be nobody's."""
    for number in numbers:
        path = _lock_file(home, number)
        if not make and not path.exists():
            continue
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        yield Slot(home / str(number), lock)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the ledger store: {type(error).__name__}") from error
