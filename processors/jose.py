"""Signed tokens of JOSE. The algorithm is the caller's: what a token says chooses none."""

import base64
from typing import Final

from processors.encodings import from_base64url
from processors.fields import Fields
from processors.json_texts import json_fields
from processors.signing import Message
from schemas.errors import BadSignature, Malformed

TOKEN_BYTES_MAX: Final = 256 * 1024
PARTS: Final = 3


def compact_jws(token: str, *, algorithm: str) -> tuple[Fields, Message[bytes], bytes]:
    """Return header, message and signature of a compact JWS; a good proof lets the payload out.

    Raises:
        Malformed: not three parts between dots, or a header or payload that cannot be read.
        BadSignature: another algorithm (`none` included), a signature that is no Base64 of URLs,
            or extensions that have to be understood.
    """
    header, parts = _parts(token, algorithm)
    payload = from_base64url(parts[1], error=Malformed)
    message = Message(parts[0] + b"." + parts[1], payload)
    return header, message, from_base64url(parts[2], error=BadSignature)


def detached_jws(token: str, *, algorithm: str) -> tuple[Fields, bytes, bytes]:
    """Return header, its text as received, and signature of a JWS whose payload is elsewhere.

    Raises:
        Malformed: as `compact_jws`, or a payload stands in it.
        BadSignature: as `compact_jws`.
    """
    header, parts = _parts(token, algorithm)
    if parts[1]:
        raise Malformed("a payload in a token that has none")
    return header, parts[0], from_base64url(parts[2], error=BadSignature)


def signing_input(protected: bytes, payload: bytes) -> bytes:
    """Return what is signed of a header's text and of a payload in octets."""
    return protected + b"." + base64.urlsafe_b64encode(payload).rstrip(b"=")


def _parts(token: str, algorithm: str) -> tuple[Fields, list[bytes]]:
    parts = token.encode("utf-8", "replace").split(b".")
    if len(parts) != PARTS or len(token) > TOKEN_BYTES_MAX:
        raise Malformed("not three parts of a signed token")
    header = json_fields(from_base64url(parts[0], error=Malformed))
    if header.raw("alg") != algorithm:
        raise BadSignature("a token of another algorithm than the one accepted")
    if "crit" in header or "b64" in header:
        raise BadSignature("a token with extensions that have to be understood")
    return header, parts
