"""Certificates that arrive with or for a message: who issued them, until when, for which name.

Parsing and issuer checks are remembered by certificate. Validity is judged outside that memory, at
the receive time: a replay in three years finds the same certificate good, and one that expires
while the process runs is not good for ever.

Revocation lists are not fetched: their URL stands in the certificate, so the sender would choose
where we connect to.
"""

import base64
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache, wraps
from typing import Final, Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509.oid import ExtensionOID, NameOID

from processors.encodings import from_base64
from processors.keys import Certificates, Key, KeyProblem, certificates, curve_certificates
from schemas.errors import BadSignature

CHAIN_MAX: Final = 5  # certificates from the leaf to the root, both counted
ISSUERS_MAX: Final = 10
# What is remembered is keyed by what was sent, and PEM allows any text around a certificate.
PEM_BYTES_MAX: Final = 16 * 1024
# Whatever else is critical restricts the certificate in a way that we would not honour.
_UNDERSTOOD: Final = frozenset(
    (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    )
)
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
T = TypeVar("T")
Window = tuple[int, int]  # milliseconds in which every certificate of a chain is valid, both ends


class _Held:
    """A certificate as a key of what is remembered: this very object.

    Hashing a certificate reads all its octets, and every callback would do it several times;
    those of messages and accounts are made once.
    """

    __slots__ = ("certificate",)

    def __init__(self, certificate: x509.Certificate) -> None:
        self.certificate = certificate

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.certificate is other.certificate

    def __hash__(self) -> int:
        return id(self.certificate)


def _remembered(read: Callable[[x509.Certificate], T]) -> Callable[[x509.Certificate], T]:
    """Return a reading that is done once for each certificate; see `_Held`."""
    kept = lru_cache(maxsize=1_024)(lambda held: read(held.certificate))

    @wraps(read)
    def remembered(certificate: x509.Certificate, /) -> T:
        return kept(_Held(certificate))

    return remembered


def certificate_key(pem: bytes) -> Key:
    """Return the key of the one certificate of a message; its kid is the decimal serial number.

    The certificate is not trusted by that: see `check_chain`.

    Raises:
        BadSignature: not exactly one certificate with an RSA key of at least 2048 bits.
    """
    if len(pem) > PEM_BYTES_MAX:
        raise BadSignature(f"a certificate above {PEM_BYTES_MAX} bytes")
    return _certificate_key(pem)


@lru_cache(maxsize=256)
def _certificate_key(pem: bytes) -> Key:
    try:
        found = certificates(pem.decode("ascii"))
        serial = found.leaf.serial_number
    except (KeyProblem, *_UNREADABLE) as error:
        raise BadSignature("the message holds no certificate that can be read") from error
    if found.issuers:
        raise BadSignature("the message holds more than one certificate")
    return Key(str(serial), "verify", "certificate", found)


def curve_certificate(text: str) -> Certificates:
    """Return a certificate of a message in Base64, of a key on a curve; not trusted by that.

    Raises:
        BadSignature: it cannot be read, or has another key.
    """
    if len(text) > PEM_BYTES_MAX:
        raise BadSignature(f"a certificate above {PEM_BYTES_MAX} bytes")
    return _curve_certificate(text)


@lru_cache(maxsize=256)
def _curve_certificate(text: str) -> Certificates:
    lines = base64.encodebytes(from_base64(text, error=BadSignature)).decode()
    try:
        return curve_certificates(
            f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n"
        )
    except (KeyProblem, *_UNREADABLE) as error:
        raise BadSignature("the message holds a certificate that cannot be read") from error


def is_marked(certificate: x509.Certificate, mark: str) -> bool:
    """Whether the certificate has an extension of this object identifier.

    Raises:
        BadSignature: its extensions cannot be read.
    """
    return mark in _marks(certificate)


@_remembered
def _marks(certificate: x509.Certificate) -> frozenset[str]:
    try:
        return frozenset(each.oid.dotted_string for each in certificate.extensions)
    except _UNREADABLE as error:
        raise BadSignature("the certificate's extensions cannot be read") from error


def check_chain(
    leaf: x509.Certificate,
    *,
    issuers: Collection[x509.Certificate],
    anchors: Collection[x509.Certificate],
    at_ms: int,
    sha1_allowed: Collection[x509.Certificate],
) -> None:
    """Refuse a certificate that does not chain to an anchor with every link valid at `at_ms`.

    `issuers` may stand between leaf and anchor, in any order. Only those of `sha1_allowed` may
    carry a SHA-1 signature; an anchor's own signature is not looked at.

    Raises:
        BadSignature: no chain, or none whose certificates are all valid at that moment.
    """
    windows = _windows(_Held(leaf), _held(issuers), _held(anchors), _held(sha1_allowed))
    if not windows:
        raise BadSignature("the certificate does not chain to a configured root")
    if not any(start <= at_ms <= end for start, end in windows):
        raise BadSignature("a certificate of the chain is not valid at the receive time")


@_remembered
def is_self_issued(certificate: x509.Certificate) -> bool:
    """Whether subject and issuer have one name, as roots do."""
    return certificate.subject == certificate.issuer


@_remembered
def common_name(certificate: x509.Certificate) -> str:
    """Return the one common name of the subject.

    Raises:
        BadSignature: none, several, or one that is no text.
    """
    try:
        found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except _UNREADABLE as error:
        raise BadSignature("the certificate's subject cannot be read") from error
    if len(found) != 1 or not isinstance(found[0].value, str):
        raise BadSignature("the certificate does not carry one common name")
    return found[0].value


@_remembered
def host_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names of the certificate; its common name only where it lists none.

    Raises:
        BadSignature: the names cannot be read.
    """
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(listed.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        return (common_name(certificate),)
    except _UNREADABLE as error:
        raise BadSignature("the certificate's names cannot be read") from error


def serial_fault(key: Key, *, base: Literal[10, 16]) -> str | None:
    """Return what is wrong with a kid that must be the serial number of its certificate.

    Senders name their certificate so; another kid makes every genuine callback an unknown key.
    """
    serial = key.certificates.leaf.serial_number
    forms = {10: str(serial), 16: f"{serial:X}"}
    names = {10: "decimal", 16: "upper-case hex"}
    right, written = forms.pop(base), key.kid.lstrip("0")
    if written == right:
        return None
    if written.upper() in (right, *forms.values()):
        return f"write the kid, the certificate's serial number, in {names[base]}: {right}"
    return (
        f"the kid is not the serial number of its certificate, which is {right}; correct the kid,"
        " or enter the certificate that it names"
    )


def _held(certificates: Iterable[x509.Certificate]) -> tuple[_Held, ...]:
    return tuple(map(_Held, certificates))


@lru_cache(maxsize=1_024)
def _windows(
    held: _Held,
    held_issuers: tuple[_Held, ...],
    held_anchors: tuple[_Held, ...],
    held_sha1: tuple[_Held, ...],
) -> tuple[Window, ...]:
    leaf, sha1_allowed = held.certificate, frozenset(each.certificate for each in held_sha1)
    issuers = tuple(each.certificate for each in held_issuers)
    anchors = tuple(each.certificate for each in held_anchors)
    if len(issuers) > ISSUERS_MAX:
        raise BadSignature(f"more than {ISSUERS_MAX} issuers")
    try:
        if not _understood(leaf):
            return ()
        chains = _chains((leaf,), issuers, anchors, sha1_allowed)
        return tuple(_window(chain) for chain in chains)
    except _UNREADABLE:
        return ()


def _chains(
    below: tuple[x509.Certificate, ...],
    issuers: tuple[x509.Certificate, ...],
    anchors: tuple[x509.Certificate, ...],
    sha1_allowed: frozenset[x509.Certificate],
) -> list[tuple[x509.Certificate, ...]]:
    last = below[-1]
    depth = len(below) - 1  # certificates between the next issuer and the leaf
    sha1 = last in sha1_allowed
    found = [(*below, each) for each in anchors if _issued(each, last, depth, sha1)]
    if len(below) + 1 < CHAIN_MAX:
        for each in issuers:
            if each not in below and each not in anchors and _issued(each, last, depth, sha1):
                found += _chains((*below, each), issuers, anchors, sha1_allowed)
    return found


def _issued(issuer: x509.Certificate, subject: x509.Certificate, depth: int, sha1: bool) -> bool:
    return (
        issuer.subject == subject.issuer
        and _may_issue(issuer, depth)
        and _signed_by(issuer, subject, sha1)
    )


def _may_issue(issuer: x509.Certificate, depth: int) -> bool:
    # Every merchant owns a leaf of the same authority and could sign another one with it.
    extensions = issuer.extensions
    try:
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    if not basic.ca or (basic.path_length is not None and depth > basic.path_length):
        return False
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return _understood(issuer)
    return usage.key_cert_sign and _understood(issuer)


def _understood(certificate: x509.Certificate) -> bool:
    return all(e.oid in _UNDERSTOOD for e in certificate.extensions if e.critical)


def _signed_by(issuer: x509.Certificate, subject: x509.Certificate, sha1: bool) -> bool:
    try:
        if isinstance(subject.signature_hash_algorithm, SHA1):
            key = issuer.public_key()
            if not sha1 or not isinstance(key, RSAPublicKey):
                return False
            # The library's own check refuses this hash without asking.
            key.verify(subject.signature, subject.tbs_certificate_bytes, PKCS1v15(), SHA1())
        else:
            subject.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    return True


def _window(chain: tuple[x509.Certificate, ...]) -> Window:
    return (
        max(int(each.not_valid_before_utc.timestamp()) * 1000 for each in chain),
        min(int(each.not_valid_after_utc.timestamp()) * 1000 for each in chain),
    )
