"""A store on disk: one LMDB file, mapped into memory, of which the kernel may drop every page.

Guarantees:  states, totals and position change in one transaction. A process that dies on any line
             leaves the one before or the one after.
Does not:    survive a crash of the machine. Nothing is synced on the way, so that a write costs no
             disk access; `streams.ledger.slots` knows when the machine has been restarted.
Alone:       whoever opens it must hold its slot; there is no lock in here.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import lmdb
import orjson

from schemas.errors import Unavailable
from schemas.ledger import LedgerTotals
from streams.ledger.store import Change

FILE: Final = "data.mdb"
# Address space, not disk: some 150 million payments a partition.
MAP_BYTES: Final = 64 * 1024**3
# A mapped file on a full disk ends the process without a word, so it is asked for first.
FREE_BYTES_MIN: Final = 256 * 1024**2
KEY_BYTES_MAX: Final = 500  # of LMDB: 511
ITEMS_AT_ONCE: Final = 500
# No name of a payment begins with these as long as its key is UTF-8.
_META: Final = b"\xff"
_PACKED: Final = b"\xfe"
_LENGTH_BYTES: Final = 4


class DiskStore:
    """The `Store` of one folder; see `streams.ledger.store`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._closed = False
        with self._errors():
            self._open()

    def _open(self) -> None:
        self._env = lmdb.open(
            str(self._folder), mode=0o600, map_size=MAP_BYTES,
            lock=False, sync=False, metasync=False,
            # Without it each written page would stay on the heap, for ever.
            writemap=True, map_async=True,
            # What is looked up next is nowhere near.
            readahead=False, meminit=False,
        )  # fmt: skip
        self._view = self._env.begin()
        self._totals, self._position = _read_meta(self._view.get(_META))

    @property
    def totals(self) -> LedgerTotals:
        return self._totals

    @property
    def position(self) -> int | None:
        return self._position

    def get(self, key: bytes) -> bytes | None:
        name = _name(key)
        # Not in `_errors`: this is called for every fact.
        try:
            found: bytes | None = self._view.get(name)
        except lmdb.Error as error:
            self._distrust()
            raise Unavailable(f"the ledger store: {type(error).__name__}") from error
        return found if found is None or name is key else _unpacked(found)[1]

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        after = b""
        while chunk := self._chunk(after):
            after = chunk[-1][0]
            for name, value in chunk:
                yield _unpacked(value) if name.startswith(_PACKED) else (name, value)

    def _chunk(self, after: bytes) -> list[tuple[bytes, bytes]]:
        """Return the next names and values; no cursor lives longer, a write would end it."""
        chunk: list[tuple[bytes, bytes]] = []
        with self._errors(), self._view.cursor() as cursor:
            if cursor.set_range(after + b"\0" if after else b"\0"):
                for name, value in cursor:
                    if name == _META or len(chunk) == ITEMS_AT_ONCE:
                        break
                    chunk.append((name, value))
        return chunk

    def write(self, changes: Iterable[Change], position: int | None) -> None:
        self._check_room()
        totals = self._totals.copy()
        # With a view open the pages that it sees could not be used again.
        self._view.abort()
        try:
            with self._errors(), self._env.begin(write=True) as txn:
                _write(txn, changes, totals)
                txn.put(_META, _meta(totals, position))
            self._totals, self._position = totals, position
        finally:
            self._view = self._env.begin()

    def clear(self) -> None:
        """A file of its own again, so that what was held does not stay on the disk."""
        with self._errors():
            self._view.abort()
            self._env.close()
            (self._folder / FILE).unlink()
            self._open()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._view.abort()
            self._env.close()

    def _distrust(self) -> None:
        """Let the next owner begin without this file, which cannot be read."""
        with contextlib.suppress(OSError):
            (self._folder / FILE).unlink()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (lmdb.Error, OSError) as error:
            if isinstance(error, lmdb.Error):
                self._distrust()
            raise Unavailable(f"the ledger store: {type(error).__name__}") from error

    def _check_room(self) -> None:
        found = os.statvfs(self._folder)
        if found.f_bavail * found.f_frsize < FREE_BYTES_MIN:
            raise Unavailable("the disk of the state directory is full")


def _write(txn: Any, changes: Iterable[Change], totals: LedgerTotals) -> None:
    put, add, replace = txn.put, totals.add, totals.replace
    for key, value in changes:
        name = _name(key)
        plain = name is key
        if value is None:
            before = txn.pop(name)
            if before is not None:
                replace(key, before if plain else _unpacked(before)[1], None)
            continue
        stored = value if plain else _packed(key, value)
        # Most payments are new: one way down the tree tells, and writes without overwriting.
        if put(name, stored, True, False):
            add(key, value)
        else:
            before = txn.get(name)
            replace(key, before if plain else _unpacked(before)[1], value)
            put(name, stored)


def _name(key: bytes) -> bytes:
    """Return the name of a key in the file: itself, or a digest where the file takes it not."""
    if 0 < len(key) <= KEY_BYTES_MAX and key < _PACKED:
        return key
    return _PACKED + hashlib.sha256(key).digest()


def _packed(key: bytes, value: bytes) -> bytes:
    return len(key).to_bytes(_LENGTH_BYTES, "big") + key + value


def _unpacked(stored: bytes) -> tuple[bytes, bytes]:
    end = _LENGTH_BYTES + int.from_bytes(stored[:_LENGTH_BYTES], "big")
    return stored[_LENGTH_BYTES:end], stored[end:]


def _meta(totals: LedgerTotals, position: int | None) -> bytes:
    return orjson.dumps([totals.payments, totals.events, totals.checksum, position])


def _read_meta(octets: bytes | None) -> tuple[LedgerTotals, int | None]:
    if octets is None:
        return LedgerTotals(), None
    payments, events, checksum, position = orjson.loads(octets)
    return LedgerTotals(payments, events, checksum), position
