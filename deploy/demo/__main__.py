"""`make demo` and `make demo-kafka`: everything once, from a provider's key to an event.

Exit codes: 0 the books balance and every expectation holds, 1 otherwise, with the reason; 128 and
the signal's number where a signal ended it. Nothing stays: no process, no file.
"""

import argparse
import asyncio
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from rich.console import Console

from deploy.demo.checks import Check, checks
from deploy.demo.page import Run, print_page
from deploy.demo.processes import SIGNALS, ProcessEnded, Processes
from deploy.demo.reading import Reading, read_when_balanced
from deploy.demo.shop import Shop, read_when_heard, shop_checks
from deploy.demo.trace import Trace, follow
from deploy.kafka_local import BrokerMissing, LocalBroker
from schemas.errors import Unavailable
from streams.accounts.demo import demo_accounts, demo_providers, write_demo_account
from streams.accounts.digest_key import create_digest_key
from streams.downstream.role import SERVICES
from streams.errors import ConfigurationError
from streams.open_log import open_log
from streams.simulate import (
    SCENARIOS,
    AccountKeys,
    Delivery,
    Faults,
    Report,
    Retry,
    combinations,
    deliver,
    load_keys,
    plan,
)
from streams.topology import ensure_topics, wanted_topics

STORIES: Final = 300
PREFIX: Final = "payments"
FAULTS: Final = {"repeat": 0.05, "hang_up": 0.04, "torn": 0.04}
SEND_S_MAX: Final = 90.0
# A page is read best so; where nobody sees an edge, it has the narrower width.
WIDTH_MIN, WIDTH_MAX = 80, 100
Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where the demonstration plays: its folder, its log, its way in words."""

    folder: Path
    log_url: str
    way: str

    @property
    def accounts(self) -> Path:
        return self.folder / "accounts"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'state' / 'tillstream.db'}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Port 0 lets the kernel choose, so that two demonstrations never want the same."""
        return {
            "TILLSTREAM_LOG": self.log_url,
            "TILLSTREAM_ACCOUNTS": str(self.accounts),
            "TILLSTREAM_STATE": str(self.folder / "state"),
            "TILLSTREAM_LISTEN": "127.0.0.1:0",
            "TILLSTREAM_ADMIN": "127.0.0.1:0",
            "TILLSTREAM_PREFIX": PREFIX,
            "TILLSTREAM_DEPLOYMENT": "demo",
        }


def main() -> None:
    """Run the demonstration and exit."""
    parser = argparse.ArgumentParser(prog="demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kafka", action="store_true", help="on Apache Kafka")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="tells the same stories")
    arguments = parser.parse_args()
    for number in SIGNALS:
        signal.signal(number, _end)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    try:
        run = _demonstrate(arguments.kafka, arguments.seed)
    except BrokerMissing as error:
        sys.exit(f"demo-kafka needs Java 17 or newer, and Maven to fetch Kafka's jars: {error}")
    except (ProcessEnded, ConfigurationError, Unavailable, OSError) as error:
        sys.exit(f"the demonstration failed (--seed {arguments.seed}): {error}")
    print_page(run, _console())
    sys.exit(0 if run.good else 1)


def _end(number: int, _: object) -> None:
    """Leave through every `finally`; a second signal must not stop them."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def _demonstrate(kafka: bool, seed: str) -> Run:
    started_s = time.perf_counter()
    with ExitStack() as stack:
        say = stack.enter_context(_progress())
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="tillstream-demo-", ignore_cleanup_errors=True)
            )
        )
        place = _on_kafka(folder, stack, say) if kafka else _embedded(folder)
        say("making fresh keys of seven providers")
        keys = _accounts(place.accounts)
        processes = stack.enter_context(Processes(folder, place.environment))
        say("starting the roles")
        port = _start(processes, kafka)
        # They hear what is announced while it is announced, as a shop's services would.
        processes.start("downstream", "run", "all", wanted=dict.fromkeys(SERVICES, 1))
        stories = max(STORIES, combinations(_names(keys), list(SCENARIOS), keys))
        say("signing callbacks")
        deliveries = plan(
            _names(keys), list(SCENARIOS), stories, seed, keys, now_ms=_now_ms
        )  # fmt: skip
        report, reading, shop = asyncio.run(_played(place, deliveries, port, seed, processes, say))
        say("following one event back")
        trace = follow(reading, place.accounts)
        ended_badly = processes.end()
    found = [
        *checks(deliveries, report, reading, ended_badly), *_traced(trace),
        *shop_checks(reading, shop),
    ]  # fmt: skip
    seconds = time.perf_counter() - started_s
    return Run(
        place.way, seed, stories, seconds, deliveries, report, reading, trace, shop, found
    )  # fmt: skip


def _embedded(folder: Path) -> Place:
    url = f"embedded://{quote(str(folder / 'log.db'))}"
    return Place(
        folder,
        url,
        "Every role in one process, on the embedded log (one SQLite file); a shop in another.",
    )


def _on_kafka(folder: Path, stack: ExitStack, say: Say) -> Place:
    say("starting Apache Kafka (its jars are fetched once)")
    broker = LocalBroker(folder / "kafka")
    stack.callback(broker.close)
    broker.start()
    url = f"kafka://{broker.bootstrap}"
    asyncio.run(_make_topics(url))
    return Place(
        folder, url,
        "On Apache Kafka: a broker, one ingress, two verify and two settle processes, a shop.",
    )  # fmt: skip


async def _make_topics(url: str) -> None:
    log = open_log(url, options={}, clock=_now_ms)
    try:
        await ensure_topics(log, await wanted_topics(log, PREFIX, None))
    finally:
        await log.close()


def _accounts(folder: Path) -> tuple[AccountKeys, ...]:
    folder.mkdir(mode=0o700)
    create_digest_key(folder)
    for provider in demo_providers():
        for account in demo_accounts(provider):
            write_demo_account(folder, account)
    return load_keys(folder)


def _start(processes: Processes, kafka: bool) -> int:
    """Start the roles and return the port for callbacks, once all are ready."""
    if kafka:
        ingress = processes.start("ingress", wanted={"ingress": 1})
        processes.start("verify", "--processes", "2", wanted={"verify": 2})
        processes.start("settle", "--processes", "2", wanted={"settle": 2})
    else:
        ingress = processes.start("up", wanted={"ingress": 1, "verify": 1, "settle": 1})
    processes.wait_ready()
    assert ingress.port is not None
    return ingress.port


async def _played(
    place: Place, deliveries: Sequence[Delivery], port: int, seed: str, processes: Processes,
    say: Say,
) -> tuple[Report, Reading, Shop]:  # fmt: skip
    done = 0

    def count(_: Delivery) -> None:
        nonlocal done
        done += 1
        say(f"sending callbacks: {done} of {len(deliveries)}")

    report = await deliver(
        deliveries,
        f"http://127.0.0.1:{port}",
        retry=Retry(),
        faults=Faults(**FAULTS, seed=seed),
        seconds_max=SEND_S_MAX,
        on_done=count,
    )
    say("waiting until every callback has its outcome")
    log = open_log(place.log_url, options={}, clock=_now_ms)
    try:
        reading = await read_when_balanced(log, PREFIX, processes.check)
    finally:
        await log.close()
    say("waiting until the shop has heard everything")
    return (
        report,
        reading,
        await read_when_heard(place.database, len(reading.events), processes.check),
    )


def _traced(trace: Trace | None) -> list[Check]:
    wrong = ("there is no PaymentSucceeded to follow",) if trace is None else trace.wrong
    return [
        Check("the event followed back is proven by its stored bytes, and by no others", wrong)
    ]


def _names(keys: Sequence[AccountKeys]) -> list[str]:
    return list(dict.fromkeys(account.provider for account in keys))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def _progress() -> Iterator[Say]:
    """A line on stderr that says what goes on; only a terminal gets it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(text)


def _console() -> Console:
    shown: dict[str, Any] = {"width": WIDTH_MIN}
    if sys.stdout.isatty():
        shown["width"] = max(WIDTH_MIN, min(WIDTH_MAX, Console().width))
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, **shown)


if __name__ == "__main__":
    main()
