"""CPU of the ingress: the serving process alone, on Kafka with acks=all."""

import asyncio
import multiprocessing
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, cast

import uvloop
from prometheus_client import CollectorRegistry

from schemas.topics import topics
from streams.collector import tend_garbage
from streams.ingress import DEFAULT_LIMITS, CallbackIds, serve_ingress
from streams.ingress.app import AccountsLike
from streams.kafka import KafkaLog
from streams.topology import ensure_topics
from tests.bench.callbacks import DEPLOYMENT, book_of, sent_by
from tests.bench.load import send_all

CONNECTIONS: Final = 128
# One sender in one network: the bucket of an account would end the measurement.
UNLIMITED: Final = replace(DEFAULT_LIMITS, rate_burst=1e9)


def ingress_us(bootstrap: str, folder: Path, provider: str, passes: int) -> float:
    """Return the CPU in us that the ingress takes for a request, a first pass left out."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(there, bootstrap, folder), daemon=True
    )
    server.start()
    try:
        address = _told(here)
        requests = [each.octets for each in sent_by(folder, provider)]
        uvloop.run(send_all(address, requests, connections=CONNECTIONS))
        before_s = _cpu_s(here)
        uvloop.run(send_all(address, requests * passes, connections=CONNECTIONS))
        return (_cpu_s(here) - before_s) * 1e6 / (len(requests) * passes)
    finally:
        here.send("stop")
        server.join(10)
        server.kill()


def _told(pipe: Connection) -> tuple[str, int]:
    if not pipe.poll(30):
        raise TimeoutError("the ingress did not start")
    return cast("tuple[str, int]", pipe.recv())


def _cpu_s(pipe: Connection) -> float:
    pipe.send("cpu")
    return float(pipe.recv())


def _serve(pipe: Connection, bootstrap: str, folder: Path) -> None:
    uvloop.run(_serving(pipe, bootstrap, folder))


async def _serving(pipe: Connection, bootstrap: str, folder: Path) -> None:
    log, all_topics = KafkaLog(bootstrap), topics(f"ingress-{time.time_ns()}")
    await ensure_topics(log, all_topics)
    stopping = asyncio.Event()

    def clock() -> int:
        return time.time_ns() // 1_000_000

    def started(host: str, port: int) -> None:
        tend_garbage()
        pipe.send((host, port))

    def asked() -> None:
        if pipe.recv() == "cpu":
            pipe.send(time.process_time())
        else:
            stopping.set()

    asyncio.get_running_loop().add_reader(pipe.fileno(), asked)
    await serve_ingress(
        listen=("127.0.0.1", 0), log=log, accounts=cast("AccountsLike", book_of(folder)),
        topics=all_topics, deployment=DEPLOYMENT, limits=UNLIMITED, clock=clock,
        new_id=CallbackIds(clock), stopping=stopping, registry=CollectorRegistry(),
        started=started,
    )  # fmt: skip
    await log.close()
