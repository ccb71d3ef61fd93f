"""Public keys as JSON Web Keys, one entry of a served key set each."""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from processors.keys import RSA_BITS_MIN, Key, KeyProblem, Material

CURVES: Final = {"P-256": SECP256R1(), "P-384": SECP384R1(), "P-521": SECP521R1()}
_NUMBER: Final = re.compile(r"[A-Za-z0-9_-]{1,2048}", re.ASCII)


def jwk_public_key(text: str) -> Material:
    """Return the public key of one JWK, as JSON text: on a curve, or RSA.

    A number may lack its leading zero octets: some who serve key sets cut them off.

    Raises:
        KeyProblem: no JSON object, a private key, another type or curve, a point beside the curve,
            fewer than 2048 bits.
    """
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeyProblem("this is no JWK; enter one entry of the key set as JSON") from error
    if not isinstance(members, dict):
        raise KeyProblem("this is no JWK; enter one entry of the key set as JSON")
    if "d" in members or "k" in members:
        raise KeyProblem("this is a private key; enter the provider's public key")
    try:
        return _public_key(members)
    except ValueError as error:
        if isinstance(error, KeyProblem):
            raise
        raise KeyProblem("the numbers of the JWK make no key") from error


def _public_key(members: dict[str, Any]) -> Material:
    if members.get("kty") == "EC":
        curve = CURVES.get(str(members.get("crv")))
        if curve is None:
            raise KeyProblem("the key is on none of the curves P-256, P-384 and P-521")
        return EllipticCurvePublicNumbers(
            _number(members, "x"), _number(members, "y"), curve
        ).public_key()
    if members.get("kty") != "RSA":
        raise KeyProblem("the key is neither on a curve nor an RSA key")
    key = RSAPublicNumbers(_number(members, "e"), _number(members, "n")).public_key()
    if key.key_size < RSA_BITS_MIN:
        raise KeyProblem(f"the key has {key.key_size} bits, fewer than {RSA_BITS_MIN}")
    return key


def _number(members: dict[str, Any], name: str) -> int:
    text = members.get(name)
    if not isinstance(text, str) or _NUMBER.fullmatch(text) is None:
        raise KeyProblem(f"the JWK has no number {name}")
    try:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
    except binascii.Error as error:
        raise KeyProblem(f"the JWK has no number {name}") from error


def on_curve(keys: Iterable[Key], curve: str) -> tuple[Key, ...]:
    """Return those keys that are on a curve, by its JWK name: a set holds others beside them."""
    name = CURVES[curve].name
    return tuple(
        key
        for key in keys
        if isinstance(key.material, EllipticCurvePublicKey) and key.material.curve.name == name
    )
