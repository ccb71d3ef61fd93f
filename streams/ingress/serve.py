"""The ingress role: built, served until stopping, drained."""

import asyncio
import socket
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry

from schemas.topics import Topics
from streams.ingress.app import AccountsLike, CallbackApp
from streams.ingress.batcher import Batcher
from streams.ingress.clients import Clients
from streams.ingress.limits import Limits
from streams.ingress.metrics import IngressMetrics
from streams.ingress.notes import Notes
from streams.ingress.server import HttpServer
from streams.log import Log


async def serve_ingress(
    *,
    listen: tuple[str, int],
    log: Log,
    accounts: AccountsLike,
    topics: Topics,
    deployment: str,
    limits: Limits,
    clock: Callable[[], int],
    new_id: Callable[[], str],
    stopping: asyncio.Event,
    registry: CollectorRegistry,
    trusted_proxies: Sequence[str] = (),
    sock: socket.socket | None = None,
    reuse_port: bool = False,
    started: Callable[[str, int], None] | None = None,
) -> None:
    """Serve callbacks until `stopping` is set, then answer what was accepted, and return.

    `clock` returns milliseconds since 1970; `trusted_proxies` are networks as text, whose
    X-Forwarded-For is believed; `sock` replaces `listen`; `reuse_port` lets several processes
    listen on one port; `started` hears the address that was taken.

    Raises:
        OSError: the address cannot be had.
        ValueError: a trusted proxy is no network.
    """
    metrics, notes = IngressMetrics(registry), Notes()
    time_s = asyncio.get_running_loop().time

    def append_failed(error: BaseException) -> None:
        metrics.append_failed()
        notes.failure("append_failed", error, time_s())

    appender = log.appender()
    batcher = Batcher(
        appender, limits=limits, appended=metrics.append_seconds.observe, failed=append_failed
    )
    app = CallbackApp(
        batcher=batcher, accounts=accounts, topics=topics, deployment=deployment, limits=limits,
        new_id=new_id, clients=Clients(trusted_proxies), metrics=metrics, notes=notes,
    )  # fmt: skip
    server = HttpServer(app, limits=limits, clock=clock)
    app.watch(server)
    try:
        address = await server.start(listen, sock=sock, reuse_port=reuse_port)
        if started is not None:
            started(*address)
        await stopping.wait()
    finally:
        await server.drain()
        await batcher.drain()
        await appender.close()
