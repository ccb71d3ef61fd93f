"""Signing as Trustly does, by the simulator's recipe."""

from typing import Any

from streams.simulate.senders.europe import TRUSTLY_HASHES, trustly_signed
from tests.support.signers import (
    Case,
    Signed,
    Signer,
    Tree,
    json_tree,
    public_der,
    with_keys,
)
from tests.support.simulated import keys_of

JSON = ["Content-Type", "application/json"]
HASHES = TRUSTLY_HASHES


def held(case: Case) -> dict[str, Any]:
    key = {"kid": "1", "use": "verify", "kind": "public-key", "text": public_der()}
    return with_keys(case, key, keep=("sign",))


def sign(tree: Tree, case: Case) -> Signed:
    """Sign; `alg` is the algorithm where it is not the account's, `flags` how flags are told."""
    name = case.get("alg", case["account"]["settings"]["signature_algorithm"])
    flags = case.get("flags", ("false", "true"))
    return [JSON], trustly_signed(tree, keys_of("trustly", case), name, flags)


SIGNERS = {"trustly": Signer(json_tree, sign, held)}
