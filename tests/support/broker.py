"""A real Kafka for the tests, from the first place that has one.

In this order: TILLSTREAM_TEST_BOOTSTRAP; a running Docker engine that holds (or quickly pulls) the
image KAFKA_IMAGE; a local process from Maven's jars. Where none is to be had, the tests are
skipped with the reason, or fail where CI or TILLSTREAM_REQUIRE_BROKER says that they must run.
"""

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import pytest

from deploy.kafka_local import BrokerMissing, LocalBroker, answers, free_port

IMAGE: Final = os.environ.get("KAFKA_IMAGE", "apache/kafka:4.1.0")
PULL_S_MAX: Final = 60
READY_S_MAX: Final = 60
NAME_PREFIX: Final = "tillstream-test-kafka"


@contextmanager
def any_broker() -> Iterator[str]:
    """Lend the bootstrap address of a broker, or skip or fail the test that asks."""
    given = os.environ.get("TILLSTREAM_TEST_BOOTSTRAP")
    if given:
        yield given
        return
    container = _container()
    if container is not None:
        try:
            yield _wait(container)
        finally:
            container.stop()
        return
    with local_broker() as broker:
        yield broker.bootstrap


@contextmanager
def local_broker(**settings: Any) -> Iterator[LocalBroker]:
    """Lend a broker process of one's own, for tests that kill it or set it up differently."""
    broker = LocalBroker(**settings)
    try:
        try:
            broker.start()
        except BrokerMissing as missing:
            _give_up(f"no Kafka: {missing}")
        yield broker
    finally:
        broker.close()


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true" or os.environ.get("TILLSTREAM_REQUIRE_BROKER"):
        pytest.fail(reason)
    pytest.skip(reason)


def _container() -> Any | None:
    """Return a started container, or None where there is no engine or no image within the time."""
    if not _image_at_hand():
        return None
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    from testcontainers.core.container import DockerContainer

    port = free_port()
    container = DockerContainer(IMAGE).with_name(f"{NAME_PREFIX}-{port}")
    # A fixed port: the advertised address must hold before the container exists.
    container.ports["9092/tcp"] = ("127.0.0.1", port)
    container.tillstream_port = port
    return container.with_envs(**_environment(port)).start()


def _image_at_hand() -> bool:
    if not _engine_listens():
        return False
    import docker
    from docker.errors import DockerException, ImageNotFound

    try:
        client = docker.from_env(timeout=5)
    except DockerException:
        return False
    try:
        client.ping()
        try:
            client.images.get(IMAGE)
        except ImageNotFound:
            # The pull goes on in its thread; the tests do not wait for it beyond the limit.
            pool = ThreadPoolExecutor(1)
            pool.submit(client.images.pull, IMAGE).result(PULL_S_MAX)
    except (DockerException, TimeoutError, OSError):
        return False
    finally:
        client.close()
    return True


def _engine_listens() -> bool:
    """Ask the socket first: the Docker client leaks one where nobody listens."""
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        return probe.connect_ex(host.removeprefix("unix://")) == 0


def _environment(port: int) -> dict[str, str]:
    settings = {
        "NODE_ID": "1",
        "PROCESS_ROLES": "broker,controller",
        "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "LISTENERS": "HOST://0.0.0.0:9092,NET://0.0.0.0:19092,CONTROLLER://0.0.0.0:9093",
        "ADVERTISED_LISTENERS": f"HOST://127.0.0.1:{port},NET://localhost:19092",
        "LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,NET:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "INTER_BROKER_LISTENER_NAME": "NET",
        "LOG_DIRS": "/var/lib/kafka/data",
        "AUTO_CREATE_TOPICS_ENABLE": "false",
        "HEAP_OPTS": "-Xms192m -Xmx384m",
        "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "TRANSACTION_STATE_LOG_NUM_PARTITIONS": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    return {f"KAFKA_{name}": value for name, value in settings.items()} | {
        "CLUSTER_ID": "5L6g3nShT-eMCtK--X86sw"
    }


def _wait(container: Any) -> str:
    port = container.tillstream_port
    deadline = time.monotonic() + READY_S_MAX
    while not answers(port):
        if time.monotonic() > deadline:
            _give_up("the Kafka container did not answer")
        time.sleep(0.05)
    return f"127.0.0.1:{port}"
