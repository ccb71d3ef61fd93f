"""The admin port of a role: alive, ready, metrics, the ingress's OpenAPI file."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import time_ns
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from processors.contract import Reply
from streams.ingress.exchange import Exchange, Serve
from streams.ingress.limits import DEFAULT_LIMITS
from streams.ingress.problems import ProblemCode, problem
from streams.ingress.server import HttpServer

# Asked by probes and a scraper, never by providers.
ADMIN_LIMITS: Final = replace(
    DEFAULT_LIMITS, connections_max=64, body_bytes_max=1_024, receiving_bytes_max=64 * 1_024,
    drain_s=2.0, linger_s=0.5,
)  # fmt: skip
METHODS: Final = ("GET", "HEAD")
_TEXT: Final = "text/plain; charset=utf-8"


class AdminPages:
    """The `Service` behind an admin port."""

    def __init__(
        self, *, ready: Callable[[], bool], registry: CollectorRegistry, openapi: bytes | None
    ) -> None:
        self._ready = ready
        self._registry = registry
        self._openapi = openapi
        self._log = structlog.get_logger("tillstream.admin")

    def admit(self, exchange: Exchange) -> Reply | Serve:
        page = self._page(exchange.target.partition("?")[0])
        if page is None:
            return self.refuse(exchange, "not-found")
        if exchange.method not in METHODS:
            allow = (("Allow", ", ".join(METHODS)),)
            return problem("method-not-allowed", retry_after_s=1, headers=allow)
        return partial(self._answer, exchange, page)

    def refuse(self, exchange: Exchange, code: ProblemCode) -> Reply:
        return problem(code, retry_after_s=1)

    def failed(self, error: BaseException) -> None:
        self._log.error("defect", error=type(error).__name__)

    def sweep(self, now_s: float) -> None:
        """Nothing is kept here."""

    def _page(self, path: str) -> Callable[[], Reply] | None:
        pages = {"/healthz": self._alive, "/readyz": self._readiness, "/metrics": self._metrics}
        if self._openapi is not None:
            pages["/openapi.json"] = partial(Reply, 200, "application/json", self._openapi)
        return pages.get(path)

    def _answer(self, exchange: Exchange, page: Callable[[], Reply], body: bytes) -> None:
        exchange.answer(page())

    def _alive(self) -> Reply:
        return Reply(200, _TEXT, b"alive\n")

    def _readiness(self) -> Reply:
        return (
            Reply(200, _TEXT, b"ready\n") if self._ready() else Reply(503, _TEXT, b"not ready\n")
        )

    def _metrics(self) -> Reply:
        return Reply(200, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self._registry))


async def serve_admin(
    address: tuple[str, int],
    *,
    ready: Callable[[], bool],
    registry: CollectorRegistry,
    openapi: bytes | None,
    started: Callable[[str, int], None] | None = None,
) -> None:
    """Serve the admin pages of a role until cancelled; `started` hears the address taken.

    Raises:
        OSError: the address cannot be had.
    """
    pages = AdminPages(ready=ready, registry=registry, openapi=openapi)
    server = HttpServer(pages, limits=ADMIN_LIMITS, clock=lambda: time_ns() // 1_000_000)
    try:
        taken = await server.start(address)
        if started is not None:
            started(*taken)
        await asyncio.Event().wait()
    finally:
        await server.drain()
