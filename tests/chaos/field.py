"""What the faults befall: broker, the port in front of it, and the roles as real processes."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.chaos.history import History
from tests.chaos.proxy import Proxy
from tests.chaos.senders import Keys, account_texts
from tests.support.deployment import Deployed, RoleProcess, free_port

PARTITIONS: Final = 4
READY_S: Final = 180.0
PREFIX: Final = "chaos"


class Field:
    """A deployment on one log, and the processes that run on it.

    `started` makes the broker (or brokers) listen behind the proxies' ports and returns it.
    """

    def __init__(self, folder: Path, bootstrap: str, keys: Keys, history: History) -> None:
        self.history = history
        self.bootstrap = bootstrap
        self.codes: list[tuple[str, int]] = []
        self.roles: dict[str, RoleProcess] = {}
        for provider, text in account_texts(keys).items():
            path = folder / "accounts" / provider / "shop-1.toml"
            path.parent.mkdir(parents=True, mode=0o700)
            path.write_text(text)
            path.chmod(0o600)
        (folder / "state").mkdir()
        self.deployed = Deployed(folder, f"kafka://{bootstrap}", PREFIX)

    def apply_topics(self) -> None:
        """Let the product make what is missing of its topics."""
        self.deployed.run("topics", "apply", "--partitions", str(PARTITIONS))

    def add(self, name: str, role: str, *arguments: str) -> RoleProcess:
        """Start a process of a role, and wait until it is ready."""
        admin_port = free_port()
        environment = self.deployed.environment(admin_port)
        environment["CHAOS_WISH"] = str(self.wish(name))
        program = [sys.executable, "-m", "tests.support.struck_roles", role, *arguments]
        process = RoleProcess(
            role, admin_port, program, environment, self.deployed.folder / f"{name}.log"
        )
        self.roles[name] = process
        process.start()
        process.wait_ready(READY_S)
        return process

    def wish(self, name: str) -> Path:
        """Return the file by which a process is told where to strike itself."""
        return self.deployed.folder / f"{name}.wish"

    def of(self, role: str) -> list[str]:
        return [name for name, process in self.roles.items() if process.role == role]

    def end(self, name: str) -> int:
        """SIGTERM, and the exit code, which must be 0."""
        code = self.roles[name].stop()
        self.codes.append((name, code))
        self.history.note("ended", name=name, code=code)
        return code

    def ended(self, name: str) -> int | None:
        process = self.roles[name].process
        return None if process is None else process.poll()

    def revive(self, names: Sequence[str] = ()) -> None:
        """Start again whoever has ended, until all (or these) are ready.

        Raises:
            TimeoutError: they are not, within READY_S.
        """
        deadline_s = time.monotonic() + READY_S
        for name in names or tuple(self.roles):
            while True:
                code = self.ended(name)
                if code is not None:
                    self.history.note("revived", name=name, code=code)
                    self.roles[name].start()
                try:
                    self.roles[name].wait_ready(max(1.0, deadline_s - time.monotonic()))
                except RuntimeError:
                    if time.monotonic() > deadline_s:
                        raise
                else:
                    break

    def wait_ended(self, name: str, within_s: float) -> bool:
        """Whether a process has ended within a time."""
        deadline_s = time.monotonic() + within_s
        while self.ended(name) is None:
            if time.monotonic() > deadline_s:
                return False
            time.sleep(0.05)
        return True

    def close(self) -> None:
        """End every process of this field that still runs."""
        for process in self.roles.values():
            running: Any = process.process
            if running is not None and running.poll() is None:
                process.kill()

    def tails(self) -> str:
        return "\n".join(f"-- {name}\n{each.tail()}" for name, each in self.roles.items())


class SingleBroker:
    """One real broker behind a port that can be cut."""

    def __init__(self, broker_type: Any) -> None:
        front = free_port()
        self.broker = broker_type(
            properties={"advertised.listeners": f"PLAINTEXT://127.0.0.1:{front}"}
        )
        self.broker.start()
        self.proxy = Proxy(front, self.broker.port)
        self.bootstrap = f"127.0.0.1:{front}"

    def kill(self) -> None:
        self.broker.kill()

    def stop(self) -> None:
        self.broker.stop()

    def start(self) -> None:
        self.broker.start()

    def cut(self) -> None:
        self.proxy.cut()

    def mend(self) -> None:
        self.proxy.mend()

    def close(self) -> None:
        self.proxy.end()
        self.broker.close()
