"""A Kafka in memory, as far as the clients under test can tell: logs, transactions, groups.

It follows the broker where it matters for exactly once: control records take offsets, a reader
of committed data sees up to the first open transaction, an initialisation of a transactional
id fences its old owner and ends what that left open, an open transaction times out, and
transactional offsets ask for no membership (protocol 0).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
    RequestTimedOutError,
    UnknownTopicOrPartitionError,
)

from tests.simulation.groups import Group
from tests.simulation.loop import SimulatedLoop

Where = tuple[str, int]
GONE: Final = b"\x00gone"


@dataclass(eq=False, slots=True)
class Transaction:
    """One transaction; `state` decides what its records are."""

    state: Literal["open", "committed", "aborted"] = "open"
    first: dict[Where, int] = field(default_factory=dict)
    offsets: dict[str, dict[Where, int]] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """What lies at an offset. `control`: a transaction's end, which no reader sees."""

    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    transaction: Transaction | None
    control: bool = False


@dataclass(slots=True)
class Log:
    """One partition. `start`: the first offset held."""

    entries: list[Entry] = field(default_factory=list)
    open: set[Transaction] = field(default_factory=set)
    start: int = 0

    def stable(self, where: Where) -> int:
        return min((t.first[where] for t in self.open), default=len(self.entries))


@dataclass(slots=True)
class Owner:
    """A transactional id's newest producer."""

    epoch: int = -1
    transaction: Transaction | None = None
    timer: asyncio.TimerHandle | None = None


class Broker:
    """The state of the cluster. Its calls act at once; `tests.simulation.network` delays them."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self.topics: dict[str, list[Log]] = {}
        self.configs: dict[str, dict[str, str]] = {}
        self.groups: dict[str, Group] = {}
        self._owners: dict[str, Owner] = {}
        self._waiting: list[Callable[[], None]] = []

    def create(self, name: str, partitions: int, config: dict[str, str]) -> None:
        if name not in self.topics:
            self.topics[name] = [Log() for _ in range(partitions)]
            self.configs[name] = config

    def log(self, where: Where) -> Log:
        logs = self.topics.get(where[0], [])
        if where[1] >= len(logs):
            raise UnknownTopicOrPartitionError(where[0])
        return logs[where[1]]

    def group(self, name: str) -> Group:
        if name not in self.groups:
            self.groups[name] = Group(self._loop, lambda t: len(self.topics.get(t, ())))
        return self.groups[name]

    # -- appending ---------------------------------------------------------------------------

    def append(
        self, where: Where, drafts: list[tuple[Any, Any, Any]], owner: tuple[str, int] | None
    ) -> int:
        """Append a batch and return its first offset; `owner`: transactional id and epoch."""
        log = self.log(where)
        transaction = None if owner is None else self._open(*owner)
        base = len(log.entries)
        now_ms = self._loop.now_ms()
        for key, value, headers in drafts:
            log.entries.append(Entry(now_ms, key, value, tuple(headers), transaction))
        if transaction is not None and where not in transaction.first:
            transaction.first[where] = base
            log.open.add(transaction)
        self._tell_arrivals()
        return base

    def initialise(self, transactional_id: str) -> int:
        """Fence the old owner, end its transaction, and return the new epoch."""
        owner = self._owners.setdefault(transactional_id, Owner())
        self._end(owner, commit=False)
        owner.epoch += 1
        return owner.epoch

    def add_offsets(
        self, transactional_id: str, epoch: int, group: str, offsets: dict[Where, int]
    ) -> None:
        self._open(transactional_id, epoch).offsets.setdefault(group, {}).update(offsets)

    def end(self, transactional_id: str, epoch: int, *, commit: bool) -> None:
        self._end(self._owner(transactional_id, epoch), commit=commit)

    def _owner(self, transactional_id: str, epoch: int) -> Owner:
        owner = self._owners[transactional_id]
        if owner.epoch != epoch:
            raise InvalidProducerEpoch(transactional_id)
        return owner

    def _open(self, transactional_id: str, epoch: int) -> Transaction:
        owner = self._owner(transactional_id, epoch)
        if owner.transaction is None:
            owner.transaction = Transaction()
            owner.timer = self._loop.outside(
                self._loop.time() + 20, lambda: self._time_out(transactional_id, epoch)
            )
        return owner.transaction

    def _time_out(self, transactional_id: str, epoch: int) -> None:
        owner = self._owners[transactional_id]
        if owner.epoch == epoch and owner.transaction is not None:
            self._end(owner, commit=False)
            owner.epoch += 1

    def _end(self, owner: Owner, *, commit: bool) -> None:
        transaction, owner.transaction = owner.transaction, None
        if owner.timer is not None:
            owner.timer.cancel()
            owner.timer = None
        if transaction is None:
            return
        transaction.state = "committed" if commit else "aborted"
        for where in transaction.first:
            log = self.log(where)
            log.open.discard(transaction)
            log.entries.append(Entry(self._loop.now_ms(), None, None, (), transaction, True))
        if commit:
            for group, offsets in transaction.offsets.items():
                self.group(group).offsets.update(offsets)
        self._tell_arrivals()

    # -- reading -----------------------------------------------------------------------------

    def fetch(
        self, where: Where, position: int, count: int, *, committed: bool
    ) -> tuple[list[tuple[int, Entry]], int]:
        """Return entries from `position` with their offsets, and the position after them."""
        log = self.log(where)
        end = log.stable(where) if committed else len(log.entries)
        if not log.start <= position <= len(log.entries):
            raise OffsetOutOfRangeError({where: position})
        found: list[tuple[int, Entry]] = []
        while position < end and len(found) < count:
            entry = log.entries[position]
            hidden = entry.control or entry.value == GONE
            if committed and entry.transaction is not None:
                hidden = hidden or entry.transaction.state != "committed"
            if not hidden:
                found.append((position, entry))
            position += 1
        return found, position

    def on_arrival(self, told: Callable[[], None]) -> None:
        """Call `told` once, when the next record or end of a transaction arrives."""
        self._waiting.append(told)

    def _tell_arrivals(self) -> None:
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            told()

    # -- what befalls a cluster --------------------------------------------------------------

    def forget_offsets(self, group: str) -> None:
        """The group's offsets expire."""
        self.group(group).offsets.clear()

    def lose(self, topic: str, partition: int, *, every: int) -> None:
        """Lose one of `every` records of a partition; 0: its newest transactions, whole."""
        entries = self.topics[topic][partition].entries
        ends = [offset for offset, entry in enumerate(entries) if entry.control]
        tail = ends[len(ends) // 2] if ends else 0
        for offset, entry in enumerate(entries):
            lost = offset % every == 0 if every else offset > tail
            if lost and entry.key != b"partitions" and not entry.control:
                entry.value = GONE


def lost_answer() -> Exception:
    """The error of a request whose answer never came: it may have been carried out."""
    return RequestTimedOutError()


def refused() -> Exception:
    """The error of a batch that the broker did not take."""
    return KafkaTimeoutError("refused")
