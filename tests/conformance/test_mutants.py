"""The suite bites: with a guard taken out of a provider, some check of it fails.

Guards are looked for in every provider of the registry, by the name under which it imports them; a
provider's own constants are listed below.
"""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from processors import signing
from processors.providers import adyen, paypal, stripe
from processors.registry import PROVIDERS
from processors.signing import Authentic, Message
from processors.vectors import BadCase, run_case
from tests.support.cases import announcing, cases_of
from tests.support.flips import flip_everything
from tests.support.modules import module_name


def accepts_everything(messages: Any, *_: Any, **__: Any) -> Authentic[Any]:
    message = messages if isinstance(messages, Message) else next(iter(messages))
    return Authentic(signing._MADE_HERE, message.proves, message.beside, "1", "signed")


def passes(*_: Any, **__: Any) -> None:
    """Stands for a check that was left out."""


def guesses_nothing(table: Any, word: str, *, what: str) -> Any:
    """Ignores unknown words instead of parking them."""
    return table.get(word)


PROOFS = (
    "check_rsa", "check_rsa_recovered", "check_hmac", "check_secret_hmac", "check_keyed_digest",
)  # fmt: skip
GUARDS: dict[str, Any] = {
    **dict.fromkeys(PROOFS, accepts_everything),
    "check_ed25519": accepts_everything,
    "same_account": passes,
    "same_mode": passes,
    "check_chain": passes,
    "meaning": guesses_nothing,
}


def module_of(name: str) -> Any:
    return importlib.import_module(f"processors.providers.{module_name(name)}")


# What is signed and sealed, or digested, is still refused by its seal: only the cases tell there.
SEALED_TOO = ("wechatpay-v3", "jdpay", "jdpay-legacy", "newebpay", "yeepay", "vipps-mobilepay")


def guarded(*guards: str, without: tuple[str, ...] = ()) -> Iterator[Any]:
    for name in PROVIDERS:
        for guard in guards:
            if hasattr(module_of(name), guard) and name not in without:
                yield pytest.param(name, guard, id=f"{name}-{guard}")


def some_case_notices(name: str) -> bool:
    return any(not agrees(name, case) for case in cases_of(name))


def agrees(name: str, case: dict[str, Any]) -> bool:
    try:
        return run_case(PROVIDERS, name, case).agrees
    except (BadCase, AttributeError):
        return False  # A fact without a type goes no further than the next look at it.


# Thin messages announce nothing that a flipped bit could change: there the cases tell as well.
THIN = tuple(name for name in PROVIDERS if not announcing(name, 1))


# One form of these announces, the other only asks.
THIN_FORMS = (("midtrans", "check_keyed_digest"),)


@pytest.mark.parametrize(
    ("name", "guard"),
    [
        pair
        for pair in guarded(*PROOFS, without=SEALED_TOO + THIN)
        if pair.values not in THIN_FORMS
    ],
)
def test_flipped_bits_notice_a_proof_that_is_not_checked(
    name: str, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module_of(name), guard, accepts_everything)
    cases = [case for case in announcing(name, 40) if proved_by(guard, case)]
    assert cases
    assert any(flips_notice(name, case) for case in cases)


def proved_by(guard: str, case: dict[str, Any]) -> bool:
    secret = any(k["use"] == "verify" and k["kind"] == "secret" for k in case["account"]["keys"])
    return secret == (not guard.startswith("check_rsa"))


def flips_notice(name: str, case: dict[str, Any]) -> bool:
    try:
        flip_everything(name, case)
    except (AssertionError, ValueError):
        return True
    return False


@pytest.mark.parametrize(("name", "guard"), list(guarded(*GUARDS)))
def test_cases_notice_a_guard_that_is_left_out(
    name: str, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not some_case_notices(name)
    monkeypatch.setattr(module_of(name), guard, GUARDS[guard])
    assert some_case_notices(name)


LEFT_OUT: list[tuple[str, Any, str, Any]] = [
    ("stripe", Authentic, "fresh", lambda proof, *_, **__: proof),
    ("stripe", stripe, "EXPONENTS", {}),
    ("stripe", stripe, "TOLERANCE_MS", 300_001),
    ("stripe", stripe, "TOLERANCE_MS", 299_999),
    ("adyen", adyen, "EXPONENTS", {}),
    ("paypal", paypal, "host_names", lambda leaf: ("messageverificationcerts.paypal.com",)),
    ("paypal", paypal, "EXPONENTS", {}),
    ("paypal", paypal, "ALGORITHM", "SHA1withRSA"),
    ("wechatpay-v3", Authentic, "fresh", lambda proof, *_, **__: proof),
]


@pytest.mark.parametrize(("name", "holder", "constant", "mutant"), LEFT_OUT)
def test_cases_notice_another_constant(
    name: str, holder: Any, constant: str, mutant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder, constant, mutant)
    assert some_case_notices(name)
