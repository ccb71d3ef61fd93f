"""Accounts for trying out, made from the forms that the simulator's senders state."""

import base64
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from streams.accounts.demo_curve_pki import apple_chain, curve_entry
from streams.accounts.demo_key import DemoAccount, DemoKey
from streams.accounts.demo_pki import Authority, fresh_key, private_pem, public_pem
from streams.simulate.keys import AccountForm, KeyForm

# A secret's form names how many of what; each is random anew.
_CHARACTERS: Final[Mapping[str, str]] = {
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "LETTERS": "ABCDEFGHJKLMNPQRSTUVWXYZ23456789",
}


class _Parts(dict[str, str]):
    """What stands for `{hex_32}` and the like in the form of a secret."""

    def __missing__(self, name: str) -> str:
        kind, _, count = name.partition("_")
        if kind == "base64":
            return base64.b64encode(secrets.token_bytes(int(count))).decode()
        return "".join(secrets.choice(_CHARACTERS[kind]) for _ in range(int(count)))


def account_of_form(provider: str, name: str, form: AccountForm) -> DemoAccount:
    """Return an account with keys made now."""
    held: list[DemoKey] = []
    theirs: list[DemoKey] = []
    for key in form.keys:
        ours, only_theirs = _MAKERS[key.kind](key, held)
        held += ours
        theirs += only_theirs
    return DemoAccount(provider, name, form.settings, tuple(held), tuple(theirs))


_Made = tuple[list[DemoKey], list[DemoKey]]


def _secret(key: KeyForm, held: list[DemoKey]) -> _Made:
    # Some providers use one secret twice.
    text = held[0].material if key.text == "same" else key.text.format_map(_Parts())
    return [DemoKey(key.kid, key.use, key.kind, text, {"secret_text": text})], []


def _public(key: KeyForm, held: list[DemoKey]) -> _Made:
    if key.text == "jwk":
        private_text, entry = curve_entry(key.kid)
        return [DemoKey(key.kid, key.use, key.kind, entry, {"private_pem": private_text})], []
    made = fresh_key()
    private = {"private_pem": private_pem(made)}
    return [DemoKey(key.kid, key.use, key.kind, public_pem(made), private)], []


def _own(key: KeyForm, held: list[DemoKey]) -> _Made:
    """The merchant's own key: those who seal what they say hold its public half."""
    made = fresh_key()
    theirs = {"public_pem": public_pem(made)}
    return [DemoKey(key.kid, key.use, key.kind, private_pem(made), theirs)], []


def _certificate(key: KeyForm, held: list[DemoKey]) -> _Made:
    if key.text == "apple":
        private, chain, root = apple_chain()
        theirs = {"private_pem": private, "certificate_pem": chain}
        # The chain comes with each message; the account trusts its root.
        signing = DemoKey("leaf", "verify", key.kind, chain, theirs)
        return [DemoKey(key.kid, key.use, key.kind, root, None)], [signing]
    root_of = Authority.root(f"Tillstream Demo Root for {key.text}")
    leaf = root_of.leaf(key.text, host=key.text)
    theirs = {"private_pem": private_pem(leaf.key), "certificate_pem": leaf.pem}
    verify = DemoKey(key.kid, key.use, key.kind, leaf.pem, theirs)
    return [verify, DemoKey("root", "root", key.kind, root_of.issued.pem, None)], []


_MAKERS: Final[Mapping[str, Callable[[KeyForm, list[DemoKey]], _Made]]] = {
    "secret": _secret,
    "public-key": _public,
    "private-key": _own,
    "certificate": _certificate,
}
