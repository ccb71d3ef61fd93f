"""kill -9 at every line of the consuming loop, and the effects of each event once."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from deploy.kafka_local import ROOT
from schemas.event import Event
from schemas.topics import Topics, topics
from streams.embedded import EmbeddedLog
from streams.kafka import KafkaLog
from streams.log import Log
from streams.topology import ensure_topics
from streams.views.database import open_database
from tests.support.consuming_program import Campaign
from tests.support.downstream import PARTITIONS, append, effects, told, wanted_effects
from tests.support.postgres import empty_database
from tests.support.settling import START_MS

WITHIN_S = 120
CYCLES = 10
LOOP = ("consume.py", "inbox.py", "consuming_mutants.py")


async def write(log: Log, made: Topics, events: Sequence[Event]) -> None:
    await ensure_topics(log, made)
    await append(log, made, events)
    await log.close()


async def run(campaign: Campaign) -> Any:
    """Run a campaign to its end and return what it says of its lines."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.consuming_program", cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        asked = json.dumps(asdict(campaign)).encode()
        out, err = await asyncio.wait_for(program.communicate(asked), WITHIN_S)
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert program.returncode == 0, err.decode()[-3_000:]
    return json.loads(out)


def found(campaign: Campaign) -> dict[str, list[tuple[object, ...]]]:
    database = open_database(campaign.database)
    try:
        return effects(database)
    finally:
        database.close()


@pytest.fixture
def survey_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'survey.db'}"
    return empty_database(request.getfixturevalue("postgres"))


async def campaign_on_embedded(
    folder: Path, database: str, survey: str, events: Sequence[Event], **more: Any
) -> Campaign:
    path = folder / "log.db"
    made = topics(payment_partitions=PARTITIONS)
    await write(EmbeddedLog(path, clock=lambda: START_MS), made, events)
    return Campaign(
        f"embedded://{path}", made.events.name, "kills", database, survey, **more
    )  # fmt: skip


async def test_a_kill_at_every_line_leaves_every_effect_once(
    tmp_path: Path, database_url: str, survey_url: str
) -> None:
    events = told(CYCLES)
    campaign = await campaign_on_embedded(tmp_path, database_url, survey_url, events)
    said = await run(campaign)
    assert said["missed"] == []
    # Loop, inbox, the three services, and the calls of the database.
    assert said["lines"] > 90
    assert found(campaign) == wanted_effects(events)


@pytest.mark.parametrize(
    ("way", "kept"),
    [
        ("effect outside the transaction", "more"),
        ("no inbox", "more"),
        ("inbox before the effect", "less"),
        ("offsets before the effect", "less"),
    ],
)
async def test_another_loop_is_caught_by_the_same_kills(
    tmp_path: Path, way: str, kept: str
) -> None:
    database, survey = (f"sqlite:///{tmp_path / name}.db" for name in ("rows", "survey"))
    assert await _kept(tmp_path, database, survey, way) == kept


async def test_an_effect_outside_the_transaction_is_caught_on_postgresql_too(
    tmp_path: Path, postgres: str
) -> None:
    database, survey = (empty_database(postgres) for _ in range(2))
    way = "effect outside the transaction"
    assert await _kept(tmp_path, database, survey, way) == "more"


async def _kept(folder: Path, database: str, survey: str, way: str) -> str:
    """Return whether the orders have more money than was paid, less, or what is right."""
    events = told(CYCLES // 2)
    campaign = await campaign_on_embedded(
        folder, database, survey, events, way=way, services=("orders",), files=LOOP
    )
    await run(campaign)
    mine, right = (
        sum(row[4] for row in each["downstream_orders"] if row[0] == "orders")
        for each in (found(campaign), wanted_effects(events))
    )
    return "right" if mine == right else "more" if mine > right else "less"


async def test_a_kill_at_every_step_of_the_loop_on_kafka_and_postgresql(
    kafka_bootstrap: str, topic_prefix: str, tmp_path: Path, postgres: str
) -> None:
    events = told(CYCLES)
    made = topics(topic_prefix, payment_partitions=PARTITIONS)
    await write(KafkaLog(kafka_bootstrap), made, events)
    # One service, whose static member comes back at once.
    campaign = Campaign(
        f"kafka://{kafka_bootstrap}", made.events.name, topic_prefix, empty_database(postgres),
        empty_database(postgres), files=LOOP, services=("orders",), static=True,
    )  # fmt: skip
    said = await run(campaign)
    assert said["missed"] == []
    assert said["lines"] > 20
    rows, right = found(campaign), wanted_effects(events)
    for name in ("downstream_payments", "downstream_orders", "downstream_inbox"):
        assert rows[name] == [row for row in right[name] if row[0] == "orders"]
