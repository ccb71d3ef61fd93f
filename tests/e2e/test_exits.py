"""How roles end: 78 where a person has to change something, 0 when told to stop, else not 0."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from streams.cli.frame import now_ms
from streams.simulate import AccountKeys, deliver, plan
from streams.topology import existing_topics
from tests.support.deployment import Deployed, RoleProcess, free_port
from tests.support.proof import drained, found_in, opened

CONFIGURATION = 78
Deploy = Callable[[str], Deployed]


def bootstrap_of(deployed: Deployed) -> str:
    return deployed.log_url.removeprefix("kafka://")


async def grow_facts(deployed: Deployed) -> None:
    """Add a partition behind the product's back."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_of(deployed))
    await admin.start()
    try:
        await admin.create_partitions({f"{deployed.prefix}.facts.v1": NewPartitions(5)})
    finally:
        await admin.close()


def begun(deployed: Deployed, role: str) -> RoleProcess:
    """Start a role that will not become ready."""
    try:
        deployed.start(role)
    except RuntimeError:
        return deployed.processes[role]
    raise AssertionError(f"{role} became ready")


async def test_grown_facts_end_running_and_starting_roles(deploy: Deploy) -> None:
    deployed = deploy("kafka")
    running = [deployed.start(role, fault="quick-check") for role in ("verify", "settle")]
    await grow_facts(deployed)
    for role in running:
        assert await asyncio.to_thread(role.wait_end) == CONFIGURATION
        assert "has 5 partitions, not 4" in role.tail()
    for name in ("ingress", "verify", "settle"):
        assert begun(deployed, name).wait_end() == CONFIGURATION


async def test_every_role_ends_in_order_when_interrupted(deploy: Deploy) -> None:
    # That they end so by SIGTERM is part of every proof.
    deployed = deploy("kafka")
    for role in ("ingress", "verify", "settle"):
        deployed.start(role)
    for process in deployed.processes.values():
        process.send(signal.SIGINT)
    assert [each.wait_end() for each in deployed.processes.values()] == [0, 0, 0]


async def test_children_end_in_order_when_their_parent_is_killed(deploy: Deploy) -> None:
    deployed = deploy("kafka")
    parent = deployed.start("verify", "--processes", "2")
    parent.kill()
    # Each child says so at its end; they were adopted, so that nobody here can wait for them.
    await asyncio.to_thread(wait_logged, parent, '"role_not_ready"', 2)


def wait_logged(role: RoleProcess, word: str, times: int) -> None:
    deadline = time.monotonic() + 20
    while role.log_file.read_text().count(word) < times:
        assert time.monotonic() < deadline, role.tail()
        time.sleep(0.1)


async def test_without_kafka_no_role_starts(deploy: Deploy) -> None:
    deployed = deploy("embedded")
    deployed.log_url = f"kafka://127.0.0.1:{free_port()}"
    for role in ("ingress", "verify", "settle"):
        assert begun(deployed, role).wait_end() == 1
    assert "Traceback" not in deployed.logged()


async def test_an_offset_that_is_no_longer_held_ends_verify_and_is_never_jumped(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = deploy("kafka")
    for role in ("ingress", "verify"):
        deployed.start(role)
    told = plan(["stripe"], ["paid"], 20, "held", demo_keys, now_ms=now_ms)
    await deliver(told[:10], deployed.base_url)
    await until_verified(deployed)
    assert deployed.processes["verify"].stop() == 0
    await deliver(told[10:], deployed.base_url)
    await delete_callbacks(deployed)
    deployed.processes["verify"].start()
    assert await asyncio.to_thread(deployed.processes["verify"].wait_end) == 1
    assert len((await found_in(deployed)).callbacks) == 0


async def until_verified(deployed: Deployed) -> None:
    deployed.start("settle")
    await drained(deployed)
    assert deployed.processes["settle"].stop() == 0


async def delete_callbacks(deployed: Deployed) -> None:
    """Let everything that is stored run out of its retention."""
    log = opened(deployed)
    try:
        topic = (await existing_topics(log, deployed.prefix)).callbacks.name
        ends = {partition: each.end for partition, each in (await log.bounds(topic)).items()}
    finally:
        await log.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_of(deployed))
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(topic, p): RecordsToDelete(end) for p, end in ends.items() if end}
        )
    finally:
        await admin.close()


async def test_a_defect_in_settling_ends_the_process_and_repeats_nothing(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = deploy("embedded")
    deployed.start("up", fault="settle-defect")
    (told,) = plan(["stripe"], ["paid"], 1, "defect", demo_keys, now_ms=now_ms)
    await deliver([told], deployed.base_url)
    (item,) = told.expectation.items
    assert item.event is not None
    assert item.event.merchant_order_id is not None
    up = deployed.processes["up"]
    assert await asyncio.to_thread(up.wait_end) == 1
    assert "KeyError" in up.tail()
    assert item.event.merchant_order_id not in deployed.logged()
    # The offset did not move: the right one settles it.
    del deployed.processes["up"]
    deployed.start("up", name="right")
    await drained(deployed)
    assert len((await found_in(deployed)).events) == 1
