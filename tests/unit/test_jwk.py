"""Keys of served key sets: read as they are served, and nothing else is a key."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from processors.jose import detached_jws, signing_input
from processors.jwk import jwk_public_key, on_curve
from processors.keys import Key, KeyProblem
from schemas.errors import BadSignature, CallbackError, Malformed
from tests.support.cases import cases_of
from tests.support.signers_more.truelayer import KID, curve_jwk, curve_key, public_jwk


def key(kid: str, text: str) -> Key:
    return Key(kid, "verify", "public-key", jwk_public_key(text))


def with_member(name: str, value: Any, text: str | None = None) -> str:
    return json.dumps(json.loads(text or curve_jwk()) | {name: value})


def test_published_keys_load_with_and_without_their_leading_zeros() -> None:
    texts = [k["text"] for case in cases_of("truelayer") for k in case["account"]["keys"]]
    kinds = {type(jwk_public_key(text)).__name__ for text in texts}
    assert len(kinds) == 2
    shorter = [text for text in texts if len(json.loads(text).get("x", "x" * 88)) < 88]
    assert shorter
    assert all(isinstance(jwk_public_key(text), EllipticCurvePublicKey) for text in shorter)


def test_numbers_make_the_key() -> None:
    loaded = jwk_public_key(curve_jwk())
    assert isinstance(loaded, EllipticCurvePublicKey)
    assert loaded.public_numbers() == curve_key("P-521", KID).public_key().public_numbers()
    assert isinstance(jwk_public_key(public_jwk()), RSAPublicKey)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"text"',
        "{",
        "[" * 100_000,
        "{}",
        with_member("kty", "oct"),
        with_member("crv", "secp256k1"),
        with_member("crv", ["P-521"]),
        with_member("crv", "P-256"),
        with_member("d", "AQAB"),
        with_member("x", "AQAB"),
        with_member("x", None),
        with_member("x", 7),
        with_member("x", "A+/="),
        with_member("x", "A"),
        with_member("x", "A" * 4_096),
        with_member("n", "AQAB", public_jwk()),
        with_member("e", "", public_jwk()),
    ],
    ids=range(20),
)
def test_what_is_no_public_key_does_not_load(text: str) -> None:
    with pytest.raises(KeyProblem):
        jwk_public_key(text)


def test_only_keys_of_the_curve_are_left() -> None:
    keys = [key("1", public_jwk()), key("2", curve_jwk()), key("3", curve_jwk("P-256"))]
    assert [each.kid for each in on_curve(keys, "P-521")] == ["2"]
    assert [each.kid for each in on_curve(keys, "P-256")] == ["3"]


def test_header_of_a_detached_token_is_signed_as_received() -> None:
    header, protected, signature = detached_jws("eyJhbGciOiAiRVM1MTIifQ..__4", algorithm="ES512")
    assert (header.text("alg"), signature) == ("ES512", b"\xff\xfe")
    assert signing_input(protected, b"\xff\xfe") == b"eyJhbGciOiAiRVM1MTIifQ.__4"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("eyJhbGciOiAiRVM1MTIifQ.e30.__4", Malformed),
        ("eyJhbGciOiAiRVM1MTIifQ.__4", Malformed),
        ("eyJhbGciOiAiRVMyNTYifQ..__4", BadSignature),
        ("eyJhbGciOiAiRVM1MTIifQ..__4=", BadSignature),
        ("..", Malformed),
    ],
)
def test_other_detached_token_is_refused(text: str, error: type[CallbackError]) -> None:
    with pytest.raises(error):
        detached_jws(text, algorithm="ES512")
