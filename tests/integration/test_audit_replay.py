"""`tillstream audit replay` on the embedded log: its words, its exit codes, its leftovers."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import topics
from streams.errors import ConfigurationError
from streams.partition_count import PartitionCount
from streams.replay import Range, Wanted
from streams.replay.locks import alone, earlier_ended, join_crew
from streams.replay.plan import Plan
from streams.replay.process import interrupts_later, state_path
from streams.replay.store import Store
from streams.topology import ensure_topics
from tests.support.cli import Ran, Runner, runner
from tests.support.faulty_replay import FAULT, WISH
from tests.support.heard import PARTITIONS, Heard

STORIES = 120
ALWAYS = ("--from", "2020-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00+00:00")


@pytest.fixture(scope="module")
async def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    folder = tmp_path_factory.mktemp("heard")
    return await Heard(folder, f"embedded://{folder / 'log.db'}").happen(STORIES)


@pytest.fixture
def command(
    heard: Heard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runner:
    for name, value in heard.environment.items():
        monkeypatch.setenv(name, value)
    return runner(capsys)


def left(heard: Heard) -> list[str]:
    """Return what replays have left in the state folder, their locks aside."""
    return [p.name for p in (heard.folder / "state" / "replay").glob("*") if p.suffix != ".lock"]


async def test_the_same_code_finds_no_difference_and_leaves_nothing(
    heard: Heard, command: Runner
) -> None:
    before = await heard.live()
    # In a thread: a command has an event loop of its own.
    ran = await asyncio.to_thread(command, "audit", "replay", *ALWAYS, "--diff", "--json")
    assert ran.code == 0, ran
    found = ran.json()
    assert found["same"]
    assert found["differences"] == {}
    assert found["callbacks"] == heard.heard
    assert found["events"] == len(await heard.values("payments.events.v1"))
    assert await heard.live() == before
    assert left(heard) == []


def test_two_processes_find_what_one_finds(heard: Heard) -> None:
    def replayed(processes: int) -> Any:
        ran = subprocess.run(
            [sys.executable, "-m", "streams.cli", "audit", "replay", *ALWAYS, "--diff", "--json",
             "--processes", str(processes)],
            env=heard.command_environment(), capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == "", "a bar is for terminals"
        return json.loads(ran.stdout)

    assert replayed(2) == replayed(1)


def test_a_provider_an_account_and_a_span_are_chosen(heard: Heard, command: Runner) -> None:
    def callbacks(*arguments: str) -> int:
        ran = command("audit", "replay", *ALWAYS, "--diff", "--json", *arguments)
        assert ran.code == 0, ran
        return int(ran.json()["callbacks"])

    sent = [*heard.sent, *heard.sent[::10]]
    assert callbacks("--provider", "stripe") == sum(each.provider == "stripe" for each in sent)
    assert callbacks("--provider", "stripe", "--account", "shop-1") == sum(
        (each.provider, each.account) == ("stripe", "shop-1") for each in sent
    )
    ran = command("audit", "replay", "--from", "2020-01-01T00:00:00Z",
                  "--to", "2020-01-02T00:00:00.5+08:00", "--json")  # fmt: skip
    assert (ran.code, ran.json()["callbacks"]) == (0, 0)


async def test_facts_and_events_are_written_below_a_prefix_of_their_own(
    heard: Heard, command: Runner
) -> None:
    before = await heard.live()
    ran = await asyncio.to_thread(command, "audit", "replay", *ALWAYS, "--into", "again")
    assert ran.code == 0, ran
    for name in ("facts", "events"):
        written = await heard.values(f"again.{name}.v1")
        recorded = await heard.values(f"payments.{name}.v1")
        assert sorted(written, key=repr) == sorted(recorded, key=repr)
    assert await heard.live() == before
    full = await asyncio.to_thread(command, "audit", "replay", *ALWAYS, "--into", "again")
    assert full.code == 78
    assert "not empty" in full.err


async def test_a_prefix_of_a_deployment_is_not_written_below(
    heard: Heard, command: Runner
) -> None:
    log = heard.opened()
    await ensure_topics(log, topics("fresh", payment_partitions=PARTITIONS))
    await log.close()
    taken = await asyncio.to_thread(command, "audit", "replay", *ALWAYS, "--into", "fresh")
    assert taken.code == 78
    assert "prefix of a deployment" in taken.err


@pytest.mark.parametrize("into", ["payments", "verify/..", "", "-x", "a b"])
def test_a_prefix_that_is_none_or_the_live_one_is_a_usage_error(
    command: Runner, into: str
) -> None:
    assert command("audit", "replay", *ALWAYS, f"--into={into}").code == 2


def test_a_key_that_is_gone_is_named_with_its_callbacks(
    heard: Heard, command: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = tmp_path / "accounts"
    (accounts / "stripe").mkdir(parents=True)
    for file in heard.config.accounts.glob("**/*"):
        if file.is_file() and ".simulator" not in file.parts:
            there = accounts / file.relative_to(heard.config.accounts)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_text(file.read_text())
            there.chmod(0o600)
    (accounts / "stripe" / "shop-1.toml").unlink()
    monkeypatch.setenv("TILLSTREAM_ACCOUNTS", str(accounts))
    ran = command("audit", "replay", *ALWAYS, "--diff", "--json")
    assert ran.code == 1
    found = ran.json()
    assert found["differences"] == {}
    lost = {(each["provider"], each["account"]) for each in found["not_provable"]}
    assert lost == {("stripe", "shop-1")}
    assert "not provable any more" in command("audit", "replay", *ALWAYS, "--diff").out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--from", "2020-01-01T00:00:00Z"),
        ("--from", "2020-01-01", "--to", "2021-01-01T00:00:00Z"),
        ("--from", "2020-01-01T00:00:00", "--to", "2021-01-01T00:00:00Z"),
        ("--from", "2020-13-01T00:00:00Z", "--to", "2021-01-01T00:00:00Z"),
        ("--from", "2021-01-01T00:00:00Z", "--to", "2021-01-01T00:00:00Z"),
        (*ALWAYS, "--provider", "strype"),
        (*ALWAYS, "--source", "kafka"),
        (*ALWAYS, "--processes", "0"),
    ],
)
def test_a_range_that_means_nothing_is_a_usage_error(
    command: Runner, arguments: tuple[str, ...]
) -> None:
    assert command("audit", "replay", *arguments).code == 2


def refused(command: Runner, monkeypatch: pytest.MonkeyPatch, **environment: str) -> Ran:
    for name, value in environment.items():
        monkeypatch.setenv(f"TILLSTREAM_{name}", value)
    ran = command("audit", "replay", *ALWAYS)
    assert ran.code == 78
    return ran


def test_topics_or_a_digest_key_that_are_not_there_are_named(
    command: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as here:
        assert "other.events.v1 does not exist" in refused(command, here, PREFIX="other").err
    with monkeypatch.context() as here:
        assert "digest.key" in refused(command, here, ACCOUNTS=str(tmp_path)).err
    # Looking made none: it would fit nothing that was ever published.
    assert list(tmp_path.iterdir()) == []


def wanted(heard: Heard) -> Wanted:
    config = heard.config
    covered = Range(1_577_836_800_000, 4_102_444_800_000)
    return Wanted(
        range=covered, prefix=config.prefix, into=None, deployment=config.deployment,
        ledger_days=config.ledger_days, log=config.log_of_up,
    )  # fmt: skip


def test_the_same_replay_runs_once_at_a_time(heard: Heard, command: Runner) -> None:
    with alone(state_path(heard.config, wanted(heard))):
        ran = command("audit", "replay", *ALWAYS)
    assert ran.code == 78
    assert "running already" in ran.err
    assert command("audit", "replay", *ALWAYS).code == 0


async def test_processes_of_a_killed_run_are_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    member = join_crew(path)
    other = join_crew(path)
    os.close(other)
    with pytest.raises(ConfigurationError, match="still at work"):
        await earlier_ended(path, seconds_max=0.2)
    os.close(member)
    await earlier_ended(path, seconds_max=0.2)


def test_ctrl_c_ends_all_processes_without_a_word_and_the_rest_is_done_later(
    heard: Heard, command: Runner, tmp_path: Path
) -> None:
    wish = tmp_path / "wish"
    wish.touch()
    # As a terminal starts it: what runs in the background of a script inherits a deaf ear.
    begun = subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "tests.support.faulty_replay",
         "audit", "replay", *ALWAYS, "--processes", "2"],
        env=heard.command_environment() | {FAULT: "hold-callbacks", WISH: str(wish)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while wish.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        # As a terminal does: to the whole group.
        os.killpg(begun.pid, signal.SIGINT)
        out, err = begun.communicate(timeout=20)
    finally:
        if begun.poll() is None:
            os.killpg(begun.pid, signal.SIGKILL)
            begun.communicate()
    assert (begun.returncode, out, err) == (130, "", "")
    ran = command("audit", "replay", *ALWAYS, "--resume", "--diff", "--json")
    assert ran.code == 0, ran
    assert ran.json()["callbacks"] == heard.heard
    assert left(heard) == []


def test_ctrl_c_while_processes_start_is_heard_here_and_never_there() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    blocked = "import signal; print(signal.SIGINT in signal.pthread_sigmask(0, []))"
    try:
        with interrupts_later():
            started = subprocess.run(
                [sys.executable, "-c", blocked], capture_output=True, text=True, check=True
            )
            os.kill(os.getpid(), signal.SIGINT)
        # Another thread may have taken it; the handler runs in this one, a moment later.
        deadline = time.monotonic() + 10
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
        assert heard == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)
    assert started.stdout == "True\n"


def test_going_on_after_the_code_has_changed_is_refused(heard: Heard, command: Runner) -> None:
    path = state_path(heard.config, wanted(heard))
    store = Store(path)
    plan = Plan(
        count=PartitionCount(PARTITIONS), starts={}, ends={}, verified={}, settled={},
        code="an older one",
    )  # fmt: skip
    store.begin(plan.encode(), {})
    store.close()
    ran = command("audit", "replay", *ALWAYS, "--resume")
    assert ran.code == 78
    assert "code has changed" in ran.err
    # Without --resume it is begun anew.
    assert command("audit", "replay", *ALWAYS).code == 0
    assert left(heard) == []


def test_the_state_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "replay" / "one.db"
    store = Store(path)
    store.begin(b"{}", {"outcomes": 1})
    store.close()
    assert os.stat(path).st_mode & 0o077 == 0
    assert os.stat(path.parent).st_mode & 0o077 == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM parts").fetchone() == (1,)
    connection.close()
