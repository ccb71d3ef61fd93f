"""The ledger without Kafka: what restoring and settling cost of themselves at any size.

The entries of the ledger are made on the way, so that twenty million need no broker's disk. Their
making is a part of what restoring costs here, reading and decoding answers of a broker is not.
"""

import os
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import uvloop
from prometheus_client import CollectorRegistry

from schemas.ledger import COUNT_KEY, LedgerTotals
from schemas.record import Draft, Position, Record
from schemas.topics import Topics, topics
from streams.collector import tend_garbage
from streams.ledger import DiskStores
from streams.log import Entry, PartitionBounds
from streams.metrics import StageMetrics
from streams.settle import Settling
from tests.bench.callbacks import DEPLOYMENT, book_of, fact_drafts, received, sent_by
from tests.bench.ledger_states import anon_mb, disk_mb, states

BATCH_ENTRIES: Final = 1_500
BATCH_FACTS: Final = 200  # of a partition in one transaction
WARM: Final = 5  # the first fifth of the facts is no figure


class MadeLog:
    """Holds a ledger of that many payments and no events."""

    def __init__(self, all_topics: Topics, payments: int) -> None:
        self._partitions = all_topics.ledger.partitions
        self._payments = payments

    async def bounds(self, topic: str) -> Mapping[int, PartitionBounds]:
        return {p: PartitionBounds(0, 0, 0) for p in range(self._partitions)}

    async def entries(
        self, topic: str, partition: int, *, start: int | None = None
    ) -> AsyncGenerator[Sequence[Entry], None]:
        totals = LedgerTotals()
        offset = 0
        batch: list[Entry] = []
        for key, value in states(self._payments, partition, self._partitions):
            totals.replace(key, None, value)
            batch.append((offset, key, value))
            offset += 1
            if len(batch) == BATCH_ENTRIES:
                yield batch
                batch = []
        yield [*batch, (offset, COUNT_KEY, totals.record())]


def alone(folder: Path, payments: int, passes: int) -> dict[str, float]:
    """Return figures of one process: CPU in us, memory and disk in MB."""
    return uvloop.run(_alone(folder, payments, passes))


async def _alone(folder: Path, payments: int, passes: int) -> dict[str, float]:
    all_topics = topics(f"alone-{payments}")
    place = folder / all_topics.ledger.name
    settling = Settling(
        MadeLog(all_topics, payments), all_topics, deployment=DEPLOYMENT, ledger_days=540,  # type: ignore[arg-type]
        clock=lambda: time.time_ns() // 1_000_000, metrics=StageMetrics(CollectorRegistry()),
        stores=DiskStores(place),
    )  # fmt: skip
    partitions = all_topics.facts.partitions
    batches = list(_batches(folder, passes, all_topics))
    began_mb = anon_mb()
    highest = began_mb
    began = _now()
    for partition in range(partitions):
        await settling.restore(partition)
        highest = max(highest, anon_mb())
    restored = _now()
    tend_garbage()
    warm = len(batches) // WARM
    facts = 0
    for number, batch in enumerate(batches):
        if number == warm:
            warmed = _now()
        partition = batch[0].partition
        drafts = settling.process(partition, batch)
        settling.committed(partition, _positions(drafts))
        facts += len(batch) if number >= warm else 0
    ended = _now()
    highest = max(highest, anon_mb())
    for partition in range(partitions):
        settling.forget(partition)
    return {
        "payments": payments,
        "restore_cpu_us": round((restored[1] - began[1]) * 1e6 / payments, 2),
        "restore_s": round(restored[0] - began[0], 1),
        "settle_cpu_us": round((ended[1] - warmed[1]) * 1e6 / facts, 2),
        "settle_us": round((ended[0] - warmed[0]) * 1e6 / facts, 2),
        "anon_mb": round(highest),
        "of_that_facts_mb": round(began_mb),
        "disk_mb": round(disk_mb(place)),
        "load": round(os.getloadavg()[0], 1),
    }


def _now() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _batches(folder: Path, passes: int, all_topics: Topics) -> Iterator[list[Record]]:
    """Yield batches of facts about new payments, one partition after the other."""
    callbacks = received(sent_by(folder, "stripe"))
    waiting: dict[int, list[Record]] = {}
    for n, draft in enumerate(fact_drafts(callbacks, passes, all_topics, book_of(folder))):
        batch = waiting.setdefault(draft.partition, [])
        batch.append(
            Record(draft.topic, draft.partition, n, 0, draft.key, draft.value, draft.headers)
        )
        if len(batch) == BATCH_FACTS:
            yield waiting.pop(draft.partition)


def _positions(drafts: Sequence[Draft]) -> list[Position]:
    return [Position(draft.topic, draft.partition, n) for n, draft in enumerate(drafts)]
