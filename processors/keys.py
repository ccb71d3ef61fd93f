"""Keys of an account: material that cannot be printed, decoded once, valid as of a moment."""

import base64
import binascii
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

KeyUse = Literal["verify", "decrypt", "root", "sign", "seal"]
KeyKind = Literal["secret", "public-key", "certificate", "private-key"]
RSA_BITS_MIN: Final = 2048
RSA_BITS_SHORT: Final = 1024
CURVES: Final = ("secp256r1", "secp384r1")


class KeyProblem(ValueError):
    """Key material that cannot be loaded. The message never holds the material."""


class Secret:
    """Octets that no log, repr, pickle or comparison gives away."""

    __slots__ = ("_octets", "aead")

    def __init__(self, octets: bytes) -> None:
        if not octets:
            raise KeyProblem("the key is empty; enter it as the provider's console shows it")
        self._octets = octets
        # Made once: building the cipher costs more than one opening.
        self.aead: AESGCM | None = AESGCM(octets) if len(octets) in (16, 24, 32) else None

    def reveal(self) -> bytes:
        """Return the octets, for a primitive and nothing else."""
        return self._octets

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not serialised")

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate and, behind it, its issuers as far as they were given."""

    leaf: x509.Certificate
    issuers: tuple[x509.Certificate, ...]
    not_before_ms: int
    not_after_ms: int

    @property
    def pem(self) -> str:
        chain = (self.leaf, *self.issuers)
        return "".join(each.public_bytes(Encoding.PEM).decode() for each in chain)


PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
Material = Secret | PublicKey | RSAPrivateKey | Certificates


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `not_before_ms` is inside its period, `not_after_ms` is not; None: unbounded."""

    kid: str
    use: KeyUse
    kind: KeyKind
    material: Material
    not_before_ms: int | None = None
    not_after_ms: int | None = None
    expired: bool = False  # a certificate outside its own dates, as of the moment asked
    _rsa: list[RSAPublicKey] = field(init=False, repr=False, compare=False, default_factory=list)

    @property
    def secret(self) -> Secret:
        assert isinstance(self.material, Secret)
        return self.material

    @property
    def certificates(self) -> Certificates:
        assert isinstance(self.material, Certificates)
        return self.material

    @property
    def rsa(self) -> RSAPublicKey:
        """The RSA public key, of a certificate its leaf's."""
        if not self._rsa:
            material = self.material
            key = material.leaf.public_key() if isinstance(material, Certificates) else material
            assert isinstance(key, RSAPublicKey)
            self._rsa.append(key)
        return self._rsa[0]

    @property
    def elliptic(self) -> EllipticCurvePublicKey:
        """The public key on a curve, of a certificate its leaf's."""
        material = self.material
        key = material.leaf.public_key() if isinstance(material, Certificates) else material
        assert isinstance(key, EllipticCurvePublicKey)
        return key

    @property
    def rsa_private(self) -> RSAPrivateKey:
        assert isinstance(self.material, RSAPrivateKey)
        return self.material

    @property
    def ed25519(self) -> Ed25519PublicKey:
        assert isinstance(self.material, Ed25519PublicKey)
        return self.material

    def in_force(self, at_ms: int) -> bool:
        after_start = self.not_before_ms is None or at_ms >= self.not_before_ms
        return after_start and (self.not_after_ms is None or at_ms < self.not_after_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyForm:
    """A kind of key that a provider's account holds. `decode` takes the text of the console.

    `required`: an account without such a key does not load. `chosen_by` tells how the message
    chooses among several; the account pages are generated from it.
    """

    use: KeyUse
    kind: KeyKind
    decode: Callable[[str], Material]
    required: bool
    chosen_by: str
    note: str


def secret_text(*, length: int | None = None) -> Callable[[str], Secret]:
    """Return a decoder of secrets whose text is the key; `length` in characters where it is fixed.

    Raises (the decoder):
        KeyProblem: empty, blanks or quotes around it, or another length.
    """

    def decode(text: str) -> Secret:
        _plain(text)
        if length is not None and len(text) != length:
            raise KeyProblem(f"the key has {len(text)} characters, not {length}")
        return Secret(text.encode())

    return decode


def secret_hex(*, octets: int) -> Callable[[str], Secret]:
    """Return a decoder of secrets written as hex digits, in either letter case."""

    def decode(text: str) -> Secret:
        _plain(text)
        if not re.fullmatch(r"[0-9A-Fa-f]*", text, re.ASCII) or len(text) != 2 * octets:
            raise KeyProblem(f"the key has {len(text)} characters, not {2 * octets} hex digits")
        return Secret(bytes.fromhex(text))

    return decode


def secret_base64(*, prefix: str, octets: int | None = None) -> Callable[[str], Secret]:
    """Return a decoder of secrets written in standard Base64, behind an optional prefix.

    `octets`: how many it encodes, where that is fixed.

    Raises (the decoder):
        KeyProblem: no padded Base64, nothing behind the prefix, or another length.
    """

    def decode(text: str) -> Secret:
        _plain(text)
        try:
            decoded = base64.b64decode(text.removeprefix(prefix), validate=True)
            if octets is not None and len(decoded) != octets:
                raise KeyProblem(f"the key encodes {len(decoded)} octets, not {octets}")
            return Secret(decoded)
        except (ValueError, binascii.Error) as error:
            if isinstance(error, KeyProblem):
                raise
            raise KeyProblem("the key is not Base64 text; enter it as it is shown") from error

    return decode


def ed25519_base64(*, prefix: str) -> Callable[[str], Ed25519PublicKey]:
    """Return a decoder of raw Ed25519 public keys in Base64 behind a prefix.

    Raises (the decoder):
        KeyProblem: another prefix, or not 32 octets.
    """

    def decode(text: str) -> Ed25519PublicKey:
        _plain(text)
        if not text.startswith(prefix):
            raise KeyProblem(f"the key does not begin with {prefix}")
        try:
            octets = base64.b64decode(text.removeprefix(prefix), validate=True)
            return Ed25519PublicKey.from_public_bytes(octets)
        except (ValueError, binascii.Error) as error:
            raise KeyProblem("this is no Ed25519 key of 32 octets in Base64") from error

    return decode


def shared_secret(decode: Callable[[str], Secret], note: str) -> KeyForm:
    """Return the form of secrets of which the message names none: every one in force is tried."""
    return KeyForm(
        use="verify",
        kind="secret",
        decode=decode,
        required=True,
        chosen_by="all tried",
        note=note,
    )


def tried_public_key(decode: Callable[[str], Material], note: str) -> KeyForm:
    """Return the form of public keys of which the message names none: all in force are tried."""
    return KeyForm(
        use="verify",
        kind="public-key",
        decode=decode,
        required=True,
        chosen_by="all tried",
        note=note,
    )


def public_key(text: str) -> RSAPublicKey:
    """Return the RSA public key of PEM text or of Base64 DER without armour.

    Line ends, a byte-order mark and armour are spellings, not faults.

    Raises:
        KeyProblem: a private key, another algorithm, fewer than 2048 bits, or no key at all.
    """
    return _public_key(text, bits_min=RSA_BITS_MIN)


def short_public_key(text: str) -> RSAPublicKey:
    """Return the key as `public_key` does, from 1024 bits: two providers sign with no longer one.

    Raises:
        KeyProblem: as `public_key`, but fewer than 1024 bits.
    """
    return _public_key(text, bits_min=RSA_BITS_SHORT)


def _public_key(text: str, *, bits_min: int) -> RSAPublicKey:
    text = _spelled(text)
    if "PRIVATE KEY" in text:
        raise KeyProblem("this is a private key; enter the provider's public key")
    if "CERTIFICATE" in text:
        raise KeyProblem('this is a certificate; say kind = "certificate"')
    try:
        if text.startswith("-----BEGIN"):
            key = load_pem_public_key(text.encode())
        else:
            key = load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        if _is_private_key(text):
            raise KeyProblem("this is a private key; enter the provider's public key") from None
        raise KeyProblem("this is no public key in PEM or Base64 form") from error
    return _strong(key, bits_min)


def private_key(text: str) -> RSAPrivateKey:
    """Return the RSA private key of PEM text or of Base64 PKCS#8 DER without armour.

    Raises:
        KeyProblem: another algorithm, fewer than 2048 bits, a pass phrase, or no key at all.
    """
    text = _spelled(text)
    try:
        if text.startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode(), password=None)
        else:
            octets = base64.b64decode("".join(text.split()), validate=True)
            key = load_der_private_key(octets, password=None)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm) as error:
        raise KeyProblem("this is no private key in PEM or Base64 form") from error
    if not isinstance(key, RSAPrivateKey):
        raise KeyProblem("the key is not an RSA key")
    _strong(key.public_key(), RSA_BITS_MIN)
    return key


def certificates(text: str) -> Certificates:
    """Return the certificates of PEM text, the leaf first.

    Raises:
        KeyProblem: no certificate, or one without an RSA key of at least 2048 bits.
    """
    return _certificates(text, lambda key: _strong(key, RSA_BITS_MIN))


def curve_certificates(text: str) -> Certificates:
    """Return the certificates of PEM text, the leaf first, of a key on P-256 or P-384.

    Raises:
        KeyProblem: no certificate, or one with another key.
    """
    return _certificates(text, _on_curve)


def _certificates(text: str, judge: Callable[[object], object]) -> Certificates:
    text = _spelled(text)
    if "PRIVATE KEY" in text:
        raise KeyProblem("this is a private key; enter the certificate")
    try:
        chain = x509.load_pem_x509_certificates(text.encode())
        judge(chain[0].public_key())
        _read_names(chain)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        if isinstance(error, KeyProblem):
            raise
        raise KeyProblem("this is no certificate in PEM form") from error
    leaf = chain[0]
    return Certificates(
        leaf, tuple(chain[1:]), _ms(leaf.not_valid_before_utc), _ms(leaf.not_valid_after_utc)
    )


def _read_names(chain: Iterable[x509.Certificate]) -> None:
    # Names are parsed at the first look and remembered: a garbled one fails here, at load, and an
    # odd one (a country of four letters) is none of our business to warn about.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for each in chain:
            _ = each.subject, each.issuer


def public_pem(material: Material) -> str | None:
    """Return what may be published of a key: PEM text, of a private key its other half; of a
    secret nothing."""
    if isinstance(material, Secret):
        return None
    if isinstance(material, RSAPrivateKey):
        material = material.public_key()
    if isinstance(material, Certificates):
        return material.pem
    return material.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _plain(text: str) -> None:
    if not text:
        raise KeyProblem("the key is empty; enter it as the provider's console shows it")
    if text != text.strip():
        raise KeyProblem("the key has blanks or line ends around it; remove them")
    if text[0] in "\"'" or text[-1] in "\"'":
        raise KeyProblem("the key has quotes around it; remove them")


def _spelled(text: str) -> str:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").strip()
    if not text:
        raise KeyProblem("the key is empty; enter it as the provider's console shows it")
    return text


def _is_private_key(text: str) -> bool:
    try:
        load_der_private_key(base64.b64decode("".join(text.split())), password=None)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        return False
    return True


def _strong(key: object, bits_min: int) -> RSAPublicKey:
    if not isinstance(key, RSAPublicKey):
        raise KeyProblem("the key is not an RSA key")
    if key.key_size < bits_min:
        raise KeyProblem(f"the key has {key.key_size} bits, fewer than {bits_min}")
    return key


def _on_curve(key: object) -> None:
    if not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise KeyProblem("the key is not on the curve P-256 or P-384")


def _ms(moment: Any) -> int:
    return int(moment.timestamp()) * 1000
