"""Roles with a planted fault, to show that the tests of the right ones can fail.

    python -m tests.support.faulty_roles FAULT ROLE [ARGUMENTS...]

Faults: `commit-first` (verify commits offsets before its drafts are acknowledged), `unique-ids`
(settle's transactional ids are new in each process), `hasty` (the embedded log acknowledges before
it commits), `reply-first` (the ingress answers before the append), `forgetful` (settle starts
without its ledger), `by-callback` (settle knows a fact by the callback that stated it, not by its
identity), `defect` (judging a body with DEFECT in it raises an error that repeats the body),
`settle-defect` (so does settling with the order number).
Two are no faults: with `quick-check` partitions are compared each second; with `stop-holding`
settle, asked to by a file, stops itself with a batch in its hands, the worst moment for a zombie.
`unique-ids` does so too.
"""  # fmt: skip

import asyncio
import os
import signal
import sys
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

PAUSE_S = 0.25
STOP_WISH = "STOP_WISH_FILE"


def commit_first() -> None:
    from streams.kafka import KafkaLog

    proper = KafkaLog.consumer

    class Hasty:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def poll(self, **arguments: Any) -> Any:
            batch = await self._inner.poll(**arguments)
            if batch.records:
                await self._inner.commit(batch.next_offsets)
                await asyncio.sleep(PAUSE_S)
            return batch

        async def commit(self, next_offsets: Any) -> None:
            """Done already: that is the fault."""

        async def close(self) -> None:
            await self._inner.close()

    async def consumer(self: Any, group: str, topics: Any) -> Any:
        return Hasty(await proper(self, group, topics))

    KafkaLog.consumer = consumer  # type: ignore[method-assign]


def stop_where_wished() -> None:
    wish = Path(os.environ[STOP_WISH])
    if wish.exists():
        wish.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)


def stop_holding() -> None:
    from streams.kafka.settle import ExactlyOnce

    proper = ExactlyOnce._settle

    async def settle(self: Any, where: Any, records: Any) -> None:
        stop_where_wished()
        await proper(self, where, records)

    ExactlyOnce._settle = settle  # type: ignore[method-assign]


def unique_ids() -> None:
    import streams.kafka.settle as module

    stop_holding()
    proper = module.transactional_id
    module.transactional_id = lambda group, p: f"{proper(group, p)}-{os.getpid()}"


def forgetful() -> None:
    from streams.ledger import MemoryStore
    from streams.settle import Partition, Settling

    async def restore(self: Any, partition: int) -> None:
        self._partitions[partition] = Partition(MemoryStore(), self._clock())

    Settling.restore = restore  # type: ignore[method-assign]


def by_callback() -> None:
    import processors.settle as module
    from schemas.ledger import LedgerState

    proper = module.event_of

    def event(state: Any, record: Any, *rest: Any) -> Any:
        name = f"{record.callback_id}/{record.item}"
        return replace(proper(state, record, *rest), id=str(uuid.uuid5(uuid.NAMESPACE_OID, name)))

    module.event_of = event
    LedgerState.find = lambda *_: None  # type: ignore[method-assign]


def hasty() -> None:
    import streams.open_log
    from streams.embedded.writer import ThreadWriter, commit_together
    from tests.support.log_programs import HastyLog, HastyWriter, _Guess

    def commit_and_tell(self: Any, calls: Any) -> None:
        try:
            for call in calls:
                call.result = call.work(_Guess())
        except AttributeError:  # More than appending: offsets move as they should.
            ThreadWriter.commit_and_tell(self, calls)
            return
        self.tell(calls)
        time.sleep(PAUSE_S)  # A slow disk stands in for lost power.
        commit_together(self._connection, calls, self._clock)

    HastyWriter.commit_and_tell = commit_and_tell  # type: ignore[method-assign]
    streams.open_log.EmbeddedLog = HastyLog  # type: ignore[misc]


def defect() -> None:
    import streams.verify as module

    proper = module.judge

    def judge(callback: Any, *rest: Any) -> Any:
        if b"DEFECT" in callback.body:
            raise KeyError(callback.body.decode("latin-1"))
        return proper(callback, *rest)

    module.judge = judge


def settle_defect() -> None:
    import streams.settle as module

    def settle(state: Any, fact: Any, **_: Any) -> Any:
        raise KeyError(f"{fact.fact.merchant_order_id}")

    module.settle = settle


def quick_check() -> None:
    import streams.roles as module

    module.PARTITIONS_CHECK_S = 1  # type: ignore[misc]


def reply_first() -> None:
    from streams.kafka.append import KafkaAppender

    proper = KafkaAppender.append
    background: set[asyncio.Task[Any]] = set()

    async def append(self: Any, drafts: Any) -> Any:
        async def later() -> None:
            await asyncio.sleep(PAUSE_S)
            await proper(self, drafts)

        task = asyncio.create_task(later())
        background.add(task)
        task.add_done_callback(background.discard)
        return [None for _ in drafts]

    KafkaAppender.append = append  # type: ignore[method-assign]


FAULTS = {
    "by-callback": by_callback,
    "commit-first": commit_first,
    "defect": defect,
    "forgetful": forgetful,
    "hasty": hasty,
    "quick-check": quick_check,
    "reply-first": reply_first,
    "settle-defect": settle_defect,
    "stop-holding": stop_holding,
    "unique-ids": unique_ids,
}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    from streams.cli import run

    sys.exit(run(sys.argv[2:]))
