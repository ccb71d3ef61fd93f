"""Old facts come out byte for byte: every case of the corpus is derived again by today's code.

What fails here changes what a replay of the past says. See docs/changes/README.md.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.registry import PROVIDERS
from tests.golden import corpus as module
from tests.golden.changes import NotApproved, read_changes, write_change
from tests.golden.corpus import CHANGES, FOLDER, Entry, corpus, differences, entries, missing

WHY = "The provider corrected its documentation of this member."


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_old_facts_and_events_come_out_byte_for_byte(name: str) -> None:
    today = entries(name)
    found = differences(name, today, read_changes(CHANGES))
    shown = "".join(f"\n  {each.case}: {each.what}" for each in found)
    assert not found, f"{name}: not named in docs/changes, see its README:{shown}"
    assert missing(name, today) == [], "python -m tests.golden.corpus add"


def test_no_corpus_is_left_of_a_provider_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} <= set(PROVIDERS)


def changed(**members: Any) -> dict[str, Entry]:
    """Return what would come of Stripe's cases if its facts said something else."""
    proper = PROVIDERS["stripe"]

    def interpret(notice: Any, account: Any) -> Any:
        return tuple(
            replace(each, **members) if getattr(each, "type", "") == "PaymentSucceeded" else each
            for each in proper.interpret(notice, account)
        )

    return entries("stripe", {**PROVIDERS, "stripe": replace(proper, interpret=interpret)})


def test_a_changed_fact_is_found_until_a_change_names_it(tmp_path: Path) -> None:
    assert differences("stripe", entries("stripe"), read_changes(CHANGES)) == []
    today = changed(method="card-of-another-kind")
    found = differences("stripe", today, read_changes(CHANGES))
    paid = {case for case, each in corpus("stripe").items() if "PaymentSucceeded" in each.said}
    assert {each.case for each in found} == paid
    assert {each.what for each in found} == {"facts, events"}
    write_change(tmp_path / "stripe-methods.md", WHY, found)
    assert differences("stripe", today, read_changes(tmp_path)) == []
    # What was approved is this change and no other.
    other = changed(method="yet-another-kind")
    assert len(differences("stripe", other, read_changes(tmp_path))) == len(paid)
    # Nor is the old behaviour good any more.
    assert len(differences("stripe", entries("stripe"), read_changes(tmp_path))) == len(paid)


def test_a_second_change_follows_the_first(tmp_path: Path) -> None:
    first, second = changed(method="one"), changed(method="two")
    write_change(tmp_path / "1.md", WHY, differences("stripe", first, read_changes(tmp_path)))
    write_change(tmp_path / "2.md", WHY, differences("stripe", second, read_changes(tmp_path)))
    assert differences("stripe", second, read_changes(tmp_path)) == []
    write_change(tmp_path / "3.md", WHY, differences("stripe", first, read_changes(tmp_path)))
    with pytest.raises(NotApproved, match="circle"):
        differences("stripe", first, read_changes(tmp_path))


def test_a_case_that_is_gone_or_edited_is_found() -> None:
    today = entries("stripe")
    gone, edited = sorted(today)[:2]
    today[edited] = today[edited]._replace(case="0" * 16)
    del today[gone]
    found = {each.case: each.what for each in differences("stripe", today, read_changes(CHANGES))}
    assert found == {gone: "the case is gone", edited: "case"}


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("# No reason\n\n| a |\n", "no reason"),
        ("# Empty\n\nWhy: because\n\n| a |\n", "no reason"),
        (f"# No cases\n\nWhy: {WHY}\n\n", "no cases"),
        (f"# All\n\nWhy: {WHY}\n\n| provider | case |\n| --- | --- |\n| stripe | * | a | b | |\n",
         "cannot be read"),
    ],
)  # fmt: skip
def test_a_change_without_reason_or_cases_approves_nothing(
    tmp_path: Path, text: str, lacks: str
) -> None:
    (tmp_path / "change.md").write_text(text)
    with pytest.raises(NotApproved, match=lacks):
        read_changes(tmp_path)


def test_an_approval_is_not_written_over(tmp_path: Path) -> None:
    found = differences("stripe", changed(method="one"), read_changes(tmp_path))
    write_change(tmp_path / "1.md", WHY, found)
    with pytest.raises(FileExistsError):
        write_change(tmp_path / "1.md", WHY, found)


def test_adding_touches_no_line_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(module, "PROVIDERS", {"stripe": PROVIDERS["stripe"]})
    today = entries("stripe")
    first = sorted(today)[0]
    old = today[first]._replace(facts="0" * 16)
    module.write_corpus("stripe", {first: old})
    assert len(missing("stripe", today)) == len(today) - 1
    assert module.main(["add"]) == 1, "what differs still does"
    assert corpus("stripe") == today | {first: old}
    assert missing("stripe", today) == []


def test_every_case_that_the_pipeline_can_answer_is_answered() -> None:
    for name in PROVIDERS:
        defects = [case for case, each in corpus(name).items() if each.said == module.DEFECT]
        assert defects == [], f"{name}: a golden of our own defect"
