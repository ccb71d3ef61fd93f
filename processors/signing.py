"""Proof: the only place where `Authentic` is made. Checks raise; none returns a bool to forget.

Every check takes messages x signatures x keys, lazily, and is satisfied by one good combination.
No
parameter that guards has a default.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from processors.fields import NOTHING, Fields
from processors.keys import Key
from schemas.callback import Callback
from schemas.errors import BadSignature, Stale, Undecryptable

T = TypeVar("T")
U = TypeVar("U")
Proof = Literal["signed", "shared-secret"]
HashName = Literal["sha1", "sha256", "sha384", "sha512", "md5", "sm3"]
_MADE_HERE: Final = object()
_PKCS1: Final = PKCS1v15()
_RSA_HASHES: Final = {
    "sha1": hashes.SHA1(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True, slots=True)
class Message(Generic[T]):
    """What lies under a signature, and what a good one lets out.

    `octets` is exactly what is signed; `proves` all that the signature covers; `beside` what was
    received but not proven: it may refuse or date an item, never make money, identity or type.
    """

    octets: bytes
    proves: T
    beside: Fields = NOTHING


class Authentic(Generic[T]):
    """Content with proof. Made by the checks of this module alone."""

    __slots__ = ("content", "kid", "proof", "signed_ms", "unproven", "window_ms")

    def __init__(
        self,
        made_here: object,
        content: T,
        unproven: Fields,
        kid: str,
        proof: Proof,
        signed_ms: int | None = None,
        window_ms: int | None = None,
    ) -> None:
        if made_here is not _MADE_HERE:
            raise TypeError("only a check makes content authentic")
        self.content = content
        self.unproven = unproven
        self.kid = kid
        self.proof: Proof = proof
        self.signed_ms = signed_ms
        self.window_ms = window_ms

    def then(self, read: "Callable[[T], U]") -> "Authentic[U]":
        """Return the content as `read` reads it: pure reading, opening included."""
        return self._with(read(self.content))

    def each(self, split: "Callable[[T], Iterable[U]]") -> "tuple[Authentic[U], ...]":
        """Return one proven part for each that `split` finds."""
        return tuple(self._with(part) for part in split(self.content))

    def fresh(self, callback: Callback, signed_ms: int, *, within_ms: int) -> "Authentic[T]":
        """Return the same, dated by its signed time: only what is proven can be stale.

        The window reaches `within_ms` (inclusive) to either side of the receive time.

        Raises:
            Stale: outside the window.
        """
        skew_ms = signed_ms - callback.received_at_ms
        if abs(skew_ms) > within_ms:
            raise Stale(skew_ms)
        self.signed_ms = signed_ms
        self.window_ms = within_ms
        return self

    def _with(self, content: "U") -> "Authentic[U]":
        return Authentic(
            _MADE_HERE,
            content,
            self.unproven,
            self.kid,
            self.proof,
            self.signed_ms,
            self.window_ms,
        )


def check_rsa(
    messages: Iterable[Message[T]], *, hash: HashName, signature: bytes, keys: Iterable[Key]
) -> Authentic[T]:
    """Return what an RSASSA-PKCS1-v1_5 signature proves.

    Raises:
        BadSignature: no message fits any key that is within its certificate's dates.
    """
    algorithm = _RSA_HASHES[hash]
    keys = tuple(key for key in keys if not key.expired)
    for message in messages:
        for key in keys:
            try:
                key.rsa.verify(signature, message.octets, _PKCS1, algorithm)
            except InvalidSignature:
                continue
            return Authentic(_MADE_HERE, message.proves, message.beside, key.kid, "signed")
    raise BadSignature("the signature fits no message and key")


def rsa_signature(octets: bytes, *, hash: HashName, key: Key) -> bytes:
    """Return our RSASSA-PKCS1-v1_5 signature, for answers that a provider wants signed.

    Equal octets give equal signatures. Only what was proven may be signed: anything else would
    make us sign for whoever asks.
    """
    return key.rsa_private.sign(octets, _PKCS1, _RSA_HASHES[hash])


def check_rsa_recovered(
    messages: Iterable[Message[T]], *, signature: bytes, keys: Iterable[Key]
) -> Authentic[T]:
    """Return what an RSA signature proves whose padding (type 1) holds the signed octets as they
    are, without the name of a hash.

    Raises:
        BadSignature: no message fits any key.
    """
    keys = tuple(key for key in keys if not key.expired)
    for message in messages:
        for key in keys:
            try:
                recovered = key.rsa.recover_data_from_signature(signature, _PKCS1, None)
            except InvalidSignature:
                continue
            if hmac.compare_digest(recovered, message.octets):
                return Authentic(_MADE_HERE, message.proves, message.beside, key.kid, "signed")
    raise BadSignature("the signature fits no message and key")


def check_ed25519(
    messages: Iterable[Message[T]], *, signatures: Iterable[bytes], keys: Iterable[Key]
) -> Authentic[T]:
    """Return what an Ed25519 signature proves: pure, without a hash in front.

    Raises:
        BadSignature: no message, signature and key fit together.
    """
    given, keys = tuple(signatures), tuple(keys)
    for message in messages:
        for key in keys:
            for signature in given:
                try:
                    key.ed25519.verify(signature, message.octets)
                except InvalidSignature:
                    continue
                return Authentic(_MADE_HERE, message.proves, message.beside, key.kid, "signed")
    raise BadSignature("the signature fits no message and key")


def check_ecdsa(
    messages: Iterable[Message[T]], *, hash: HashName, signature: bytes, keys: Iterable[Key]
) -> Authentic[T]:
    """Return what an ECDSA signature proves, which is R and S side by side, as JOSE writes it.

    Raises:
        BadSignature: no message fits any key, or it is not twice as long as the key's numbers.
    """
    algorithm = ECDSA(_RSA_HASHES[hash])
    half = len(signature) // 2
    numbers = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
    keys = tuple(
        key for key in keys if len(signature) == 2 * ((key.elliptic.curve.key_size + 7) // 8)
    )
    for message in messages:
        for key in keys:
            try:
                key.elliptic.verify(encode_dss_signature(*numbers), message.octets, algorithm)
            except InvalidSignature:
                continue
            return Authentic(_MADE_HERE, message.proves, message.beside, key.kid, "signed")
    raise BadSignature("the signature fits no message and key")


def check_token(token: bytes, *, beside: Fields, keys: Iterable[Key]) -> Authentic[Fields]:
    """Return the proof of a constant token: it covers nothing, so that it lets nothing out.

    `beside` is what came with it; whoever has seen one message can send any other.

    Raises:
        BadSignature: the token is not exactly a key.
    """
    message = Message(token, NOTHING, beside)
    return _check_digest((message,), lambda key, _: key, (token,), keys)


def check_hmac(
    messages: Iterable[Message[T]],
    *,
    hash: HashName,
    signatures: Iterable[bytes],
    keys: Iterable[Key],
) -> Authentic[T]:
    """Return what an HMAC proves; `signatures` are decoded octets of full length.

    Raises:
        BadSignature: no message, signature and key fit together.
    """
    return _check_digest(
        messages, lambda key, octets: hmac.digest(key, octets, hash), signatures, keys
    )


def check_keyed_digest(
    messages: Iterable[Message[T]],
    digest: Callable[[bytes, bytes], bytes],
    *,
    signatures: Iterable[bytes],
    keys: Iterable[Key],
) -> Authentic[T]:
    """Return what a plain hash with the secret inside proves.

    `digest` makes the expected octets of (secret, signed octets); where the secret sits is the
    provider's recipe.

    Raises:
        BadSignature: no message, signature and key fit together.
    """
    return _check_digest(messages, digest, signatures, keys)


def check_opened(
    sealed: Message[bytes], open_with: Callable[[Key, bytes], bytes], *, keys: Iterable[Key]
) -> Authentic[bytes]:
    """Return sealed content whose opening with our secret is the proof.

    Raises:
        Undecryptable: no key opens it; one error for every cause.
    """
    for key in keys:
        try:
            opened = open_with(key, sealed.octets)
        except Undecryptable:
            continue
        return Authentic(_MADE_HERE, opened, sealed.beside, key.kid, "shared-secret")
    raise Undecryptable("no key opens the sealed content")


def hmac_of_base64(secret: bytes, octets: bytes) -> bytes:
    """Return HMAC-SHA-256 keyed with the Base64 content of a secret's text, behind `whsec_`.

    For `check_keyed_digest`, where a setting and not the key's form says that it is decoded.
    """
    text = secret.removeprefix(b"whsec_")
    return hmac.digest(base64.b64decode(text + b"=" * (-len(text) % 4)), octets, "sha256")


def hmac_of_text(secret: bytes, octets: bytes) -> bytes:
    """Return HMAC-SHA-256 keyed with a secret's text as it stands."""
    return hmac.digest(secret, octets, "sha256")


def digest_hex(name: HashName, octets: bytes) -> str:
    """Return the lower-case hex digest; SM3 and MD5 among the names because providers sign so."""
    if name == "sm3":
        sm3 = hashes.Hash(hashes.SM3())
        sm3.update(octets)
        return sm3.finalize().hex()
    return hashlib.new(name, octets, usedforsecurity=False).hexdigest()


def _check_digest(
    messages: Iterable[Message[T]],
    digest: Callable[[bytes, bytes], bytes],
    signatures: Iterable[bytes],
    keys: Iterable[Key],
) -> Authentic[T]:
    given = tuple(signatures)
    keys = tuple(keys)
    for message in messages:
        for key in keys:
            expected = digest(key.secret.reveal(), message.octets)
            for signature in given:
                if hmac.compare_digest(expected, signature):
                    return Authentic(
                        _MADE_HERE, message.proves, message.beside, key.kid, "shared-secret"
                    )
    raise BadSignature("the signature fits no message and key")
