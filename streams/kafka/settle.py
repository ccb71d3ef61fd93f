"""The exactly-once loop: one transaction per partition and batch, offsets inside it.

Guarantees:  a `read_committed` reader sees the drafts of each record once, whatever dies.
Fencing:     by one fixed transactional id per input partition, `<group>-<partition>`. The client
             does not send the group's generation, so nothing else stops a zombie.
Order:       start the producer (fences the old owner and ends its open transaction), restore the
             state, *then* read the committed offset, seek, resume. Any other order loses or
             doubles.
On error:    the call ends, and the process must end with it. A producer is never used again after
             an error; the next start is the full way through the fence.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka import TopicPartition as Assigned
from aiokafka.errors import IllegalStateError, KafkaError

from schemas.errors import Unavailable
from schemas.record import Record
from streams.kafka.append import send_all
from streams.kafka.client import (
    GATHER_MS,
    discard_consumer,
    discard_producer,
    membership,
    poll,
    start_consumer,
    start_producer,
    unavailable,
)
from streams.kafka.consume import as_record, warn_missing
from streams.kafka.lookup import committed_offsets
from streams.log import Settler

# A poll returns at once when something was fetched; the time bounds how late a stop is seen.
POLL_MS: Final = 200
# Of all ready partitions together. A fetch holds at most 1 MiB a partition; a batch is what came
# while the last one was committed: one record when idle, thousands under load.
ROUND_RECORDS_MAX: Final = 8_000
# The loop polls only ready partitions; a long restore must not look like a dead member.
POLL_INTERVAL_MS_MAX: Final = 3_600_000
COMMIT_MARGIN_S: Final = 10
_log = structlog.get_logger()


@dataclass(slots=True)
class _Owned:
    """A restored partition. `next_offset`: committed last, by us or before us; None for none."""

    producer: AIOKafkaProducer
    next_offset: int | None


def transactional_id(group: str, partition: int) -> str:
    """Return the one id under which a partition is ever settled; another one fences nobody."""
    return f"{group}-{partition}"


class ExactlyOnce(ConsumerRebalanceListener):  # type: ignore[misc]
    """One run of the loop."""

    def __init__(
        self, settings: Mapping[str, Any], group: str, topic: str, settler: Settler,
        ready: Callable[[bool], None], stopping: Callable[[], bool], transaction_ms_max: int,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._group = group
        self._topic = topic
        self._settler = settler
        self._tell_ready = ready
        self._stopping = stopping
        self._transaction_ms_max = transaction_ms_max
        self._consumer: AIOKafkaConsumer
        self._tasks: asyncio.TaskGroup
        self._owned: dict[int, _Owned] = {}
        self._ready: set[int] = set()
        self._assigned: set[int] = set()
        self._starting: dict[int, asyncio.Task[None]] = {}
        self._round = asyncio.Lock()
        # A partition is sought and resumed only between two polls. A poll begun before could
        # return its first records under the old epoch: dropped, with the position moved past.
        self._polling = asyncio.Lock()
        self._discarding: set[asyncio.Task[None]] = set()
        self._ending = False
        # Of the assignment: what was polled under an older one is dropped.
        self._epoch = 0
        self._wake = asyncio.Event()

    async def run(self, instance_id: str | None) -> None:
        """Run until `stopping()`.

        Raises:
            Unavailable: Kafka is away, or this member was fenced.
            Exception: whatever the settler raised.
        """
        self._tell_ready(False)
        self._consumer = await start_consumer(
            self._settings,
            **membership(self._group, instance_id),
            max_poll_interval_ms=POLL_INTERVAL_MS_MAX,
        )
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._consumer.subscribe([self._topic], listener=self)
                await self._run_rounds()
                self._ending = True
                self._end_epoch()
        except BaseExceptionGroup as group:
            # The first is the cause; the others are its echo.
            raise _first(group) from group
        finally:
            self._ending = True
            self._tell_ready(False)
            for partition in list(self._owned):
                self._drop(partition)
            await asyncio.gather(discard_consumer(self._consumer), *self._discarding)

    async def _run_rounds(self) -> None:
        while not self._stopping():
            partitions = tuple(Assigned(self._topic, p) for p in sorted(self._ready))
            if not partitions:
                self._wake.clear()
                self._check_client()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_MS / 1000)
                continue
            await self._run_round(partitions)

    async def _run_round(self, partitions: tuple[Assigned, ...]) -> None:
        epoch = self._epoch
        try:
            fetched = await self._poll(partitions)
        except KafkaError as error:
            # Of a partition that is just being taken away: its start judges its offset anew.
            if epoch != self._epoch:
                return
            raise Unavailable(f"polling: {type(error).__name__}") from error
        if not fetched:
            return
        async with self._round:
            if epoch == self._epoch:
                await self._settle_round(fetched)

    async def _poll(self, partitions: tuple[Assigned, ...]) -> dict[Assigned, list[Any]]:
        """Poll, and give up only where the call ends: a cancelled poll may have moved on."""
        async with self._polling:
            task = asyncio.create_task(
                poll(
                    self._consumer,
                    partitions,
                    timeout_ms=POLL_MS,
                    records_max=ROUND_RECORDS_MAX,
                    gather_ms=GATHER_MS,
                )
            )
            try:
                # During a rebalance the library waits for its end, without a limit.
                while not (await asyncio.wait({task}, timeout=2 * POLL_MS / 1000))[0]:
                    if self._stopping():
                        return {}
                return task.result()
            finally:
                task.cancel()

    async def _settle_round(self, fetched: Mapping[Assigned, list[Any]]) -> None:
        async with asyncio.TaskGroup() as transactions:
            for where, found in fetched.items():
                records = [as_record(record) for record in found]
                transactions.create_task(self._settle(where, records))

    async def _settle(self, where: Assigned, records: Sequence[Record]) -> None:
        owned = self._owned[where.partition]
        producer = owned.producer
        next_offset = records[-1].offset + 1
        drafts = self._settler.process(where.partition, records)
        with unavailable(f"transaction of {self._group}-{where.partition}"):
            async with asyncio.timeout(self._transaction_ms_max / 1000 + COMMIT_MARGIN_S):
                await producer.begin_transaction()
                # Every ack before the offsets: a refused batch does not abort the transaction,
                # and its commit would move the offset past a lost record.
                positions = await send_all(producer, drafts)
                if len(positions) != len(drafts):
                    raise Unavailable("not every draft was acknowledged")
                await producer.send_offsets_to_transaction({where: next_offset}, self._group)
                await producer.commit_transaction()
        owned.next_offset = next_offset
        self._settler.committed(where.partition, positions)

    # Rebalance. The library logs and ignores what these two raise, and sends heartbeats only after
    # the second has returned: the work is done in tasks whose failure ends the call.

    async def on_partitions_revoked(self, revoked: set[Assigned]) -> None:
        self._end_epoch()
        self._tell_ready(False)
        # The running round finishes: its transactions are still ours to commit.
        async with self._round:
            pass

    def on_partitions_assigned(self, assigned: set[Assigned]) -> None:
        if self._ending:
            return
        self._consumer.pause(*assigned)
        self._assigned = {where.partition for where in assigned}
        _log.info("partitions_assigned", group=self._group, partitions=sorted(self._assigned))
        for partition in set(self._owned) - self._assigned:
            self._drop(partition)
        for partition in sorted(self._assigned):
            before = self._starting.get(partition)
            self._starting[partition] = self._tasks.create_task(self._start(partition, before))
        if not self._assigned:
            self._tell_ready(True)

    def _end_epoch(self) -> None:
        self._epoch += 1
        self._ready.clear()
        for task in self._starting.values():
            task.cancel()

    async def _start(self, partition: int, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            # Cancelled, but its last step forgets the state: it must not hit what we restore.
            await asyncio.wait({before})
        where = Assigned(self._topic, partition)
        epoch = self._epoch
        start = await self._take_over(partition)
        if start is None:
            with unavailable(f"bounds of {self._topic}"):
                start = int((await self._consumer.beginning_offsets([where]))[where])
            warn_missing(self._group, self._topic, partition, start)
        async with self._polling:
            if epoch != self._epoch:
                return
            try:
                self._consumer.seek(where, start)
                self._consumer.resume(where)
            except IllegalStateError:
                # Being taken away; the next assignment starts anew.
                return
            self._ready.add(partition)
        self._wake.set()
        if self._ready == self._assigned:
            self._tell_ready(True)

    async def _take_over(self, partition: int) -> int | None:
        """Fence and restore, or keep what no other member can have changed.

        Returns the committed offset.
        """
        kept = self._owned.get(partition)
        if kept is not None:
            committed = await self._committed(partition)
            # Whoever owned it meanwhile has settled nothing; if it fenced us, the next
            # transaction fails and ends the process.
            if committed == kept.next_offset:
                return committed
            self._drop(partition)
        producer = await start_producer(
            self._settings,
            transactional_id=transactional_id(self._group, partition),
            transaction_timeout_ms=self._transaction_ms_max,
        )
        try:
            await self._settler.restore(partition)
            committed = await self._committed(partition)
        except BaseException:
            self._settler.forget(partition)
            self._discard(producer)
            raise
        self._owned[partition] = _Owned(producer, committed)
        return committed

    async def _committed(self, partition: int) -> int | None:
        found = await committed_offsets(self._settings, self._group, self._topic, [partition])
        return found[partition]

    def _drop(self, partition: int) -> None:
        owned = self._owned.pop(partition)
        self._settler.forget(partition)
        self._discard(owned.producer)

    def _discard(self, producer: AIOKafkaProducer) -> None:
        # Aside, so that no cancelled start leaves a producer behind.
        task = asyncio.create_task(discard_producer(producer))
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)

    def _check_client(self) -> None:
        with unavailable("group membership"):
            if self._consumer._coordinator is not None:
                self._consumer._coordinator.check_errors()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
