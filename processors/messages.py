"""Message builders: the exact bytes that are signed, and what a good signature proves."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from processors.fields import from_base64, from_hex
from processors.signing import Message
from schemas.callback import Callback
from schemas.errors import BadSignature

Pairs = tuple[tuple[bytes, bytes], ...]


def framed(*parts: bytes, proves: bytes) -> Message[bytes]:
    """Return parts joined without separators, proving the one that carries the content."""
    return Message(b"".join(parts), proves)


def whole_body(callback: Callback) -> Message[bytes]:
    """Return the body as it was received: it is what is signed, and all that is proven."""
    return Message(callback.body, callback.body)


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
