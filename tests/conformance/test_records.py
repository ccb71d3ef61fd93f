"""What every provider's record promises: replies, settings, keys, schedules."""

import importlib
from typing import Any

import pytest

from processors.contract import Receipt
from processors.keys import KeyProblem
from processors.registry import PROVIDERS
from processors.vectors import BadCase
from tests.support.cases import Case, announcing, cases_of, trial
from tests.support.modules import module_name

FAILURES = (401, 413, 429, 503)
DAY_S = 86_400


@pytest.mark.parametrize("name", PROVIDERS)
def test_module_is_named_like_its_provider_and_cites_its_vectors(name: str) -> None:
    module = importlib.import_module(f"processors.providers.{module_name(name)}")
    assert module.PROVIDER is PROVIDERS[name]
    assert f"tests/vectors/{name}.json" in " ".join((module.__doc__ or "").split())


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("status", FAILURES)
def test_failure_is_never_taken_for_success(name: str, status: int) -> None:
    for case in announcing(name, 2):
        whole = trial(name, case)
        success = whole.provider.reply(whole.callback, Receipt(200), whole.account)
        failure = whole.provider.reply(whole.callback, Receipt(status), whole.account)
        assert 200 <= success.status < 300
        assert failure.status >= 400 or failure.body != success.body


@pytest.mark.parametrize("name", PROVIDERS)
def test_reply_is_the_same_whatever_hostile_bytes_it_answers(name: str) -> None:
    # A reply that is not signed echoes nothing: unproven bytes must not reach it.
    for case in announcing(name, 1):
        whole = trial(name, case)
        hostile = whole.with_body(b"<script>\xff").with_headers([("X", "\r\nSet-Cookie: x")])
        for status in (200, *FAILURES):
            reply = whole.provider.reply(whole.callback, Receipt(status), whole.account)
            assert whole.provider.reply(hostile.callback, Receipt(status), whole.account) == reply


@pytest.mark.parametrize("name", PROVIDERS)
def test_settings_and_schedule_are_plausible(name: str) -> None:
    provider = PROVIDERS[name]
    names = [setting.name for setting in provider.settings]
    assert len(set(names)) == len(names)
    for setting in provider.settings:
        assert not setting.choices or setting.example in setting.choices
    assert provider.methods
    assert provider.retry_after_s
    assert all(seconds > 0 for seconds in provider.retry_after_s)
    assert sum(provider.retry_after_s) <= 31 * DAY_S


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("text", ["", " ", "\n", "\x00"])
def test_key_without_material_does_not_load(name: str, text: str) -> None:
    for form in PROVIDERS[name].keys:
        if text != "\x00" or form.kind != "secret":
            with pytest.raises(KeyProblem):
                form.decode(text)


@pytest.mark.parametrize("name", PROVIDERS)
def test_account_without_keys_does_not_load(name: str) -> None:
    case = cases_of(name)[0]
    with pytest.raises(BadCase):
        trial(name, case | {"account": case["account"] | {"keys": []}})


def without_order_numbers(facts: frozenset[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    return {(*fact[:2], *fact[3:]) for fact in facts}


@pytest.mark.parametrize("name", PROVIDERS)
def test_other_settings_make_no_other_money(name: str) -> None:
    for case in announcing(name, 8):
        before = without_order_numbers(trial(name, case).said().facts)
        for setting, each in changed_settings(name, case):
            try:
                after = without_order_numbers(trial(name, each).said().facts)
            except BadCase:
                continue  # Another value does not load, as with an algorithm of other keys.
            assert after <= before, f"{case['name']}: {setting} decides money or identity"


def changed_settings(name: str, case: Case) -> list[tuple[str, Case]]:
    free = {setting.name for setting in PROVIDERS[name].settings if not setting.choices}
    settings: dict[str, str] = case["account"]["settings"]
    return [
        (setting, case | {"account": case["account"] | {"settings": settings | {setting: "1x"}}})
        for setting in settings
        if setting in free
    ]
