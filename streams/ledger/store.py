"""What settle needs of a store, and the one that lives in memory.

A store holds the encoded states of one ledger partition, what they add up to, and the offset of
the count record that agrees with them. All three change in one atomic write.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from schemas.ledger import LedgerTotals

Change = tuple[bytes, bytes | None]  # a key and its encoded state; None takes the payment out


class Store(Protocol):
    """The states of one partition. `totals` and `position` are for reading only.

    `position` is the offset of the count record that the states agreed with last, or None: they
    agree with none, and are worth nothing to the next owner.
    """

    @property
    def totals(self) -> LedgerTotals: ...

    @property
    def position(self) -> int | None: ...

    def get(self, key: bytes) -> bytes | None: ...

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield all states; writes between two steps are allowed, and seen or not."""

    def write(self, changes: Iterable[Change], position: int | None) -> None:
        """Write changes, totals and position: all or nothing, whatever dies.

        Raises:
            InvalidRecord: a value is no state.
            Unavailable: the disk.
        """

    def clear(self) -> None:
        """Forget everything, the position first."""

    def close(self) -> None: ...


class Stores(Protocol):
    """Where the stores of one process come from."""

    async def open(self, partition: int) -> Store:
        """Return the store of a partition, to nobody else until it is closed."""

    async def close(self) -> None:
        """Make what was written durable; every store is closed already."""


class MemoryStore:
    """All states in a dictionary: for the embedded log and small deployments."""

    def __init__(self) -> None:
        self.totals = LedgerTotals()
        self.position: int | None = None
        self._states: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self._states.get(key)

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        for key in list(self._states):
            value = self._states.get(key)
            if value is not None:
                yield key, value

    def write(self, changes: Iterable[Change], position: int | None) -> None:
        # Counted first: a value that is no state must leave everything as it was.
        latest = dict(changes)
        totals = self.totals.copy()
        for key, value in latest.items():
            totals.replace(key, self._states.get(key), value)
        for key, value in latest.items():
            if value is None:
                self._states.pop(key, None)
            else:
                self._states[key] = value
        self.totals, self.position = totals, position

    def clear(self) -> None:
        self.totals, self.position = LedgerTotals(), None
        self._states.clear()

    def close(self) -> None:
        self._states.clear()


class MemoryStores:
    """A new store each time: every start restores from the topic."""

    async def open(self, partition: int) -> Store:
        return MemoryStore()

    async def close(self) -> None: ...
