"""An account as a published revision names it, so that a verdict of then can be made again.

A revision holds settings, dates and public keys whole. What it does not hold, secrets and private
keys, is looked for among what the account has today: a key that was retired since is as good.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from processors.account import Account, Mode
from processors.account_form import Digest, RawKey
from processors.contract import Provider
from processors.keys import (
    Certificates,
    Key,
    KeyKind,
    KeyProblem,
    KeyUse,
    Material,
    Secret,
    certificates,
    curve_certificates,
    public_pem,
)
from schemas.errors import InvalidRecord
from schemas.revision import Revision, RevisionKey

# Signs replies and asks; no verdict depends on it.
_NOT_FOR_VERDICTS: Final = frozenset(("sign",))


@dataclass(frozen=True, slots=True)
class Ring:
    """What only the account's files hold: secrets by keyed digest, private keys by public half."""

    secrets: Mapping[str, Secret] = field(default_factory=dict)
    private: Mapping[str, RSAPrivateKey] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RevisedAccount:
    """`gone`: keys of the revision whose material is not to be had any more."""

    account: Account
    gone: tuple[RevisionKey, ...]


def ring_of(provider: Provider[Any], keys: Iterable[RawKey], digest: Digest) -> Ring:
    """Return the ring of an account's keys, whatever their dates say of today."""
    forms = {(form.use, form.kind): form for form in provider.keys}
    secrets: dict[str, Secret] = {}
    private: dict[str, RSAPrivateKey] = {}
    for raw in keys:
        form = forms.get((cast(KeyUse, raw.use), cast(KeyKind, raw.kind)))
        if form is None:
            continue
        try:
            material = form.decode(raw.text)
        except KeyProblem:
            continue  # No key: whatever it was once, nothing can be proven by it.
        if isinstance(material, Secret):
            secrets[digest(material.reveal())] = material
        elif isinstance(material, RSAPrivateKey):
            private[public_pem(material) or ""] = material
    return Ring(secrets, private)


def account_as_revised(revision: Revision, ring: Ring) -> RevisedAccount:
    """Return the account of a revision, without the keys whose material is gone.

    Raises:
        InvalidRecord: a published key that cannot be read.
    """
    keys, gone = [], []
    for each in revision.keys:
        material = _material(each, ring)
        if material is not None:
            keys.append(
                Key(
                    each.kid, cast(KeyUse, each.use), cast(KeyKind, each.kind), material,
                    each.not_before_ms, each.not_after_ms,
                )
            )  # fmt: skip
        elif each.use not in _NOT_FOR_VERDICTS:
            gone.append(each)
    account = Account(
        provider=revision.provider,
        name=revision.account,
        mode=cast(Mode, revision.mode),
        ledger=revision.ledger,
        settings=dict(revision.settings),
        keys=tuple(keys),
        revision=revision.name,
    )
    return RevisedAccount(account, tuple(gone))


def _material(key: RevisionKey, ring: Ring) -> Material | None:
    if key.public is None:
        return ring.secrets.get(key.digest or "")
    if key.kind == "private-key":
        return ring.private.get(key.public)
    try:
        if key.kind == "certificate":
            return _certificates(key.public)
        # Not by the provider's form: that one takes console text, and was asked at load.
        return cast(Material, load_pem_public_key(key.public.encode()))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidRecord("a revision with a public key that cannot be read") from error


def _certificates(pem: str) -> Certificates:
    try:
        return certificates(pem)
    except KeyProblem:
        return curve_certificates(pem)
