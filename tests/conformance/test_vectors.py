"""Every case of every provider agrees."""

from typing import Any

import pytest

from processors.registry import PROVIDERS
from processors.vectors import run_case
from tests.support.cases import cases_of, every_case, trial
from tests.support.signers import SIGNERS, resigned

CASES = [pytest.param(name, case, id=f"{name}-{case['name']}") for name, case in every_case()]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_case_agrees(name: str, case: dict[str, Any]) -> None:
    result = run_case(PROVIDERS, name, case)
    assert result.agrees, f"{result.difference} ({result.reason})"


@pytest.mark.parametrize("name", PROVIDERS)
def test_provider_has_cases_of_every_verdict(name: str) -> None:
    verdicts = {case["expect"]["verdict"] for case in cases_of(name)}
    assert verdicts >= {"accepted", "refused"}


@pytest.mark.parametrize(("name", "case"), CASES)
def test_same_input_gives_same_output(name: str, case: dict[str, Any]) -> None:
    assert run_case(PROVIDERS, name, case) == run_case(PROVIDERS, name, case)


@pytest.mark.parametrize("name", [name for name in PROVIDERS if name in SIGNERS])
def test_what_our_own_signer_says_is_understood_alike(name: str) -> None:
    # Else the tests that sign anew would only show that a wrong signature is refused.
    announcing = [case for case in cases_of(name) if case["expect"].get("events")]
    for case in announcing:
        if trial(name, case).said().faults:
            continue  # A batch with a forged item: signed anew it would be forged no more.
        tree = SIGNERS[name].tree(case)
        result = run_case(PROVIDERS, name, resigned(name, case, tree))
        assert result.agrees, f"{case['name']}: {result.difference} ({result.reason})"
