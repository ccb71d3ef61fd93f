"""Opening sealed content. Weak ciphers stand here, reviewed in one place; one error for all."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from processors.keys import Key
from schemas.errors import Undecryptable

GCM_TAG_BYTES: Final = 16
GCM_NONCE_BYTES: Final = 12


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
