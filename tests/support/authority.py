"""A throw-away certificate authority: root, issuing certificate, leaves; keys of this process."""

from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

FROM = datetime(2000, 1, 1, tzinfo=UTC)
UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
ROOT = "Test Root"
ISSUING = "Test Issuing Authority"


@cache
def private_key(name: str) -> RSAPrivateKey:
    """Return the key of that name, made on first use."""
    return generate_private_key(65_537, 2048)


@cache
def certificate(
    subject: str,
    issuer: str,
    *,
    authority: bool = False,
    serial: int = 4_711,
    until: datetime = UNTIL,
) -> str:
    """Return the PEM of a certificate whose subject and issuer are common names."""
    key = private_key(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(FROM)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    signed = builder.sign(private_key(issuer), SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def root() -> str:
    return certificate(ROOT, ROOT, authority=True, serial=1)


def issuing() -> str:
    return certificate(ISSUING, ROOT, authority=True, serial=2)


def leaf(name: str, **about: datetime) -> str:
    """Return the PEM of a leaf of the issuing authority."""
    return certificate(name, ISSUING, **about)


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
