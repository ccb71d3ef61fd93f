"""What a replay covers: the range, and how far each topic and each live stage had come.

Ends are noted in an order that leaves no gap: first what the stages had committed, then what they
had written, then what they read. So each recorded event has its fact before the noted end, and
what a stage had not reached is known not to be missing.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

import processors
import schemas
from schemas.topics import Topics, partition_for_key, topics
from streams.errors import ConfigurationError
from streams.log import Log
from streams.partition_count import (
    Era,
    PartitionCount,
    RecordedCount,
    decode_count,
    encode_count,
)

PHASES: Final = ("outcomes", "facts", "callbacks", "payments")


@dataclass(frozen=True, slots=True)
class Range:
    """Receive times in milliseconds since 1970: `from_ms` inside, `to_ms` outside. `provider` and
    `account` None: all."""

    from_ms: int
    to_ms: int
    provider: str | None = None
    account: str | None = None

    def covers(self, received_at_ms: int, provider: str, account: str) -> bool:
        return (
            self.from_ms <= received_at_ms < self.to_ms
            and self.provider in (None, provider)
            and self.account in (None, account)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. `prefix` of the live topics, `into` of those to write; None: none."""

    range: Range
    prefix: str
    into: str | None
    deployment: str
    ledger_days: int
    log: str

    @property
    def id(self) -> str:
        """Names the replay and its state file: the same request has the same id."""
        each = self.range
        parts = (self.log, self.prefix, self.into, each.from_ms, each.to_ms, each.provider,
                 each.account, self.deployment, self.ledger_days)  # fmt: skip
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:12]


class Span(NamedTuple):
    """A stretch of some partitions: from `begins` (where not named: the first held) to `ends`."""

    partitions: Sequence[int]
    begins: Mapping[int, int]
    ends: Mapping[int, int]

    @property
    def start(self) -> dict[int, int]:
        return {p: self.begins[p] for p in self.partitions if p in self.begins}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`starts` (the first held) and `ends` by topic and partition; `verified` and `settled`: what
    the live groups had committed.

    `code` names the code that judges: a replay is not resumed with another.
    """

    count: PartitionCount
    starts: Mapping[str, Mapping[int, int]]
    ends: Mapping[str, Mapping[int, int]]
    verified: Mapping[int, int]
    settled: Mapping[int, int]
    code: str
    parts: Mapping[str, int] = field(default_factory=dict)

    def encode(self) -> bytes:
        return orjson.dumps(
            {
                "count": orjson.loads(encode_count(self.count)),
                "starts": {name: _texts(starts) for name, starts in self.starts.items()},
                "ends": {name: _texts(ends) for name, ends in self.ends.items()},
                "verified": _texts(self.verified),
                "settled": _texts(self.settled),
                "code": self.code,
                "parts": self.parts,
            }
        )

    @classmethod
    def decode(cls, octets: bytes) -> "Plan":
        members: dict[str, Any] = orjson.loads(octets)
        return cls(
            count=decode_count(orjson.dumps(members["count"]), "of the plan"),
            starts={name: _numbers(starts) for name, starts in members["starts"].items()},
            ends={name: _numbers(ends) for name, ends in members["ends"].items()},
            verified=_numbers(members["verified"]),
            settled=_numbers(members["settled"]),
            code=members["code"],
            parts=members["parts"],
        )

    def topics(self, prefix: str) -> Topics:
        return topics(prefix, payment_partitions=self.count.partitions)

    def spans(
        self, topic: str, reached: Callable[[Era], tuple[int, ...]], keys: Collection[bytes]
    ) -> list[Span]:
        """Return where records of these payments lie in a topic of payments, oldest first.

        `reached` says where an earlier count's time ended in this topic. A payment that moved has
        records under each count.
        """
        spans = []
        begins: dict[int, int] = {}
        for era in self.count.eras:
            ends = dict(enumerate(reached(era)))
            spans.append(Span(_places(keys, era.partitions), begins, ends))
            begins = ends
        spans.append(Span(_places(keys, self.count.partitions), begins, self.ends[topic]))
        return spans

    def begin_is_held(self, topic: str, key: bytes) -> bool:
        """Whether the facts topic holds whatever was first stated of a payment."""
        first = self.count.eras[0].partitions if self.count.eras else self.count.partitions
        return self.starts[topic].get(partition_for_key(key, first)) == 0

    def records(self, phase: str, part: int, prefix: str) -> int:
        """Return how many offsets a part of a phase reads."""
        names = self.topics(prefix)
        read = {
            "outcomes": (names.outcomes,),
            "facts": (names.facts,),
            "callbacks": (names.callbacks,),
            "payments": (names.facts, names.events),
        }
        return sum(self.ends[t.name][part] - self.starts[t.name][part] for t in read[phase])

    def records_total(self, prefix: str) -> int:
        """Return how many records all phases read, for a progress bar; offsets may have gaps."""
        return sum(
            self.records(phase, part, prefix)
            for phase, parts in self.parts.items()
            for part in range(parts)
        )


def _places(keys: Collection[bytes], partitions: int) -> list[int]:
    return sorted({partition_for_key(key, partitions) for key in keys})


def _texts(numbers: Mapping[int, int]) -> dict[str, int]:
    return {str(key): value for key, value in numbers.items()}


def _numbers(texts: Mapping[str, int]) -> dict[int, int]:
    return {int(key): value for key, value in texts.items()}


async def make_plan(log: Log, prefix: str) -> Plan:
    """Return the plan of a replay that begins now.

    Raises:
        ConfigurationError: a topic is missing, those of payments differ in their partitions or
            from what is recorded, or a migration to more is not finished.
    """
    states = await log.describe()
    names = topics(prefix)
    missing = [each.name for each in names.all() if each.name not in states]
    if missing:
        raise ConfigurationError(*(f"topic {name} does not exist" for name in missing))
    counts = {states[each.name].partitions for each in names.by_payment()}
    recorded = await RecordedCount(log, names).read()
    if recorded is not None and recorded.growing_to is not None:
        raise ConfigurationError("payments are moving; finish tillstream topics migrate first")
    if len(counts) > 1 or (recorded is not None and counts != {recorded.partitions}):
        raise ConfigurationError(
            "facts, events and ledger differ in their partitions; see tillstream topics plan"
        )
    verified = await log.committed_offsets(f"{prefix}-verify", names.callbacks.name)
    settled = await log.committed_offsets(f"{prefix}-settle", names.facts.name)
    starts, ends = {}, {}
    for topic in (names.events, names.outcomes, names.facts, names.accounts, names.callbacks):
        bounds = await log.bounds(topic.name)
        starts[topic.name] = {partition: each.start for partition, each in bounds.items()}
        ends[topic.name] = {partition: each.end for partition, each in bounds.items()}
    return Plan(
        count=recorded or PartitionCount(counts.pop()),
        starts=starts,
        ends=ends,
        verified={p: offset or 0 for p, offset in verified.items()},
        settled={p: offset or 0 for p, offset in settled.items()},
        code=code_digest(),
        parts={
            "outcomes": states[names.outcomes.name].partitions,
            "facts": states[names.facts.name].partitions,
            "callbacks": states[names.callbacks.name].partitions,
            "payments": states[names.facts.name].partitions,
        },
    )


def code_digest() -> str:
    """Return 12 hex digits that name the code which verdicts and events depend on."""
    digest = hashlib.sha256()
    for package in (schemas, processors):
        folder = Path(package.__path__[0])
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
