"""A replay from its configuration: its state file, its processes, and how far they have come."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processors.registry import PROVIDERS
from schemas.errors import Unavailable
from streams.collector import tend_garbage
from streams.config import Config
from streams.log import Log
from streams.logging import configure_logging
from streams.open_log import open_log
from streams.replay.accounts import rings_of_folder
from streams.replay.locks import alone, earlier_ended, end_with_parent, join_crew
from streams.replay.plan import PHASES, Wanted
from streams.replay.report import Report, read_report
from streams.replay.run import Replay
from streams.replay.store import Store

LOOK_EVERY_S: Final = 0.2
Clock = Callable[[], int]  # milliseconds since 1970; for several processes, of a module
Progress = Callable[[int, int], None]  # records read so far, and of how many


def state_path(config: Config, wanted: Wanted) -> Path:
    return config.state / "replay" / f"{wanted.id}.db"


async def replay(
    config: Config,
    wanted: Wanted,
    *,
    processes: int,
    resume: bool,
    clock: Clock,
    progress: Progress,
) -> Report:
    """Run a replay to its end and return what it found; its state file is removed then.

    Raises:
        ConfigurationError: topics, accounts or state that cannot be worked with.
        Unavailable: the log or a process is away; `resume` goes on with what is done.
    """
    path = state_path(config, wanted)
    with alone(path):
        await earlier_ended(path)
        if not resume:
            _remove(path)
        log, store = _opened(config, clock), Store(path)
        finished = False
        try:
            share = _share(config, wanted, log, store)
            plan = await share.begin(resume=resume)
            total = plan.records_total(wanted.prefix)
            if processes == 1:
                share.advanced = lambda _: progress(store.records_done(), total)
                for phase in PHASES:
                    await share.run_phase(phase)
            else:
                work = _Work(
                    config, wanted, path, store, clock, lambda done: progress(done, total)
                )
                await work.run(processes)
            report = read_report(store, wanted, plan)
            finished = True
        finally:
            finished = finished or not store.is_begun
            store.close()
            await log.close()
            if finished:
                _remove(path)
    return report


def _opened(config: Config, clock: Clock) -> Log:
    return open_log(config.log_of_up, options=config.kafka, clock=clock)


def _share(config: Config, wanted: Wanted, log: Log, store: Store) -> Replay:
    rings = rings_of_folder(config.accounts, PROVIDERS, os.environ)
    return Replay(log=log, wanted=wanted, store=store, providers=PROVIDERS, rings=rings)


@dataclass(frozen=True, slots=True)
class _Work:
    """What several processes share. A phase begins when the one before is done everywhere."""

    config: Config
    wanted: Wanted
    path: Path
    store: Store
    clock: Clock
    progress: Callable[[int], None]

    async def run(self, processes: int) -> None:
        pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), _begin_process, (self.path,)
        )
        try:
            with pool:
                for phase in PHASES:
                    await self._run_phase(
                        pool, phase, min(processes, self.store.open_parts(phase))
                    )
        except BrokenProcessPool as error:
            raise Unavailable("a process of the replay died; go on with --resume") from error

    async def _run_phase(self, pool: ProcessPoolExecutor, phase: str, count: int) -> None:
        loop = asyncio.get_running_loop()
        with interrupts_later():
            shares = [
                loop.run_in_executor(
                    pool, _run_share, self.config, self.wanted, self.path, self.clock, phase
                )
                for _ in range(count)
            ]
        gathered = asyncio.gather(*shares)
        try:
            while not gathered.done():
                await asyncio.wait([gathered], timeout=LOOK_EVERY_S)
                self.progress(self.store.records_done())
            await gathered
        except asyncio.CancelledError:
            for child in multiprocessing.active_children():
                child.terminate()
            await asyncio.gather(gathered, return_exceptions=True)
            raise


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Start processes that never hear Ctrl-C; this one hears it once they are started.

    They inherit what is blocked. Ignored instead, a Ctrl-C of this moment would be lost here too.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_process(path: Path) -> None:
    configure_logging()
    tend_garbage()
    end_with_parent()
    join_crew(path)


def _run_share(config: Config, wanted: Wanted, path: Path, clock: Clock, phase: str) -> None:
    """Do parts of a phase in this process until there is none.

    Raises:
        ConfigurationError: this process has loaded other code than the one that began.
    """
    asyncio.run(_run(config, wanted, path, clock, phase))


async def _run(config: Config, wanted: Wanted, path: Path, clock: Clock, phase: str) -> None:
    log, store = _opened(config, clock), Store(path)
    try:
        share = _share(config, wanted, log, store)
        share.check_code()
        await share.run_phase(phase)
    finally:
        store.close()
        await log.close()


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
