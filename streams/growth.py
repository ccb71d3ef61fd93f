"""`topics migrate`: payments move to more partitions, while nobody verifies or settles.

Guarantees:  no event is lost, doubled or moved; a payment's ledger state lies where it will be
             looked for before anybody may look; what was half done is finished by another call.
Order:       the growth is recorded first, so that no stage starts any more; then the topics grow;
             each state is acknowledged in its new place before its tombstone in the old one; what
             each partition holds is counted; only then is the new count recorded.
Does not:    move facts and events. Facts of before are settled, which the record of the growth
             says; events keep offsets that consumers have committed. A payment that moves has its
             earlier events in one partition and its later ones in another.
On error:    the call ends, the record of the growth stays, and the stages refuse to start.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from schemas.ledger import COUNT_KEY, LedgerTotals
from schemas.topics import PARTITIONS_KEY, Topics, partition_for_key
from streams.errors import ConfigurationError
from streams.ledger import ledger_draft
from streams.log import Appender, Log
from streams.partition_count import Era, PartitionCount, RecordedCount, record_count

CHUNK: Final = 1_000
STOPPED: Final = ("verify", "settle", "views")
_log = structlog.get_logger()


class GrowableLog(Log, Protocol):
    """A log whose topics can grow and whose groups can be asked about."""

    async def grow(self, topic: str, partitions: int) -> None:
        """Give a topic that many partitions; one that has them is left as it is."""

    async def members(self, group: str) -> int:
        """Return how many live members a group has."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What a migration did."""

    before: int
    partitions: int
    payments_moved: int


def _unheard(_: int) -> None:
    return


async def migrate(
    log: GrowableLog,
    topics: Topics,
    partitions: int,
    *,
    prefix: str,
    moved: Callable[[int], None] = _unheard,
) -> Growth:
    """Give payments `partitions` partitions, or finish a migration that has begun.

    `topics` as they are found; `moved` hears of states in their new place.

    Raises:
        ConfigurationError: a stage runs, facts wait, a transaction is open, fewer partitions
            than now, another target than the one begun.
    """
    recorded = await RecordedCount(log, topics).read()
    if recorded is None:
        raise ConfigurationError("no partition count is recorded; tillstream topics apply does it")
    await _refuse_running(log, [f"{prefix}-{role}" for role in STOPPED])
    if recorded.growing_to is None:
        recorded = await _begun(log, topics, recorded, partitions, f"{prefix}-settle")
    elif recorded.growing_to != partitions:
        raise ConfigurationError(
            f"a migration to {recorded.growing_to} partitions has begun; finish that one first"
        )
    names = [topic.name for topic in topics.by_payment()]
    # The views' own topics follow the events': they are stopped, and take it up when they start.
    found = await log.describe()
    names += [name for name in found if name.startswith(f"{prefix}-views-")]
    for name in names:
        await log.grow(name, partitions)
    appender = log.appender()
    try:
        count = await _move(log, appender, topics, recorded.partitions, partitions, moved)
        for partition in range(partitions):
            await _count(log, appender, topics, partition)
    finally:
        await appender.close()
    await record_count(log, topics, PartitionCount(partitions, recorded.eras))
    _log.info("partitions_grown", before=recorded.partitions, partitions=partitions, moved=count)
    return Growth(recorded.partitions, partitions, count)


async def _refuse_running(log: GrowableLog, groups: Sequence[str]) -> None:
    running = [group for group in groups if await log.members(group)]
    if running:
        raise ConfigurationError(
            *(f"{group} has live members; stop every process of it first" for group in running)
        )


async def _begun(
    log: GrowableLog, topics: Topics, recorded: PartitionCount, partitions: int, settle_group: str
) -> PartitionCount:
    """Check that nothing waits, and record the growth with the ends of facts and events."""
    if partitions <= recorded.partitions:
        raise ConfigurationError(
            f"{recorded.partitions} partitions are recorded; {partitions} are no more than that"
        )
    facts = await log.bounds(topics.facts.name)
    settled = await log.committed_offsets(settle_group, topics.facts.name)
    problems = [
        f"{topics.facts.name}: facts wait in partition {p}; let settling finish first"
        for p, each in facts.items()
        if (each.start if settled[p] is None else settled[p]) != each.end
    ]
    for name in (topics.events.name, topics.ledger.name):
        problems += [
            f"{name}: a transaction is open in partition {p}; start and stop settling once"
            for p, each in (await log.bounds(name)).items()
            if each.stable != each.end
        ]
    if problems:
        raise ConfigurationError(*problems)
    events = await log.bounds(topics.events.name)
    count = range(recorded.partitions)
    era = Era(
        recorded.partitions,
        tuple(facts[p].end for p in count),
        tuple(events[p].end for p in count),
    )
    begun = PartitionCount(recorded.partitions, (*recorded.eras, era), partitions)
    await record_count(log, topics, begun)
    return begun


async def _move(
    log: Log, appender: Appender, topics: Topics, before: int, partitions: int,
    moved: Callable[[int], None],
) -> int:  # fmt: skip
    """Write each state of another partition there, and then its tombstone here."""
    total = 0
    for partition in range(before):
        states = await _states(log, topics, partition)
        leaving = [
            (key, value, partition_for_key(key, partitions))
            for key, value in states.items()
            if partition_for_key(key, partitions) != partition
        ]
        for start in range(0, len(leaving), CHUNK):
            chunk = leaving[start : start + CHUNK]
            await appender.append(
                [ledger_draft(topics, there, key, value) for key, value, there in chunk]
            )
            await appender.append(
                [ledger_draft(topics, partition, key, None) for key, _, _ in chunk]
            )
            total += len(chunk)
            moved(len(chunk))
    return total


async def _count(log: Log, appender: Appender, topics: Topics, partition: int) -> None:
    """Write what a partition of the ledger holds, as a restore will look for it."""
    states = await _states(log, topics, partition)
    totals = LedgerTotals()
    for key, value in states.items():
        totals.replace(key, None, value)
    await appender.append([ledger_draft(topics, partition, COUNT_KEY, totals.record())])


async def _states(log: Log, topics: Topics, partition: int) -> dict[bytes, bytes]:
    states: dict[bytes, bytes] = {}
    async for record in log.read(topics.ledger.name, [partition]):
        if record.key is None or record.key in (COUNT_KEY, PARTITIONS_KEY):
            continue
        if record.value is None:
            states.pop(record.key, None)
        else:
            states[record.key] = record.value
    return states
