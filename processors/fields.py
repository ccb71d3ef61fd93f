"""Strict reading of JSON, forms, numbers and times; what is absent is an error.

Everything here raises `CallbackError` for any bytes and nothing else, in time linear in their
length.
"""

import base64
import binascii
import hashlib
import json
import re
from binascii import a2b_qp
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import isinf
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import orjson

from schemas.errors import CallbackError, Malformed, UnknownMeaning, WrongAccount

S = TypeVar("S")
FORM_FIELDS_MAX: Final = 1_000
XML_BYTES_MAX: Final = 64 * 1024
EXACT_DEPTH_MAX: Final = 100
UNIX_MS_DIGITS: Final = 13
INTEGER_DIGITS_MAX: Final = 18
UNIX_SECONDS_MAX: Final = 253_402_300_799  # the last second of the year 9999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
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
_BASE64URL: Final = re.compile(rb"[A-Za-z0-9_-]*")
_URL_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}")
_NAME_END: Final = re.compile(rb'"\s*:')
_PLAIN_NAME_END: Final = re.compile(rb'(?<!\\)"\s*:')
_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})",
    re.ASCII,
)
_LOCAL: Final = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})[ T]?"
    r"([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.([0-9]{1,3}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number that is no short integer, as its text: it never passes through a float."""

    text: str


class Fields:
    """An object with named members, of which each reading says what it expects."""

    __slots__ = ("_members", "_where")

    def __init__(self, members: Mapping[str, Any], where: str = "") -> None:
        self._members = members
        self._where = where

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return every name with what stands there, unread."""
        return self._members.items()

    def raw(self, name: str) -> Any:
        """Return a member as it was parsed, None where it is absent or null."""
        return self._members.get(name)

    def text(self, name: str, *, absent: type[CallbackError] = Malformed) -> str:
        """Return a text that is there and not empty.

        Raises:
            CallbackError: `absent` where it is missing, null or empty; Malformed where no text.
        """
        value = self._members.get(name)
        if value is None or value == "":
            raise absent(f"{self._where}{name} is missing")
        if not isinstance(value, str):
            raise Malformed(f"{self._where}{name} is no text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where it is absent, null or empty."""
        value = self._members.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise Malformed(f"{self._where}{name} is no text")
        return value

    def integer(self, name: str) -> int:
        """Return a JSON integer (no float, no bool, no text).

        Raises:
            Malformed: absent or another type.
        """
        value = self._members.get(name)
        if type(value) is not int:
            raise Malformed(f"{self._where}{name} is no integer")
        return value

    def number(self, name: str) -> str:
        """Return the text of a JSON number, for `Money.from_major`; see `exact_json_fields`.

        Raises:
            Malformed: absent or another type; a float, whose text is lost, is one.
        """
        value = self._members.get(name)
        if isinstance(value, Number):
            return value.text
        return str(self.integer(name))

    def id_text(self, name: str) -> str:
        """Return an id that comes as text or as a JSON integer, then in decimal digits.

        Raises:
            Malformed: absent, empty, negative or another type.
        """
        value = self._members.get(name)
        if type(value) is int and value >= 0:
            return str(value)
        if isinstance(value, Number) and value.text.isdigit():
            return value.text
        return self.text(name)

    def optional_id_text(self, name: str) -> str | None:
        """Return an id as `id_text` does, None where it is absent, null or empty."""
        return None if self._members.get(name) in (None, "") else self.id_text(name)

    def entry(self, name: str, key: str | None) -> str | None:
        """Return a text from an object of free entries, such as the merchant's metadata.

        None where no key is asked for, or nothing readable stands there: what merchants write
        there is not the provider's form, so that it cannot be wrong.
        """
        entries = self._members.get(name)
        value = entries.get(key) if isinstance(entries, dict) and key is not None else None
        if type(value) is int and value >= 0:
            return str(value)
        return value if isinstance(value, str) and value else None

    def digits(self, name: str) -> int:
        """Return the number of a text of ASCII digits."""
        return digits(self.text(name), what=self._where + name)

    def flag(self, name: str) -> bool:
        """Return a JSON boolean."""
        value = self._members.get(name)
        if not isinstance(value, bool):
            raise Malformed(f"{self._where}{name} is no boolean")
        return value

    def child(self, name: str) -> "Fields":
        """Return a member that is an object.

        Raises:
            Malformed: absent or another type.
        """
        value = self._members.get(name)
        if not isinstance(value, dict):
            raise Malformed(f"{self._where}{name} is no object")
        return Fields(value, f"{self._where}{name}.")

    def optional_child(self, name: str) -> "Fields | None":
        return self.child(name) if self._members.get(name) is not None else None

    def children(self, name: str) -> "tuple[Fields, ...]":
        """Return a member that is a list of objects."""
        value = self._members.get(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise Malformed(f"{self._where}{name} is no list of objects")
        return tuple(Fields(each, f"{self._where}{name}[{n}].") for n, each in enumerate(value))

    def id_of(self, name: str) -> str | None:
        """Return an id that comes as text or as an object with an `id`; None if absent."""
        value = self._members.get(name)
        if isinstance(value, dict):
            return Fields(value, f"{self._where}{name}.").text("id")
        return self.optional_text(name)

    def rfc3339_ms(self, name: str) -> int:
        """Return the time of an RFC 3339 text with its zone; see `rfc3339_ms`."""
        return rfc3339_ms(self.text(name), what=self._where + name)

    def unix_seconds_ms(self, name: str) -> int:
        """Return the time of a JSON integer of seconds since 1970.

        Raises:
            Malformed: absent, another type, or after the year 9999.
        """
        seconds = self.integer(name)
        if not 0 <= seconds <= UNIX_SECONDS_MAX:
            raise Malformed(f"{self._where}{name} is no time in seconds")
        return seconds * 1000

    def optional_unix_seconds_ms(self, name: str) -> int | None:
        """Return the time of a JSON integer of seconds, None where it is absent."""
        return self.unix_seconds_ms(name) if name in self else None

    def optional_rfc3339_ms(self, name: str) -> int | None:
        """Return the time of an RFC 3339 text, None where it is absent; see `rfc3339_ms`."""
        return self.rfc3339_ms(name) if self.optional_text(name) is not None else None

    def local_ms(self, name: str, *, offset_minutes: int) -> int:
        """Return the time of a local text; see `local_ms`."""
        return local_ms(self.text(name), offset_minutes=offset_minutes, what=self._where + name)

    def optional_local_ms(self, name: str, *, offset_minutes: int) -> int | None:
        """Return the time of a local text, None where it is absent; see `local_ms`."""
        if self.optional_text(name) is None:
            return None
        return self.local_ms(name, offset_minutes=offset_minutes)


NOTHING: Final = Fields({})


def json_fields(octets: bytes) -> Fields:
    """Return the members of a JSON object in UTF-8.

    Raises:
        Malformed: not JSON, not an object, a name twice, nested deeper than 1,000, infinite
        numbers.
    """
    try:
        parsed = orjson.loads(octets)
    except orjson.JSONDecodeError as error:
        raise Malformed("the content is not JSON in UTF-8") from error
    if not isinstance(parsed, dict):
        raise Malformed("the content is no JSON object")
    _refuse_repeated_names(octets, parsed)
    return Fields(parsed)


def exact_json_fields(octets: bytes) -> Fields:
    """Return the members of a JSON object in which numbers keep their digits.

    Integers of up to 18 digits are integers, every other number is a `Number`.

    Raises:
        Malformed: as `json_fields`, or nested deeper than 100.
    """
    # Both are counted: the parser below is stopped by the stack that happens to be left, and
    # takes halves of surrogate pairs, which are escapes, for characters.
    if octets.count(b"{") + octets.count(b"[") > EXACT_DEPTH_MAX or b"\\u" in octets:
        _refuse_deep([json_fields(octets)])
    try:
        parsed = _EXACT.decode(octets.decode("utf-8"))
    except ValueError as error:
        raise Malformed("the content is not JSON in UTF-8") from error
    if not isinstance(parsed, dict):
        raise Malformed("the content is no JSON object")
    return Fields(parsed)


def _integer(text: str) -> int | Number:
    return int(text) if len(text) <= INTEGER_DIGITS_MAX else _number(text)


def _number(text: str) -> Number:
    if isinf(float(text)):
        raise Malformed("a number beyond all bounds")
    return Number(text)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a JSON name stands twice in one object")
    return members


def _constant(text: str) -> Any:
    raise Malformed(f"{text} is no JSON")


# Made once: making it costs more than reading most messages.
_EXACT: Final = json.JSONDecoder(
    parse_float=_number,
    parse_int=_integer,
    parse_constant=_constant,
    object_pairs_hook=_members,
)


def _refuse_deep(level: list[Any]) -> None:
    for _ in range(EXACT_DEPTH_MAX):
        members = [each for value in level for each in _members_of(value)]
        if not members:
            return
        level = members
    raise Malformed(f"JSON nested deeper than {EXACT_DEPTH_MAX}")


def _members_of(value: Any) -> Iterable[Any]:
    if isinstance(value, Fields):
        return (value.raw(name) for name in value)
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_repeated_names(octets: bytes, parsed: Any) -> None:
    # Most senders write as the library does; then equal bytes prove that no name was dropped.
    form = orjson.OPT_INDENT_2 if octets.startswith(b"{\n") else None
    try:
        if orjson.dumps(parsed, option=form) == octets:
            return
    except orjson.JSONEncodeError:
        pass  # The library reads four times deeper than it writes: decide below.
    # Every name of the text ends in a quote and a colon, so equal counts prove the same. Quotes
    # and colons inside texts only make the first count larger: then decide exactly.
    names = _count_names(parsed)
    # Where no backslash is escaped before a quote, one before it makes it part of a text.
    ends = _NAME_END if b'\\\\"' in octets else _PLAIN_NAME_END
    if len(ends.findall(octets)) != names and _count_name_tokens(octets) != names:
        raise Malformed("a JSON name stands twice in one object")


def _count_names(parsed: Any) -> int:
    count = 0
    pending = [parsed]
    for each in pending:  # It grows while it is walked.
        members = each
        if type(each) is dict:
            count += len(each)
            members = each.values()
        for member in members:
            kind = type(member)
            if kind is dict or kind is list:
                pending.append(member)
    return count


_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"(\s*:)?', re.DOTALL)


def _count_name_tokens(octets: bytes) -> int:
    return sum(map(bool, _STRING.findall(octets)))


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


def derived_id(*signed: str) -> str:
    """Return the id of a refund to which the provider gives none, of its signed fields.

    Hex SHA-256 of the fields that the provider's file names, each behind its length in octets.
    """
    octets = [value.encode() for value in signed]
    framed = b"".join(len(each).to_bytes(4, "big") + each for each in octets)
    return hashlib.sha256(framed).hexdigest()


def unix_ms(text: bytes | str, *, what: str) -> int:
    """Return a time in milliseconds since 1970 of exactly 13 digits: the years 2001 to 2286.

    Where it is signed without a separator, its length is what keeps it apart from the body.

    Raises:
        Malformed: anything else.
    """
    if len(text) != UNIX_MS_DIGITS:
        raise Malformed(f"{what} is no time in milliseconds")
    return digits(text, what=what)


def rfc3339_ms(text: str, *, what: str) -> int:
    """Return milliseconds of an RFC 3339 time; finer fractions are cut. The zone must be there.

    Raises:
        Malformed: another form, or a moment that does not exist.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise Malformed(f"{what} is no RFC 3339 time")
    fraction = match[1]
    try:
        if fraction is not None:
            text = text.replace(fraction, "." + fraction[1:7].ljust(6, "0"), 1)
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MS
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{what} is no RFC 3339 time") from error


def local_ms(text: str, *, offset_minutes: int, what: str) -> int:
    """Return milliseconds of `yyyy-MM-dd HH:mm:ss[.SSS]` or `yyyyMMddHHmmss` at a fixed offset.

    Raises:
        Malformed: another form, or a moment that does not exist.
    """
    match = _LOCAL.fullmatch(text)
    if match is None:
        raise Malformed(f"{what} is no local time")
    year, month, day, hour, minute, second, fraction = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError as error:
        raise Malformed(f"{what} is no local time") from error
    ms = int((fraction or "0").ljust(3, "0"))
    return (moment - _EPOCH) // _MS + ms - offset_minutes * 60_000


def meaning(table: Mapping[str, S], word: str, *, what: str) -> S:
    """Return what a status word announces by the provider's table.

    Raises:
        UnknownMeaning: a word that the table does not list; it is parked, never guessed.
    """
    try:
        return table[word]
    except KeyError:
        raise UnknownMeaning(f"{what} has a value without an assigned meaning") from None


def same_account(**compared: tuple[str | None, str | None]) -> None:
    """Refuse a message whose identity is another's: `name=(received, configured)`.

    A configured None is an optional setting that is absent and not compared.

    Raises:
        WrongAccount: they differ, or the message does not say.
    """
    for name, (received, configured) in compared.items():
        if configured is not None and received != configured:
            raise WrongAccount(f"{name} is not the account's")


def same_if_stated(**compared: tuple[str | None, str | None]) -> None:
    """Refuse a message that states another identity: `name=(received, configured)`.

    For optional settings: nothing is compared where either side says nothing.

    Raises:
        WrongAccount: both are there and differ.
    """
    for name, (received, configured) in compared.items():
        if received is not None and configured is not None and received != configured:
            raise WrongAccount(f"{name} is not the account's")


def same_mode(received: str, configured: str) -> None:
    """Refuse a test message on a live account and the other way round.

    Raises:
        WrongAccount: they differ.
    """
    if received != configured:
        raise WrongAccount("the message is of another mode than the account")
