"""Signing as TrueLayer does: a detached JWS over a request that is written down for it."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP521R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA512

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
from tests.support.signers_more.world import JSON, b64url

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
    moment = datetime.fromtimestamp(case.get("signed_ms", case["received_at_ms"]) // 1000, tz=UTC)
    stamp = case.get("stamp", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    header = {"alg": "ES512", "kid": KID, "tl_version": "2", "jku": settings["jku"],
              "tl_headers": "X-TL-Webhook-Timestamp"} | case.get("jws", {})  # fmt: skip
    protected = b64url(json_octets({n: v for n, v in header.items() if v is not None}))
    url = urlsplit(settings["notification_url"])
    path = case.get("path", url.path + (f"?{url.query}" if url.query else ""))
    sent = [JSON, ["X-TL-Webhook-Timestamp", stamp]]
    values = {name.lower(): value for name, value in sent}
    names = [name for name in str(header["tl_headers"] or "").split(",") if name]
    lines = "".join(f"{name}: {values.get(name.lower(), '')}\n" for name in names)
    text = f"{protected}.{b64url(f'POST {path}{chr(10)}{lines}'.encode() + body)}".encode()
    curve = case.get("curve", "P-521")
    key = curve_key(curve, case.get("signed_by", KID))
    r, s = decode_dss_signature(key.sign(text, ECDSA(SHA512())))
    width = CURVES[curve][1]
    signature = b64url(r.to_bytes(width, "big") + s.to_bytes(width, "big"))
    return [*sent, ["Tl-Signature", f"{protected}..{signature}"]], body


SIGNERS = {"truelayer": Signer(json_tree, sign, held)}
SIGNS_RAW_BYTES = ("truelayer",)
