"""Three real brokers that replicate: losing one must lose nothing and stop nothing."""

import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from deploy.kafka_local import CLUSTER_ID, BrokerMissing, LocalBroker, free_port
from tests.chaos.proxy import Proxy

NODES: Final = 3
FORMATTED_S: Final = 90


class Node(LocalBroker):
    """One broker and controller of the three; `voters` are the controllers' ports by number."""

    def __init__(self, number: int, front: int, voters: dict[int, int]) -> None:
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{front}"}
        super().__init__(properties=advertised)
        self._number = number
        self._voters = voters
        self._controller_port = voters[number]

    def _settings(self) -> dict[str, str]:
        settings = super()._settings()
        del settings["controller.quorum.bootstrap.servers"]
        voters = (f"{number}@127.0.0.1:{port}" for number, port in self._voters.items())
        replicas = dict.fromkeys(
            ("default.replication.factor", "offsets.topic.replication.factor",
             "transaction.state.log.replication.factor",
             "share.coordinator.state.topic.replication.factor"), "3",
        )  # fmt: skip
        in_sync = dict.fromkeys(
            ("min.insync.replicas", "transaction.state.log.min.isr",
             "share.coordinator.state.topic.min.isr"), "2",
        )  # fmt: skip
        own = {"node.id": str(self._number), "controller.quorum.voters": ",".join(voters)}
        return settings | replicas | in_sync | own

    def _format(self, program: str, libs: Path, settings: Path) -> None:
        command = [
            program, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{libs}/*",
            "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=FORMATTED_S)
        if done.returncode:
            raise BrokerMissing(f"formatting failed: {(done.stdout + done.stderr)[-400:]}")


class ThreeBrokers:
    """A cluster of which one broker at a time suffers. Each stands behind a port of its own."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        voters = {number: free_port() for number in range(1, NODES + 1)}
        fronts = {number: free_port() for number in voters}
        self._nodes = [Node(number, fronts[number], voters) for number in voters]
        self._proxies: list[Proxy] = []
        self._struck = 0
        try:
            # None of them answers before two of them have met.
            with ThreadPoolExecutor(NODES) as starting:
                list(starting.map(Node.start, self._nodes))
            for number, node in zip(voters, self._nodes, strict=True):
                self._proxies.append(Proxy(fronts[number], node.port))
        except BaseException:
            self.close()
            raise
        self.bootstrap = ",".join(f"127.0.0.1:{front}" for front in fronts.values())

    def kill(self) -> None:
        self._nodes[self._choose()].kill()

    def stop(self) -> None:
        self._nodes[self._choose()].stop()

    def start(self) -> None:
        self._nodes[self._struck].start()

    def cut(self) -> None:
        self._proxies[self._choose()].cut()

    def mend(self) -> None:
        self._proxies[self._struck].mend()

    def close(self) -> None:
        for proxy in self._proxies:
            proxy.end()
        for node in self._nodes:
            node.close()

    def _choose(self) -> int:
        self._struck = self._chance.randrange(NODES)
        return self._struck
