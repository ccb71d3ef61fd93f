"""Looking at the log itself, beside the stages: transactions that never end, and lag.

Nothing here ends a process: what cannot be looked at now is looked at again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Final, Literal

import structlog

from schemas.errors import Unavailable
from schemas.record import Position, TopicPartition
from schemas.topics import Topics
from streams.log import Log, PartitionBounds
from streams.metrics import StageMetrics

STANDS_STILL_S: Final = 30.0
LOOK_S: Final = 10.0
LAG_LOOK_S: Final = 30.0
_log = structlog.get_logger()


class StableOffsets:
    """Notices a last stable offset that stands still: readers of committed data see nothing there.

    Consumer lag does not show it, since readers are at the end of what they may read.
    """

    def __init__(self, *, stands_still_s: float = STANDS_STILL_S) -> None:
        self._stands_still_s = stands_still_s
        self._since: dict[TopicPartition, tuple[int, float]] = {}
        self._told: set[TopicPartition] = set()

    def look(
        self, topic: str, bounds: Mapping[int, PartitionBounds], now_s: float
    ) -> list[TopicPartition]:
        """Compare bounds with those seen before; return what has now stood still too long, once.

        `now_s` is monotonic.
        """
        hanging = []
        for partition, each in bounds.items():
            where = TopicPartition(topic, partition)
            before = self._since.get(where)
            if each.stable >= each.end or before is None or before[0] != each.stable:
                self._since[where] = (each.stable, now_s)
                self._told.discard(where)
            elif now_s - before[1] >= self._stands_still_s and where not in self._told:
                self._told.add(where)
                hanging.append(where)
        return hanging


async def watch_stable_offsets(
    log: Log,
    topics: Topics,
    watch: StableOffsets,
    *,
    metrics: StageMetrics,
    clock_s: Callable[[], float],
    stopping: asyncio.Event,
    every_s: float = LOOK_S,
) -> None:
    """Look at the topics that transactions write, until `stopping`."""

    async def look() -> None:
        for topic in (topics.events, topics.ledger, topics.outcomes):
            bounds = await log.bounds(topic.name)
            for where in watch.look(topic.name, bounds, clock_s()):
                await _tell_hanging(log, metrics, where, bounds[where.partition])

    await _again_and_again(look, stopping, every_s)


async def _tell_hanging(
    log: Log, metrics: StageMetrics, where: TopicPartition, bounds: PartitionBounds
) -> None:
    metrics.alarm("stable_offset")
    try:
        # The oldest open transaction begins at the stable offset.
        producer = await log.producer_at(Position(*where, bounds.stable))
    except Unavailable:
        producer = None
    _log.error(
        "stable_offset_stands_still",
        alarm="stable_offset",
        topic=where.topic,
        partition=where.partition,
        producer_id=producer,
        stable=bounds.stable,
        end=bounds.end,
        meaning="last stable offset stands still: an open transaction hides what lies behind it",
    )


async def lag_age_s(log: Log, group: str, topic: str, now_ms: int) -> float:
    """Return how long the oldest record that a group has not processed lies there; 0: none does.

    Asked of the log and not of the stage, so that a stage that stands still is seen too.
    """
    bounds = await log.bounds(topic)
    committed = await log.committed_offsets(group, topic)
    start = {p: max(committed.get(p) or 0, each.start) for p, each in bounds.items()}
    behind = [p for p, each in bounds.items() if start[p] < each.stable]
    oldest_ms = now_ms
    if behind:
        ends = {p: start[p] + 1 for p in behind}
        async with aclosing(log.read(topic, behind, start=start, end=ends)) as records:
            async for record in records:
                oldest_ms = min(oldest_ms, record.timestamp_ms)
    return (now_ms - oldest_ms) / 1000


async def watch_lag(
    log: Log,
    stage: Literal["verify", "settle"],
    group: str,
    topic: str,
    *,
    metrics: StageMetrics,
    clock: Callable[[], int],
    stopping: asyncio.Event,
    every_s: float = LAG_LOOK_S,
) -> None:
    """Keep the gauge of a stage's lag age, until `stopping`."""

    async def look() -> None:
        metrics.lagging(stage, await lag_age_s(log, group, topic, clock()))

    await _again_and_again(look, stopping, every_s)


async def _again_and_again(
    look: Callable[[], Awaitable[None]], stopping: asyncio.Event, every_s: float
) -> None:
    while not stopping.is_set():
        try:
            await look()
        except Unavailable as error:
            # The stage beside it decides whether the log is away for too long.
            _log.warning("log_not_looked_at", reason=str(error))
        try:
            await asyncio.wait_for(stopping.wait(), every_s)
        except TimeoutError:
            continue
