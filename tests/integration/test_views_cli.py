"""`views`, `views rebuild`, `views status` and `payments show` on the embedded log."""

import asyncio
import json
import time
import urllib.request
from pathlib import Path

import pytest

from streams.embedded import EmbeddedLog
from streams.topology import ensure_topics
from tests.support.cli import Runner, runner
from tests.support.deployment import Deployed
from tests.support.settling import START_MS
from tests.support.views import TOPICS, History, write


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    """A log with fifteen payments, as `up` would have left it."""
    path = tmp_path / "state" / "log.db"
    path.parent.mkdir()

    async def fill() -> None:
        log = EmbeddedLog(path, clock=lambda: START_MS)
        await ensure_topics(log, TOPICS)
        history = History(TOPICS)
        for number in range(15):
            history.pay(number)
        await write(log, history)
        await log.close()

    asyncio.run(fill())
    return path


@pytest.fixture
def command(
    tmp_path: Path, log_file: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Runner:  # fmt: skip
    for name in ("TILLSTREAM_LOG", "TILLSTREAM_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TILLSTREAM_STATE", str(log_file.parent))
    monkeypatch.chdir(tmp_path)
    return runner(capsys)


def test_a_payment_is_shown_from_callback_to_event_with_reasons(command: Runner) -> None:
    ran = command("payments", "show", "A-0", "--json")
    assert ran.code == 0
    shown = ran.json()
    (payment,) = shown["payments"]
    assert (payment["status"], payment["paid_minor"]) == ("refunded", 1_000)
    assert payment["over_refunded"] is True
    words = [(moment["kind"], moment["word"], moment["code"]) for moment in shown["moments"]]
    assert words.count(("event", "PaymentSucceeded", None)) == 1
    assert words.count(("outcome", "duplicate", None)) == 1
    assert words.count(("outcome", "parked", "conflict")) == 1
    assert words.count(("callback", "CallbackReceived", None)) == 5
    conflict = next(moment for moment in shown["moments"] if moment["code"] == "conflict")
    assert conflict["text"].startswith("Known already, with another amount")
    people = command("payments", "show", "A-0").out
    assert "REFUNDED TOO MUCH" in people
    assert "Known already, with another amount" in people


def test_what_nobody_knows_is_a_finding(command: Runner) -> None:
    ran = command("payments", "show", "nobody")
    assert ran.code == 1
    assert "nothing is known by 'nobody'" in ran.err


def test_rebuilding_and_status_speak_json(command: Runner) -> None:
    assert command("views", "rebuild", "--json").json() == {"records": 105}
    status = command("views", "status", "--json").json()
    assert status["failures"] == 0
    assert len(status["conflicts"]) == 3
    assert status["oldest_open_s"] is None
    assert sum(each["items"] for each in status["outcomes"]) == 41
    assert command("views", "status").code == 0


@pytest.mark.parametrize(
    "arguments", [("views", "rebuild"), ("views", "status"), ("payments", "show")]
)
def test_help_says_json_and_exit_codes(command: Runner, arguments: tuple[str, ...]) -> None:
    ran = command(*arguments, "--help")
    assert "--json" in ran.out
    assert "78 configuration" in " ".join(ran.out.split())


def test_the_role_needs_a_log_and_one_process_on_the_embedded_one(
    command: Runner, monkeypatch: pytest.MonkeyPatch, log_file: Path
) -> None:
    assert command("views").code == 78
    monkeypatch.setenv("TILLSTREAM_LOG", f"embedded://{log_file}")
    assert command("views", "--processes", "2").code == 78


def test_postgres_without_its_driver_is_a_configuration_error(
    command: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    monkeypatch.setenv("TILLSTREAM_DATABASE", "postgresql://views@127.0.0.1:1/x")
    ran = command("views", "status")
    assert ran.code == 78
    assert "tillstream[postgres]" in ran.err


def test_the_role_follows_the_log_and_tells_its_alarms(tmp_path: Path, log_file: Path) -> None:
    deployed = Deployed(tmp_path, f"embedded://{log_file}", "payments")
    try:
        views = deployed.start("views")
        url = f"http://127.0.0.1:{views.admin_port}/metrics"
        deadline = time.monotonic() + 10
        while True:
            with urllib.request.urlopen(url, timeout=5) as answer:
                metrics = answer.read().decode()
            if 'tillstream_views_alarms{alarm="over_refund"} 1.0' in metrics:
                break
            assert time.monotonic() < deadline, metrics
        assert 'tillstream_views_alarms{alarm="conflict"} 3.0' in metrics
        assert "tillstream_views_oldest_open_seconds 0.0" in metrics
        done = deployed.run("payments", "show", "P3", "--json")
        assert json.loads(done.stdout)["payments"][0]["status"] == "partly_refunded"
        assert views.stop() == 0
    finally:
        deployed.stop()
