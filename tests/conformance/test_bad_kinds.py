"""At least one good and six bad kinds of callback for every provider, thin ones included.

The other files of this suite look at what is announced; whose messages only ask announces nothing,
so that here it counts whether a callback was taken for the provider's at all.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from processors.registry import PROVIDERS
from schemas.times import rfc3339
from tests.support.cases import Case, Trial, cases_of, trial

BAD_MIN = 6
# What their body says is not proven and not read: the message is in the query of a POST.
SIGNS_THE_QUERY = ("mercadopago",)


def good_case(name: str) -> Case:
    """Return the first case that is taken for the provider's and whose keys have no dates."""
    for case in cases_of(name):
        dated = any({"not_before", "not_after"} & set(key) for key in case["account"]["keys"])
        good = case["expect"]["verdict"] == "accepted" and trial(name, case).said().accepted
        if good and not dated:
            return case
    raise AssertionError(f"{name} has no good case")


def with_dates(name: str, case: Case, **dates: str) -> Trial:
    keys = [key | dates for key in case["account"]["keys"]]
    return trial(name, case | {"account": case["account"] | {"keys": keys}})


def with_body(change: Callable[[bytes], bytes]) -> Callable[[str, Case], Trial]:
    def changed(name: str, case: Case) -> Trial:
        whole = trial(name, case)
        if name not in SIGNS_THE_QUERY:
            return whole.with_body(change(whole.body))
        path, _, query = whole.callback.target.partition("?")
        target = f"{path}?{change(query.encode('latin-1')).decode('latin-1')}"
        return replace(whole, callback=replace(whole.callback, target=target))

    return changed


KINDS: dict[str, Callable[[str, Case], Any]] = {
    "nothing": with_body(lambda _: b""),
    "cut-short": with_body(lambda body: body[: len(body) // 2]),
    "twice": with_body(lambda body: body + body),
    "an-empty-object": with_body(lambda _: b"{}"),
    "key-ended": lambda name, case: with_dates(
        name, case, not_after=rfc3339(case["received_at_ms"])
    ),
    "key-not-begun": lambda name, case: with_dates(
        name, case, not_before=rfc3339(case["received_at_ms"] + 1)
    ),
}


@pytest.mark.parametrize("name", PROVIDERS)
def test_provider_has_a_good_case_and_six_bad_ones(name: str) -> None:
    bad = [case for case in cases_of(name) if case["expect"]["verdict"] != "accepted"]
    assert trial(name, good_case(name)).said().accepted
    assert len(bad) >= BAD_MIN
    assert any(case["expect"]["verdict"] == "refused" for case in bad)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROVIDERS)
def test_bad_kind_is_not_taken_for_the_providers(name: str, kind: str) -> None:
    said = KINDS[kind](name, good_case(name)).said()
    assert not said.accepted
    assert said.faults
    assert not said.facts
