"""Payments move to more partitions under load: every one is still announced once.

The ingress takes callbacks all the while. Deliveries from before come again afterwards, refunds of
payments that moved among them: who looked for their ledger in the old place would announce them
twice, which is what the planted faults do.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from schemas.record import Draft
from schemas.topics import Topics
from streams import growth
from streams.kafka import KafkaLog
from streams.settle import COUNT_KEY
from streams.simulate import AccountKeys, Faults
from streams.topology import existing_topics
from tests.e2e.conftest import PARTITIONS
from tests.e2e.test_kills import Load
from tests.e2e.test_main_path import send
from tests.support.deployment import Deployed
from tests.support.proof import drained, opened, prove

MORE = 7
Deploy = Callable[[str], Deployed]
STAGES = ("verify", "settle")


@asynccontextmanager
async def load_on(deployed: Deployed, keys: Sequence[AccountKeys]) -> AsyncIterator[Load]:
    load = Load(deployed, keys, 7)
    task = asyncio.create_task(load.run())
    try:
        yield load
    finally:
        load.over = True
        await task


async def stop_stages(deployed: Deployed) -> None:
    """Stop verify first, and settle once it has settled every fact."""
    assert deployed.processes["verify"].stop() == 0
    log = opened(deployed)
    names = await existing_topics(log, deployed.prefix)
    async with asyncio.timeout(40):
        while True:
            ends = {p: b.end for p, b in (await log.bounds(names.facts.name)).items()}
            reached = await log.committed_offsets(f"{deployed.prefix}-settle", names.facts.name)
            if all((reached[p] or 0) >= end for p, end in ends.items()):
                break
            await asyncio.sleep(0.1)
    await log.close()
    assert deployed.processes["settle"].stop() == 0


def migrate(deployed: Deployed, *, code: int = 0, partitions: int = MORE) -> Any:
    done = deployed.run(
        "topics", "migrate", "--partitions", str(partitions), "--json", check=False
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 else done.stderr


async def in_process(
    deployed: Deployed, work: Callable[[KafkaLog, Topics], Awaitable[Any]]
) -> Any:
    log = opened(deployed)
    assert isinstance(log, KafkaLog)
    try:
        await work(log, await existing_topics(log, deployed.prefix))
    finally:
        await log.close()


async def test_every_payment_is_announced_once_before_and_after(
    deploy: Deploy, demo_keys: Sequence[AccountKeys], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = deploy("kafka")
    for role in ("ingress", *STAGES):
        deployed.start(role)
    async with load_on(deployed, demo_keys) as load:
        await asyncio.sleep(2)
        assert "live members" in migrate(deployed, code=78)
        await stop_stages(deployed)
        assert "no more than that" in migrate(deployed, code=78, partitions=PARTITIONS)

        await die_while_moving(deployed, monkeypatch)
        verify = deployed.run("verify", check=False)
        assert (verify.returncode, "topics migrate finishes" in verify.stderr) == (78, True)
        assert "finish that one first" in migrate(deployed, code=78, partitions=MORE + 1)
        grown = migrate(deployed)
        assert (grown["before"], grown["partitions"]) == (PARTITIONS, MORE)

        for role in STAGES:
            deployed.start(role)
        # What was told before the growth comes again, as after any doubt of a provider.
        await send(deployed, tuple(load.sent), Faults())
    await prove(deployed, load.sent)

    # The ledger of each partition is built anew from the events of both times.
    await in_process(deployed, forget_counts)
    for role in STAGES:
        deployed.start(role)
    logged = deployed.processes["settle"].log_file.read_text()
    assert logged.count('"ledger_rebuilt"') == MORE
    deployed.start("ingress")
    await prove(deployed, load.sent)


async def die_while_moving(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """End a migration after a few states, with what comes first written and the rest not."""
    heard = 0

    def moved(count: int) -> None:
        nonlocal heard
        heard += count
        raise SystemExit

    async def work(log: KafkaLog, topics: Topics) -> None:
        with pytest.raises(SystemExit):
            await growth.migrate(log, topics, MORE, prefix=deployed.prefix, moved=moved)

    with monkeypatch.context() as changed:
        changed.setattr(growth, "CHUNK", 3)
        await in_process(deployed, work)
    assert heard > 0


async def forget_counts(log: KafkaLog, topics: Topics) -> None:
    """Take from each partition of the ledger the record that says how much it holds."""
    appender = log.appender()
    await appender.append([Draft(topics.ledger.name, p, COUNT_KEY, None, ()) for p in range(MORE)])
    await appender.close()


async def nothing_moves(*_: object) -> int:
    return 0


async def test_states_that_stay_behind_are_announced_again_and_found(
    deploy: Deploy, demo_keys: Sequence[AccountKeys], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = deploy("kafka")
    for role in ("ingress", *STAGES):
        deployed.start(role)
    async with load_on(deployed, demo_keys) as load:
        await asyncio.sleep(2)
        await stop_stages(deployed)
        monkeypatch.setattr(growth, "_move", nothing_moves)

        async def work(log: KafkaLog, topics: Topics) -> None:
            await growth.migrate(log, topics, MORE, prefix=deployed.prefix)

        await in_process(deployed, work)
        for role in STAGES:
            deployed.start(role)
        await asyncio.sleep(1)
    await send(deployed, load.sent, Faults())
    await drained(deployed)
    with pytest.raises(AssertionError, match=r"twice|sequence|fold|differ"):
        await prove(deployed, load.sent)
