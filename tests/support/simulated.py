"""The simulator's recipes as test signers: any tree, signed with the keys of a case."""

import base64
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from streams.simulate import SIMULATED, AccountKeys, SimulatorKey
from tests.support import authority

# As `signers` calls them, which cannot be imported here: it imports those that use this.
SIGNER = "signer"
Case = dict[str, Any]
Tree = dict[str, Any]
Signed = tuple[list[list[str]], bytes]
NONCE = "6e6f6e63652d7477656c76652d303132"
Sign = Callable[[Tree, Case], Signed]


def simulated(
    provider: str, *, kid: str = "1", signer: str = SIGNER, keeps_headers: bool = False
) -> Sign:
    """Return how the simulator signs for a provider; `signer` names the authority's key.

    `keeps_headers`: those of the case that are not made anew stay.
    """

    def sign(tree: Tree, case: Case) -> Signed:
        moment: int = case.get("signed_ms", case["received_at_ms"])
        keys = keys_of(provider, case, kid, signer)
        signed = SIMULATED[provider].sign(tree, keys, NONCE, moment)
        made = {name.lower() for name, _ in signed.headers}
        told = case.get("request", {}).get("headers", []) if keeps_headers else []
        kept = [pair for pair in told if pair[0].lower() not in made]
        return [*kept, *map(list, signed.headers)], signed.body

    return sign


def keys_of(provider: str, case: Case, kid: str = "1", signer: str = SIGNER) -> AccountKeys:
    """Return the provider's side of a case: its secrets, and our own private key."""
    account = case["account"]
    ours = SimulatorKey(kid, "verify", "public-key", private_pem(signer))
    keys = (*map(_shared, account["keys"]), ours)
    return AccountKeys(provider, "shop", account["mode"], account["settings"], keys)


def _shared(key: dict[str, Any]) -> SimulatorKey:
    text = key.get("text")
    if key["kind"] == "private-key":
        return SimulatorKey(key["kid"], key["use"], key["kind"], public_pem=_public_half(text))
    secret = text if key["kind"] == "secret" else None
    return SimulatorKey(key["kid"], key["use"], key["kind"], secret=secret)


@cache
def private_pem(name: str) -> str:
    octets = authority.private_key(name).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return octets.decode()


@cache
def _public_half(text: str) -> str:
    key = load_der_private_key(base64.b64decode(text), password=None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
