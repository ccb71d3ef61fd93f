"""CPU of the verify and settle stages on Kafka: each alone in a process, from a full topic."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import uvloop
from prometheus_client import CollectorRegistry

from schemas.record import Draft
from schemas.topics import Topics, topics
from streams.collector import tend_garbage
from streams.kafka import KafkaLog
from streams.metrics import StageMetrics
from streams.settle import Settling
from streams.topology import ensure_topics
from streams.verify import run_verify
from tests.bench.callbacks import (
    DEPLOYMENT,
    book_of,
    callback_drafts,
    fact_drafts,
    received,
    sent_by,
)

CHUNK: Final = 5_000
STAGE_S_MAX: Final = 60


class Meter:
    """Process CPU between the first batches and the last, told by whoever counts records."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        # Beyond the start: joining, first fetches and warming up are no cost of a callback.
        self._warm = expected // 5
        self._first: tuple[int, float] | None = None
        self._last = (0, 0.0)
        self._deadline_s = time.monotonic() + STAGE_S_MAX

    def stopping(self, done: int) -> bool:
        """Look at the clock, and tell whether everything is done."""
        if time.monotonic() > self._deadline_s:
            raise TimeoutError(f"{done} of {self._expected} records in {STAGE_S_MAX} s")
        if done != self._last[0]:
            self._last = (done, time.process_time())
            if self._first is None and done >= self._warm:
                self._first = self._last
        return done >= self._expected

    @property
    def us(self) -> float:
        assert self._first is not None
        done, seconds = self._last[0] - self._first[0], self._last[1] - self._first[1]
        return seconds * 1e6 / done


def verify_us(bootstrap: str, folder: Path, provider: str, passes: int) -> float:
    """Return the CPU in us that the verify stage takes for one callback."""
    return uvloop.run(_verify(bootstrap, folder, provider, passes))


async def _verify(bootstrap: str, folder: Path, provider: str, passes: int) -> float:
    book = book_of(folder)
    callbacks = received(sent_by(folder, provider), passes)
    meter = Meter(len(callbacks))
    log, all_topics = KafkaLog(bootstrap), topics(f"verify-{provider}-{time.time_ns()}")
    await fill(log, all_topics, callback_drafts(callbacks, all_topics))
    metrics = Counting(CollectorRegistry())
    await run_verify(
        log, all_topics, group=f"{all_topics.callbacks.name}-verify",
        current_book=lambda: book, metrics=metrics,
        stopping=lambda: meter.stopping(metrics.done), ready=_tend,
    )  # fmt: skip
    await log.close()
    return meter.us


def settle_us(bootstrap: str, folder: Path, provider: str, passes: int) -> float:
    """Return the CPU in us that the settle stage takes for one fact: a new payment."""
    return uvloop.run(_settle(bootstrap, folder, provider, passes))


async def _settle(bootstrap: str, folder: Path, provider: str, passes: int) -> float:
    log, all_topics = KafkaLog(bootstrap), topics(f"settle-{provider}-{time.time_ns()}")
    drafts = fact_drafts(received(sent_by(folder, provider)), passes, all_topics, book_of(folder))
    meter = Meter(len(drafts))
    await fill(log, all_topics, drafts)
    settling = CountingSettling(
        log, all_topics, deployment=DEPLOYMENT, ledger_days=540,
        clock=lambda: time.time_ns() // 1_000_000, metrics=StageMetrics(CollectorRegistry()),
    )  # fmt: skip
    await log.run_exactly_once(
        f"{all_topics.facts.name}-settle", all_topics.facts.name, settling, ready=_tend,
        stopping=lambda: meter.stopping(settling.done),
    )  # fmt: skip
    await log.close()
    return meter.us


class Counting(StageMetrics):
    done = 0

    def judged(self, provider: str, judgement: object) -> None:
        self.done += 1
        super().judged(provider, judgement)  # type: ignore[arg-type]


class CountingSettling(Settling):
    done = 0

    def committed(self, partition: int, *more: Any) -> None:
        self.done += len(self._rounds[partition].tally.ages_ms)
        super().committed(partition, *more)


def _tend(ready: bool) -> None:
    if ready:
        tend_garbage()


async def fill(log: KafkaLog, all_topics: Topics, drafts: Sequence[Draft]) -> None:
    await ensure_topics(log, all_topics)
    appender = log.appender()
    for start in range(0, len(drafts), CHUNK):
        await appender.append(drafts[start : start + CHUNK])
    await appender.close()
