"""Signed tokens: read in one way, of one algorithm; ECDSA as JOSE writes it."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    SECP384R1,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from processors.encodings import from_base64url
from processors.jose import TOKEN_BYTES_MAX, compact_jws
from processors.keys import Certificates, Key
from processors.signing import Message, check_ecdsa
from schemas.errors import BadSignature, CallbackError, Malformed
from tests.support.signers_more.world import apple_certificate, curve_key


def b64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def token(header: object, payload: bytes = b"{}", signature: bytes = b"s") -> str:
    return ".".join((b64url(json.dumps(header).encode()), b64url(payload), b64url(signature)))


def test_header_payload_and_signature_are_let_out() -> None:
    text = token({"alg": "ES256", "kid": "k"}, b'{"a":1}', b"\xff\xfe")
    header, message, signature = compact_jws(text, algorithm="ES256")
    assert header.text("kid") == "k"
    assert message.octets == text.rpartition(".")[0].encode()
    assert (message.proves, signature) == (b'{"a":1}', b"\xff\xfe")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (token({"alg": "none"}), BadSignature),
        (token({"alg": "HS256"}), BadSignature),
        (token({"alg": ["ES256"]}), BadSignature),
        (token({}), BadSignature),
        (token({"alg": "ES256", "crit": ["exp"]}), BadSignature),
        (token({"alg": "ES256", "b64": False}), BadSignature),
        (token([]), Malformed),
        (token({"alg": "ES256"}) + ".", Malformed),
        (token({"alg": "ES256"}) + "=", BadSignature),
        (token({"alg": "ES256"}).replace(".", "..", 1), Malformed),
        ("", Malformed),
        ("..", Malformed),
        ("é.é.é", Malformed),
        ("." * TOKEN_BYTES_MAX, Malformed),
        (token({"alg": "ES256"}, b"x" * TOKEN_BYTES_MAX), Malformed),
    ],
)
def test_other_token_is_refused(text: str, error: type[CallbackError]) -> None:
    with pytest.raises(error):
        compact_jws(text, algorithm="ES256")


@pytest.mark.parametrize("text", ["A", "AA=", "A+/A", "AA\n", " AA", "Ä"])
def test_base64_of_urls_has_one_alphabet_and_no_padding(text: str) -> None:
    with pytest.raises(Malformed):
        from_base64url(text, error=Malformed)


def held(name: str = "leaf") -> Key:
    return Key(
        "1", "verify", "certificate", Certificates(apple_certificate(name, "root"), (), 0, 1)
    )


def raw(octets: bytes, size: int = 32) -> bytes:
    numbers = decode_dss_signature(curve_key("leaf").sign(octets, ECDSA(SHA256())))
    return b"".join(number.to_bytes(size, "big") for number in numbers)


def test_numbers_side_by_side_prove() -> None:
    proof = check_ecdsa(
        (Message(b"other", 0), Message(b"text", 1)),
        hash="sha256", signature=raw(b"text"), keys=(held("issuer"), held()),
    )  # fmt: skip
    assert (proof.content, proof.proof) == (1, "signed")


@pytest.mark.parametrize(
    "signature",
    [b"", b"\0" * 64, b"\xff" * 64, raw(b"text", 33), raw(b"text")[:63], raw(b"other"),
     b"\0" * 96],
    ids=["empty", "zeros", "ones", "wider", "cut", "of other text", "longer curve"],
)  # fmt: skip
def test_other_numbers_prove_nothing(signature: bytes) -> None:
    with pytest.raises(BadSignature):
        check_ecdsa((Message(b"text", 1),), hash="sha256", signature=signature, keys=(held(),))


def test_der_form_is_not_accepted() -> None:
    signature = curve_key("leaf").sign(b"text", ECDSA(SHA256()))
    with pytest.raises(BadSignature):
        check_ecdsa((Message(b"text", 1),), hash="sha256", signature=signature, keys=(held(),))


def test_length_follows_the_key() -> None:
    key = generate_private_key(SECP384R1())
    numbers = decode_dss_signature(key.sign(b"text", ECDSA(SHA256())))
    long = b"".join(number.to_bytes(48, "big") for number in numbers)
    with pytest.raises(BadSignature):
        check_ecdsa((Message(b"text", 1),), hash="sha256", signature=long, keys=(held(),))
    assert generate_private_key(SECP256R1()).key_size == 256
