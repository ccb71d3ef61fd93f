"""Feeding the views by plain reading: what is new, what is missing, or all of it again.

On the embedded log this is the whole driver. On Kafka it runs before Faust starts, so that a lost
database, or one that is behind the group's offsets, is made whole before anything is skipped.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import Final

import structlog

from schemas.errors import InvalidRecord, Unavailable
from schemas.record import Record, TopicPartition
from schemas.topics import Topics
from streams.log import Log, PartitionBounds
from streams.views.store import Store

BATCH_RECORDS_MAX: Final = 500
FOLLOW_S: Final = 0.2
_log = structlog.get_logger()


def fed_topics(topics: Topics) -> tuple[str, ...]:
    """Return the topics that the views read, causes before effects."""
    return (topics.callbacks.name, topics.outcomes.name, topics.events.name)


async def catch_up(log: Log, topics: Topics, store: Store) -> int:
    """Apply everything between the store's progress and the present ends; return how many.

    A store that was never built to its end, or by code with other rows, is built anew.
    """
    if not store.complete:
        return await rebuild(log, topics, store)
    return await _read_on(log, topics, store)


async def rebuild(log: Log, topics: Topics, store: Store) -> int:
    """Forget the rows and build them again from the log; return how many records were applied."""
    starts = {
        TopicPartition(name, partition): bounds.start
        for name in fed_topics(topics)
        for partition, bounds in (await log.bounds(name)).items()
    }
    store.begin_rebuild(starts)
    applied = await _read_on(log, topics, store)
    store.end_rebuild()
    _log.info("views_built", records=applied)
    return applied


async def follow(
    log: Log,
    topics: Topics,
    store: Store,
    *,
    stopping: asyncio.Event,
    ready: Callable[[bool], None],
    fed: Callable[[], None],
) -> None:
    """Keep the views up to date until `stopping`; `fed` is called after each round."""
    while not stopping.is_set():
        await catch_up(log, topics, store)
        fed()
        ready(True)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), FOLLOW_S)
    ready(False)


async def _read_on(log: Log, topics: Topics, store: Store) -> int:
    applied = 0
    for name in fed_topics(topics):
        applied += await _read_topic(log, name, store)
    return applied


async def _read_topic(log: Log, name: str, store: Store) -> int:
    progress = store.progress()
    ends, start = {}, {}
    for partition, bounds in (await log.bounds(name)).items():
        where = TopicPartition(name, partition)
        reached = progress.get(where)
        if reached != bounds.end:
            ends[where] = bounds.end
        start_here = _start(where, bounds, reached)
        if start_here < bounds.end:
            start[partition] = start_here
    applied = await _read_from(log, name, start, store) if start else 0
    if ends:
        # Where the last places hold no record (transaction markers), or a partition holds none
        # at all, the progress reaches its end too.
        store.advance(ends)
    return applied


def _start(where: TopicPartition, bounds: PartitionBounds, reached: int | None) -> int:
    if reached is None:
        return bounds.start
    if reached > bounds.end:
        raise Unavailable(
            f"the views have read {where.topic}-{where.partition} beyond its end: another log, or"
            " one that lost records; tillstream views rebuild builds them from this one"
        )
    if reached < bounds.start:
        # Retention took what nobody has read: the rows will lack it, and say nothing else.
        _log.error("views_gap", topic=where.topic, partition=where.partition, alarm="views_gap",
                   missing=bounds.start - reached)  # fmt: skip
    return max(reached, bounds.start)


async def _read_from(log: Log, name: str, start: dict[int, int], store: Store) -> int:
    applied = 0
    batch: list[Record] = []
    records = log.read(name, sorted(start), start=start)
    async with aclosing(records):
        async for record in records:
            batch.append(record)
            if len(batch) >= BATCH_RECORDS_MAX:
                applied += await _apply(store, batch)
                batch = []
    return applied + (await _apply(store, batch) if batch else 0)


async def _apply(store: Store, batch: Sequence[Record]) -> int:
    try:
        store.apply(batch)
    except InvalidRecord:
        for record in batch:
            apply_or_name(store, record)
    # Other roles may share this event loop.
    await asyncio.sleep(0)
    return len(batch)


def apply_or_name(store: Store, record: Record) -> None:
    """Apply one record, or name it among the failures where it is no record of ours."""
    try:
        store.apply([record])
    except InvalidRecord as error:
        _log.error("views_record_failed", topic=record.topic, partition=record.partition,
                   offset=record.offset, error=str(error), alarm="views_failure")  # fmt: skip
        store.fail(record, str(error))
