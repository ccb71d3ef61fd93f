"""Replays on Kafka: beside the live path, in several processes, killed, and with changed code."""

import asyncio
import json
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.support.faulty_replay import FAULT, WISH
from tests.support.heard import PARTITIONS, Heard

STORIES = 150
ALWAYS = ("--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z")


@pytest.fixture(scope="module")
async def heard(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    prefix = f"t{uuid.uuid4().hex[:12]}"
    folder = tmp_path_factory.mktemp("heard")
    return await Heard(folder, f"kafka://{kafka_bootstrap}", prefix).happen(STORIES)


@pytest.fixture
def into() -> str:
    return f"again{uuid.uuid4().hex[:12]}"


async def replayed(
    heard: Heard, *arguments: str, planted: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a replay in a process of its own, with a fault where one is planted."""
    program = "streams.cli" if planted is None else "tests.support.faulty_replay"
    command = [sys.executable, "-m", program, "audit", "replay", *ALWAYS,
               "--source", "kafka", "--diff", "--json", *arguments]  # fmt: skip
    return await asyncio.to_thread(
        subprocess.run, command, env=heard.command_environment() | dict(planted or {}),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


async def groups(bootstrap: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return sorted(name for name, _ in await admin.list_consumer_groups())
    finally:
        await admin.close()


async def test_two_processes_find_no_difference_and_touch_nothing(
    heard: Heard, kafka_bootstrap: str
) -> None:
    before, groups_before = await heard.live(), await groups(kafka_bootstrap)
    ran = await replayed(heard, "--processes", "2")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    found = json.loads(ran.stdout)
    assert found["same"]
    assert found["callbacks"] == heard.heard
    assert found["events"] == len(await heard.values(f"{heard.prefix}.events.v1"))
    assert (found["in_flight"], found["unsettled"]) == (0, 0)
    assert await heard.live() == before
    assert await groups(kafka_bootstrap) == groups_before


async def test_changed_code_is_found_and_explained_field_by_field(
    heard: Heard, kafka_bootstrap: str, into: str
) -> None:
    before, groups_before = await heard.live(), await groups(kafka_bootstrap)
    ran = await replayed(heard, "--into", into, planted={FAULT: "changed", WISH: ""})
    assert ran.returncode == 1, ran.stderr + ran.stdout
    found = json.loads(ran.stdout)
    assert not found["same"]
    changes = {
        kind: {
            field
            for each in found["findings"]
            if each["kind"] == kind
            for field, _, _ in each["changes"]
        }
        for kind in ("fact_changed", "event_changed")
    }
    assert changes["fact_changed"] == {"merchant_order_id", "amount"}
    assert {"merchant_order_id", "amount"} <= changes["event_changed"]
    # Every changed fact is of Stripe, and all that is derived of others is the same.
    stripe = {each["payment"] for each in found["findings"] if "payment" in each}
    assert stripe
    assert {payment.partition("/")[0] for payment in stripe} == {"stripe"}
    order = next(
        (then, now)
        for each in found["findings"]
        if each["kind"] == "fact_changed"
        for field, then, now in each["changes"]
        if field == "merchant_order_id"
    )
    assert order[1] == "another" != order[0]
    # What was written apart is what today's code says; what was recorded stays.
    written = [json.loads(value or b"") for _, _, value in await heard.values(f"{into}.events.v1")]
    orders = {each["merchant_order_id"] for each in written if each["provider"] == "stripe"}
    assert "another" in orders
    assert await heard.live() == before
    assert await groups(kafka_bootstrap) == groups_before


async def test_payments_that_moved_to_more_partitions_are_settled_again_as_they_were(
    kafka_bootstrap: str, tmp_path: Path
) -> None:
    prefix = f"t{uuid.uuid4().hex[:12]}"
    heard = await Heard(tmp_path, f"kafka://{kafka_bootstrap}", prefix).happen(40)
    events = len(await heard.values(f"{prefix}.events.v1"))
    await heard.move(PARTITIONS + 1)
    # All of it was told again, which a replay that looked in one place would take for news.
    assert len(await heard.values(f"{prefix}.events.v1")) == events
    before = await heard.live()
    ran = await replayed(heard)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    found = json.loads(ran.stdout)
    assert (found["callbacks"], found["events"]) == (heard.heard, events)
    assert await heard.live() == before
    looked_once = await replayed(heard, planted={FAULT: "one-place", WISH: ""})
    assert looked_once.returncode == 1
    assert json.loads(looked_once.stdout)["differences"]


async def test_a_replay_killed_again_and_again_comes_out_the_same(
    heard: Heard, into: str, tmp_path: Path
) -> None:
    wish = tmp_path / "wish"

    async def struck(fault: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        wish.touch()
        planted = {FAULT: fault, WISH: str(wish)}
        ran = await replayed(heard, "--into", into, *arguments, planted=planted)
        assert not wish.exists(), "the fault has not struck"
        return ran

    alone = await struck("die-facts")
    assert alone.returncode == -signal.SIGKILL, alone.stderr
    # Its other processes end with it: what goes on after it would write beside them.
    parent = await struck("orphan-callbacks", "--processes", "2", "--resume")
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    appending = await struck("die-appending", "--processes", "2", "--resume")
    assert appending.returncode == 1
    assert "go on with --resume" in appending.stderr
    assert await heard.values(f"{into}.facts.v1")
    ran = await replayed(heard, "--into", into, "--resume")
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert json.loads(ran.stdout)["callbacks"] == heard.heard
    for name in ("facts", "events"):
        written = await heard.values(f"{into}.{name}.v1")
        # Once each, as they were recorded.
        assert Counter(written) == Counter(await heard.values(f"{heard.prefix}.{name}.v1"))
