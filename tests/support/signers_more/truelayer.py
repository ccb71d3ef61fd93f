"""Signing as TrueLayer does, by the simulator's recipe."""

import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP521R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from streams.simulate.recipes import b64url, iso
from streams.simulate.senders.europe import detached, truelayer_path, truelayer_text
from tests.support import authority
from tests.support.signers import (
    SIGNER,
    Case,
    Signed,
    Signer,
    Tree,
    json_octets,
    json_tree,
    with_keys,
)

JSON = ["Content-Type", "application/json"]
KID = "truelayer-1"
CURVES = {"P-521": (SECP521R1(), 66), "P-256": (SECP256R1(), 32)}


@cache
def curve_key(curve: str, name: str) -> EllipticCurvePrivateKey:
    return generate_private_key(CURVES[curve][0])


def written(number: int) -> str:
    """Return a number of a key set, without leading zero octets."""
    return b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def curve_jwk(curve: str = "P-521", name: str = KID, **more: str) -> str:
    numbers = curve_key(curve, name).public_key().public_numbers()
    told = {"kty": "EC", "alg": "ES512", "kid": KID, "crv": curve, "x": written(numbers.x)}
    return json.dumps(told | {"y": written(numbers.y)} | more)


def public_jwk() -> str:
    """Return an RSA key as a JWK: key sets hold such entries as well."""
    public = authority.private_key(SIGNER).public_key()
    assert isinstance(public, RSAPublicKey)
    numbers = public.public_numbers()
    told = {"kty": "RSA", "alg": "RS512", "n": written(numbers.n), "e": written(numbers.e)}
    return json.dumps(told)


def held(case: Case) -> dict[str, Any]:
    text = curve_jwk(case.get("curve", "P-521"))
    return with_keys(case, {"kid": KID, "use": "verify", "kind": "public-key", "text": text})


def sign(tree: Tree, case: Case) -> Signed:
    """Sign. `jws` changes the header, `path` what is signed of the address, `stamp` the time,
    `signed_by` the key, `curve` its curve."""
    body, settings = json_octets(tree), case["account"]["settings"]
    stamp = case.get("stamp", iso(case.get("signed_ms", case["received_at_ms"])) + "Z")
    header = {"alg": "ES512", "kid": KID, "tl_version": "2", "jku": settings["jku"],
              "tl_headers": "X-TL-Webhook-Timestamp"} | case.get("jws", {})  # fmt: skip
    path = case.get("path", truelayer_path(settings["notification_url"]))
    sent = [JSON, ["X-TL-Webhook-Timestamp", stamp]]
    text = truelayer_text(header["tl_headers"] or "", dict(sent), path, body)
    key = curve_key(case.get("curve", "P-521"), case.get("signed_by", KID))
    told = {name: value for name, value in header.items() if value is not None}
    return [*sent, ["Tl-Signature", detached(told, text, key)]], body


SIGNERS = {"truelayer": Signer(json_tree, sign, held)}
SIGNS_RAW_BYTES = ("truelayer",)
