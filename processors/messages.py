"""Message builders: the exact bytes that are signed, and what a good signature proves."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from processors.encodings import digits, from_base64, from_hex
from processors.fields import Fields
from processors.forms import form_pairs
from processors.percent import UNRESERVED, form_encoded
from processors.signing import Message
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, Undecryptable

IV_HEADER, TAG_HEADER = "x-initialization-vector", "x-authentication-tag"
TAG_BYTES: Final = 16
Pairs = tuple[tuple[bytes, bytes], ...]


def framed(*parts: bytes, proves: bytes) -> Message[bytes]:
    """Return parts joined without separators, proving the one that carries the content."""
    return Message(b"".join(parts), proves)


def whole_body(callback: Callback) -> Message[bytes]:
    """Return the body as it was received: it is what is signed, and all that is proven."""
    return Message(callback.body, callback.body)


def standard_message(callback: Callback, prefix: str) -> Message[bytes]:
    """Return what Standard Webhooks sign: id, a dot, unix seconds, a dot, the raw body.

    The time is digits alone, so that an id may hold dots: the text reads in one way.

    Raises:
        Malformed: an id or a time is missing, or the time is no digits.
    """
    message_id = callback.header(f"{prefix}-id", absent=Malformed)
    stamp = callback.header(f"{prefix}-timestamp", absent=Malformed)
    digits(stamp, what="timestamp")
    return framed(message_id, b".", stamp, b".", callback.body, proves=callback.body)


def standard_ms(callback: Callback, prefix: str) -> int:
    """Return the time of the delivery attempt, which `standard_message` signs."""
    stamp = callback.header(f"{prefix}-timestamp", absent=Malformed)
    return digits(stamp, what="timestamp") * 1000


def standard_signatures(
    callback: Callback, prefix: str, version: bytes, *, octets: int
) -> tuple[bytes, ...]:
    """Return the signatures of one version in a list of `version,Base64` between blanks.

    Raises:
        BadSignature: none of this version and length.
    """
    items = callback.header(f"{prefix}-signature", absent=BadSignature).split(b" ")
    parts = [item.partition(b",") for item in items]
    texts = [text for named, _, text in parts if named == version]
    return decodable(texts, from_base64, octets=octets)


def stamped_lines(stamp: bytes, nonce: bytes, body: bytes) -> Message[bytes]:
    """Return a time, a nonce and the raw body, each with a line feed behind it."""
    return framed(stamp, b"\n", nonce, b"\n", body, b"\n", proves=body)


def signed_field(
    callback: Callback, name: bytes, signed_by: bytes
) -> tuple[Message[bytes], bytes]:
    """Return a form's field, of which alone the decoded text is signed, and the signature text.

    Raises:
        Malformed: no readable form, or it lacks the field.
    """
    received = dict(form_pairs(callback.body))
    content = received.get(name)
    if not content:
        raise Malformed("the signed field is missing")
    return Message(content, content), received.get(signed_by, b"")


def sealed_in_headers(
    callback: Callback, decode: Callable[..., bytes]
) -> tuple[Message[bytes], bytes]:
    """Return a body sealed with AES-GCM, its tag appended, and the nonce; both come in headers.

    Raises:
        Malformed: a header or the body is absent or of another form than `decode` reads.
        Undecryptable: the tag is not whole: a short one would let octets move into the body.
    """
    nonce = decode(callback.header(IV_HEADER, absent=Malformed), error=Malformed)
    tag = decode(callback.header(TAG_HEADER, absent=Malformed), error=Malformed)
    body = decode(callback.body, error=Malformed)
    if len(tag) != TAG_BYTES:
        raise Undecryptable("an authentication tag that is not whole")
    return Message(body + tag, body), nonce


def sorted_form(
    pairs: Iterable[tuple[bytes, bytes]], *, exclude: frozenset[bytes], keep_empty: bool
) -> Message[Pairs]:
    """Return `name=value&...` in byte order of the names, values decoded and not encoded again.

    All received fields take part, unknown ones too: signing is never checked over a chosen few.
    Proves the pairs in the text and no other: what is excluded is not let out either.
    """
    signed = [pair for pair in pairs if pair[0] not in exclude and (pair[1] or keep_empty)]
    signed.sort()
    return Message(b"&".join(map(b"=".join, signed)), tuple(signed))


def sorted_texts(fields: Fields, *, exclude: frozenset[str]) -> Message[Fields]:
    """Return `name=value&...` in order of the names, for members that are all texts.

    As `sorted_form`, empty ones left out; the order of characters is that of their UTF-8.
    """
    signed = sorted((name, text) for name, text in fields.items() if text and name not in exclude)
    return Message("&".join(map("=".join, signed)).encode(), Fields(dict(signed)))


def encoded_form(pairs: Iterable[tuple[bytes, bytes]], *, dropped: frozenset[bytes]) -> bytes:
    """Return `name=value&...` in byte order of the names, encoded anew as PHP does.

    Left out are pairs whose value is among `dropped`; letters, digits, `-`, `.` and `_` stand for
    themselves, a blank is a plus sign, and hex digits are capitals.
    """
    kept = sorted(pair for pair in pairs if pair[1] not in dropped)
    text = b"&".join(map(b"=".join, kept))
    if text.count(b"=") == len(kept) and text.count(b"&") == len(kept) - 1:
        return form_encoded(text, kept=UNRESERVED + b"=&")
    return b"&".join(_encoded(name) + b"=" + _encoded(value) for name, value in kept)


def _encoded(octets: bytes) -> bytes:
    return form_encoded(octets, kept=UNRESERVED)


def joined(values: Iterable[str | None], separator: str) -> bytes:
    """Return a fixed list of values; what is absent is empty, its separator stays."""
    return separator.join("" if value is None else value for value in values).encode()


def header_items(value: bytes, *, between: bytes) -> Mapping[bytes, Sequence[bytes]]:
    """Return the values of `name=value` items of one header by name, in order, as they stand.

    An item without `=` is no item; which names count, and how often, is the provider's to say.
    """
    found: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for item in value.split(between):
        name, equals, text = item.partition(b"=")
        if equals:
            found[name].append(text)
    return dict(found)


def stamped_header(
    callback: Callback, name: str, between: bytes, *, stamp: bytes, hmac: bytes
) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the time text and the hex HMAC-SHA-256s of a header of `name=value` items.

    `stamp` and `hmac` are the names of the items that count; of times there must be one.

    Raises:
        BadSignature: no header, or no signature of this form in it.
        Malformed: no time, or several.
    """
    items = header_items(callback.header(name, absent=BadSignature), between=between)
    signatures = decodable(items.get(hmac, ()), from_hex, octets=32)
    stamps = items.get(stamp, ())
    if len(stamps) != 1:
        raise Malformed("not one time in the signature header")
    return stamps[0], signatures


def decodable(
    texts: Iterable[bytes], decode: Callable[..., bytes], *, octets: int
) -> tuple[bytes, ...]:
    """Return those signature texts that decode to `octets` octets; none left is a bad signature.

    One garbled signature beside a good one is no fault: schemes are added and keys rotate.

    Raises:
        BadSignature: no text is a signature of this form.
    """
    good = []
    for text in texts:
        try:
            signature = decode(text, error=BadSignature)
        except BadSignature:
            continue
        if len(signature) == octets:
            good.append(signature)
    if not good:
        raise BadSignature("no signature of an accepted form")
    return tuple(good)


def hex_header(callback: Callback, name: str, *, prefix: bytes) -> tuple[bytes, ...]:
    """Return the octets of a header that is one hex signature behind a fixed prefix.

    Raises:
        BadSignature: absent, without the prefix, or no hex digits.
        Malformed: it stands twice.
    """
    text = callback.header(name, absent=BadSignature)
    if not text.startswith(prefix):
        raise BadSignature("a signature of another form")
    return (from_hex(text[len(prefix) :], error=BadSignature),)


def base64_header(callback: Callback, name: str) -> tuple[bytes, ...]:
    """Return the octets of a header that is one Base64 signature; see `hex_header`."""
    return (from_base64(callback.header(name, absent=BadSignature), error=BadSignature),)
