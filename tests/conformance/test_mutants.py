"""The suite bites: with a guard taken out of a provider, some check of it fails.

Each mutant names the guard, what stands in its place, and a case that must no longer agree; where
no case is named, the flipped bits must notice.
"""

from collections.abc import Callable
from typing import Any

import pytest

from processors import signing
from processors.providers import adyen, paypal, stripe
from processors.registry import PROVIDERS
from processors.signing import Authentic
from processors.vectors import run_case
from tests.support.cases import announcing, cases_of
from tests.support.flips import flip_everything


def accepts_everything(messages: Any, **_: Any) -> Authentic[Any]:
    message = next(iter(messages))
    made_here = signing._MADE_HERE
    return Authentic(made_here, message.proves, message.beside, "1", "signed")


def passes(*_: Any, **__: Any) -> None:
    """Stands for a check that was left out."""


def parks_nothing(table: Any, word: str, *, what: str) -> Any:
    return table.get(word)


UNCHECKED: list[tuple[str, Any, str, Callable[..., Any]]] = [
    ("stripe", stripe, "check_hmac", accepts_everything),
    ("adyen", adyen, "check_hmac", accepts_everything),
    ("paypal", paypal, "check_rsa", accepts_everything),
]


@pytest.mark.parametrize(("name", "module", "guard", "mutant"), UNCHECKED)
def test_flipped_bits_notice_a_proof_that_is_not_checked(
    name: str, module: Any, guard: str, mutant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = announcing(name, 1)[0]
    flip_everything(name, case)
    monkeypatch.setattr(module, guard, mutant)
    with pytest.raises(AssertionError):
        flip_everything(name, case)


LEFT_OUT: list[tuple[str, Any, str, Any]] = [
    ("stripe", stripe, "check_hmac", accepts_everything),
    ("stripe", Authentic, "fresh", lambda proof, *_, **__: proof),
    ("stripe", stripe, "same_mode", passes),
    ("stripe", stripe, "meaning", parks_nothing),
    ("stripe", stripe, "EXPONENTS", {}),
    ("stripe", stripe, "TOLERANCE_MS", 300_001),
    ("stripe", stripe, "TOLERANCE_MS", 299_999),
    ("adyen", adyen, "check_hmac", accepts_everything),
    ("adyen", adyen, "same_account", passes),
    ("adyen", adyen, "same_mode", passes),
    ("adyen", adyen, "EXPONENTS", {}),
    ("paypal", paypal, "check_rsa", accepts_everything),
    ("paypal", paypal, "check_chain", passes),
    ("paypal", paypal, "host_names", lambda leaf: ("messageverificationcerts.paypal.com",)),
    ("paypal", paypal, "EXPONENTS", {}),
    ("paypal", paypal, "ALGORITHM", "SHA1withRSA"),
]


@pytest.mark.parametrize(("name", "module", "guard", "mutant"), LEFT_OUT)
def test_cases_notice_a_guard_that_is_left_out(
    name: str, module: Any, guard: str, mutant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, guard, mutant)
    assert any(not run_case(PROVIDERS, name, case).agrees for case in cases_of(name))
