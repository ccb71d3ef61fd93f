"""Certificate authorities of our own, for demo accounts alone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

RSA_BITS: Final = 2048
# Valid before now as well: a simulated backlog must find the certificate in force.
DAYS_BEFORE: Final = 30
DAYS_AFTER: Final = 3_650


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: RSAPrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate that may issue others."""

    issued: Issued

    @classmethod
    def root(cls, name: str) -> "Authority":
        return cls(_issue(name, issuer=None, ca=True, host=None))

    def authority(self, name: str) -> "Authority":
        return Authority(_issue(name, issuer=self.issued, ca=True, host=None))

    def leaf(self, name: str, *, host: str | None) -> Issued:
        return _issue(name, issuer=self.issued, ca=False, host=host)


def fresh_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=RSA_BITS)


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: RSAPrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _issue(name: str, *, issuer: Issued | None, ca: bool, host: str | None) -> Issued:
    key = fresh_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=DAYS_BEFORE))
        .not_valid_after(now + timedelta(days=DAYS_AFTER))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(_usage(ca=ca), critical=True)
    )
    if host is not None:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        ).add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
    return Issued(builder.sign(key if issuer is None else issuer.key, SHA256()), key)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
