"""One Kafka in a container, published on 127.0.0.1 only, and what dead test sessions left."""

import contextlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from deploy.kafka_local import answers, free_port

IMAGE: Final = os.environ.get("KAFKA_IMAGE") or "apache/kafka:4.1.0"
PULL_S_MAX: Final = 60
READY_S_MAX: Final = 60
NAME_PREFIX: Final = "tillstream-test-kafka"
OWNER_LABEL: Final = "io.tillstream.test-owner"
ENGINE: Final = "unix:///var/run/docker.sock"
_RUNS_HERE: Final = f"{socket.gethostname()}:"


class ContainerMissing(Exception):
    """No Kafka can be had in a container; the text says what is missing."""


class KafkaContainer:
    """A broker whose address stays the same over every restart.

    `settings` are KAFKA_* variables without that prefix; they add to a single node's. The caller
    stops it in a `finally`: nothing else cleans up before the next test session does.
    """

    def __init__(self, **settings: str) -> None:
        self.port = free_port()
        self.name = f"{NAME_PREFIX}-{self.port}"
        self._settings = settings
        self._container: Any = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def wrapped(self) -> Any:
        """The Docker client's own object, to inspect."""
        return self._container.get_wrapped_container()

    def start(self) -> "KafkaContainer":
        """Start and wait until the broker answers.

        Raises:
            ContainerMissing: no engine, no image within the time, or it did not start.
        """
        _provide_image()
        # Read at import. The reaper is an image of its own, which not every engine can pull.
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        from testcontainers.core.container import DockerContainer

        owner = f"{_RUNS_HERE}{os.getpid()}"
        container = DockerContainer(IMAGE).with_name(self.name)
        container.with_kwargs(labels={OWNER_LABEL: owner})
        # A fixed port: the advertised address must hold before the container exists.
        container.ports["9092/tcp"] = ("127.0.0.1", self.port)
        container.with_envs(**_environment(self.port, self._settings))
        self._container = container
        try:
            container.start()
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def kill(self) -> None:
        """End the broker by SIGKILL, as a crash does; its storage stays."""
        self.wrapped.kill("SIGKILL")
        self.wrapped.wait()

    def restart(self) -> None:
        """Start it again after `kill`, on the same storage and port."""
        self.wrapped.start()
        self._wait_ready()

    def stop(self) -> None:
        """End the broker and remove the container with its storage."""
        container, self._container = self._container, None
        if container is None:
            return
        if container.get_wrapped_container() is not None:
            container.stop()
        container.get_docker_client().client.close()

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + READY_S_MAX
        while not answers(self.port):
            self.wrapped.reload()
            if self.wrapped.status == "exited" or time.monotonic() > deadline:
                tail = self.wrapped.logs(tail=10).decode(errors="replace")
                raise ContainerMissing(f"the Kafka container did not answer: {tail}")
            time.sleep(0.05)


def sweep() -> None:
    """Remove the containers of test sessions of this machine that are dead.

    Raises:
        ContainerMissing: no engine answers.
    """
    client = _engine()
    try:
        for left in client.containers.list(all=True, filters={"label": OWNER_LABEL}):
            owner = left.labels[OWNER_LABEL]
            if left.name.startswith(NAME_PREFIX) and _is_dead(owner):
                left.remove(force=True, v=True)
    finally:
        client.close()


def _is_dead(owner: str) -> bool:
    """Say of an owner on another machine, whose processes nobody sees here, that it lives."""
    if not owner.startswith(_RUNS_HERE):
        return False
    try:
        os.kill(int(owner.removeprefix(_RUNS_HERE)), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _engine() -> Any:
    if not _engine_listens():
        raise ContainerMissing("no container engine listens")
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=20)
    except DockerException as error:
        raise ContainerMissing(f"the container engine does not answer: {error}") from error
    return client


def _provide_image() -> None:
    client = _engine()
    from docker.errors import DockerException, ImageNotFound

    try:
        try:
            client.images.get(IMAGE)
        except ImageNotFound:
            # The pull goes on in its thread; the tests do not wait for it beyond the limit.
            pool = ThreadPoolExecutor(1)
            pool.submit(client.images.pull, IMAGE).result(PULL_S_MAX)
    except (DockerException, TimeoutError, OSError) as error:
        raise ContainerMissing(f"no image {IMAGE}: {error!r}") from error
    finally:
        with contextlib.suppress(OSError):
            client.close()


def _engine_listens() -> bool:
    """Ask the socket first: the Docker client leaks one where nobody listens."""
    host = os.environ.get("DOCKER_HOST", ENGINE)
    if not host.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        return probe.connect_ex(host.removeprefix("unix://")) == 0


def _environment(port: int, more: dict[str, str]) -> dict[str, str]:
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
        # After a SIGKILL the old session must end before the same node may register.
        "BROKER_SESSION_TIMEOUT_MS": "3000",
        "BROKER_HEARTBEAT_INTERVAL_MS": "500",
    } | more
    return {f"KAFKA_{name}": value for name, value in settings.items()} | {
        "CLUSTER_ID": "5L6g3nShT-eMCtK--X86sw"
    }
