"""CPU of `audit replay --diff`: one process, from Kafka, all phases and what they compare."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop
from prometheus_client import CollectorRegistry

from processors.registry import PROVIDERS
from schemas.topics import Topics, topics
from streams.collector import tend_garbage
from streams.kafka import KafkaLog
from streams.metrics import StageMetrics
from streams.replay import Range, Replay, Report, Wanted
from streams.replay.accounts import rings_of_folder
from streams.replay.store import Store
from streams.verify import Book, run_verify
from tests.bench.callbacks import DEPLOYMENT, book_of, callback_drafts, received, sent_by
from tests.bench.stages import Counting, CountingSettling, Meter, fill

ALL: Final = Range(0, 1 << 53)
LEDGER_DAYS: Final = 540


def replay_per_s(bootstrap: str, folder: Path, provider: str, passes: int) -> float:
    """Return how many callbacks a core replays in a second of its CPU.

    The clients that read the partitions are counted in, loading the program is not. Each payment
    was told `passes` times, so all but one of `passes` are duplicates.
    """
    return uvloop.run(_replay(bootstrap, folder, provider, passes))


async def _replay(bootstrap: str, folder: Path, provider: str, passes: int) -> float:
    prefix = f"replay-{provider}-{time.time_ns()}"
    log, all_topics = KafkaLog(bootstrap), topics(prefix)
    callbacks = received(sent_by(folder, provider), passes)
    await fill(log, all_topics, callback_drafts(callbacks, all_topics))
    await _happen(log, all_topics, prefix, book_of(folder), len(callbacks))
    report, cpu_s = await _measured(log, prefix, folder)
    await log.close()
    if not report.same or report.counts["callbacks"] != len(callbacks):
        raise RuntimeError(f"a replay that differs: {report.counts}")
    return len(callbacks) / cpu_s


async def _happen(
    log: KafkaLog, all_topics: Topics, prefix: str, book: Book, callbacks: int
) -> None:
    """Verify and settle everything, as the live path does."""
    verifying, settling = Meter(callbacks), Meter(callbacks)
    metrics = Counting(CollectorRegistry())
    await run_verify(
        log, all_topics, group=f"{prefix}-verify", current_book=lambda: book, metrics=metrics,
        stopping=lambda: verifying.stopping(metrics.done), ready=lambda _: None,
    )  # fmt: skip
    settler = CountingSettling(
        log, all_topics, deployment=DEPLOYMENT, ledger_days=LEDGER_DAYS,
        clock=lambda: time.time_ns() // 1_000_000, metrics=StageMetrics(CollectorRegistry()),
    )  # fmt: skip
    await log.run_exactly_once(
        f"{prefix}-settle", all_topics.facts.name, settler, ready=lambda _: None,
        stopping=lambda: settling.stopping(settler.done),
    )  # fmt: skip


async def _measured(log: KafkaLog, prefix: str, folder: Path) -> tuple[Report, float]:
    wanted = Wanted(
        range=ALL, prefix=prefix, into=None, deployment=DEPLOYMENT, ledger_days=LEDGER_DAYS,
        log="bench",
    )  # fmt: skip
    with TemporaryDirectory(prefix="tillstream-replay-") as state:
        store = Store(Path(state) / "replay.db")
        rings = rings_of_folder(folder / "accounts", PROVIDERS, {})
        replay = Replay(log=log, wanted=wanted, store=store, providers=PROVIDERS, rings=rings)
        tend_garbage()
        before_s = time.process_time()
        report = await replay.run()
        cpu_s = time.process_time() - before_s
        store.close()
    return report, cpu_s
