"""The demo: simulated providers call a running deployment, and a page tells what became of it.

`python -m deploy.demo [--kafka]`. Everything lies in a temporary folder and on free ports of
127.0.0.1; every process started here is ended here.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from deploy.demo_page import Findings, show
from deploy.kafka_local import BrokerMissing, LocalBroker, free_port
from schemas.event import read_event
from schemas.outcome import read_outcome
from streams.accounts.demo import demo_accounts, demo_providers, write_demo_account
from streams.accounts.digest_key import create_digest_key
from streams.books import Books, final_outcomes, read_books
from streams.log import Log
from streams.open_log import open_log
from streams.simulate import (
    SCENARIOS,
    Delivery,
    Faults,
    Report,
    Retry,
    deliver,
    event_differences,
    load_keys,
    plan,
)
from streams.topology import existing_topics

STORIES: Final = 300
READY_WITHIN_S: Final = 60.0
BALANCED_WITHIN_S: Final = 60.0
FAULTS: Final = Faults(repeat=0.05, hang_up=0.03, torn=0.03, seed="demo")


class DemoFailed(Exception):
    """The demo could not run to its end; the message says why."""


class Processes:
    """The roles of the demo, each a process with an admin port of its own."""

    def __init__(self, folder: Path, log_url: str) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self.listen_port = free_port()
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TILLSTREAM_")},
            "TILLSTREAM_LOG": log_url,
            "TILLSTREAM_ACCOUNTS": str(folder / "accounts"),
            "TILLSTREAM_STATE": str(folder / "state"),
            "TILLSTREAM_LISTEN": f"127.0.0.1:{self.listen_port}",
            "TILLSTREAM_DEPLOYMENT": "demo",
        }

    def run(self, *arguments: str) -> None:
        """Run a command to its end.

        Raises:
            DemoFailed: it ended with a failure.
        """
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *arguments],
            env=self._environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if done.returncode:
            raise DemoFailed(f"{' '.join(arguments)}: {done.stderr.strip()}")

    def start(self, role: str, *arguments: str) -> int:
        """Start a role and return its admin port."""
        admin_port = free_port()
        with (self._folder / f"{role}.log").open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "streams.cli", role, *arguments],
                    env={**self._environment, "TILLSTREAM_ADMIN": f"127.0.0.1:{admin_port}"},
                    stdout=log,
                    stderr=log,
                )
            )
        return admin_port

    def wait_ready(self, admin_port: int) -> None:
        """Wait until the role behind an admin port is ready."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self._running):
                break
            with suppress(OSError):
                url = f"http://127.0.0.1:{admin_port}/readyz"
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200:
                        return
            time.sleep(0.05)
        logs = "\n".join(f.read_text(errors="replace")[-1500:] for f in self._folder.glob("*.log"))
        raise DemoFailed(f"a role did not become ready:\n{logs}")

    def end(self) -> None:
        """End every process, in order; by force what does not end within ten seconds."""
        for process in self._running:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main() -> int:
    """Run the demo and return its exit code: 0 only if everything adds up."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--kafka", action="store_true", help="on Apache Kafka, started here")
    parser.add_argument("--stories", type=int, default=STORIES, help="how much to tell")
    arguments = parser.parse_args()
    # Ctrl-C and SIGTERM end the demo through the same clean-up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        with _deployment(arguments.kafka) as (processes, folder, log_url):
            findings = asyncio.run(_play(processes, folder, log_url, arguments.stories))
            findings.seconds = time.monotonic() - began
            findings.log = "Apache Kafka" if arguments.kafka else "embedded log (one SQLite file)"
            show(findings)
            return 0 if findings.good else 1
    except (DemoFailed, BrokerMissing) as error:
        sys.stderr.write(f"the demo stopped: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


@contextmanager
def _deployment(on_kafka: bool) -> Iterator[tuple[Processes, Path, str]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tillstream-demo-")))
        _write_accounts(folder / "accounts")
        if on_kafka:
            _say("starting Apache Kafka")
            broker = LocalBroker(folder / "kafka").start()
            stack.callback(broker.close)
            log_url = f"kafka://{broker.bootstrap}"
        else:
            (folder / "state").mkdir()
            log_url = f"embedded://{folder / 'state' / 'log.db'}"
        processes = Processes(folder, log_url)
        stack.callback(processes.end)
        if on_kafka:
            processes.run("topics", "apply")
            ports = [
                processes.start("ingress"),
                processes.start("verify", "--processes", "2"),
                processes.start("settle", "--processes", "2"),
            ]
        else:
            ports = [processes.start("up")]
        for port in ports:
            processes.wait_ready(port)
        yield processes, folder, log_url


def _write_accounts(folder: Path) -> None:
    _say("making accounts and keys of seven providers")
    folder.mkdir(mode=0o700)
    create_digest_key(folder)
    for provider in demo_providers():
        for account in demo_accounts(provider):
            write_demo_account(folder, account)


async def _play(processes: Processes, folder: Path, log_url: str, stories: int) -> Findings:
    keys = load_keys(folder / "accounts")
    providers = sorted({each.provider for each in keys})
    _say(f"the providers tell {stories} stories")
    deliveries = plan(providers, list(SCENARIOS), stories, "demo", keys, now_ms=_now_ms)
    report: Report = await deliver(
        deliveries, f"http://127.0.0.1:{processes.listen_port}", concurrency=16,
        retry=Retry(speed=100_000), faults=FAULTS,
    )  # fmt: skip
    log = open_log(log_url, options={}, clock=_now_ms)
    try:
        _say("reading the books")
        books = await _balanced_books(log)
        return await _findings(log, books, deliveries, report)
    finally:
        await log.close()


async def _balanced_books(log: Log) -> Books:
    deadline = time.monotonic() + BALANCED_WITHIN_S
    while True:
        books = await read_books(log, await existing_topics(log, "payments"))
        if books.balanced or time.monotonic() > deadline:
            return books
        await asyncio.sleep(0.2)


async def _findings(
    log: Log, books: Books, deliveries: list[Delivery], report: Report
) -> Findings:
    topics = await existing_topics(log, "payments")
    events = [read_event(record) async for record in log.read(topics.events.name)]
    outcomes = [read_outcome(record) async for record in log.read(topics.outcomes.name)]
    differences = list(event_differences(deliveries, events))
    if report.unexpected:
        differences.append(f"{report.unexpected} replies other than expected: {report.samples}")
    # Traced on the page: a refund, since both its proof and its payment's lie behind it.
    traced = next((e for e in events if e.type == "RefundCompleted" and not e.derived), events[0])
    recorded = [o for o in outcomes if o.callback_id == traced.causation_id]
    outcome = final_outcomes(recorded)[traced.causation_item]
    return Findings(books, deliveries, report, events, differences, traced, outcome)


def _say(what: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"  {what} ...\n")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
