"""The demonstration as its user meets it: one command, one page, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.demo.checks import checks
from deploy.demo.page import PROVIDERS
from deploy.demo.reading import Reading, Stored
from deploy.demo.shop import Shop, shop_checks, story
from schemas.callback import Callback
from schemas.errors import OutcomeWord
from schemas.fact import Fact
from schemas.outcome import Outcome
from schemas.record import Record
from schemas.topics import topics
from streams.accounts.demo import demo_providers
from streams.books import Books
from streams.downstream.read import coupons, inbox_counts, messages, orders
from streams.simulate import Delivery, Expectation, ExpectedItem, Report
from tests.support.downstream import Shop as HearingShop
from tests.support.downstream import events_of, paid, refunded

WITHIN_S = 60
LINUX = pytest.mark.skipif(not Path("/proc").is_dir(), reason="children are found through /proc")


@contextmanager
def demo(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a demonstration whose temporary files go to `folder`."""
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "deploy.demo"],
        env={**os.environ, "TMPDIR": str(folder)},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def page(process: subprocess.Popen[str]) -> str:
    """Return what a demonstration prints until its end; one that hangs says where."""
    try:
        out, err = process.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        below = {
            pid: Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            for pid in children(process.pid)
        }
        process.send_signal(signal.SIGABRT)
        out, err = process.communicate(timeout=WITHIN_S)
        pytest.fail(f"the demonstration hangs, above {below}: {err}{out}")
    assert err == "", "progress is for terminals, and nothing went wrong"
    return out


def children(pid: int) -> set[int]:
    """Return the processes that descend from `pid` now."""
    found: set[int] = set()
    try:
        lists = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return found
    for child in (int(word) for each in lists for word in each.split()):
        found |= {child} | children(child)
    return found


def first_children(process: subprocess.Popen[str]) -> set[int]:
    """Wait until a demonstration has started its roles."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        found = children(process.pid)
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("the demonstration started no process")


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@LINUX
def test_two_demos_at_once_end_well_and_leave_nothing(tmp_path: Path) -> None:
    folders = (tmp_path / "one", tmp_path / "two")
    with demo(folders[0]) as first, demo(folders[1]) as second:
        started = first_children(first) | first_children(second)
        pages = [page(each) for each in (first, second)]
        codes = (first.returncode, second.returncode)
    assert codes == (0, 0), pages
    for out in pages:
        assert all(name in out for name, _ in PROVIDERS.values())
        assert "All good" in out
        assert re.search(r"refunded +\d+  all given back", out)
        # Some accounts are in test mode, and their messages say so; some refunds name no order.
        unfolded = " ".join(out.split())
        assert re.search(
            r"message (\[test\] )?We refunded \w{3} [\d,.]+ for (your )?order", unfolded
        )
        assert "NO " not in out
        assert max(map(len, out.splitlines())) <= 80
    assert not alive(started)
    assert [list(folder.iterdir()) for folder in folders] == [[], []]


@LINUX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_demo_and_everything_it_started(
    tmp_path: Path, number: signal.Signals
) -> None:
    with demo(tmp_path / "files") as process:
        started = first_children(process)
        process.send_signal(number)
        page(process)
    assert process.returncode == 128 + number
    assert not alive(started)
    assert list((tmp_path / "files").iterdir()) == []


def test_the_page_names_every_provider_with_demo_accounts() -> None:
    assert PROVIDERS.keys() == set(demo_providers())


def delivery(word: OutcomeWord, code: str | None) -> Delivery:
    return Delivery(
        provider="stripe", account="shop-1", method="POST", target="/", headers=(), body=b"{}",
        expectation=Expectation((ExpectedItem(word, code),)), scenario="paid", story="s",
        signed_ms=0,
    )  # fmt: skip


def reading(*outcomes: Outcome, body: bytes = b"{}") -> Reading:
    """What is held of one callback with these outcomes; the books themselves balance."""
    record = Record("payments.callbacks.v1", 0, 0, 0, None, body, ())
    callback = Callback("c", "stripe", "shop-1", 0, "POST", "/", (), body)
    stored = Stored(callback, record, {each.item: each for each in outcomes})
    return Reading(topics("payments"), Books(), {"c": stored}, {}, ())


def outcome(word: OutcomeWord, code: str | None) -> Outcome:
    position = Record("payments.callbacks.v1", 0, 0, 0, None, b"", ()).position
    return Outcome("c", 0, 1, word, code, None, "r", position)


def failed(delivered: Delivery, held: Reading) -> list[str]:
    found = checks([delivered], Report(deliveries=1, as_expected=1), held, [])
    return [sentence for check in found for sentence in check.wrong]


def test_an_outcome_as_foretold_is_good() -> None:
    refused = outcome("refused", "stale")
    assert failed(delivery("refused", "stale"), reading(refused)) == []


@pytest.mark.parametrize(
    "found",
    [outcome("announced", None), outcome("refused", "stale"), outcome("parked", "bad_signature")],
)
def test_another_outcome_than_foretold_is_told(found: Outcome) -> None:
    assert failed(delivery("refused", "bad_signature"), reading(found))


def test_a_lost_callback_and_a_stranger_are_told() -> None:
    lost = failed(delivery("refused", "stale"), replace(reading(), callbacks={}))
    assert lost == ["stripe paid: answered, and not in the log"]
    held = reading(outcome("refused", "stale"), body=b"other")
    assert "stripe: a callback that nobody sent" in failed(delivery("refused", "stale"), held)


def test_books_that_do_not_balance_are_told() -> None:
    books = Books()
    books.differs("an event stands twice", "e")
    held = replace(reading(outcome("refused", "stale")), books=books)
    assert failed(delivery("refused", "stale"), held) == ["an event stands twice: e"]


def shop(*facts: Fact) -> tuple[Reading, Shop]:
    """What is announced of facts, and what a shop has made of it and sent."""
    hearing = HearingShop()
    events = events_of(*facts)
    hearing.hear(*events)
    database = hearing.database
    database.run("UPDATE downstream_outbox SET sent_at_ms = written_for_ms")
    rows = Shop(
        inbox_counts(database), orders(database), coupons(database), messages(database), []
    )
    return replace(reading(), events=tuple(events)), rows


def test_a_shop_that_followed_the_events_is_good_and_has_a_story() -> None:
    held, rows = shop(paid(), refunded(400), paid(payment="Q", merchant_order_id="A-18"))
    assert [each.wrong for each in shop_checks(held, rows)] == [()]
    told = story(held, rows)
    assert told is not None
    number, lines = told
    assert number == "A-17"
    assert [line.text for line in lines if line.kind == "message"] == [
        "We received EUR 10.00 for order A-17.", "We refunded EUR 4.00 for order A-17.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("orders", "paid_minor", 999),
        ("orders", "refunded_minor", 0),
        ("coupons", "state", "withdrawn"),
        ("messages", "sent_at_ms", None),
    ],
)
def test_an_effect_that_is_not_as_announced_is_told(name: str, column: str, value: object) -> None:
    held, rows = shop(paid(), refunded(400))
    first, *rest = getattr(rows, name)
    changed = replace(rows, **{name: [{**first, column: value}, *rest]})
    assert any(each.wrong for each in shop_checks(held, changed))


def test_a_service_that_missed_an_event_is_told() -> None:
    held, rows = shop(paid())
    missed = replace(rows, heard={**rows.heard, "coupons": 0})
    assert [each.wrong for each in shop_checks(held, missed)] == [
        ("coupons has applied 0 events",)
    ]
