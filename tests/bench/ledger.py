"""`python -m tests.bench.ledger [PAYMENTS...] [--alone] [--json]`: settling beside a large ledger.

For each size: a ledger topic of random keys, the worst order there is; a process that restores it
into stores on disk, settles new payments beside it, and ends; a second one that goes on from what
the first has left. It prints and does not judge. A million payments take about 1 GB of disk for
the topic and its stores, and give it back.
"""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import orjson
import uvloop
from prometheus_client import CollectorRegistry

from deploy.kafka_local import LocalBroker
from schemas.ledger import COUNT_KEY, LedgerTotals
from schemas.record import Draft
from schemas.topics import Topics, topics
from streams.kafka import KafkaLog
from streams.ledger import DiskStores, ledger_draft
from streams.metrics import StageMetrics
from streams.topology import ensure_topics
from tests.bench import ledger_alone
from tests.bench.__main__ import apart
from tests.bench.callbacks import DEPLOYMENT, book_of, fact_drafts, prepare, received, sent_by
from tests.bench.ledger_states import anon_mb, disk_mb, states
from tests.bench.stages import CHUNK, CountingSettling, Meter, _tend

SIZES: Final = (100_000, 2_000_000)
SIGNED: Final = 2_000
PASSES: Final = 15  # of them: facts about other payments
FILL_RECORDS: Final = 24_000
SAMPLE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one process beside a ledger of `payments`; times in s, CPU in us, memory in MB."""

    payments: int
    restore_s: float
    restore_cpu_us: float  # for each entry
    entries_per_s: float
    settle_cpu_us: float  # for each fact
    anon_mb: float  # RssAnon at its highest
    disk_mb: float


async def fill(log: KafkaLog, all_topics: Topics, payments: int) -> None:
    """Write a ledger as settle would have left it."""
    count = all_topics.ledger.partitions
    totals = [LedgerTotals() for _ in range(count)]
    appender = log.appender()
    drafts: list[Draft] = []
    for key, value in states(payments):
        partition = crc32(key) % count
        totals[partition].replace(key, None, value)
        drafts.append(ledger_draft(all_topics, partition, key, value))
        if len(drafts) == FILL_RECORDS:
            await appender.append(drafts)
            drafts = []
    drafts += [
        ledger_draft(all_topics, partition, COUNT_KEY, each.record())
        for partition, each in enumerate(totals)
    ]
    await appender.append(drafts)
    await appender.close()


def filled(bootstrap: str, folder: Path, prefix: str, payments: int) -> None:
    """Write ledger and facts of one size."""
    uvloop.run(_filled(bootstrap, folder, prefix, payments))


async def _filled(bootstrap: str, folder: Path, prefix: str, payments: int) -> None:
    log, all_topics = KafkaLog(bootstrap), topics(prefix)
    await ensure_topics(log, all_topics)
    await fill(log, all_topics, payments)
    callbacks = received(sent_by(folder, "stripe"))
    facts = fact_drafts(callbacks, PASSES, all_topics, book_of(folder))
    appender = log.appender()
    for start in range(0, len(facts), CHUNK):
        await appender.append(facts[start : start + CHUNK])
    await appender.close()
    await log.close()


def settled(bootstrap: str, folder: Path, prefix: str, payments: int, facts: int) -> Figures:
    """Restore, settle `facts` new payments, and end in order."""
    return uvloop.run(_settled(bootstrap, folder, prefix, payments, facts))


async def _settled(
    bootstrap: str, folder: Path, prefix: str, payments: int, facts: int
) -> Figures:
    log, all_topics = KafkaLog(bootstrap), topics(prefix)
    place = folder / prefix
    stores = DiskStores(place)
    settling = CountingSettling(
        log, all_topics, deployment=DEPLOYMENT, ledger_days=540, stores=stores,
        clock=lambda: time.time_ns() // 1_000_000, metrics=StageMetrics(CollectorRegistry()),
    )  # fmt: skip
    meters: list[Meter] = []
    highest = [anon_mb()]
    sampling = asyncio.create_task(_sample(highest))
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    took: list[float] = []

    def ready(is_ready: bool) -> None:
        if is_ready and not took:
            took.extend((time.monotonic() - began_s, time.process_time() - began_cpu_s))
            # Its deadline counts from here.
            meters.append(Meter(facts))
            _tend(True)

    await log.run_exactly_once(
        f"{prefix}-settle", all_topics.facts.name, settling, ready=ready,
        stopping=lambda: bool(took) and (not facts or meters[0].stopping(settling.done)),
    )  # fmt: skip
    sampling.cancel()
    with suppress(asyncio.CancelledError):
        await sampling
    await stores.close()
    await log.close()
    return Figures(
        payments, round(took[0], 2), round(took[1] * 1e6 / payments, 2),
        round(payments / took[0]), round(meters[0].us, 1) if facts else 0.0, round(max(highest)),
        round(disk_mb(place)),
    )  # fmt: skip


async def _sample(highest: list[float]) -> None:
    while True:
        highest[0] = max(highest[0], anon_mb())
        await asyncio.sleep(SAMPLE_S)


def measure(
    folder: Path, bootstrap: str, sizes: list[int], say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Return the figures of each size: of the first process and of the second."""
    lines = []
    for payments in sizes:
        prefix = f"ledger-{payments}"
        say(f"{payments:,} payments: filling")
        apart(filled, bootstrap, folder, prefix, payments)
        say("restoring and settling")
        first = apart(settled, bootstrap, folder, prefix, payments, SIGNED * PASSES)
        say("starting again")
        second = apart(settled, bootstrap, folder, prefix, payments, 0)
        lines.append({**asdict(first), "restart_s": second.restore_s})
        say(orjson.dumps(lines[-1]).decode())
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ledger", description=__doc__)
    parser.add_argument("payments", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--alone", action="store_true", help="without Kafka")
    parser.add_argument("--json", action="store_true", help="one JSON object, no table")
    wanted = parser.parse_args()
    started_s = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - started_s:5.0f} s  {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="tillstream-bench-") as name:
        folder = Path(name)
        prepare(folder, SIGNED)
        if wanted.alone:
            lines = []
            for payments in wanted.payments:
                lines.append(apart(ledger_alone.alone, folder, payments, PASSES))
                say(orjson.dumps(lines[-1]).decode())
            show(lines, as_json=wanted.json)
            return
        broker = LocalBroker(heap="1g", java_options=("-XX:+UseG1GC",))
        try:
            broker.start()
            lines = measure(folder, broker.bootstrap, wanted.payments, say)
        finally:
            broker.close()
    show(lines, as_json=wanted.json)


def show(lines: list[dict[str, Any]], *, as_json: bool) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    if as_json:
        document = {"machine": machine, "load": os.getloadavg(), "sizes": lines}
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return
    print(f"{machine}; load {os.getloadavg()[0]:.1f}")
    for name in lines[0]:
        print(f"{name:>16}  " + "  ".join(f"{line[name]:>12,}" for line in lines))


if __name__ == "__main__":
    main()
