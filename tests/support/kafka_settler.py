"""A settling program for the fault tests: copies a topic, and can die inside a transaction.

`python -m tests.support.kafka_settler BOOTSTRAP GROUP INPUT OUTPUT` dies by SIGKILL when all
drafts of its first transaction are acknowledged and its offsets are not yet sent.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from schemas.record import Draft, Position, Record
from streams.kafka import KafkaLog, settle


class Copier:
    """Copies each record to the same partition of `output`; keeps what it did, for the tests."""

    def __init__(self, output: str) -> None:
        self.output = output
        self.batches: list[int] = []
        self.calls: list[tuple[str, int]] = []

    async def restore(self, partition: int) -> None:
        self.calls.append(("restore", partition))

    def process(self, partition: int, records: Sequence[Record]) -> Sequence[Draft]:
        self.batches.append(len(records))
        return [Draft(self.output, partition, r.key, r.value, r.headers) for r in records]

    def committed(self, partition: int, positions: Sequence[Position]) -> None:
        self.calls.append(("committed", partition))

    def forget(self, partition: int) -> None:
        self.calls.append(("forget", partition))


async def main(bootstrap: str, group: str, source: str, output: str) -> None:
    send_all = settle.send_all

    async def send_and_die(*arguments: object) -> None:
        await send_all(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    settle.send_all = send_and_die
    log = KafkaLog(bootstrap)
    await log.run_exactly_once(
        group, source, Copier(output), ready=lambda _: None, stopping=lambda: False
    )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
