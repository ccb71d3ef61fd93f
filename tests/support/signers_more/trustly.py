"""Signing as Trustly does: method, uuid and data joined without separators."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512

from tests.support import authority
from tests.support.signers import (
    SIGNER,
    Case,
    Signed,
    Signer,
    Tree,
    json_octets,
    json_tree,
    public_der,
    with_keys,
)
from tests.support.signers_more.world import JSON, octets

HASHES = {"SHA1": SHA1(), "RS256": SHA256(), "RS384": SHA384(), "RS512": SHA512()}


def held(case: Case) -> dict[str, Any]:
    key = {"kid": "1", "use": "verify", "kind": "public-key", "text": public_der()}
    return with_keys(case, key, keep=("sign",))


def joined(value: Any, flags: tuple[str, str]) -> str:
    match value:
        case dict():
            return "".join(name + joined(value[name], flags) for name in sorted(value))
        case list():
            return "".join(joined(each, flags) for each in value)
        case bool():
            return flags[value]
        case None:
            return ""
        case str():
            return value
    return json.dumps(value)


def sign(tree: Tree, case: Case) -> Signed:
    """Sign; `alg` is the algorithm where it is not the account's, `flags` how flags are told."""
    params = tree.get("params") if isinstance(tree, dict) else None
    if not isinstance(params, dict):
        return [JSON], json_octets(tree)
    name = case.get("alg", case["account"]["settings"]["signature_algorithm"])
    flags = case.get("flags", ("false", "true"))
    parts = [joined(each, flags) for each in (tree.get("method"), params.get("uuid"))]
    text = octets("".join([*parts, joined(params.get("data"), flags)]))
    signature = authority.private_key(SIGNER).sign(text, PKCS1v15(), HASHES[name])
    before = "" if name == "SHA1" else f"alg={name};"
    signed = dict(params)
    signed["signature"] = before + base64.b64encode(signature).decode()
    return [JSON], json_octets(tree | {"params": signed})


SIGNERS = {"trustly": Signer(json_tree, sign, held)}
