"""`python -m tests.bench [--json]`: the figures of one run, next to their targets.

It prints and does not judge: the exit code is 0 whatever the figures say.
"""

import argparse
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from deploy.kafka_local import BrokerMissing, LocalBroker
from tests.bench import downstream, ingress, path, pure, replay, stages
from tests.bench.callbacks import CHOSEN, prepare
from tests.bench.table import Line, show

T = TypeVar("T")
SIGNED: Final = 4_300  # payments of each provider
PASSES: Final = 4  # of them in a stage's measurement
RATE_PER_S: Final = 500
RATE_S: Final = 10
# Of a machine of this size, and of a new deployment where nothing is said.
PARTITIONS: Final = (4, 12)
# Callbacks a second and core.
REPLAY_TARGETS: Final = {"wechatpay-v3": ">= 15,000/s", "stripe": ">= 30,000/s"}
BROKER: Final[dict[str, Any]] = {"heap": "1g", "java_options": ("-XX:+UseG1GC",)}


def apart(work: Callable[..., T], *arguments: Any) -> T:
    """Return what `work` returns in a process of its own: no heap colours another's figures."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, *arguments).result()


def measure(folder: Path, bootstrap: str, say: Callable[[str], None]) -> list[Line]:
    """Return the lines of a run in the order of the table."""
    say("bare RSA")
    rsa_us = apart(pure.bare_rsa_us)
    lines = [Line("bare RSA-2048 verification", None, rsa_us)]
    for provider in CHOSEN:
        say(provider)
        judged = apart(pure.judge_us, folder, provider)
        decided = apart(pure.decide_us, folder, provider)
        of_ingress = ingress.ingress_us(bootstrap, folder, provider, PASSES)
        verified = apart(stages.verify_us, bootstrap, folder, provider, PASSES)
        settled = apart(stages.settle_us, bootstrap, folder, provider, PASSES)
        replayed = apart(replay.replay_per_s, bootstrap, folder, provider, PASSES)
        is_wechat = provider == "wechatpay-v3"
        lines += [
            Line("judge()", provider, judged),
            Line("record to drafts, no log", provider, decided),
            Line("ingress", provider, of_ingress, "<= 80 us" if is_wechat else ""),
            Line("verify stage", provider, verified),
            Line("settle stage", provider, settled),
            Line("verify + settle", provider, verified + settled,
                 "<= 80 us, aim 47" if is_wechat else ""),
            Line("the whole path", provider, of_ingress + verified + settled),
            Line("audit replay --diff, a core", provider, replayed,
                 REPLAY_TARGETS.get(provider, ""), unit="/s"),
        ]  # fmt: skip
    for partitions in PARTITIONS:
        say(f"latency at {RATE_PER_S}/s, {partitions} partitions")
        took = path.latency(
            bootstrap, folder, per_s=RATE_PER_S, seconds=RATE_S, partitions=partitions
        )
        what = f"callback to event, {RATE_PER_S}/s, {partitions} partitions"
        lines += [
            Line(f"{what}, p50", None, took.p50_ms, unit="ms"),
            Line(f"{what}, p99", None, took.p99_ms, "<= 100 ms, aim 60", unit="ms"),
        ]
    say("embedded")
    per_s = path.embedded_per_s(folder, len(CHOSEN) * SIGNED)
    say("consumer effects")
    effects = apart(downstream.effects_per_s, bootstrap, folder)
    return [
        *lines,
        Line("`up` on the embedded log, to the event", None, per_s, ">= 2,000/s", unit="/s"),
        Line("consumer effects/s: orders, Kafka to SQLite", None, effects, unit="/s"),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object, no table")
    wanted = parser.parse_args()
    started_s = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - started_s:5.0f} s  {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="tillstream-bench-") as name:
        folder = Path(name)
        say(f"signing {SIGNED} payments of {len(CHOSEN)} providers")
        prepare(folder, SIGNED)
        say("starting Kafka")
        broker = LocalBroker(**BROKER)
        try:
            broker.start()
            lines = measure(folder, broker.bootstrap, say)
        except BrokerMissing as missing:
            print(f"no Kafka: {missing}", file=sys.stderr)
            return
        finally:
            broker.close()
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    took_s = round(time.monotonic() - started_s)
    if wanted.json:
        document = {"machine": machine, "seconds": took_s, "lines": [each.members(lines[0])
                    for each in lines]}  # fmt: skip
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        show(lines, title=f"{machine}; {took_s} s")


if __name__ == "__main__":
    main()
