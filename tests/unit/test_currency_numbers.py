"""Numbers of currencies against the published table."""

import iso4217
import pytest

from processors.currency_numbers import currency_code
from schemas.currencies import EXPONENTS
from schemas.errors import Malformed


def test_every_currency_is_known_by_its_published_number() -> None:
    numbers = {each.code: f"{each.number:03d}" for each in iso4217.Currency}
    assert {currency_code(numbers[code]) for code in EXPONENTS} == set(EXPONENTS)
    assert all(currency_code(numbers[code]) == code for code in EXPONENTS)


@pytest.mark.parametrize("number", ["000", "36", "0156", "XXX", ""])
def test_other_numbers_are_refused(number: str) -> None:
    with pytest.raises(Malformed):
        currency_code(number)
