"""What a request costs the ingress: CPU of the serving process alone, the load made by another.

    python -m tests.support.ingress_cost [fake|embedded] [REQUESTS] [CONNECTIONS] [profile]
"""  # fmt: skip

import asyncio
import cProfile
import gc
import multiprocessing
import pstats
import resource
import sys
import tempfile
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop

from processors.contract import plain_reply
from streams.embedded import EmbeddedLog
from streams.ingress import CallbackIds
from tests.support.ingress_parts import PLAIN, TOPICS, FakeAccounts, FakeLog, ingress
from tests.support.raw_http import request

HEADERS = (
    ("User-Agent", "Mozilla/4.0"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Content-Type", "application/json"),
    ("Wechatpay-Timestamp", "1900000000"),
    ("Wechatpay-Nonce", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
    ("Wechatpay-Serial", "PUB_KEY_ID_0114232134912410000000000000"),
    ("Wechatpay-Signature", "CtcbzwtQjN8rnOXItEBJ5aQFSnIXESeV" * 10),
    ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
    ("Request-Id", "08F78BB5AF0610D302189F98C8F70628"),
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Real-Ip", "203.0.113.7"),
    ("Connection", "keep-alive"),
)  # fmt: skip
REQUEST = request("/v1/callbacks/plainpay/shop", b"x" * 850, headers=HEADERS)


class _Forgetful(FakeLog):
    """Keeps nothing, so that memory does not colour the time."""

    def __init__(self) -> None:
        super().__init__()
        self.fake.append = self._append  # type: ignore[method-assign]

    async def _append(self, drafts: Any) -> Any:
        return ()


class _Accounts(FakeAccounts):
    """One provider whose reply costs what real ones cost."""

    def __init__(self) -> None:
        super().__init__()
        reply = plain_reply(b"success", b"failure")
        self.providers = {"plainpay": replace(PLAIN, reply=reply, handshake=None)}


class Client(asyncio.Protocol):
    """Sends the next request when the last is answered."""

    def __init__(self, counter: "Counter") -> None:
        self.counter = counter

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.sent_s = time.perf_counter()
        transport.write(REQUEST)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        assert data.startswith(b"HTTP/1.1 200"), data[:80]
        self.counter.latencies_s.append(now_s - self.sent_s)
        if self.counter.left > 0:
            self.counter.left -= 1
            self.sent_s = now_s
            self.transport.write(REQUEST)  # type: ignore[attr-defined]
        else:
            self.transport.close()
            self.counter.open -= 1
            if not self.counter.open:
                self.counter.done.set()


class Counter:
    def __init__(self, requests: int, connections: int) -> None:
        self.left = requests - connections
        self.open = connections
        self.latencies_s: list[float] = []
        self.done = asyncio.Event()


def serve(pipe: Connection, kind: str, profile: bool, folder: str) -> None:
    async def run() -> None:
        log: Any = _Forgetful()
        if kind == "embedded":
            log = EmbeddedLog(Path(folder) / "log", clock=lambda: time.time_ns() // 1_000_000)
            await log.create(TOPICS.all())
        ids = CallbackIds(lambda: time.time_ns() // 1_000_000)
        async with ingress(log=log, new_id=ids, accounts=_Accounts(), rate_burst=1e9) as running:
            pipe.send(running.address)
            before = resource.getrusage(resource.RUSAGE_SELF)
            # The collector looks only at what was made since, and less often.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)
            recorder = cProfile.Profile()
            if profile:
                recorder.enable()
            await asyncio.to_thread(pipe.recv)
            recorder.disable()
            after = resource.getrusage(resource.RUSAGE_SELF)
            if profile:
                pstats.Stats(recorder).sort_stats("tottime").print_stats(35)
            pipe.send((after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime))

    uvloop.run(run())


async def load(address: tuple[str, int], requests: int, connections: int) -> Counter:
    counter = Counter(requests, connections)
    loop = asyncio.get_running_loop()
    await asyncio.gather(
        *(loop.create_connection(lambda: Client(counter), *address) for _ in range(connections))
    )
    await counter.done.wait()
    return counter


def main(
    kind: str = "fake", requests: str = "60000", connections: str = "128", *rest: str
) -> None:
    here, there = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        server = multiprocessing.Process(target=serve, args=(there, kind, bool(rest), folder))
        server.start()
        address = here.recv()
        started_s = time.perf_counter()
        counter = uvloop.run(load(address, int(requests), int(connections)))
        wall_s = time.perf_counter() - started_s
        here.send("done")
        user_s, system_s = here.recv()
        server.join()
    latencies_s = sorted(counter.latencies_s)
    each = 1e6 / len(latencies_s)
    print(
        f"{kind}: {len(latencies_s)} requests, {len(latencies_s) / wall_s:.0f}/s, CPU per request"
        f" {(user_s + system_s) * each:.1f} us (user {user_s * each:.1f}, system"
        f" {system_s * each:.1f}), p50 {latencies_s[len(latencies_s) // 2] * 1e3:.1f} ms,"
        f" p99 {latencies_s[len(latencies_s) * 99 // 100] * 1e3:.1f} ms"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
