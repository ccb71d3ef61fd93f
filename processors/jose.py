"""Signed tokens of JOSE. The algorithm is the caller's: what a token says chooses none."""

from typing import Final

from processors.fields import Fields, from_base64url, json_fields
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
    parts = token.encode("utf-8", "replace").split(b".")
    if len(parts) != PARTS or len(token) > TOKEN_BYTES_MAX:
        raise Malformed("not three parts of a signed token")
    header = json_fields(from_base64url(parts[0], error=Malformed))
    if header.raw("alg") != algorithm:
        raise BadSignature("a token of another algorithm than the one accepted")
    if "crit" in header or "b64" in header:
        raise BadSignature("a token with extensions that have to be understood")
    payload = from_base64url(parts[1], error=Malformed)
    message = Message(parts[0] + b"." + parts[1], payload)
    return header, message, from_base64url(parts[2], error=BadSignature)
