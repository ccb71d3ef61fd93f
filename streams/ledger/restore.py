"""From a partition of the ledger topic, or in the end from its events, to a store that agrees.

Guarantees:  what is returned adds up to the newest count record of the topic, key by key, and
             knows the newest event. A store from before goes on where it stopped; where it does
             not agree in the end it is wiped and the topic read from its beginning, and where
             that does not agree either it is rebuilt from the events and written back before
             anything is settled.
Memory:      one chunk, whatever the partition holds.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

import structlog

from processors.expiry import expiry_ms
from schemas.errors import InvalidRecord
from schemas.event import read_event
from schemas.ledger import (
    COUNT_KEY,
    LedgerState,
    decode_ledger,
    encode_ledger,
    last_ms_of,
)
from schemas.record import Draft, Position, Record
from schemas.topics import PARTITIONS_KEY, Topics, partition_for_key
from streams.ledger.store import Change, Store, Stores
from streams.log import Log
from streams.partition_count import PartitionCount, events_in_order

CHUNK_RECORDS: Final = 5_000
APPEND_RECORDS: Final = 1_000
NEWEST_RECORDS: Final = 64  # read from the end of the events first, to find the newest
_HEADERS: Final = (
    ("content-type", b"application/json"),
    ("ce_type", b"io.tillstream.LedgerState.v1"),
)
_log = structlog.get_logger()


def ledger_draft(topics: Topics, partition: int, key: bytes, value: bytes | None) -> Draft:
    """Return a record of the ledger: a state, its tombstone, or the count."""
    return Draft(topics.ledger.name, partition, key, value, _HEADERS)


class Restoring:
    """Opens the stores of owned partitions."""

    def __init__(
        self, log: Log, topics: Topics, stores: Stores, count: PartitionCount, *,
        ledger_days: int, clock: Callable[[], int],
    ) -> None:  # fmt: skip
        self._log = log
        self._topics = topics
        self._stores = stores
        self._count = count
        self._ledger_days = ledger_days
        self._clock = clock

    async def open(self, partition: int) -> Store:
        """Return the store of a partition that agrees with the topic.

        Called after fencing: nobody else commits to the partition meanwhile.

        Raises:
            Unavailable: the log, or the disk.
        """
        store = await self._stores.open(partition)
        try:
            if not await self._caught_up(store, partition):
                await self._rebuild(store, partition)
        except BaseException:
            store.close()
            raise
        return store

    def is_expired(self, octets: bytes, now_ms: int) -> bool:
        last_ms = last_ms_of(octets)
        return last_ms is not None and expiry_ms(last_ms, self._ledger_days) < now_ms

    async def _caught_up(self, store: Store, partition: int) -> bool:
        if store.position is not None:
            # Read again with the count record itself: another topic under the same name would
            # have something else there, or nothing, and then does not agree.
            if await self._agrees(store, partition):
                _log.info("ledger_store_adopted", partition=partition)
                return True
            _log.warning("ledger_store_wiped", partition=partition)
        store.clear()
        if await self._agrees(store, partition) or await self._is_new(store, partition):
            return True
        _log.warning("ledger_incomplete", partition=partition, payments=store.totals.payments)
        return False

    async def _is_new(self, store: Store, partition: int) -> bool:
        """Whether nothing was ever announced here, and nothing that lies here today elsewhere."""
        if store.totals.payments or self._count.eras:
            return False
        bounds = await self._log.bounds(self._topics.events.name)
        return bounds[partition].end == 0

    async def _agrees(self, store: Store, partition: int) -> bool:
        """Read on to the end of the topic, and tell whether the store adds up to its count."""
        since = store.position
        position, count = None, None
        chunk: dict[bytes, bytes | None] = {}
        name = self._topics.ledger.name
        try:
            async for entries in self._log.entries(name, partition, start=since):
                for offset, key, value in entries:
                    if key == COUNT_KEY:
                        position, count = offset, value
                    elif key is not None and key != PARTITIONS_KEY:
                        chunk[key] = value
                if len(chunk) >= CHUNK_RECORDS:
                    # Of the same position still: read twice, records are the same records.
                    store.write(chunk.items(), since)
                    chunk = {}
            store.write(chunk.items(), since)
        except InvalidRecord:
            _log.warning("ledger_unreadable", partition=partition)
            return False
        if count is None or count != store.totals.record():
            return False
        if not await self._holds_newest(store, partition):
            _log.warning("ledger_behind_its_events", partition=partition)
            return False
        store.write((), position)
        return True

    async def _holds_newest(self, store: Store, partition: int) -> bool:
        """Whether the newest event of the partition is in its payment's state.

        A topic that lost its newest transactions whole, as an unclean election does, still adds
        up to the count record that is now its last. Events are written with it.
        """
        newest = await self._newest_event(partition)
        if newest is None:
            return True
        event = read_event(newest)
        held = store.get(event.key)
        if held is not None:
            return any(each.id == event.id for each in decode_ledger(held).announced)
        # Nobody writes events after a move to more partitions before the states have moved.
        if partition_for_key(event.key, self._count.partitions) != partition:
            return True
        return self.is_expired(encode_ledger(LedgerState().after(event)), self._clock())

    async def _newest_event(self, partition: int) -> Record | None:
        name = self._topics.events.name
        bounds = (await self._log.bounds(name))[partition]
        newest, width, end = None, NEWEST_RECORDS, bounds.end
        # What was aborted is not read: the newest event may lie far from the end.
        while newest is None and end > bounds.start:
            start = max(bounds.start, end - width)
            async for record in self._log.read(
                name, [partition], start={partition: start}, end={partition: end}
            ):
                newest = record
            width, end = 8 * width, start
        return newest

    async def _rebuild(self, store: Store, partition: int) -> None:
        """Fold the events of a partition, and write the states back before anything is settled."""
        store.clear()
        await self._fold(store, partition)
        now_ms = self._clock()
        for expired in _chunks(
            (key, None) for key, value in store.items() if self.is_expired(value, now_ms)
        ):
            store.write(expired, None)
        await self._write_back(store, partition)
        _log.warning("ledger_rebuilt", partition=partition, payments=store.totals.payments)

    async def _fold(self, store: Store, partition: int) -> None:
        states: dict[bytes, LedgerState] = {}
        count = self._count
        async for record in events_in_order(self._log, self._topics, count, partition):
            if partition_for_key(record.key or b"", count.partitions) != partition:
                continue
            event = read_event(record)
            state = states.get(event.key)
            if state is None:
                held = store.get(event.key)
                state = LedgerState() if held is None else decode_ledger(held)
            states[event.key] = state.after(event)
            if len(states) == CHUNK_RECORDS:
                store.write(_encoded(states), None)
                states = {}
        store.write(_encoded(states), None)

    async def _write_back(self, store: Store, partition: int) -> None:
        # The count goes last: a crash in between leaves a ledger that is noticed as incomplete.
        appender = self._log.appender()

        async def append(changes: Iterable[Change]) -> Sequence[Position]:
            return await appender.append(
                [ledger_draft(self._topics, partition, *change) for change in changes]
            )

        try:
            await append([(COUNT_KEY, None)])
            async for stale in self._stale(store, partition):
                await append([(key, None) for key in stale])
            for chunk in _chunks(store.items()):
                await append(chunk)
            (written,) = await append([(COUNT_KEY, store.totals.record())])
        finally:
            await appender.close()
        store.write((), written.offset)

    async def _stale(self, store: Store, partition: int) -> AsyncIterator[set[bytes]]:
        """Yield keys of the topic that no events stand behind."""
        stale: set[bytes] = set()
        async for record in self._log.read(self._topics.ledger.name, [partition]):
            key = record.key
            if key is None or key in (COUNT_KEY, PARTITIONS_KEY) or store.get(key) is not None:
                continue
            stale.add(key)
            if len(stale) == APPEND_RECORDS:
                yield stale
                stale = set()
        if stale:
            yield stale


def _encoded(states: dict[bytes, LedgerState]) -> list[Change]:
    return [(key, encode_ledger(state)) for key, state in states.items()]


def _chunks(changes: Iterable[Change]) -> Iterable[list[Change]]:
    chunk: list[Change] = []
    for change in changes:
        chunk.append(change)
        if len(chunk) == APPEND_RECORDS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
