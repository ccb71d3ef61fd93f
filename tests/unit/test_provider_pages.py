"""What is told of a provider agrees with what it does, on the terminal and in the document."""

import re
import tomllib
from pathlib import Path

import pytest

from processors.registry import PROVIDERS
from processors.verdict import judge
from streams.accounts.template import account_template
from streams.provider_pages import described, facts_of, overview_row
from streams.provider_pages.console import CONSOLE
from streams.provider_pages.described import ORIGINS
from streams.specs.__main__ import differences, documents, write
from tests.support.cases import POSITION, cases_of, trial
from tests.support.cli import runner

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/providers.md").read_text("utf-8")
NAMES = sorted(PROVIDERS)


def judged(name):
    for case in cases_of(name):
        whole = trial(name, case)
        yield case, judge(whole.callback, POSITION, whole.provider, whole.account)


@pytest.mark.parametrize("name", NAMES)
def test_no_more_is_announced_than_is_told(name):
    plain = described(PROVIDERS[name])
    for case, judgement in judged(name):
        assert {record.fact.type for record, _ in judgement.facts} <= {*plain["events"]}, case
        asked = any(error.reason == "confirmation_needed" for error in judgement.errors)
        assert plain["asks"] or not asked, case["name"]


@pytest.mark.parametrize("name", NAMES)
def test_proof_and_window_are_those_of_the_judgements(name):
    plain = described(PROVIDERS[name])
    proven = [each for _, judgement in judged(name) for each in judgement.proven]
    assert proven
    strengths = plain["proof"]["strength"].split(" or ")
    assert {each.proof for each in proven} <= set(strengths)
    assert any(each.window_ms is not None for each in proven) == plain["dated"]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_has_something_to_say(name):
    plain = described(PROVIDERS[name])
    assert plain["proof"]["kinds"], "an unknown check: name it in PROOFS"
    assert plain["proof"]["signed"] or plain["encrypted"]
    assert plain["retries"] or "again" in (plain["reply"]["note"] or "")
    assert plain["source"]
    assert all(facts_of(plain).values())
    assert all(text.isprintable() for text in facts_of(plain).values())


@pytest.mark.parametrize("name", NAMES)
def test_console_says_where_the_address_goes(name):
    assert name in CONSOLE
    assert re.search(r"\bURL\b", CONSOLE[name])
    assert f"/v1/callbacks/{name}/ACCOUNT" in facts_of(described(PROVIDERS[name]))["Console"]


@pytest.mark.parametrize("name", NAMES)
def test_account_file_to_fill_in_says_everything_that_can_be_entered(name):
    provider = PROVIDERS[name]
    text = account_template(provider, "eu")
    entered = tomllib.loads(text)
    assert f"/v1/callbacks/{name}/eu" in text
    for setting in provider.settings:
        assert (setting.name in entered["settings"]) == setting.required
        assert setting.meaning in text
        assert f'{setting.name} = ""' in text
    for form in provider.keys:
        assert form.note in text
        assert f'use = "{form.use}"' in text
    uses = [key["use"] for key in entered.get("keys", ())]
    assert len(uses) == len(set(uses))
    assert set(uses) == {form.use for form in provider.keys if form.required}


def test_cases_are_counted_by_origins_that_we_know():
    assert {case["origin"] for name in NAMES for case in cases_of(name)} <= set(ORIGINS)


def test_terminal_and_document_say_the_same(capsys):
    command = runner(capsys)
    listed = command("providers", "list", "--json").json()
    assert [each["name"] for each in listed] == NAMES
    for plain in listed:
        assert command("providers", "show", plain["name"], "--json").json() == plain
        section = PAGE.partition(f"\n## {plain['name']}\n")[2].partition("\n## ")[0]
        for name, text in facts_of(plain).items():
            assert f"- **{name}**: {text}\n" in section
        assert " | ".join(overview_row(plain)[1:3]) in PAGE


def test_what_is_shown_to_people_holds_every_fact(capsys):
    shown = runner(capsys)("providers", "show", "wechatpay-v3").out
    words = set(" ".join(facts_of(described(PROVIDERS["wechatpay-v3"])).values()).split())
    assert words <= set(shown.replace("│", " ").split())


def test_page_holds_exactly_the_providers_there_are():
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == NAMES
    assert set(CONSOLE) == set(NAMES)


def test_provider_that_is_missing_in_the_document_is_a_difference(tmp_path):
    wanted = documents(ROOT)
    write(tmp_path, wanted)
    page = tmp_path / "docs/providers.md"
    before, _, behind = page.read_text("utf-8").partition("\n## stripe\n")
    page.write_text(f"{before}\n## {behind.partition(chr(10) + '## ')[2]}", "utf-8")
    assert any("providers.md" in line for line in differences(tmp_path, wanted))
