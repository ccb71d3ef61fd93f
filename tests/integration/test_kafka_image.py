"""Kafka in a container: the image, the scripts around it, and that asking for it is no wish."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka_local import ROOT
from tests.support.broker import container_is_demanded
from tests.support.kafka_container import (
    IMAGE,
    NAME_PREFIX,
    OWNER_LABEL,
    KafkaContainer,
    sweep,
)

ENGINE = ROOT / "deploy" / "kafka-image" / "engine"
BUILD = ROOT / "deploy" / "kafka-image" / "build"
DEADLINE_S = 40.0

in_a_container = pytest.mark.skipif(
    not container_is_demanded(), reason="asks for a container engine: make test-containers"
)


@pytest.fixture
def broker() -> Iterator[KafkaContainer]:
    container = KafkaContainer()
    try:
        yield container.start()
    finally:
        container.stop()


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def engine_says(*words: str) -> str:
    done = run("docker", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@asynccontextmanager
async def writer(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id="image-1")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def write(producer: AIOKafkaProducer, topic: str, numbers: range) -> None:
    sent = [await producer.send(topic, b"%d" % n, partition=0) for n in numbers]
    await asyncio.gather(*sent)


async def committed(bootstrap: str, topic: str, until: bytes) -> list[bytes]:
    """Read what a careful reader sees, up to a value that a later transaction committed."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    found: list[bytes] = []
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not found or found[-1] != until:
                found.append((await consumer.getone()).value)
    finally:
        await consumer.stop()
    return found


@in_a_container
async def test_what_was_committed_outlives_a_crash_and_what_was_aborted_stays_unseen(
    broker: KafkaContainer,
) -> None:
    topic = "crash"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with writer(broker.bootstrap) as producer:
        async with producer.transaction():
            await write(producer, topic, range(50))
        await producer.begin_transaction()
        await write(producer, topic, range(1000, 1010))
        await producer.abort_transaction()
    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(broker.restart)
    async with writer(broker.bootstrap) as producer, producer.transaction():
        await write(producer, topic, range(50, 100))
    found = await committed(broker.bootstrap, topic, b"99")
    assert found == [b"%d" % n for n in range(100)]


@in_a_container
def test_the_broker_is_open_on_loopback_only_and_is_not_root(broker: KafkaContainer) -> None:
    ports = engine_says("port", broker.name).splitlines()
    assert ports == [f"9092/tcp -> 127.0.0.1:{broker.port}"]
    assert engine_says("exec", broker.name, "id", "-u") != "0"


@in_a_container
def test_a_stop_is_a_clean_shutdown(broker: KafkaContainer) -> None:
    broker.wrapped.stop(timeout=30)
    state = broker.wrapped.wait()
    # The signal must reach Java: a shell in between would be killed with it after 30 s.
    assert state["StatusCode"] in (0, 143)
    assert b"shut down completed" in broker.wrapped.logs()


@in_a_container
def test_without_any_setting_it_is_one_working_node() -> None:
    name = f"{NAME_PREFIX}-plain-{os.getpid()}"
    owner = f"{OWNER_LABEL}={os.uname().nodename}:{os.getpid()}"
    engine_says("run", "-d", "--name", name, "--label", owner, IMAGE)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while b"Kafka Server started" not in logs(name):
            assert time.monotonic() < deadline, logs(name)[-2000:]
            time.sleep(0.1)
    finally:
        engine_says("rm", "-f", "-v", name)


def logs(name: str) -> bytes:
    return subprocess.run(
        ["docker", "logs", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30
    ).stdout


@in_a_container
def test_a_wrong_setting_ends_the_container_and_says_why() -> None:
    name = f"{NAME_PREFIX}-wrong-{os.getpid()}"
    variables = ("-e", "KAFKA_PROCESS_ROLES=nonsense", "-e", "KAFKA_NODE_ID=1")
    done = run("docker", "run", "--rm", "--name", name, *variables, IMAGE)
    assert done.returncode != 0
    assert "nonsense" in done.stdout + done.stderr


@in_a_container
def test_the_sweep_takes_what_the_dead_left_and_nothing_else(broker: KafkaContainer) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = f"{NAME_PREFIX}-left-{os.getpid()}"
    owner = f"{OWNER_LABEL}={os.uname().nodename}:{ended.pid}"
    engine_says("create", "--name", left, "--label", owner, IMAGE)
    sweep()
    names = engine_says("ps", "-a", "--format", "{{.Names}}").splitlines()
    assert left not in names
    assert broker.name in names


@in_a_container
def test_engine_and_image_are_left_as_they_are_when_they_are_there() -> None:
    engine = engine_says("info", "-f", "{{.ID}}")
    assert run(ENGINE).returncode == 0
    assert engine_says("info", "-f", "{{.ID}}") == engine
    image = engine_says("image", "inspect", "-f", "{{.Id}}", IMAGE)
    inputs = '{{index .Config.Labels "io.tillstream.inputs"}}'
    if not engine_says("image", "inspect", "-f", inputs, IMAGE):
        pytest.skip(f"{IMAGE} was not built here")
    done = run(BUILD, IMAGE)
    assert done.returncode == 0, done.stderr
    assert engine_says("image", "inspect", "-f", "{{.Id}}", IMAGE) == image


def test_a_demanded_container_that_cannot_be_had_is_a_failure_and_no_skip() -> None:
    suite = "tests/integration/test_log_contract.py"
    done = run(
        sys.executable, "-m", "pytest", "-x", "-q", "-k", "kafka", suite,
        TILLSTREAM_TEST_BROKER="container", TILLSTREAM_TEST_BOOTSTRAP="127.0.0.1:1",
        DOCKER_HOST="unix:///nonexistent/engine.sock",
    )  # fmt: skip
    assert done.returncode == 1
    assert "no Kafka in a container: no container engine listens" in done.stdout
    assert "passed" not in done.stdout.splitlines()[-1]


def test_a_misspelt_demand_is_no_silent_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSTREAM_TEST_BROKER", "contianer")
    with pytest.raises(ValueError, match="contianer"):
        container_is_demanded()


def test_an_engine_elsewhere_that_is_silent_is_reported_in_one_sentence() -> None:
    done = run(ENGINE, DOCKER_HOST="unix:///nonexistent/engine.sock")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "No container engine: DOCKER_HOST is unix:///nonexistent/engine.sock, "
        "and nothing answers there.\n"
    )


def test_a_build_without_a_name_is_refused() -> None:
    done = run(BUILD)
    assert done.returncode == 1
    assert "say which name it gets" in done.stderr
