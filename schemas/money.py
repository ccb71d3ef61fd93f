"""Money is an integer of ISO 4217 minor units and a currency; it never passes through floats."""

import re
from collections.abc import Mapping
from typing import Final

from schemas.currencies import EXPONENTS
from schemas.errors import Malformed, UnknownMeaning
from schemas.frozen import value

MINOR_MAX: Final = 2**53 - 1
# `Decimal` takes "1_0", "１" and "NaN": digits are matched, not converted on trust.
_MAJOR: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?", re.ASCII)
_NO_OVERRIDES: Final[Mapping[str, int]] = {}


@value
class Money:
    """`minor` in 0..2^53-1, `currency` three capitals, `exponent` as in ISO 4217."""

    minor: int
    currency: str
    exponent: int

    @classmethod
    def from_minor(
        cls, minor: int, currency: str, overrides: Mapping[str, int] = _NO_OVERRIDES
    ) -> "Money":
        """Return money stated in the provider's own minor units.

        `overrides` holds the exponents in which the provider differs from ISO 4217.

        Raises:
            Malformed: unknown currency, or an amount outside 0..2^53-1.
            UnknownMeaning: the provider's finer units do not make whole ISO units.
        """
        iso = _exponent(currency)
        theirs = overrides.get(currency, iso)
        if theirs < iso:
            minor *= 10 ** (iso - theirs)
        elif theirs > iso:
            minor, rest = divmod(minor, 10 ** (theirs - iso))
            if rest:
                raise UnknownMeaning(f"an amount of {currency} finer than its minor unit")
        if not 0 <= minor <= MINOR_MAX:
            raise Malformed("an amount outside its bounds")
        return cls(minor, currency, iso)

    @classmethod
    def from_major(
        cls, text: str, currency: str, overrides: Mapping[str, int] = _NO_OVERRIDES
    ) -> "Money":
        """Return money stated as decimal text in major units, such as `19.99`.

        Raises:
            Malformed: not plain ASCII digits, more fraction digits than the exponent (nothing is
                rounded, not even zeros), unknown currency, or out of bounds.
        """
        exponent = overrides.get(currency, _exponent(currency))
        match = _MAJOR.fullmatch(text)
        if match is None:
            raise Malformed("an amount that is not plain decimal digits")
        fraction = match[2] or ""
        if len(fraction) > exponent:
            raise Malformed(f"an amount finer than {currency} allows")
        return cls.from_minor(int(match[1] + fraction.ljust(exponent, "0")), currency, overrides)


def _exponent(currency: str) -> int:
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise Malformed("a currency that ISO 4217 does not list")
    return exponent
