"""The shared-mistake check: what the simulator signs by its own recipes, judging and settling
must read as it was meant."""

import pytest

from streams.simulate import (
    FOUNDING,
    SCENARIOS,
    AccountKeys,
    Delivery,
    available,
    event_differences,
    plan,
)
from tests.support.judged import NOW_MS, Books, differences
from tests.support.simulator_keys import merchant_account, simulator_account

SEEDS = ("1", "2", "3")
SETTINGS: dict[str, tuple[dict[str, str], ...]] = {
    "adyen": ({}, {"capture_delay": "immediate"}),
    "wechatpay-v2": ({}, {"sign_type": "HMAC-SHA256"}),
    "wechatpay-v3": ({}, {"sub_mchid": "1900000109"}),
    "alipay": ({}, {"sign_type": "RSA"}),
    "stripe": ({}, {"order_id_metadata_key": "shop_order"}),
}
# What each provider must be able to tell; whoever drops one has to say so here.
NOT_THERE = {
    "alipay": {"authorised", "failed", "disputed", "batch-with-bad-item", "stale", "probe",
               "test-mode-on-live"},
    "wechatpay-v3": {"authorised", "disputed", "running-total", "test-mode-on-live"},
    "wechatpay-v2": {"authorised", "closed", "disputed", "two-ids-one-payment", "running-total",
                     "batch-with-bad-item", "stale", "test-mode-on-live"},
    "unionpay": {"disputed", "two-ids-one-payment", "running-total", "batch-with-bad-item",
                 "stale", "unknown-status", "probe", "test-mode-on-live"},
    "stripe": {"running-total", "batch-with-bad-item", "probe", "foreign-account"},
    "adyen": {"two-ids-one-payment", "running-total", "stale", "probe"},
    "paypal": {"running-total", "batch-with-bad-item", "stale", "probe"},
}  # fmt: skip


def told(
    provider: str, scenario: str, seed: str, keys: AccountKeys, count: int = 2
) -> list[Delivery]:
    return plan((provider,), (scenario,), count, seed, (keys,), now_ms=lambda: NOW_MS)


CASES = [
    (provider, scenario, settings)
    for provider in FOUNDING
    for settings in SETTINGS.get(provider, ({},))
    for scenario in SCENARIOS
    if available(FOUNDING[provider], scenario, simulator_account(provider, **settings))
]


@pytest.mark.parametrize(("provider", "scenario", "settings"), CASES)
def test_processors_read_what_the_provider_meant(
    provider: str, scenario: str, settings: dict[str, str]
) -> None:
    keys = simulator_account(provider, **settings)
    books = Books(merchant_account(provider, **settings))
    for seed in SEEDS:
        assert differences(books, told(provider, scenario, seed, keys)) == [], seed


@pytest.mark.parametrize("provider", FOUNDING)
def test_each_provider_tells_the_stories_it_can_and_no_others(provider: str) -> None:
    keys = simulator_account(provider)
    missing = {name for name in SCENARIOS if not available(FOUNDING[provider], name, keys)}
    assert missing == NOT_THERE[provider]


@pytest.mark.parametrize("provider", FOUNDING)
def test_events_agree_in_any_order_of_processing(provider: str) -> None:
    keys = simulator_account(provider)
    names = [name for name in SCENARIOS if available(FOUNDING[provider], name, keys)]
    deliveries = plan(
        (provider,), names, 3 * len(names), "any", (keys,), now_ms=lambda: NOW_MS
    )  # fmt: skip
    books = Books(merchant_account(provider))
    for delivery in reversed(deliveries):
        books.take(delivery)
    assert event_differences(deliveries, books.events) == ()


@pytest.mark.parametrize("provider", FOUNDING)
def test_a_lost_event_and_a_doubled_one_are_both_found(provider: str) -> None:
    keys = simulator_account(provider)
    deliveries = told(provider, "paid", "lost", keys)
    books = Books(merchant_account(provider))
    for delivery in deliveries:
        books.take(delivery)
    first, second = books.events
    assert event_differences(deliveries, [first]) != ()
    assert event_differences(deliveries, [first, second, second]) != ()
    assert event_differences(deliveries, [first, second]) == ()
