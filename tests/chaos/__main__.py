"""Faults at every step on a real broker, and the verdict.

python -m tests.chaos run [--seed S] [--minutes M] [--brokers 1|3] [--only GROUP...]
python -m tests.chaos check FILE    judge a history again

A run goes on with faults until its minutes are over; one round takes every kind once or twice.
Exit codes: 0 every promise was kept, 1 a finding, 2 the run itself failed.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Final

from deploy.kafka_local import LocalBroker
from tests.chaos import reader
from tests.chaos.cluster import ThreeBrokers
from tests.chaos.faults import Faults
from tests.chaos.field import PARTITIONS, PREFIX, Field, SingleBroker
from tests.chaos.history import History, judged
from tests.chaos.load import Load
from tests.chaos.oracle import Verdict
from tests.chaos.senders import Keys, Teller

RATE: Final = 30.0
DRAINED_S: Final = 240.0


def run(seed: str, minutes: float, path: Path, brokers: int, only: list[str]) -> int:
    """Run faults for some minutes and judge; return the exit code."""
    print(f"seed {seed}; history {path}", flush=True)
    history = History(path)
    history.note("run", seed=seed, minutes=minutes, brokers=brokers)
    folder = Path(tempfile.mkdtemp(prefix="tillstream-chaos-"))
    cluster = (
        SingleBroker(LocalBroker) if brokers == 1 else ThreeBrokers(random.Random(f"b {seed}"))
    )
    keys = Keys.of_seed(seed)
    field = Field(folder, cluster.bootstrap, keys, history)
    chance = random.Random(f"faults {seed}")
    faults = Faults(field, cluster, chance)
    try:
        field.apply_topics()
        field.add("ingress", "ingress")
        field.add("verify", "verify", "--instance-id", "verify-0")
        field.add("settle-0", "settle")
        field.add("settle-1", "settle")
        teller = Teller(f"payments {seed}", keys, int(time.time()))
        load = Load(field.deployed.listen_port, teller, history, rate=RATE, seed=seed)
        load.start()
        befall(faults, minutes, only)
        load.finish()
        field.revive()
        reader.wait_drained(cluster.bootstrap, PREFIX, within_s=DRAINED_S)
        books = field.deployed.run("books", "--wait", "20", check=False)
        for name in list(field.roles):
            field.end(name)
        history.rows(reader.committed_rows(cluster.bootstrap, PREFIX))
        history.note("read", partitions=PARTITIONS)
        history.close()
    except Exception:  # noqa: BLE001 - said, with what the roles wrote
        traceback.print_exc()
        print(field.tails())
        print(f"kept: {folder}")
        return 2
    finally:
        history.close()
        field.close()
        cluster.close()
    verdict = judged(path)
    for name, code in field.codes:
        if code != 0:
            verdict.finds("ended", f"{name} ended with {code} on SIGTERM")
    if books.returncode != 0:
        verdict.finds("books", books.stdout[-2000:])
    print(f"faults: {dict(sorted(faults.counts.items()))}")
    print(f"attempts: {load.attempts}, stories: {load.stories}")
    if not verdict.broken:
        shutil.rmtree(folder, ignore_errors=True)
    return said(verdict)


def befall(faults: Faults, minutes: float, only: list[str]) -> None:
    """Let faults befall, round after round, until the minutes are over."""
    ends_s = time.monotonic() + 60 * minutes
    while True:
        for fault in faults.plan(only):
            if time.monotonic() > ends_s:
                return
            began_s = time.monotonic()
            before = faults.counts.copy()
            fault()
            for kind in faults.counts - before:
                print(f"{time.monotonic() - began_s:6.1f} s  {kind}", flush=True)


def said(verdict: Verdict) -> int:
    """Print a verdict and return the exit code."""
    print(f"looked at: {verdict.counts}")
    if not verdict.broken:
        print("every promise was kept")
        return 0
    print(f"broken: {dict(verdict.broken)}")
    print("\n".join(f"  {each}" for each in verdict.examples))
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run")
    running.add_argument("--seed", default="")
    running.add_argument("--minutes", type=float, default=6.0)
    running.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    groups = "process, step, start, zombie, rebalance, cluster, loss"
    running.add_argument("--only", nargs="*", default=[], help=f"groups of faults: {groups}")
    running.add_argument("--history", type=Path, default=None)
    checking = commands.add_parser("check")
    checking.add_argument("file", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "check":
        return said(judged(arguments.file))
    seed = arguments.seed or str(random.randrange(10**6))
    path = arguments.history or Path(tempfile.gettempdir()) / f"tillstream-chaos-{seed}.jsonl"
    return run(seed, arguments.minutes, path, arguments.brokers, arguments.only)


if __name__ == "__main__":
    sys.exit(main())
