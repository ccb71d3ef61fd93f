"""The simulator's keys: what the provider, not the merchant, holds.

`accounts init --demo` writes them beside the accounts it makes; a real account has none, so nobody
can pass as a provider by pointing the simulator at it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

FOLDER: Final = ".simulator"


class NoKeys(ValueError):
    """There are no simulator keys, or they cannot be read; the message names the file."""


@dataclass(frozen=True, slots=True)
class SimulatorKey:
    """`private_pem` is the provider's signing key, `secret` the text that both sides know.

    `public_pem` is the merchant's own public key, for those who seal what they say.
    """

    kid: str
    use: str
    kind: str
    private_pem: str | None = None
    secret: str | None = None
    certificate_pem: str | None = None
    public_pem: str | None = None

    def __repr__(self) -> str:
        return f"SimulatorKey({self.kid!r}, {self.use!r}, {self.kind!r})"


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """What a provider knows of one account."""

    provider: str
    account: str
    mode: str
    settings: Mapping[str, str]
    keys: tuple[SimulatorKey, ...]

    def signing(self) -> SimulatorKey:
        """Return the key with which the provider proves its callbacks."""
        return self._first("verify", lambda key: key.private_pem is not None)

    def secret(self, use: str) -> str:
        """Return the shared secret of a use as the console shows it."""
        return self._first(use, lambda key: key.secret is not None).secret or ""

    def key(self, use: str) -> SimulatorKey:
        """Return the first key of a use."""
        return self._first(use, lambda key: True)

    def forged(self, proves: tuple[str, ...] = ("verify", "root")) -> "AccountKeys":
        """Return the keys of somebody who does not hold the provider's of these uses."""
        keys = (_forged(key) if key.use in proves else key for key in self.keys)
        return replace(self, keys=tuple(keys))

    def with_setting(self, name: str, value: str) -> "AccountKeys":
        return replace(self, settings={**self.settings, name: value})

    def _first(self, use: str, fits: Any) -> SimulatorKey:
        for key in self.keys:
            # UnionPay's leaf proves by its issuer, so it may stand under `root`.
            if (key.use == use or (use == "verify" and key.use == "root")) and fits(key):
                return key
        raise NoKeys(f"{self.provider}/{self.account}: no simulator key of use {use}")


@dataclass(frozen=True, slots=True)
class KeyForm:
    """A key of an account for trying out. `text` is a secret's form, such as `whsec_{base64_24}`;
    of other kinds it says what to make, such as `rsa`."""

    use: str
    kind: str
    text: str
    kid: str = "1"


@dataclass(frozen=True, slots=True)
class AccountForm:
    """The settings and keys of an account for trying out."""

    settings: Mapping[str, str]
    keys: tuple[KeyForm, ...]


def load_keys(accounts: Path) -> tuple[AccountKeys, ...]:
    """Return the simulator keys of every account in a folder, by provider and name.

    Raises:
        NoKeys: none there, or a file that cannot be read.
    """
    files = sorted((accounts / FOLDER).glob("*/*.json"))
    if not files:
        raise NoKeys(f"no simulator keys under {accounts / FOLDER}; make a demo set first")
    return tuple(_load(file, accounts) for file in files)


@lru_cache(maxsize=256)
def private_key(pem: str) -> rsa.RSAPrivateKey:
    """Return the RSA key of a PEM text.

    Raises:
        NoKeys: another kind of key.
    """
    key = load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NoKeys("a simulator key that is not RSA")
    return key


@lru_cache(maxsize=256)
def curve_key(pem: str) -> EllipticCurvePrivateKey:
    """Return the elliptic-curve key of a PEM text.

    Raises:
        NoKeys: another kind of key.
    """
    key = load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise NoKeys("a simulator key that is on no curve")
    return key


@lru_cache(maxsize=256)
def public_key(pem: str) -> rsa.RSAPublicKey:
    """Return the RSA key of a PEM text.

    Raises:
        NoKeys: another kind of key.
    """
    key = load_pem_public_key(pem.encode("ascii"))
    if not isinstance(key, rsa.RSAPublicKey):
        raise NoKeys("a merchant's key that is not RSA")
    return key


def _load(file: Path, accounts: Path) -> AccountKeys:
    try:
        members = orjson.loads(file.read_bytes())
        provider, account = members["provider"], members["account"]
        mode = members.get("mode") or _mode(accounts / provider / f"{account}.toml")
        keys = tuple(
            SimulatorKey(
                key["kid"], key["use"], key["kind"], key.get("private_pem"),
                key.get("secret_text"), key.get("certificate_pem"), key.get("public_pem"),
            )
            for key in members["keys"]
        )  # fmt: skip
        return AccountKeys(provider, account, mode, members["settings"], keys)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise NoKeys(f"{file}: not a file of simulator keys") from error


def _mode(account_file: Path) -> str:
    mode = tomllib.loads(account_file.read_text(encoding="utf-8"))["mode"]
    return str(mode)


def _forged(key: SimulatorKey) -> SimulatorKey:
    pem = None if key.private_pem is None else _strangers_pem(key.private_pem)
    # Every console form stays in form when its digits change places.
    secret = None if key.secret is None else _shifted(key.secret)
    return replace(key, private_pem=pem, secret=secret)


def _shifted(secret: str) -> str:
    # A prefix that says what it is stays; a secret in Base64 must not lose its ending either.
    head, line, tail = secret.rpartition("_")
    other = tail.translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
    return head + line + (other if other != tail else tail + "0")


@lru_cache(maxsize=256)
def _strangers_pem(pem: str) -> str:
    """Return another key of the same kind."""
    from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    held = load_pem_private_key(pem.encode("ascii"), password=None)
    curve = held.curve if isinstance(held, EllipticCurvePrivateKey) else None
    key = _strangers_rsa() if curve is None else generate_private_key(curve)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


@lru_cache(maxsize=1)
def _strangers_rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
