"""Distinct payments of three providers, well signed at a time that the test names."""

import copy
from typing import Any

from processors.account import Account
from processors.registry import PROVIDERS
from processors.vectors import case_account, case_callback
from schemas.callback import Callback
from schemas.times import rfc3339
from tests.support.cases import Case, cases_of
from tests.support.signers import SIGNERS, resigned

CASES = {
    "stripe": "payment-intent-succeeded",
    "wechatpay-v3": "payment-direct-certificate",
    "paypal": "capture-completed",
}


def payment_ids(provider: str, count: int, *, first: int = 0) -> list[str]:
    """Return the ids of payments number `first` and on, as events name them."""
    prefix = {"stripe": "pi_", "wechatpay-v3": "42000", "paypal": "CAP"}[provider]
    return [f"{prefix}{n:015d}" for n in range(first, first + count)]


def account_of(provider: str, **settings: str) -> Account:
    """Return the account that the payments are signed for, with `settings` of it changed."""
    raw = SIGNERS[provider].held(_case(provider))
    return case_account(PROVIDERS[provider], raw | {"settings": raw["settings"] | settings})


def payments(
    provider: str, count: int, *, at_ms: int, first: int = 0
) -> tuple[Account, list[Callback]]:
    """Return `count` callbacks of as many payments, signed and received at `at_ms`.

    The account is the same for every call.
    """
    case = _case(provider) | {"received_at_ms": at_ms}
    made = [_paid(provider, case, payment_id) for payment_id in payment_ids(
        provider, count, first=first)]  # fmt: skip
    account = account_of(provider)
    return account, [case_callback(provider, account.name, each) for each in made]


def _case(provider: str) -> Case:
    return next(case for case in cases_of(provider) if case["name"] == CASES[provider])


def _paid(provider: str, case: Case, payment_id: str) -> Case:
    tree: Any = copy.deepcopy(SIGNERS[provider].tree(case))
    at_ms = case["received_at_ms"]
    match provider:
        case "stripe":
            tree["created"] = at_ms // 1000
            tree["data"]["object"]["id"] = payment_id
        case "wechatpay-v3":
            opened = tree["resource"]["opened"]
            opened |= {"transaction_id": payment_id, "success_time": rfc3339(at_ms)}
        case "paypal":
            tree["create_time"] = rfc3339(at_ms)
            tree["resource"]["id"] = payment_id
    return resigned(provider, case, tree)
