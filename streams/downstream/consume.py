"""The consuming loop: poll, apply in one transaction, then commit the offsets."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Final

import structlog

from schemas.errors import Unavailable
from schemas.record import Record
from streams.downstream.inbox import Fate, Inbox
from streams.log import Consumer, Log

BATCH_RECORDS_MAX: Final = 500
POLL_MS: Final = 200
TRIES_MAX: Final = 5
RETRY_S: Final = 0.1
_log = structlog.get_logger()


async def consume_once(
    consumer: Consumer, inbox: Inbox, *, records_max: int = BATCH_RECORDS_MAX
) -> Counter[Fate]:
    """Move at most one batch, and return what became of its records."""
    batch = await consumer.poll(timeout_ms=POLL_MS, records_max=records_max)
    if not batch.records:
        return Counter()
    fates = await apply_patiently(inbox, batch.records)
    # After the transaction: the other way round, what a crash here leaves undone is never read
    # again. Repeated, the inbox knows it.
    await consumer.commit(batch.next_offsets)
    return fates


async def consume(
    consumer: Consumer,
    inbox: Inbox,
    *,
    stopping: Callable[[], bool],
    ready: Callable[[bool], None],
    heard: Callable[[Counter[Fate]], None],
) -> None:
    """Move batches until `stopping`; any error ends the call, and the process must end with it.

    `heard` gets what became of each batch.
    """
    ready(True)
    while not stopping():
        heard(await consume_once(consumer, inbox))
    ready(False)


async def apply_all(log: Log, topic: str, inbox: Inbox) -> Counter[Fate]:
    """Apply everything that the topic holds now, from its beginning, whatever was applied before.

    It needs no group and moves no offset. Beside a running consumer it does no harm: the inbox
    lets each event through once, and none before those that come before it.
    """
    fates: Counter[Fate] = Counter()
    batch: list[Record] = []
    async with aclosing(log.read(topic)) as records:
        async for record in records:
            batch.append(record)
            if len(batch) == BATCH_RECORDS_MAX:
                fates += await apply_patiently(inbox, batch)
                batch = []
    return fates + await apply_patiently(inbox, batch)


async def apply_patiently(inbox: Inbox, records: Sequence[Record]) -> Counter[Fate]:
    """Apply a batch, and once more where the database was away for a moment.

    Two processes whose batches lock the same orders crosswise end up here too: one is rolled back.

    Raises:
        Unavailable: after TRIES_MAX tries.
    """
    tried = 1
    while True:
        try:
            return inbox.apply(records)
        except Unavailable as error:
            if tried == TRIES_MAX:
                raise
            _log.warning("downstream_retry", consumer=inbox.service.name, error=str(error))
        await asyncio.sleep(RETRY_S * 2**tried)
        tried += 1
