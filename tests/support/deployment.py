"""A running deployment for tests: roles as real processes, killed and started again at will."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.kafka_local import free_port

READY_WITHIN_S = 40.0


@dataclass
class RoleProcess:
    """One process of a role (or of `up`), by its id."""

    role: str
    admin_port: int
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=dict(self.environment), stdout=log, stderr=log
            )
        self.starts += 1

    def wait_ready(self, within_s: float = READY_WITHIN_S) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.check_alive()
            with suppress(OSError):
                url = f"http://127.0.0.1:{self.admin_port}/readyz"
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return
            time.sleep(0.05)
        raise TimeoutError(f"{self.role} is not ready:\n{self.tail()}")

    def check_alive(self) -> None:
        assert self.process is not None
        code = self.process.poll()
        if code is not None:
            raise RuntimeError(f"{self.role} ended with {code}:\n{self.tail()}")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """kill -9, and reap."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def restart_after_kill(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
            raise

    def wait_stopped(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until the process has stopped itself, as `SIGSTOP` does."""
        assert self.process is not None
        deadline = time.monotonic() + within_s
        asked = os.WSTOPPED | os.WNOHANG
        while os.waitid(os.P_PID, self.process.pid, asked) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.role} did not stop itself:\n{self.tail()}")
            time.sleep(0.02)

    def wait_end(self, within_s: float = READY_WITHIN_S) -> int:
        """Wait until the process ends by itself, and return its exit code.

        Raises:
            TimeoutError: it goes on.
        """
        assert self.process is not None
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self.role} goes on") from error

    def metrics(self) -> str:
        url = f"http://127.0.0.1:{self.admin_port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.read().decode())

    def tail(self) -> str:
        return self.log_file.read_text(errors="replace")[-3000:]


@dataclass
class Deployed:
    """A folder with accounts and state, an address of a log, and the processes on it."""

    folder: Path
    log_url: str
    prefix: str
    processes: dict[str, RoleProcess] = field(default_factory=dict)
    listen_port: int = field(default_factory=free_port)
    extra_environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.listen_port}"

    def environment(self, admin_port: int | None = None) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TILLSTREAM_")}
        own = {
            "TILLSTREAM_LOG": self.log_url,
            "TILLSTREAM_ACCOUNTS": str(self.folder / "accounts"),
            "TILLSTREAM_STATE": str(self.folder / "state"),
            "TILLSTREAM_LISTEN": f"127.0.0.1:{self.listen_port}",
            "TILLSTREAM_PREFIX": self.prefix,
        }
        if admin_port is not None:
            own["TILLSTREAM_ADMIN"] = f"127.0.0.1:{admin_port}"
        return {**inherited, **own, **self.extra_environment}

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the product against this deployment."""
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *arguments],
            env=self.environment(), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise RuntimeError(f"{arguments} ended with {done.returncode}: {done.stderr[-3000:]}")
        return done

    def start(
        self, role: str, *arguments: str, name: str | None = None, fault: str | None = None
    ) -> RoleProcess:
        """Start a role, with a planted fault or none, and wait until it is ready."""
        admin_port = free_port()
        name = name or role
        program = [sys.executable, "-m", "streams.cli"]
        if fault is not None:
            program = [sys.executable, "-m", "tests.support.faulty_roles", fault]
        process = RoleProcess(
            role, admin_port, [*program, role, *arguments], self.environment(admin_port),
            self.folder / f"{name}.log",
        )  # fmt: skip
        self.processes[name] = process
        process.start()
        process.wait_ready()
        return process

    def stop(self) -> dict[str, int]:
        """End what still runs by SIGTERM, callbacks first, and return the exit codes."""
        return {
            name: process.stop()
            for name, process in self.processes.items()
            if process.process is not None and process.process.poll() is None
        }

    def logged(self) -> str:
        """Return everything that the processes wrote."""
        return "".join(
            each.log_file.read_text(errors="replace") for each in self.processes.values()
        )
