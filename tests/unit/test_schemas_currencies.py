"""The currency table is ISO 4217's, as published: an exponent too many is money times ten."""

import iso4217
import pytest

from schemas.currencies import EXPONENTS


def test_table_equals_iso_4217():
    published = {
        currency.code: currency.exponent
        for currency in iso4217.Currency
        if currency.exponent is not None
    }
    assert published == EXPONENTS


@pytest.mark.parametrize("code", ["XAU", "XXX", "XTS", "XDR"])
def test_currencies_without_an_exponent_are_left_out(code):
    assert iso4217.Currency(code).exponent is None
    assert code not in EXPONENTS
