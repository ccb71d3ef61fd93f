"""Money: texts and integers of every currency, there and back; nothing is rounded."""

from decimal import Decimal

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.currencies import EXPONENTS
from schemas.errors import Malformed, UnknownMeaning
from schemas.money import MINOR_MAX, Money

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINORS = st.integers(0, MINOR_MAX)


def test_exponents_are_those_of_the_published_list() -> None:
    published = {
        currency.code: currency.exponent
        for currency in iso4217.Currency
        if currency.exponent is not None
    }
    assert published == EXPONENTS


@given(minor=MINORS, currency=CURRENCIES)
def test_minor_units_come_back_as_major_text(minor: int, currency: str) -> None:
    exponent = EXPONENTS[currency]
    text = f"{Decimal(minor).scaleb(-exponent):.{exponent}f}"
    assert Money.from_major(text, currency) == Money(minor, currency, exponent)


@given(minor=MINORS, currency=CURRENCIES)
def test_minor_units_stay_what_they_are(minor: int, currency: str) -> None:
    assert Money.from_minor(minor, currency).minor == minor


@given(minor=MINORS, currency=CURRENCIES, theirs=st.integers(0, 4))
def test_other_minor_units_state_the_same_value_or_none(
    minor: int, currency: str, theirs: int
) -> None:
    value = Decimal(minor).scaleb(-theirs)
    exact = value.scaleb(EXPONENTS[currency])
    try:
        money = Money.from_minor(minor, currency, {currency: theirs})
    except UnknownMeaning:
        assert exact != int(exact)
    except Malformed:
        assert exact > MINOR_MAX
    else:
        assert money.minor == exact


@given(text=st.text(max_size=24) | st.from_regex(r"[0-9_.,+\-eE ]{1,12}", fullmatch=True))
def test_text_is_read_as_plain_digits_or_refused(text: str) -> None:
    whole, point, fraction = text.partition(".")
    plain = all(
        part.isascii() and part.isdigit() for part in (whole, *([fraction] if point else []))
    )
    fits = plain and len(whole) <= 18 and len(fraction) <= 2
    if fits and Decimal(text) * 100 <= MINOR_MAX:
        assert Money.from_major(text, "EUR").minor == Decimal(text) * 100
    else:
        with pytest.raises(Malformed):
            Money.from_major(text, "EUR")


@given(minor=st.integers(MINOR_MAX + 1) | st.integers(max_value=-1), currency=CURRENCIES)
def test_amount_outside_its_bounds_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(Malformed):
        Money.from_minor(minor, currency)


@given(code=st.text(max_size=5).filter(lambda code: code not in EXPONENTS))
def test_currency_that_is_not_listed_is_refused(code: str) -> None:
    with pytest.raises(Malformed):
        Money.from_minor(1, code)
