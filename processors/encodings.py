"""Base64, hexadecimal and decimal digits in their one form each."""

import base64
import binascii
import re
from typing import Final

from schemas.errors import CallbackError, Malformed

_BASE64URL: Final = re.compile(rb"[A-Za-z0-9_-]*")
_URL_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}")


def from_base64(text: bytes | str, *, error: type[CallbackError]) -> bytes:
    """Return the octets of standard, padded Base64.

    Raises:
        CallbackError: `error` for anything else.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise error("text that is not Base64") from cause


def from_base64url(text: bytes | str, *, error: type[CallbackError]) -> bytes:
    """Return the octets of Base64 in the alphabet of URLs, without padding, as JOSE writes it.

    Raises:
        CallbackError: `error` for anything else, padding and the other alphabet included.
    """
    octets = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if _BASE64URL.fullmatch(octets) is None:
        raise error("text that is not Base64 of URLs")
    standard = octets.translate(_URL_ALPHABET)
    return from_base64(standard + b"=" * (-len(standard) % 4), error=error)


def from_hex(text: bytes | str, *, error: type[CallbackError]) -> bytes:
    """Return the octets of hex digits in either letter case, without blanks.

    Raises:
        CallbackError: `error` for anything else.
    """
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError) as cause:
        raise error("text that is not hex") from cause


def digits(text: bytes | str, *, what: str) -> int:
    """Return the number of 1 to 18 ASCII digits: `int` takes signs, blanks, other scripts.

    Raises:
        Malformed: anything else; `what` names the field.
    """
    octets = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if _DIGITS.fullmatch(octets) is None:
        raise Malformed(f"{what} is not decimal digits")
    return int(octets)
