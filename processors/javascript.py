"""JSON as JavaScript writes it, for senders who sign what they have parsed and written anew."""

import math
import re
from collections.abc import Iterable
from typing import Any, Final

import orjson

from processors.fields import Fields, Number
from schemas.errors import Malformed

SAFE_INTEGER_MAX: Final = 2**53 - 1
# A string that does not end is one, too: each octet is looked at once.
_BLANKS_OR_STRING: Final = re.compile(rb'("(?:[^"\\]|\\.)*"?)|[ \t\r\n]+', re.DOTALL)
_PLAIN_FROM: Final = -7  # Numbers below 1e-6 are written with an exponent,
_PLAIN_TO: Final = 21  # and so are those from 1e21.


def sorted_json(fields: Fields) -> bytes:
    """Return `JSON.stringify` of an object whose members are sorted, those of inner objects too.

    Raises:
        Malformed: a member that is a list, or a number that is infinite there.
    """
    return _sorted(fields.items())


def number_text(text: str) -> str:
    """Return a JSON number as JavaScript writes it: the shortest text of the nearest double.

    Raises:
        Malformed: it is infinite as a double.
    """
    value = float(text)
    if math.isinf(value):
        raise Malformed("a number beyond all bounds")
    if value == 0:
        return "0"
    mantissa, _, power = f"{value!r}e0".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    # `digits` with a decimal point behind `point` of them; Python's own exponent is put back.
    point = len(whole) + int(power.removesuffix("e0"))
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return sign + _placed(stripped.rstrip("0"), point)


def _placed(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= _PLAIN_TO:
        return digits + "0" * (point - count)
    if 0 < point <= _PLAIN_TO:
        return f"{digits[:point]}.{digits[point:]}"
    if _PLAIN_FROM + 1 < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if power > 0 else '-'}{abs(power)}"


def _sorted(members: Iterable[tuple[str, Any]]) -> bytes:
    # JavaScript sorts by UTF-16 code units.
    told = sorted(members, key=lambda member: member[0].encode("utf-16-be"))
    return (
        b"{" + b",".join(orjson.dumps(name) + b":" + _value(value) for name, value in told) + b"}"
    )


def _value(value: Any) -> bytes:
    if isinstance(value, Number):
        return number_text(value.text).encode()
    if type(value) is int:
        return number_text(str(value)).encode()
    if isinstance(value, dict):
        return _sorted(value.items())
    if isinstance(value, list):
        raise Malformed("a list, whose signed form is not settled")
    return orjson.dumps(value)


def minified(octets: bytes) -> bytes:
    """Return JSON without the blanks between its tokens, everything else as it came.

    What is no JSON comes out as something else that is none; the time is linear in any case.
    """
    return _BLANKS_OR_STRING.sub(lambda found: found[1] or b"", octets)
