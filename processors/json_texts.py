"""JSON read strictly: one reading or none, no name twice, bounded depth and numbers.

Everything here raises `CallbackError` for any bytes and nothing else, in time linear in their
length.
"""

import json
import re
from collections.abc import Iterable
from math import isinf
from typing import Any, Final

import orjson

from processors.fields import Fields, Number
from schemas.errors import Malformed

EXACT_DEPTH_MAX: Final = 100
INTEGER_DIGITS_MAX: Final = 18
_NAME_END: Final = re.compile(rb'"\s*:')
_PLAIN_NAME_END: Final = re.compile(rb'(?<!\\)"\s*:')


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
