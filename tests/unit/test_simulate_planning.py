"""Plans: the same again for a seed, only keys made for it, nothing told to nobody."""

import hashlib
import json
from pathlib import Path

import pytest

from streams.simulate import (
    FOUNDING,
    Delivery,
    NoKeys,
    combinations,
    expectation_line,
    load_keys,
    plan,
    stories,
)
from tests.support.simulator_keys import simulator_account, write_keys

NOW_MS = 1_790_000_000_000


def planned(provider: str, scenario: str, seed: str = "s", now_ms: int = NOW_MS) -> list[Delivery]:
    keys = (simulator_account(provider),)
    return plan((provider,), (scenario,), 2, seed, keys, now_ms=lambda: now_ms)


@pytest.mark.parametrize("provider", FOUNDING)
def test_equal_seed_keys_and_clock_give_equal_deliveries(provider: str) -> None:
    assert planned(provider, "refunded") == planned(provider, "refunded")


@pytest.mark.parametrize("provider", FOUNDING)
def test_another_seed_tells_of_other_payments(provider: str) -> None:
    bodies = {each.body for seed in "ab" for each in planned(provider, "paid", seed)}
    assert len(bodies) == 4


@pytest.mark.parametrize("provider", ["wechatpay-v3", "stripe"])
def test_old_headers_are_signed_anew_and_the_body_stays(provider: str) -> None:
    first, _ = planned(provider, "paid")
    assert first.headers_at(NOW_MS + 1_000) == first.headers
    later = first.headers_at(NOW_MS + 3_600_000)
    stamp = str((NOW_MS + 3_600_000) // 1000)
    assert any(stamp in value for _, value in later)
    assert planned(provider, "paid", now_ms=NOW_MS)[0].body == first.body


def test_a_stale_callback_stays_stale_when_it_is_sent_again() -> None:
    (first, _) = planned("stripe", "stale")
    again = dict(first.headers_at(NOW_MS + 3_600_000))["Stripe-Signature"]
    assert again.startswith(f"t={(NOW_MS + 3_600_000 - 900_000) // 1000},")


def test_keys_are_read_with_the_mode_of_their_account_file(tmp_path: Path) -> None:
    for provider in FOUNDING:
        write_keys(tmp_path, simulator_account(provider))
    loaded = {account.provider: account for account in load_keys(tmp_path)}
    assert loaded == {provider: simulator_account(provider) for provider in FOUNDING}


def test_key_material_is_never_printed(tmp_path: Path) -> None:
    for provider in FOUNDING:
        for key in simulator_account(provider).keys:
            shown = repr(key)
            assert key.secret is None or key.secret not in shown
            assert "PRIVATE" not in shown


def test_a_folder_without_simulator_keys_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoKeys, match="no simulator keys"):
        load_keys(tmp_path)


def test_a_damaged_key_file_is_named_and_its_content_is_not(tmp_path: Path) -> None:
    write_keys(tmp_path, simulator_account("stripe"))
    file = next((tmp_path / ".simulator").glob("*/*.json"))
    file.write_text('{"provider": "stripe", "secret": "whsec_canary"')
    with pytest.raises(NoKeys) as caught:
        load_keys(tmp_path)
    assert file.name in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("providers", "scenarios", "count", "error"),
    [
        (("larkpay",), ("paid",), 1, ValueError),
        (("stripe",), ("payed",), 1, ValueError),
        (("stripe",), ("probe",), 1, ValueError),
        (("stripe",), ("paid",), 0, ValueError),
        (("stripe",), ("paid",), 1_000_001, ValueError),
        (("alipay",), ("paid",), 1, NoKeys),
    ],
)
def test_what_cannot_be_told_is_refused_before_anything_is_signed(
    providers: tuple[str, ...], scenarios: tuple[str, ...], count: int, error: type[Exception]
) -> None:
    keys = (simulator_account("stripe"),)
    with pytest.raises(error):
        stories(providers, scenarios, count, "s", keys, now_ms=lambda: NOW_MS)


def test_stories_are_dealt_out_over_everything_that_can_be_told() -> None:
    keys = tuple(simulator_account(provider) for provider in FOUNDING)
    names, scenarios = tuple(FOUNDING), ("paid", "stale", "probe")
    count = combinations(names, scenarios, keys)
    told = plan(names, scenarios, count, "s", keys, now_ms=lambda: NOW_MS)
    seen = [(each.provider, each.scenario) for each in told]
    assert len(set(seen)) == len(seen) == count == 7 + 2 + 2


def test_an_expectation_line_names_the_body_and_what_becomes_of_it() -> None:
    first, second = plan(
        ("adyen",), ("duplicate",), 1, "s", (simulator_account("adyen"),), now_ms=lambda: NOW_MS
    )
    line = json.loads(expectation_line(second))
    assert line["body_sha256"] == hashlib.sha256(second.body).hexdigest()
    assert [item["outcome"] for item in line["items"]] == ["duplicate"]
    assert line["items"][0]["event"] == json.loads(expectation_line(first))["items"][0]["event"]


@pytest.mark.parametrize("provider", FOUNDING)
def test_no_callback_is_larger_than_the_ingress_takes(provider: str) -> None:
    for each in planned(provider, "paid"):
        assert len(each.body) < 512 * 1024
        assert len(json.dumps(each.headers)) < 32 * 1024
