"""The demo set that `accounts init --demo` makes: the provider's half fits the merchant's."""

import time
from pathlib import Path

from processors.account_form import Digest
from processors.registry import PROVIDERS
from processors.verdict import judge
from schemas.callback import Callback
from schemas.record import Position
from streams.accounts.load import load_accounts
from streams.cli import run as run_command
from streams.simulate import FOUNDING, SCENARIOS, combinations, load_keys, plan

# What verify alone decides; the rest is for settling.
BY_VERIFY = ("refused", "ignored")


def test_callbacks_signed_with_the_demo_set_are_proven_by_its_accounts(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    assert run_command(["accounts", "init", "--demo", "--folder", str(folder), "--json"]) == 0
    now_ms = time.time_ns() // 1_000_000
    book, findings = load_accounts(
        folder, PROVIDERS, environ={}, mode=None, digest=Digest(b"test"), seen=(), now_ms=now_ms
    )
    assert [each for each in findings if each.is_problem] == []
    keys = load_keys(folder)
    names, scenarios = tuple(FOUNDING), tuple(SCENARIOS)
    count = combinations(names, scenarios, keys)
    heard = set()
    for delivery in plan(names, scenarios, count, "demo", keys, now_ms=lambda: now_ms):
        account = book.get(delivery.provider, delivery.account)
        assert account is not None
        callback = Callback(
            id="00000000-0000-7000-8000-000000000001",
            provider=delivery.provider,
            account=delivery.account,
            received_at_ms=now_ms,
            method=delivery.method,
            target=delivery.target,
            headers=delivery.headers,
            body=delivery.body,
        )
        position = Position("callbacks", 0, 0)
        found = judge(callback, position, PROVIDERS[delivery.provider], account)
        refused = [o.code for o in found.outcomes if o.outcome in BY_VERIFY]
        expected = delivery.expectation.items
        where = f"{delivery.provider}/{delivery.account} {delivery.scenario}"
        assert refused == [i.code for i in expected if i.outcome in BY_VERIFY], where
        heard.add((delivery.provider, delivery.account))
    assert heard == set(book.entries)


def test_all_goes_with_demo_and_without_names(tmp_path: Path) -> None:
    for words in (["--all"], ["stripe", "--demo", "--all"]):
        assert run_command(["accounts", "init", *words, "--folder", str(tmp_path / "a")]) == 2
    assert not (tmp_path / "a").exists()


def test_accounts_of_one_provider_beside_the_founding_ones_come_by_its_name(
    tmp_path: Path,
) -> None:
    made = ["accounts", "init", "checkout", "--demo", "--folder", str(tmp_path), "--json"]
    assert run_command(made) == 0
    assert [each.account for each in load_keys(tmp_path)] == ["shop-1"]
    assert oct((tmp_path / "checkout" / "shop-1.toml").stat().st_mode)[-3:] == "600"
