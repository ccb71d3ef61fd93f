"""How many partitions payments have, and had: a record of the ledger topic.

A payment's partition is its key modulo that count: with another count its ledger lies where nobody
looks, and it would be announced again. So the count is recorded, compared at start and again and
again, and changed only by `topics migrate`, which also records how far facts and events reached
under each earlier count.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import orjson

from schemas.record import Draft, Record
from schemas.topics import PARTITIONS_KEY, Topics
from streams.errors import ConfigurationError
from streams.log import Log

# Version 1 knows of no growth; software that reads no other must not start after one.
PLAIN: Final = 1
GROWN: Final = 2
_HEADERS: Final = (("content-type", b"application/json"),)


@dataclass(frozen=True, slots=True)
class Era:
    """The time of one count, and where it ended: by partition, the next offset of each topic."""

    partitions: int
    facts: tuple[int, ...]
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PartitionCount:
    """`partitions` in force; `growing_to`: a migration that has begun and must be finished."""

    partitions: int
    eras: tuple[Era, ...] = ()
    growing_to: int | None = None

    def settled_before(self, record: Record) -> bool:
        """Whether a fact was settled under an earlier count; its payment may lie elsewhere now."""
        return any(
            record.partition < era.partitions and record.offset < era.facts[record.partition]
            for era in self.eras
        )


class RecordedCount:
    """The partition count that the ledger topic records: its newest record of that key.

    The first reading goes through the whole partition, each further one through what is new. It
    ends where committed data ends: only settling ends a transaction that a killed owner left
    open, and settling must be able to start.
    """

    def __init__(self, log: Log, topics: Topics) -> None:
        self._log = log
        self._topic = topics.ledger.name
        self._next: int | None = None
        self._count: PartitionCount | None = None

    async def read(self) -> PartitionCount | None:
        """Return what is recorded, None where nothing is.

        Raises:
            ConfigurationError: a record of another version.
            Unavailable: the log cannot be read.
        """
        start = None if self._next is None else {0: self._next}
        stable = (await self._log.bounds(self._topic))[0].stable
        async for record in self._log.read(self._topic, [0], start=start, end={0: stable}):
            self._next = record.offset + 1
            if record.key == PARTITIONS_KEY:
                self._count = decode_count(record.value, self._topic)
        return self._count


async def record_count(log: Log, topics: Topics, count: PartitionCount) -> None:
    """Append the record of a count and await its acknowledgement."""
    appender = log.appender()
    value = encode_count(count)
    try:
        await appender.append([Draft(topics.ledger.name, 0, PARTITIONS_KEY, value, _HEADERS)])
    finally:
        await appender.close()


async def events_in_order(
    log: Log, topics: Topics, count: PartitionCount, partition: int | None = None
) -> AsyncGenerator[Record, None]:
    """Yield committed events, each payment's in the order in which they were announced.

    `partition`: only where events of payments that lie there today can lie; others' are among
    them, if the count has ever grown.
    """
    reached: Mapping[int, int] = {}
    for era in count.eras:
        ends = dict(enumerate(era.events))
        async with aclosing(
            log.read(topics.events.name, range(era.partitions), start=reached, end=ends)
        ) as records:
            async for record in records:
                yield record
        reached = ends
    today = range(count.partitions) if partition is None else [partition]
    start = {each: reached[each] for each in today if each in reached}
    async with aclosing(log.read(topics.events.name, today, start=start)) as records:
        async for record in records:
            yield record


def encode_count(count: PartitionCount) -> bytes:
    """Return the JSON of a count; without a growth as it always was."""
    members: dict[str, Any] = {"v": PLAIN, "partitions": count.partitions}
    if count.eras or count.growing_to is not None:
        eras = [
            {"partitions": e.partitions, "facts": e.facts, "events": e.events} for e in count.eras
        ]
        members |= {"v": GROWN, "growing_to": count.growing_to, "eras": eras}
    return orjson.dumps(members)


def decode_count(value: bytes | None, topic: str) -> PartitionCount:
    """Return what `encode_count` wrote.

    Raises:
        ConfigurationError: anything else.
    """
    try:
        members: Any = orjson.loads(value or b"")
        partitions = _whole(members["partitions"])
        if members["v"] == PLAIN:
            return PartitionCount(partitions)
        if members["v"] == GROWN:
            growing_to = members["growing_to"]
            return PartitionCount(
                partitions,
                tuple(_era(each) for each in members["eras"]),
                None if growing_to is None else _whole(growing_to),
            )
    except (ValueError, KeyError, TypeError):
        pass
    raise ConfigurationError(f"topic {topic} records its partition count in another version")


def _era(members: Any) -> Era:
    facts, events = (tuple(map(_whole, members[name])) for name in ("facts", "events"))
    era = Era(_whole(members["partitions"]), facts, events)
    if not len(era.facts) == len(era.events) == era.partitions:
        raise ValueError("an era without the ends of its partitions")
    return era


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no whole number")
    return value
