"""Elliptic-curve keys for demo accounts alone: a chain like Apple's, an entry of a key set."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP521R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from streams.accounts.demo_pki import DAYS_AFTER, DAYS_BEFORE

# Without its mark a certificate is one that Apple gives to everybody.
LEAF_MARK: Final = x509.ObjectIdentifier("1.2.840.113635.100.6.11.1")
ISSUER_MARK: Final = x509.ObjectIdentifier("1.2.840.113635.100.6.2.1")
NULL: Final = b"\x05\x00"


def apple_chain() -> tuple[str, str, str]:
    """Return the private key of a leaf, its chain (leaf, issuer, root) and the root, all PEM."""
    keys = [generate_private_key(SECP256R1()) for _ in range(3)]
    names = [f"Tillstream Demo {part} for Apple" for part in ("Signer", "Issuer", "Root")]
    marks = (LEAF_MARK, ISSUER_MARK, None)
    pems = []
    for place, mark in enumerate(marks):
        issuer = min(place + 1, 2)
        certificate = _certificate(
            (names[place], keys[place]), (names[issuer], keys[issuer]), mark, ca=place > 0
        )
        pems.append(certificate.public_bytes(Encoding.PEM).decode())
    leaf = keys[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return leaf, "".join(pems), pems[2]


def curve_entry(kid: str) -> tuple[str, str]:
    """Return a private key on P-521 as PEM, and its public half as an entry of a key set."""
    key = generate_private_key(SECP521R1())
    numbers = key.public_key().public_numbers()
    entry = {"kty": "EC", "alg": "ES512", "kid": kid, "crv": "P-521"}
    entry |= {"x": _written(numbers.x), "y": _written(numbers.y)}
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, json.dumps(entry)


def _written(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(66, "big")).decode().rstrip("=")


def _certificate(
    subject: tuple[str, EllipticCurvePrivateKey],
    issuer: tuple[str, EllipticCurvePrivateKey],
    mark: x509.ObjectIdentifier | None,
    *,
    ca: bool,
) -> x509.Certificate:
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(subject[0]))
        .issuer_name(_named(issuer[0]))
        .public_key(subject[1].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=DAYS_BEFORE))
        .not_valid_after(now + timedelta(days=DAYS_AFTER))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if mark is not None:
        builder = builder.add_extension(x509.UnrecognizedExtension(mark, NULL), critical=False)
    return builder.sign(issuer[1], SHA256())


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
