"""Sends payments by HTTP, each delivery until its provider takes it: then it is an obligation."""

import asyncio
import random
import threading
import time
from typing import Final

from tests.chaos.history import History
from tests.chaos.senders import Delivery, Teller

LANES: Final = 12
PATIENCE_S: Final = 10.0
FINISH_S: Final = 150.0


class Load(threading.Thread):
    """Sends until `over` is set, and then what is left of the stories begun."""

    def __init__(
        self, port: int, teller: Teller, history: History, *, rate: float, seed: str
    ) -> None:
        super().__init__(name="load", daemon=True)
        self.over = threading.Event()
        self.failed: BaseException | None = None
        self.attempts = 0
        self.stories = 0
        self._port = port
        self._teller = teller
        self._history = history
        self._pause_s = LANES / rate
        self._chance = random.Random(seed)
        self._ends_s = float("inf")

    def run(self) -> None:
        try:
            asyncio.run(self._lanes())
        except BaseException as error:  # noqa: BLE001 - the thread that waits for it says so
            self.failed = error

    def finish(self) -> None:
        """Let every story come to its end.

        Raises:
            TimeoutError: a delivery is not accepted in the end.
        """
        self._ends_s = time.monotonic() + FINISH_S
        self.over.set()
        self.join(FINISH_S + 30)
        if self.failed is not None:
            raise self.failed

    async def _lanes(self) -> None:
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(self._lane())

    async def _lane(self) -> None:
        wire = _Wire(self._port)
        while not self.over.is_set():
            self.stories += 1
            for delivery in self._teller.story():
                self._history.sent(delivery)
                while not await self._attempt(wire, delivery):
                    if time.monotonic() > self._ends_s:
                        raise TimeoutError("a delivery is not accepted in the end")
                    await self._pause()
                await self._pause()
        await wire.close()

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.5, 1.5) * self._pause_s)

    async def _attempt(self, wire: "_Wire", delivery: Delivery) -> bool:
        self.attempts += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, body = await wire.post(delivery)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self._history.note("silence", digest=delivery.digest, error=type(error).__name__)
            await wire.close()
            return False
        success = delivery.accepts(status, body)
        self._history.answered(delivery, status, success)
        return success


class _Wire:
    """One kept connection, made anew after an error."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader

    async def post(self, delivery: Delivery) -> tuple[int, bytes]:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = [f"POST {delivery.target} HTTP/1.1", f"Host: 127.0.0.1:{self._port}"]
        lines += [f"{name}: {value}" for name, value in delivery.headers(int(time.time()))]
        lines.append(f"Content-Length: {len(delivery.body)}")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + delivery.body)
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await self._reader.readexactly(int(fields.get("content-length", "0")))
        if fields.get("connection", "").lower() == "close":
            await self.close()
        return int(head[0].split()[1]), body

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
