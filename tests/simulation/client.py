"""The client library, simulated: as much of aiokafka as the code under test calls.

The adapters in `streams.kafka` run unchanged on top of it. What is known of the library's
behaviour is kept: a produce that failed inside a transaction does not abort it, errors of
rebalance callbacks are swallowed, heartbeats start after them, and a poll during a rebalance
waits for its end.
"""

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Final

from aiokafka import TopicPartition as Assigned
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    ProducerClosed,
    UnknownMemberIdError,
)

from tests.simulation.broker import Where, refused
from tests.simulation.network import Line, Network

BATCH_RECORDS: Final = 4
HEARTBEAT_S: Final = 2.0


class _Inner:
    async def close(self) -> None:
        """No connection is held."""


class Batch:
    """A batch in the making; small, so that a few records need several."""

    def __init__(self) -> None:
        self.drafts: list[tuple[Any, Any, Any]] = []

    def append(self, *, timestamp: Any, key: Any, value: Any, headers: Any) -> object | None:
        if len(self.drafts) >= BATCH_RECORDS:
            return None
        self.drafts.append((key, value, headers))
        return self

    def close(self) -> None:
        """Nothing is added any more."""


class Producer:
    """Stands for AIOKafkaProducer."""

    network: Network
    names = 0

    def __init__(self, *, transactional_id: str | None = None, **_: Any) -> None:
        self._transactional_id = transactional_id
        self._epoch = -1
        self._line = Line()
        self._sent: list[asyncio.Task[Any]] = []
        self._open = False
        self._closed = False
        self.client = _Inner()
        self._sender = SimpleNamespace(sender_task=SimpleNamespace(done=lambda: self._closed))
        self._message_accumulator = SimpleNamespace(fail_all=self._fail_all)

    async def start(self) -> None:
        broker, name = self.network.broker, self._transactional_id
        if name is None:
            await self.network.ask(self._line, lambda: None)
        else:
            self._epoch = await self.network.ask(
                self._line, lambda: broker.initialise(name), "initialise"
            )

    async def stop(self) -> None:
        self._closed = True

    async def flush(self) -> None:
        await asyncio.gather(*self._sent, return_exceptions=True)

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(len(self.network.broker.topics[topic])))

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Any:
        if self._closed:
            raise ProducerClosed
        if self._transactional_id is not None:
            assert self._open, "no transaction"
        task = asyncio.ensure_future(self._append((topic, partition), batch.drafts))
        self._sent.append(task)
        return task

    async def _append(self, where: Where, drafts: list[tuple[Any, Any, Any]]) -> Any:
        broker, network, name = self.network.broker, self.network, self._transactional_id
        owner = None if name is None else (name, self._epoch)
        if network.chance.random() < network.refusing:
            await network.ask(self._line, lambda: None)
            raise refused()
        base = await network.ask(self._line, lambda: broker.append(where, drafts, owner), "append")
        return SimpleNamespace(offset=base)

    def _fail_all(self, error: Exception) -> None:
        for task in self._sent:
            task.cancel()

    async def begin_transaction(self) -> None:
        assert not self._open, "a transaction is open"
        self._open = True

    async def send_offsets_to_transaction(
        self, offsets: Mapping[Assigned, int], group: str
    ) -> None:
        assert self._open, "no transaction"
        broker, name, epoch = self.network.broker, self._transactional_id, self._epoch
        assert name is not None
        plain = {(where.topic, where.partition): offset for where, offset in offsets.items()}
        await self.network.ask(
            self._line, lambda: broker.add_offsets(name, epoch, group, plain), "offsets"
        )

    async def commit_transaction(self) -> None:
        # A batch that failed does not stop the commit: that is the library's behaviour.
        await asyncio.gather(*self._sent, return_exceptions=True)
        self._sent.clear()
        broker, name, epoch = self.network.broker, self._transactional_id, self._epoch
        assert name is not None
        await self.network.ask(self._line, lambda: broker.end(name, epoch, commit=True), "end")
        self._open = False


class Consumer:
    """Stands for AIOKafkaConsumer."""

    network: Network
    count = 0

    def __init__(
        self,
        *,
        isolation_level: str,
        group_id: str | None = None,
        group_instance_id: str | None = None,
        session_timeout_ms: int = 10_000,
        **_: Any,
    ) -> None:
        self._committed_only = isolation_level == "read_committed"
        self._group_id = group_id
        self._instance = group_instance_id
        self._session_s = session_timeout_ms / 1000
        self._line, self._group_line = Line(), Line()
        self._positions: dict[Assigned, int | None] = {}
        self._paused: set[Assigned] = set()
        self._seen: dict[Assigned, tuple[int, int]] = {}
        self._topics: tuple[str, ...] = ()
        self._listener: Any = None
        self._joined = asyncio.Event()
        self._joining: asyncio.Task[None] | None = None
        self._generation = -1
        self._error: Exception | None = None
        self._member = ""
        self._client = _Inner()
        self._fetcher = SimpleNamespace(
            error_future=SimpleNamespace(done=lambda: False), _records={}, _prefetch_backoff=0.0
        )
        self._coordinator = SimpleNamespace(check_errors=self._check)
        self._subscription = SimpleNamespace(
            subscription=SimpleNamespace(assignment=SimpleNamespace(state_value=self._state))
        )

    async def start(self) -> None:
        await self.network.ask(self._line, lambda: None)

    def subscribe(self, topics: Sequence[str], listener: Any = None) -> None:
        type(self).count += 1
        self._member = f"member-{type(self).count}"
        self._topics, self._listener = tuple(topics), listener
        self._joining = asyncio.create_task(self._coordinate())

    def assign(self, partitions: Sequence[Assigned]) -> None:
        self._positions = dict.fromkeys(partitions)
        self._joined.set()

    async def stop(self) -> None:
        if self._joining is None:
            return
        self._joining.cancel()
        await asyncio.wait({self._joining})
        if self._instance is None:
            group = self.network.broker.group(self._group_id or "")
            await self.network.ask(self._group_line, lambda: group.leave(self._member))

    # -- membership --------------------------------------------------------------------------

    async def _coordinate(self) -> None:
        try:
            while True:
                await self._join()
                while not await self._heartbeat():  # noqa: ASYNC110 - the broker is what changes
                    await asyncio.sleep(HEARTBEAT_S)
                await self._tell("on_partitions_revoked", set(self._positions))
        except KafkaError as error:
            self._error = error
            self._joined.set()

    async def _join(self) -> None:
        network, group = self.network, self.network.broker.group(self._group_id or "")
        self._joined.clear()
        answer = await network.exchange(
            self._group_line,
            lambda reply: group.join(
                self._member, self._topics, self._session_s, self._instance,
                lambda generation, assigned: reply((generation, assigned)),
            ),
        )  # fmt: skip
        self._generation, assigned = answer
        self._positions = {Assigned(*where): None for where in sorted(assigned)}
        self._paused.clear()
        await self._tell("on_partitions_assigned", set(self._positions))
        self._joined.set()

    async def _heartbeat(self) -> bool:
        group = self.network.broker.group(self._group_id or "")
        try:
            again: bool = await self.network.ask(
                self._group_line,
                lambda: group.heartbeat(self._member, self._generation, self._instance),
            )
        except UnknownMemberIdError:
            return True
        return again

    async def _tell(self, name: str, partitions: set[Assigned]) -> None:
        if name == "on_partitions_revoked":
            self._joined.clear()
        if self._listener is None:
            return
        with suppress(Exception):
            answer = getattr(self._listener, name)(partitions)
            if inspect.isawaitable(answer):
                await answer

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    # -- positions ---------------------------------------------------------------------------

    def _state(self, where: Assigned) -> Any:
        return SimpleNamespace(has_valid_position=self._positions.get(where) is not None)

    def assignment(self) -> set[Assigned]:
        return set(self._positions)

    def _known(self, where: Assigned) -> None:
        if where not in self._positions:
            raise IllegalStateError(f"{where} is not assigned")

    def pause(self, *partitions: Assigned) -> None:
        self._paused.update(partitions)

    def resume(self, *partitions: Assigned) -> None:
        for where in partitions:
            self._known(where)
            self._paused.discard(where)

    def seek(self, where: Assigned, offset: int) -> None:
        self._known(where)
        self._positions[where] = offset

    async def position(self, where: Assigned) -> int:
        position = self._positions[where]
        assert position is not None
        return position

    async def beginning_offsets(self, partitions: Sequence[Assigned]) -> dict[Assigned, int]:
        log = self.network.broker.log
        return await self.network.ask(  # type: ignore[no-any-return]
            self._line, lambda: {where: log(where).start for where in partitions}
        )

    async def end_offsets(self, partitions: Sequence[Assigned]) -> dict[Assigned, int]:
        log = self.network.broker.log

        def ends() -> dict[Assigned, int]:
            if self._committed_only:
                return {where: log(where).stable(where) for where in partitions}
            return {where: len(log(where).entries) for where in partitions}

        return await self.network.ask(self._line, ends)  # type: ignore[no-any-return]

    def last_stable_offset(self, where: Assigned) -> int | None:
        return self._seen[where][1] if where in self._seen else None

    def last_poll_timestamp(self, where: Assigned) -> int | None:
        return self._seen[where][0] if where in self._seen else None

    async def commit(self, offsets: Mapping[Assigned, int]) -> None:
        group = self.network.broker.group(self._group_id or "")
        generation = self._generation
        plain = {(where.topic, where.partition): offset for where, offset in offsets.items()}
        try:
            await self.network.ask(
                self._group_line, lambda: group.commit(self._member, generation, plain), "commit"
            )
        except (IllegalGenerationError, UnknownMemberIdError) as error:
            raise CommitFailedError from error

    # -- fetching ----------------------------------------------------------------------------

    async def getmany(
        self, *partitions: Assigned, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[Assigned, list[Any]]:
        await self._joined.wait()
        self._check()
        wanted = [w for w in partitions or tuple(self._positions) if w not in self._paused]
        asked = await self._asked([w for w in wanted if w in self._positions])
        if not asked:
            await asyncio.sleep(timeout_ms / 1000)
            return {}
        found = await self.network.fetch(
            self._line,
            {(where.topic, where.partition): position for where, position in asked.items()},
            records_max=max_records or 500,
            committed=self._committed_only,
            wait_s=timeout_ms / 1000,
        )
        fetched = {}
        for where, position in asked.items():
            records, after, stable = found[where]
            if self._positions.get(where) != position or where in self._paused:
                continue  # Revoked or sought meanwhile.
            self._positions[where] = after
            self._seen[where] = (self._seen.get(where, (0, 0))[0] + 1, stable)
            if records:
                fetched[where] = [_found(where, offset, entry) for offset, entry in records]
        return fetched

    async def _asked(self, wanted: Sequence[Assigned]) -> dict[Assigned, int]:
        missing = [where for where in wanted if self._positions[where] is None]
        if missing and self._group_id is not None:
            group = self.network.broker.group(self._group_id)
            held = await self.network.ask(self._line, lambda: dict(group.offsets))
            for where in missing:
                if where in self._positions and self._positions[where] is None:
                    self._positions[where] = held.get(where)
            if any(self._positions.get(w, 0) is None for w in missing):
                raise NoOffsetForPartitionError(missing[0])
        return {
            where: position
            for where in wanted
            if (position := self._positions.get(where)) is not None
        }


def _found(where: Assigned, offset: int, entry: Any) -> Any:
    return SimpleNamespace(
        topic=where.topic, partition=where.partition, offset=offset,
        timestamp=entry.timestamp_ms, key=entry.key, value=entry.value, headers=entry.headers,
    )  # fmt: skip
