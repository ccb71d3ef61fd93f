"""Settles what waits on an embedded log, with stores on disk, and can die on the way.

`python -m tests.support.ledger_program LOG STORES [WHERE]`: killed by SIGKILL `before` the first
commit is written to the store, `inside` that write, or `after` it. Without WHERE it goes on to the
end and prints how often a ledger partition was read from its beginning.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from streams.embedded import EmbeddedLog
from streams.ledger import DiskStore, DiskStores
from streams.ledger.store import Change
from tests.support.stages import Line, case

NOW_MS = case("stripe", "payment-intent-succeeded")[1].received_at_ms + 1_000


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(where: str) -> None:
    proper = DiskStore.write

    def write(self: DiskStore, changes: object, position: int | None) -> None:
        given: list[Change] = list(changes)  # type: ignore[call-overload]
        if not given:
            proper(self, given, position)
            return
        if where == "before":
            die()

        def told() -> Iterator[Change]:
            yield from given
            if where == "inside":
                die()

        proper(self, told(), position)
        if where == "after":
            die()

    DiskStore.write = write  # type: ignore[method-assign]


async def main(log_file: str, folder: str, where: str = "") -> None:
    if where:
        dying(where)
    log = EmbeddedLog(log_file, clock=lambda: NOW_MS)
    line = Line(now_ms=NOW_MS, partitions=1, log=log)
    whole = 0
    entries = log.entries

    def counted(topic: str, partition: int, *, start: int | None = None) -> object:
        nonlocal whole
        whole += start is None
        return entries(topic, partition, start=start)

    log.entries = counted  # type: ignore[assignment, method-assign]
    await line.settle(line.settling(stores=DiskStores(Path(folder))))
    await log.close()
    print(whole)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
