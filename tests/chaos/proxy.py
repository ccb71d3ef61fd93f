"""A port in front of the broker that can be cut: who is connected is dropped, nobody gets in."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Final

CHUNK: Final = 64 * 1024


class Proxy(threading.Thread):
    """Forwards `port` to `target`, both on 127.0.0.1."""

    def __init__(self, port: int, target: int) -> None:
        super().__init__(name="proxy", daemon=True)
        self.port = port
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self.start()
        self.mend()

    def run(self) -> None:
        self._loop.run_forever()

    def cut(self) -> None:
        """Drop every connection and refuse new ones."""
        self._call(self._cut())

    def mend(self) -> None:
        self._call(self._listen())

    def end(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join(5)

    def _call(self, what: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _cut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._lines):
            writer.transport.abort()

    async def _end(self) -> None:
        await self._cut()
        lines = asyncio.all_tasks() - {asyncio.current_task()}
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._lines |= {writer, back}
        try:
            # Not as an error: the library asks every such task for one, and a cancelled has none.
            with suppress(asyncio.CancelledError):
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._lines -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while octets := await reader.read(CHUNK):
                writer.write(octets)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()
