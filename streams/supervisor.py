"""Several processes of one role under one parent, which serves their admin port.

The children share metrics through prometheus-client's files, and say over a pipe whether they are
ready. A child that dies is started again; one that dies too often ends all, for a person to look.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from streams.ingress import serve_admin

RESTARTS_MAX: Final = 5
RESTARTS_WITHIN_S: Final = 60.0
METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_log = structlog.get_logger()


class Supervisor:
    """Keeps `count` processes of `command` running; `{n}` in it becomes the child's number."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = command
        self._count = count
        self._ready = [False] * count
        self._died_at: list[float] = []
        self._stopping = asyncio.Event()

    async def run(self, admin: tuple[str, int], *, openapi: bytes | None) -> int:
        """Run until a signal or too many deaths; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        with tempfile.TemporaryDirectory(prefix="tillstream-metrics-") as folder:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
            admin_task = asyncio.create_task(
                serve_admin(
                    admin, ready=lambda: all(self._ready), registry=registry, openapi=openapi
                )
            )
            children = [asyncio.create_task(self._keep(n, folder)) for n in range(self._count)]
            codes = await asyncio.gather(*children)
            admin_task.cancel()
            await asyncio.gather(admin_task, return_exceptions=True)
        return max(codes)

    async def _keep(self, number: int, folder: str) -> int:
        while True:
            code = await self._run_child(number, folder)
            if self._stopping.is_set():
                return code
            now = time.monotonic()
            self._died_at = [at for at in self._died_at if now - at < RESTARTS_WITHIN_S] + [now]
            _log.error("child_died", number=number, code=code)
            if len(self._died_at) > RESTARTS_MAX or code == 78:
                self._stopping.set()
                return code or 1

    async def _run_child(self, number: int, folder: str) -> int:
        read_end, write_end = os.pipe()
        command = [part.replace("{n}", str(number)) for part in self._command]
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streams.cli", *command, "--ready-fd", str(write_end),
            pass_fds=(write_end,), env={**os.environ, METRICS_FOLDER: folder},
        )  # fmt: skip
        os.close(write_end)
        listening = asyncio.create_task(self._listen(number, read_end))
        stopping = asyncio.create_task(self._stopping.wait())
        ended = asyncio.create_task(child.wait())
        await asyncio.wait({stopping, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            child.send_signal(signal.SIGTERM)
        code = await ended
        stopping.cancel()
        listening.cancel()
        self._ready[number] = False
        return abs(code)

    async def _listen(self, number: int, read_end: int) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        with os.fdopen(read_end, "rb", buffering=0) as pipe:
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
            while word := await reader.read(1):
                self._ready[number] = word == b"1"
