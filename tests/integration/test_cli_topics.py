"""`tillstream topics`, and the partition count that is chosen once."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from schemas.record import Draft
from schemas.topics import PARTITIONS_KEY, partition_for_key, topics
from streams.embedded import EmbeddedLog
from streams.errors import ConfigurationError
from streams.log import Log
from streams.topology import (
    check_partitions,
    ensure_topics,
    existing_topics,
    recorded_partitions,
)
from tests.support.cli import Runner, runner

T = TypeVar("T")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TILLSTREAM_LOG", f"embedded://{tmp_path}/log.db")
    return tmp_path / "log.db"


@pytest.fixture
def command(path: Path, capsys: pytest.CaptureFixture[str]) -> Runner:
    return runner(capsys)


def on_log(path: Path, work: Callable[[Log], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        log = EmbeddedLog(path, clock=lambda: 1_700_000_000_000)
        try:
            return await work(log)
        finally:
            await log.close()

    return asyncio.run(run())


def test_plan_tells_what_is_missing_and_changes_nothing(command: Runner) -> None:
    ran = command("topics", "plan", "--json")
    assert ran.code == 1
    assert [each["kind"] for each in ran.json()] == ["missing"] * 6 + ["record"]
    assert all(each["apply_mends"] for each in ran.json())
    assert command("topics", "plan", "--json").json() == ran.json()


def test_apply_makes_the_topics_and_records_the_count(command: Runner, path: Path) -> None:
    assert command("topics", "apply", "--partitions", 3).code == 0
    assert command("topics", "plan").code == 0
    found = on_log(path, lambda log: existing_topics(log, "payments"))
    assert (found.facts.partitions, found.outcomes.partitions) == (3, 4)
    assert on_log(path, lambda log: recorded_partitions(log, found)) == 3
    on_log(path, lambda log: check_partitions(log, found))


def test_applying_again_writes_no_second_record(command: Runner, path: Path) -> None:
    command("topics", "apply")
    before = on_log(path, lambda log: log.bounds(topics().ledger.name))
    assert command("topics", "apply").code == 0
    assert on_log(path, lambda log: log.bounds(topics().ledger.name)) == before


def test_the_count_is_chosen_once(command: Runner) -> None:
    command("topics", "apply", "--partitions", 3)
    ran = command("topics", "apply", "--partitions", 6)
    assert ran.code == 78
    assert "migrate" in ran.err
    assert command("topics", "apply").code == 0


def test_a_topic_of_another_count_is_told_and_left(command: Runner, path: Path) -> None:
    other = topics(payment_partitions=5)
    on_log(path, lambda log: log.create([other.events]))
    ran = command("topics", "apply", "--json")
    assert ran.code == 1
    differing = {each["topic"]: each for each in ran.json()}
    assert differing[other.events.name]["kind"] == "partitions"
    assert not differing[other.events.name]["apply_mends"]
    # Nothing is recorded while the three do not agree.
    assert differing[other.ledger.name]["kind"] == "record"


def test_a_lost_ledger_is_made_again_with_the_count_of_the_events(
    command: Runner, path: Path
) -> None:
    lost = topics(payment_partitions=3)
    left = [topic for topic in lost.all() if topic is not lost.ledger]
    on_log(path, lambda log: log.create(left))
    assert command("topics", "apply").code == 0
    assert on_log(path, lambda log: recorded_partitions(log, lost)) == 3


def test_a_ledger_lost_after_a_growth_is_not_made_again_as_if_nothing_had_grown(
    command: Runner, path: Path
) -> None:
    lost = topics(payment_partitions=3)
    left = [topic for topic in lost.all() if topic is not lost.ledger]
    key = b"stripe/shop-1/pi_1"
    elsewhere = (partition_for_key(key, 3) + 1) % 3
    on_log(path, lambda log: log.create(left))
    on_log(path, lambda log: append(log, Draft(lost.events.name, elsewhere, key, b"{}", ())))
    ran = command("topics", "apply")
    assert ran.code == 78
    assert "earlier partition count" in ran.err
    assert on_log(path, lambda log: recorded_partitions(log, lost)) is None


async def append(log: Log, draft: Draft) -> None:
    appender = log.appender()
    await appender.append([draft])
    await appender.close()


def test_without_a_log_it_is_a_configuration_error(
    command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILLSTREAM_LOG")
    ran = command("topics", "plan")
    assert ran.code == 78
    assert "TILLSTREAM_LOG" in ran.err


@pytest.mark.parametrize("name", ["facts", "events", "ledger"])
async def test_each_of_the_three_topics_is_compared(name: str) -> None:
    log = EmbeddedLog(":memory:", clock=lambda: 1_700_000_000_000)
    wanted, other = topics(payment_partitions=3), topics(payment_partitions=4)
    await log.create([getattr(other, name)])
    await ensure_topics(log, wanted)
    with pytest.raises(ConfigurationError):
        await check_partitions(log, wanted)
    await log.close()


@pytest.mark.parametrize(
    "value", [b'{"v":1,"partitions":4}', b'{"v":2,"partitions":3}', b"3", None]
)
async def test_a_recorded_count_that_differs_stops_the_stage(value: bytes | None) -> None:
    log = EmbeddedLog(":memory:", clock=lambda: 1_700_000_000_000)
    wanted = topics(payment_partitions=3)
    await ensure_topics(log, wanted)
    await check_partitions(log, wanted)
    appender = log.appender()
    await appender.append([Draft(wanted.ledger.name, 0, PARTITIONS_KEY, value, ())])
    with pytest.raises(ConfigurationError):
        await check_partitions(log, wanted)
    await log.close()


async def test_missing_topics_and_a_missing_record_stop_the_stage() -> None:
    log = EmbeddedLog(":memory:", clock=lambda: 1_700_000_000_000)
    with pytest.raises(ConfigurationError) as raised:
        await check_partitions(log, topics())
    assert len(raised.value.problems) == 3
    await log.create(topics().all())
    with pytest.raises(ConfigurationError):
        await check_partitions(log, topics())
    await log.close()


def test_on_kafka_the_topics_are_as_planned_after_one_apply(
    kafka_bootstrap: str,
    topic_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TILLSTREAM_LOG", f"kafka://{kafka_bootstrap}")
    monkeypatch.setenv("TILLSTREAM_PREFIX", topic_prefix)
    command = runner(capsys)
    assert command("topics", "plan").code == 1
    applied = command("topics", "apply", "--partitions", 2, "--json")
    assert (applied.code, applied.json()) == (0, [])
    assert command("topics", "plan", "--json").json() == []
    assert command("topics", "apply", "--partitions", 3).code == 78
