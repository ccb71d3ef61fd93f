"""Forms read strictly: pairs in their order, one meaning for each escape, charsets by name.

Everything here raises `CallbackError` for any bytes and nothing else, in time linear in their
length.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterable
from itertools import chain
from typing import Final
from urllib.parse import unquote_to_bytes

from processors.fields import Fields
from schemas.errors import Malformed

FORM_FIELDS_MAX: Final = 1_000
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_QUOTED_PRINTABLE: Final = bytes.maketrans(b"+&=%", b" \0\0=")
_NO_SEPARATORS: Final = bytes(set(range(256)) - set(b"&="))
# GB 18030 holds the older two; each provider names all three.
_CHARSETS: Final = {
    b"utf-8": "utf-8",
    b"utf8": "utf-8",
    b"gbk": "gb18030",
    b"gb2312": "gb18030",
    b"gb18030": "gb18030",
}


def form_pairs(octets: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Return the pairs of an urlencoded form, decoded once, in order, as bytes.

    Raises:
        Malformed: a name twice, or more than 1,000 fields.
    """
    if octets.count(b"&") >= FORM_FIELDS_MAX:
        raise Malformed(f"a form of more than {FORM_FIELDS_MAX} fields")
    pairs = _decoded_at_once(octets) or _decoded_one_by_one(octets)
    if len(dict(pairs)) != len(pairs):
        raise Malformed("a form field stands twice")
    return tuple(pairs)


def _decoded_at_once(octets: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the pairs of a form, or None where they have to be decoded one by one.

    Quoted-printable is the same escape behind another sign, and its decoder is in C. Both
    separators become NUL, where they strictly alternate and no value holds one.
    """
    ampersands = octets.count(b"&")
    separators = octets.translate(None, _NO_SEPARATORS)
    if separators != b"=&" * ampersands + b"=" or _BROKEN_ESCAPE.search(octets):
        return None
    parts = a2b_qp(octets.translate(_QUOTED_PRINTABLE)).split(b"\0")
    if len(parts) != 2 * ampersands + 2:
        return None
    return list(zip(parts[::2], parts[1::2], strict=True))


def _decoded_one_by_one(octets: bytes) -> list[tuple[bytes, bytes]]:
    pairs = []
    for piece in octets.replace(b"+", b" ").split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def decoded_fields(pairs: Iterable[tuple[bytes, bytes]], charset: str) -> Fields:
    """Return form pairs as text in a Python codec's name.

    Raises:
        Malformed: bytes that are none in this charset, or two names that become one.
    """
    parts = list(chain.from_iterable(pairs))
    try:
        # At once: no charset of ours has a NUL in a longer character.
        texts = b"\0".join(parts).decode(charset).split("\0")
        if len(texts) != len(parts):
            texts = [part.decode(charset) for part in parts]
    except UnicodeDecodeError as error:
        raise Malformed(f"the form is not in {charset}") from error
    fields = dict(zip(texts[::2], texts[1::2], strict=True))
    if 2 * len(fields) != len(texts):
        raise Malformed("a form field stands twice")
    return Fields(fields)


def announced_fields(pairs: Iterable[tuple[bytes, bytes]], member: bytes) -> Fields:
    """Return form pairs as text in the charset that one of them announces; absent: UTF-8.

    Raises:
        Malformed: a charset that no Chinese provider uses, or bytes that are none in it.
    """
    pairs = tuple(pairs)
    announced = dict(pairs).get(member, b"utf-8")
    charset = _CHARSETS.get(announced.lower())
    if charset is None:
        raise Malformed("the form announces an unknown charset")
    return decoded_fields(pairs, charset)
