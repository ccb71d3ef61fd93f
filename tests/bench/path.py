"""The whole way as its processes run it: latency at a fixed rate on Kafka, speed of `up`."""

import asyncio
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import uvloop

from schemas.topics import topics
from streams.kafka import KafkaLog
from tests.bench.callbacks import CHOSEN, Sent, sent_by
from tests.bench.load import send_all
from tests.support.deployment import Deployed

# The broker compiles its transactions meanwhile; cold, it answers five times as late.
WARM_S: Final = 15
CONNECTIONS: Final = 64
SETTLED_S_MAX: Final = 60
_EVENTS: Final = re.compile(r"^tillstream_events_total\{[^}]*\} ([0-9.e+]+)$", re.M)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from when a callback was due to its event read by a `read_committed` reader."""

    p50_ms: float
    p99_ms: float
    callbacks: int


def mixed(folder: Path, count: int) -> list[Sent]:
    """Return `count` payments, the providers in turn."""
    by_provider = [sent_by(folder, name) for name in CHOSEN]
    turns = [sent for together in zip(*by_provider, strict=True) for sent in together]
    if len(turns) < count:
        raise ValueError(f"{count} of {len(turns)} signed payments")
    return turns[:count]


def _deployed(folder: Path, name: str, log_url: str) -> Deployed:
    own = folder / name
    own.mkdir()
    shutil.copytree(folder / "accounts", own / "accounts")
    return Deployed(own, log_url, f"bench-{name}")


def latency(
    bootstrap: str, folder: Path, *, per_s: int, seconds: int, partitions: int
) -> Latency:  # fmt: skip
    """Return the latency at `per_s`; ingress, verify and settle are one process each.

    `partitions` of facts, events and ledger: each is a transaction of its own.
    """
    deployed = _deployed(folder, f"latency-{partitions}", f"kafka://{bootstrap}")
    sent = mixed(folder, per_s * (seconds + WARM_S))
    deployed.run("topics", "apply", "--partitions", str(partitions))
    try:
        for role in ("ingress", "verify", "settle"):
            deployed.start(role)
        took_s = uvloop.run(_latency(bootstrap, deployed, sent, per_s))
    finally:
        deployed.stop()
    took_s = sorted(took_s[per_s * WARM_S :])
    return Latency(
        took_s[len(took_s) // 2] * 1e3, took_s[len(took_s) * 99 // 100] * 1e3, len(took_s)
    )


async def _latency(
    bootstrap: str, deployed: Deployed, sent: Sequence[Sent], per_s: int
) -> list[float]:
    log = KafkaLog(bootstrap)
    seen_s: dict[str, float] = {}
    reading = asyncio.create_task(_read(log, deployed.prefix, seen_s))
    try:
        sent_s = await send_all(
            ("127.0.0.1", deployed.listen_port), [each.octets for each in sent],
            connections=CONNECTIONS, per_s=per_s,
        )  # fmt: skip
        deadline_s = time.monotonic() + SETTLED_S_MAX
        while len(seen_s) < len(sent) and not reading.done():
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"{len(seen_s)} of {len(sent)} events")
            await asyncio.sleep(0.1)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await log.close()
    return [seen_s[each.payment_id] - at_s for each, at_s in zip(sent, sent_s, strict=True)]


async def _read(log: KafkaLog, prefix: str, seen_s: dict[str, float]) -> None:
    async with aclosing(log.read(topics(prefix).events.name, follow=True)) as records:
        async for record in records:
            seen_s[orjson.loads(record.value or b"")["payment_id"]] = time.time()


def embedded_per_s(folder: Path, count: int) -> float:
    """Return how many callbacks a second `up` brings from HTTP to their events, one process."""
    own = folder / "embedded"
    deployed = _deployed(folder, "embedded", f"embedded://{own / 'log.db'}")
    sent = mixed(folder, count)
    try:
        up = deployed.start("up")
        started_s = time.monotonic()
        address = ("127.0.0.1", deployed.listen_port)
        requests = [each.octets for each in sent]
        uvloop.run(send_all(address, requests, connections=CONNECTIONS))
        while (done := sum(map(float, _EVENTS.findall(up.metrics())))) < count:
            if time.monotonic() - started_s > SETTLED_S_MAX:
                raise TimeoutError(f"{done} of {count} events")
            time.sleep(0.02)
        return count / (time.monotonic() - started_s)
    finally:
        deployed.stop()
