"""Account files for tests, from parts; certificates of any subject and date."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID


@cache
def rsa_key(number: int = 0) -> RSAPrivateKey:
    """Return one of a few keys; making them is slow."""
    return generate_private_key(public_exponent=65_537, key_size=2048)


def public_der_base64(number: int = 0) -> str:
    pem = (
        rsa_key(number).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return "".join(pem.decode().splitlines()[1:-1])


def public_pem(number: int = 0) -> str:
    return (
        rsa_key(number)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def private_der_base64(number: int = 0) -> str:
    pem = rsa_key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return "".join(pem.decode().splitlines()[1:-1])


def certificate_pem(
    *, cn: str, serial: int, issuer: str | None = None, from_days: int = -1, to_days: int = 365,
    number: int = 0,
) -> str:  # fmt: skip
    """Return a certificate that is valid between the two distances from today, in days."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, cn)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or cn)]))
        .public_key(rsa_key(number).public_key())
        .serial_number(serial)
        .not_valid_before(now + timedelta(days=from_days))
        .not_valid_after(now + timedelta(days=to_days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(rsa_key(number), SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def write_account(
    folder: Path,
    provider: str,
    name: str,
    *,
    keys: Sequence[Mapping[str, str]],
    settings: Mapping[str, str] | None = None,
    mode: str = "live",
    more: str = "",
) -> Path:
    """Write an account file and return its path; a value that begins with `!` is TOML as it is."""
    lines = [f'provider = "{provider}"', f'mode = "{mode}"', more, "[settings]"]
    lines += [f"{member} = {_value(value)}" for member, value in (settings or {}).items()]
    for key in keys:
        lines += ["[[keys]]", *(f"{member} = {_value(value)}" for member, value in key.items())]
    path = folder / provider / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def secret_key(text: str, *, kid: str = "1", use: str = "verify") -> dict[str, str]:
    return {"kid": kid, "use": use, "kind": "secret", "text": text}


def _value(text: str) -> str:
    # A JSON string is a basic string of TOML.
    return text[1:] if text.startswith("!") else json.dumps(text, ensure_ascii=False)
