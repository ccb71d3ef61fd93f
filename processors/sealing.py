"""Opening sealed content. Weak ciphers stand here, reviewed in one place; one error for all."""

import base64
import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish, TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.padding import PKCS7

from processors.encodings import from_base64
from processors.fields import Fields
from processors.keys import Key
from schemas.errors import Undecryptable

GCM_TAG_BYTES: Final = 16
GCM_NONCE_BYTES: Final = 12
DES_KEY_BYTES: Final = 8
SALT_BYTES: Final = 4
AES_KEY_BYTES: Final = 16
FRAMED_BYTES_MAX: Final = 16_384
FIRST_PRINTABLE: Final = 0x20
_PKCS1: Final = PKCS1v15()


def open_gcm(key: Key, sealed: bytes, *, nonce: bytes, beside: bytes) -> bytes:
    """Return AES-GCM content whose 16-byte tag is appended; `beside` is the associated data.

    Raises:
        Undecryptable: another nonce length, too short, or the tag does not fit.
    """
    cipher = key.secret.aead
    if cipher is None or len(nonce) != GCM_NONCE_BYTES or len(sealed) < GCM_TAG_BYTES:
        raise Undecryptable("sealed content of a form that no key opens")
    try:
        return cipher.decrypt(nonce, sealed, beside)
    except InvalidTag as error:
        raise Undecryptable("no key opens the sealed content") from error


def open_resource(resource: Fields, keys: Iterable[Key], *, algorithm: str) -> bytes:
    """Return the content of a `resource` object: `ciphertext` in Base64, `nonce`,
    `associated_data`, sealed with AES-GCM. No key is named: after a change of keys the old one is
    still in flight, and the tag decides.

    Raises:
        Undecryptable: another algorithm, or no key opens it.
        Malformed: a member is missing.
    """
    if resource.text("algorithm") != algorithm:
        raise Undecryptable("the resource is sealed with another algorithm")
    octets = from_base64(resource.text("ciphertext"), error=Undecryptable)
    nonce = resource.text("nonce").encode()
    beside = (resource.optional_text("associated_data") or "").encode()
    return open_with_any(keys, lambda key: open_gcm(key, octets, nonce=nonce, beside=beside))


def open_with_any(keys: Iterable[Key], open_one: Callable[[Key], bytes]) -> bytes:
    """Return what the first key opens that can; for senders that do not name the key.

    Raises:
        Undecryptable: none can.
    """
    for key in keys:
        try:
            return open_one(key)
        except Undecryptable:
            continue
    raise Undecryptable("no key opens the sealed content")


def open_ecb_md5(key: Key, sealed: bytes) -> bytes:
    """Return AES-256-ECB content with PKCS#7 padding.

    The key is the lower-case hex MD5 of the secret. ECB has no integrity of its own: what it
    opens is matched by ids afterwards.

    Raises:
        Undecryptable: no whole blocks, or padding that does not fit.
    """
    # Hex text of fixed length: a number's text would drop leading zeros.
    derived = hashlib.md5(key.secret.reveal(), usedforsecurity=False).hexdigest().encode()
    decryptor = Cipher(AES(derived), ECB()).decryptor()
    unpadder = PKCS7(128).unpadder()
    try:
        padded = decryptor.update(sealed) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise Undecryptable("no key opens the sealed content") from error


def open_rsa_wrapped(key: Key, wrapped: bytes, sealed: bytes) -> bytes:
    """Return AES-ECB content with PKCS#7 padding whose key is wrapped with RSA (PKCS#1 v1.5).

    OpenSSL answers bad padding with random octets, so that no error tells it from another key;
    here the length of the key decides first, and every failure is the same one.

    Raises:
        Undecryptable: the unwrapped key has not 16 or 32 octets, or the content does not open.
    """
    try:
        unwrapped = key.rsa_private.decrypt(wrapped, _PKCS1)
    except ValueError as error:
        raise Undecryptable("no key opens the sealed content") from error
    if len(unwrapped) not in (16, 32):
        raise Undecryptable("no key opens the sealed content")
    padded = _deciphered(Cipher(AES(unwrapped), ECB()), sealed)
    return _unpadded(padded, pad_max=16)


def open_cbc(key: Key, sealed: bytes, *, iv: bytes, pad_max: int) -> bytes:
    """Return AES-CBC content under the secret's text and a fixed IV, each pad octet checked.

    `pad_max` is above the block of 16 where the sender pads to longer blocks. Opened only behind
    a good digest of the sealed text: CBC alone is an oracle.

    Raises:
        Undecryptable: no whole blocks, an odd key or IV, or padding that does not fit.
    """
    try:
        cipher = Cipher(AES(key.secret.reveal()), CBC(iv))
    except ValueError as error:
        raise Undecryptable("no key opens the sealed content") from error
    return _unpadded(_deciphered(cipher, sealed), pad_max=pad_max)


def open_des3_framed(key: Key, sealed: bytes) -> bytes:
    """Return triple-DES-ECB content that begins with its length in four octets, zeros behind it.

    Raises:
        Undecryptable: no whole blocks, or a length above 16,384 or above what is there.
    """
    framed = _deciphered(Cipher(TripleDES(key.secret.reveal()), ECB()), sealed)
    length = int.from_bytes(framed[:4], "big")
    content, rest = framed[4 : 4 + length], framed[4 + length :]
    if length > FRAMED_BYTES_MAX or len(content) != length or rest.strip(b"\0"):
        raise Undecryptable("no key opens the sealed content")
    return content


def open_des(key: Key, sealed: bytes) -> bytes:
    """Return DES-ECB content with PKCS#5 padding under the first eight octets of the secret.

    Raises:
        Undecryptable: no whole blocks, or padding that does not fit.
    """
    # Triple DES with one key three times is single DES.
    single = key.secret.reveal()[:DES_KEY_BYTES] * 3
    return _unpadded(_deciphered(Cipher(TripleDES(single), ECB()), sealed), pad_max=DES_KEY_BYTES)


def open_blowfish(key: Key, sealed: bytes, *, length: int) -> bytes:
    """Return the first `length` octets of Blowfish-ECB content, however it was padded.

    Blocks can be moved and nothing shows another key, so that control characters, which no form
    holds, are taken for one. What it opens is worth nothing before its MAC.

    Raises:
        Undecryptable: no whole blocks, a length beyond them, or noise.
    """
    try:
        cipher = Cipher(Blowfish(key.secret.reveal()), ECB())
    except ValueError as error:
        raise Undecryptable("no key opens the sealed content") from error
    opened = _deciphered(cipher, sealed)[:length]
    if len(opened) != length or any(octet < FIRST_PRINTABLE for octet in opened):
        raise Undecryptable("no key opens the sealed content")
    return opened


def key_of_order_des3(secret: bytes, order: bytes) -> bytes:
    """Return an order's number, zeros behind it to whole blocks, in triple-DES-CBC with an IV of
    zeros under a Base64 key of 24 octets: the MAC key of that order alone.
    """
    encryptor = Cipher(TripleDES(base64.b64decode(secret)), CBC(bytes(DES_KEY_BYTES))).encryptor()
    padded = order + bytes(-len(order) % DES_KEY_BYTES)
    return encryptor.update(padded) + encryptor.finalize()


def key_of_order_aes(secret: bytes, order: bytes) -> bytes:
    """Return the Base64 text of an order's number in AES-128-CBC with PKCS#7 and an IV of zeros,
    under the first 16 characters of the secret, digits zero behind a shorter one.
    """
    key = secret[:AES_KEY_BYTES].ljust(AES_KEY_BYTES, b"0")
    encryptor, padder = (
        Cipher(AES(key), CBC(bytes(AES_KEY_BYTES))).encryptor(),
        PKCS7(128).padder(),
    )
    padded = padder.update(order) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize())


def sealed_checksum(secret: bytes, text: bytes, sealed: bytes, *, iv: bytes) -> bytes:
    """Return what would stand in place of `sealed`, were it made of `text`; empty: it opens not.

    Sealed with AES-CBC are the hex SHA-256 of text, bar and salt, and then the salt, 4 octets.
    Compared is what is sealed and not what it opens to, so that no padding tells anything.
    """
    try:
        cipher = Cipher(AES(secret), CBC(iv))
        salt = _unpadded(_deciphered(cipher, sealed), pad_max=16)[-SALT_BYTES:]
    except (ValueError, Undecryptable):
        return b""
    padder, encryptor = PKCS7(128).padder(), cipher.encryptor()
    digest = hashlib.sha256(text + b"|" + salt).hexdigest().encode()
    padded = padder.update(digest + salt) + padder.finalize()
    return encryptor.update(padded) + encryptor.finalize()


def _deciphered(cipher: "Cipher[Any]", sealed: bytes) -> bytes:
    decryptor = cipher.decryptor()
    try:
        return decryptor.update(sealed) + decryptor.finalize()
    except ValueError as error:
        raise Undecryptable("no key opens the sealed content") from error


def _unpadded(padded: bytes, *, pad_max: int) -> bytes:
    count = padded[-1] if padded else 0
    if not 1 <= count <= min(pad_max, len(padded)) or padded[-count:] != bytes((count,)) * count:
        raise Undecryptable("no key opens the sealed content")
    return padded[:-count]
