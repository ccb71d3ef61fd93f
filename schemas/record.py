"""A record as both logs know it: before it lies in a topic (`Draft`) and afterwards (`Record`)."""

from typing import NamedTuple

from schemas.frozen import value

Headers = tuple[tuple[str, bytes], ...]


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Position(NamedTuple):
    """Where a record lies; offsets count from 0 and may have gaps."""

    topic: str
    partition: int
    offset: int


@value
class Draft:
    """A record to append. `value` None is a tombstone on a compacted topic."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@value
class Record:
    """A record that lies in the log. `timestamp_ms` is the time of appending."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def position(self) -> Position:
        return Position(self.topic, self.partition, self.offset)
