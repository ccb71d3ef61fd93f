"""Roles that can be struck at a named step, to be told from outside where.

    python -m tests.support.struck_roles ROLE [ARGUMENTS...]

The file named by CHAOS_WISH holds `STEP MOMENT NUMBER ACT`, such as `commit before 2 kill`: when
this process comes to that step for the NUMBER-th time after it first saw the wish, it removes the
file and strikes itself. MOMENT is `before` or `after`; ACT is `kill`, `stop` or `term`. Nothing
of this is in the product: its functions are wrapped here.
"""

import asyncio
import functools
import os
import signal
import sys
from pathlib import Path
from typing import Any

ACTS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "term": signal.SIGTERM}


class Wish:
    """What is wished of this process, looked at at every step."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = ""
        self._seen = 0

    def comes_to(self, step: str, moment: str) -> None:
        try:
            text = self._path.read_text().strip()
        except OSError:
            return
        if text != self._text:
            self._text, self._seen = text, 0
        wanted, when, number, act = text.split()
        if (wanted, when) != (step, moment):
            return
        self._seen += 1
        if self._seen >= int(number):
            self._path.unlink(missing_ok=True)
            os.kill(os.getpid(), ACTS[act])


def steps() -> dict[str, list[tuple[Any, str]]]:
    """Return which functions make up each step; every one of them must exist."""
    from aiokafka import AIOKafkaProducer

    import streams.kafka.settle as loop
    from streams.ingress.app import CallbackApp
    from streams.kafka.append import KafkaAppender
    from streams.kafka.consume import KafkaConsumer
    from streams.ledger import DiskStore, Restoring
    from streams.settle import Settling
    from streams.verify import Publisher

    return {
        "append": [(KafkaAppender, "append")],
        "reply": [(CallbackApp, "_told")],
        "publish": [(Publisher, "publish")],
        "commit": [(KafkaConsumer, "commit")],
        "fence": [(loop, "start_producer")],
        "restore": [(Settling, "restore")],
        "rebuild": [(Restoring, "_rebuild")],
        "produce": [(loop, "send_all")],
        "ack-wait": [(AIOKafkaProducer, "send_batch")],
        "offsets": [(AIOKafkaProducer, "send_offsets_to_transaction")],
        "end": [(AIOKafkaProducer, "commit_transaction")],
        "merge": [(Settling, "committed")],
        "flush": [(DiskStore, "write")],
        "revoke": [(loop.ExactlyOnce, "on_partitions_revoked")],
    }


def wrap(place: Any, name: str, step: str, wish: Wish) -> None:
    proper = getattr(place, name)
    if asyncio.iscoroutinefunction(proper):

        @functools.wraps(proper)
        async def waited(*arguments: Any, **more: Any) -> Any:
            wish.comes_to(step, "before")
            result = await proper(*arguments, **more)
            wish.comes_to(step, "after")
            return result

        setattr(place, name, waited)
        return

    @functools.wraps(proper)
    def called(*arguments: Any, **more: Any) -> Any:
        wish.comes_to(step, "before")
        result = proper(*arguments, **more)
        wish.comes_to(step, "after")
        return result

    setattr(place, name, called)


if __name__ == "__main__":
    wish = Wish(Path(os.environ["CHAOS_WISH"]))
    for step, places in steps().items():
        for place, name in places:
            wrap(place, name, step, wish)
    from streams.cli import run

    sys.exit(run(sys.argv[1:]))
