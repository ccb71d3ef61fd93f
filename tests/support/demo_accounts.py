"""Accounts of every simulated provider from both sides, with keys of this process."""

import tempfile
import time
from functools import cache
from pathlib import Path

from processors.account import Account
from processors.account_form import Digest
from processors.registry import PROVIDERS
from streams.accounts.demo import demo_accounts, write_demo_account
from streams.accounts.load import load_accounts
from streams.simulate import FOUNDING, SIMULATED, AccountKeys, load_keys

# The founding providers have accounts of their own in `simulator_keys`.
OTHERS = tuple(name for name in SIMULATED if name not in FOUNDING)


@cache
def both_sides(provider: str) -> tuple[AccountKeys, Account]:
    """Return the provider's side of an account for trying out, and the merchant's."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for account in demo_accounts(provider):
            write_demo_account(folder, account)
        book, findings = load_accounts(
            folder, {provider: PROVIDERS[provider]}, environ={}, mode=None,
            digest=Digest(b"test"), seen=(), now_ms=time.time_ns() // 1_000_000,
        )  # fmt: skip
        problems = [str(each) for each in findings if each.is_problem]
        assert not problems, problems
        (entry,) = book.entries.values()
        (keys,) = load_keys(folder)
        return keys, entry.account
