"""Every provider as a sender: its own recipe and the processors must read one another."""

import pytest

from streams.simulate import SCENARIOS, SIMULATED, available, event_differences, plan
from tests.support.demo_accounts import OTHERS, both_sides
from tests.support.judged import NOW_MS, Books, differences

# The founding providers tell their stories in `test_simulate_agreement`.
CASES = [(provider, scenario) for provider in OTHERS for scenario in SCENARIOS]


@pytest.mark.parametrize("provider", OTHERS)
def test_processors_read_what_the_provider_meant(provider: str) -> None:
    keys, account = both_sides(provider)
    sender = SIMULATED[provider]
    names = [name for name in SCENARIOS if available(sender, name, keys)]
    assert {"paid", "round", "wrong-signature"} <= set(names)
    for name in names:
        told = plan((provider,), (name,), 2, "s", (keys,), now_ms=lambda: NOW_MS)
        assert differences(Books(account), told) == [], name


@pytest.mark.parametrize("provider", OTHERS)
def test_a_round_announces_what_happened_and_what_is_weak_announces_nothing(provider: str) -> None:
    keys, account = both_sides(provider)
    sender = SIMULATED[provider]
    books = Books(account)
    told = plan((provider,), ("round",), 1, "r", (keys,), now_ms=lambda: NOW_MS)
    for delivery in told:
        books.take(delivery)
    expected = [] if "payment" in sender.weak else ["PaymentSucceeded"]
    if sender.refund is not None and "refund" not in sender.weak:
        expected.append("RefundCompleted")
    assert [event.type for event in books.events] == expected
    assert event_differences(told, books.events) == ()
