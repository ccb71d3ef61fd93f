"""Every provider as a sender: its own recipe and the processors must read one another."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from processors.contract import Receipt
from processors.registry import PROVIDERS
from streams.simulate import SCENARIOS, SIMULATED, available, event_differences, plan
from tests.support.demo_accounts import OTHERS, both_sides
from tests.support.judged import Books, callback_of, differences

DOCUMENT = (Path(__file__).parents[2] / "docs/simulating.md").read_text("utf-8")
# The keys are made now, and their certificates are in force now.
NOW_MS = time.time_ns() // 1_000_000


def test_every_registered_provider_is_simulated_and_no_other() -> None:
    assert set(SIMULATED) == set(PROVIDERS)


@pytest.mark.parametrize("provider", SIMULATED)
def test_a_sender_comes_again_when_its_page_says_so(provider: str) -> None:
    # Some try again at once before their schedule begins.
    gaps = tuple(gap for gap in SIMULATED[provider].retry_after_s if gap)
    assert gaps == PROVIDERS[provider].retry_after_s


def test_the_document_says_what_a_round_cannot_hold() -> None:
    each = SIMULATED.values()
    asked = [s for s in each if s.weak_item.code == "confirmation_needed"]
    rows = {
        "no refund is told": {s.name for s in each if s.refund is None},
        "the whole payment": {s.name for s in each if s.refunds == "whole"},
        "payment and refund wait": {s.name for s in asked if len(s.weak) == 2},
        "only the payment waits": {s.name for s in asked if s.weak == {"payment"}},
        "only the refund waits": {s.name for s in asked if s.weak == {"refund"}},
        "is no payment": {s.name for s in each if s.weak_item.outcome == "ignored"},
        "names no payment": {s.name for s in each if s.refund and not s.links_refunds},
    }
    for words, names in rows.items():
        (line,) = [line for line in DOCUMENT.splitlines() if words in line and line[0] == "|"]
        assert set(line.split(" | ")[1].removesuffix(" |").split(", ")) == names, words


def test_the_senders_know_nothing_of_the_processors() -> None:
    loaded = "import streams.simulate, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert not [name for name in done.stdout.split() if name.split(".")[0] == "processors"]


@pytest.mark.parametrize("provider", OTHERS)
def test_processors_read_what_the_provider_meant(provider: str) -> None:
    keys, account = both_sides(provider)
    sender = SIMULATED[provider]
    names = [name for name in SCENARIOS if available(sender, name, keys)]
    assert {"paid", "round", "wrong-signature"} <= set(names)
    for name in names:
        told = plan((provider,), (name,), 2, "s", (keys,), now_ms=lambda: NOW_MS)
        assert differences(Books(account, NOW_MS), told) == [], name


@pytest.mark.parametrize("status", [401, 503])
@pytest.mark.parametrize("provider", OTHERS)
def test_our_failure_is_no_success_to_its_sender(provider: str, status: int) -> None:
    keys, account = both_sides(provider)
    (delivery, *_) = plan((provider,), ("paid",), 1, "f", (keys,), now_ms=lambda: NOW_MS)
    callback = callback_of(delivery, "00000000-0000-7000-8000-000000000001", NOW_MS)
    reply = PROVIDERS[provider].reply(callback, Receipt(status), account)
    assert not SIMULATED[provider].accepts(reply.status, reply.body)


@pytest.mark.parametrize("provider", OTHERS)
def test_a_round_announces_what_happened_and_what_is_weak_announces_nothing(provider: str) -> None:
    keys, account = both_sides(provider)
    sender = SIMULATED[provider]
    books = Books(account, NOW_MS)
    told = plan((provider,), ("round",), 1, "r", (keys,), now_ms=lambda: NOW_MS)
    for delivery in told:
        books.take(delivery)
    expected = [] if "payment" in sender.weak else ["PaymentSucceeded"]
    if sender.refund is not None and "refund" not in sender.weak:
        expected.append("RefundCompleted")
    assert [event.type for event in books.events] == expected
    assert event_differences(told, books.events) == ()
