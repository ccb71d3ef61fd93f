"""The shared-mistake check: what the simulator signs by its own recipes, judging and settling
must read as it was meant."""

from collections.abc import Sequence

import pytest

from processors.registry import PROVIDERS
from processors.settle import settle
from processors.verdict import judge
from schemas.callback import Callback
from schemas.event import Event
from schemas.ledger import LedgerState
from schemas.record import Position
from streams.simulate import (
    SCENARIOS,
    SIMULATED,
    AccountKeys,
    Delivery,
    available,
    event_agrees,
    event_differences,
    plan,
)
from tests.support.simulator_keys import merchant_account, simulator_account

NOW_MS = 1_790_000_000_123
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


class Books:
    """Judges and settles callbacks one after the other, as the stages would."""

    def __init__(self, provider: str, **settings: str) -> None:
        self._provider = PROVIDERS[provider]
        self._account = merchant_account(provider, **settings)
        self._states: dict[bytes, LedgerState] = {}
        self._number = 0
        self.events: list[Event] = []

    def take(self, delivery: Delivery) -> list[tuple[str, str | None, Event | None]]:
        """Return outcome, code and event of every item, in their order."""
        self._number += 1
        callback = Callback(
            id=f"00000000-0000-7000-8000-{self._number:012d}",
            provider=delivery.provider,
            account=delivery.account,
            received_at_ms=NOW_MS + 1_000,
            method=delivery.method,
            target=delivery.target,
            headers=delivery.headers,
            body=delivery.body,
        )
        position = Position("callbacks", 0, self._number)
        judgement = judge(callback, position, self._provider, self._account)
        items: dict[int, tuple[str, str | None, Event | None]] = {
            outcome.item: (outcome.outcome, outcome.code, None) for outcome in judgement.outcomes
        }
        for record, _ in judgement.facts:
            key = record.key or b""
            settlement = settle(
                self._states.get(key), record, recorded_at_ms=NOW_MS, ledger_days=540
            )
            self._states[key] = settlement.state
            assert settlement.outcome is not None
            outcome = settlement.outcome
            items[outcome.item] = (outcome.outcome, outcome.code, settlement.event)
            if settlement.event is not None:
                self.events.append(settlement.event)
        return [items[number] for number in sorted(items)]


def told(
    provider: str, scenario: str, seed: str, keys: AccountKeys, count: int = 2
) -> list[Delivery]:
    return plan((provider,), (scenario,), count, seed, (keys,), now_ms=lambda: NOW_MS)


def differences(books: Books, deliveries: Sequence[Delivery]) -> list[str]:
    found = []
    for number, delivery in enumerate(deliveries):
        items = books.take(delivery)
        expected = delivery.expectation.items
        got = [(outcome, code) for outcome, code, _ in items]
        if got != [(item.outcome, item.code) for item in expected]:
            found.append(f"delivery {number}: {got}, expected {expected}")
            continue
        for item, (_, _, event) in zip(expected, items, strict=True):
            if item.outcome != "announced":
                continue
            if event is None or item.event is None or not event_agrees(item.event, event):
                found.append(f"delivery {number}: {event}, expected {item.event}")
    return found


CASES = [
    (provider, scenario, settings)
    for provider in SIMULATED
    for settings in SETTINGS.get(provider, ({},))
    for scenario in SCENARIOS
    if available(SIMULATED[provider], scenario, simulator_account(provider, **settings))
]


@pytest.mark.parametrize(("provider", "scenario", "settings"), CASES)
def test_processors_read_what_the_provider_meant(
    provider: str, scenario: str, settings: dict[str, str]
) -> None:
    keys = simulator_account(provider, **settings)
    books = Books(provider, **settings)
    for seed in SEEDS:
        assert differences(books, told(provider, scenario, seed, keys)) == [], seed


@pytest.mark.parametrize("provider", SIMULATED)
def test_each_provider_tells_the_stories_it_can_and_no_others(provider: str) -> None:
    keys = simulator_account(provider)
    missing = {name for name in SCENARIOS if not available(SIMULATED[provider], name, keys)}
    assert missing == NOT_THERE[provider]


@pytest.mark.parametrize("provider", SIMULATED)
def test_events_agree_in_any_order_of_processing(provider: str) -> None:
    keys = simulator_account(provider)
    names = [name for name in SCENARIOS if available(SIMULATED[provider], name, keys)]
    deliveries = plan(
        (provider,), names, 3 * len(names), "any", (keys,), now_ms=lambda: NOW_MS
    )  # fmt: skip
    books = Books(provider)
    for delivery in reversed(deliveries):
        books.take(delivery)
    assert event_differences(deliveries, books.events) == ()


@pytest.mark.parametrize("provider", SIMULATED)
def test_a_lost_event_and_a_doubled_one_are_both_found(provider: str) -> None:
    keys = simulator_account(provider)
    deliveries = told(provider, "paid", "lost", keys)
    books = Books(provider)
    for delivery in deliveries:
        books.take(delivery)
    first, second = books.events
    assert event_differences(deliveries, [first]) != ()
    assert event_differences(deliveries, [first, second, second]) != ()
    assert event_differences(deliveries, [first, second]) == ()
