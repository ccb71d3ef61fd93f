"""Headers have no order and their names no letter case, but each stands once."""

import pytest

from processors.registry import PROVIDERS
from tests.support.cases import announcing, trial


@pytest.mark.parametrize("name", PROVIDERS)
def test_order_and_letter_case_of_headers_say_nothing(name: str) -> None:
    for case in announcing(name, 8):
        whole = trial(name, case)
        headers = whole.callback.headers
        expected = whole.said()
        for spelled in (
            headers[::-1],
            tuple((header.upper(), value) for header, value in headers),
            tuple((header.lower(), value) for header, value in headers[::-1]),
        ):
            assert whole.with_headers(spelled).said() == expected


@pytest.mark.parametrize("name", PROVIDERS)
def test_header_that_stands_twice_announces_nothing_else(name: str) -> None:
    for case in announcing(name, 4):
        whole = trial(name, case)
        headers = whole.callback.headers
        expected = whole.said()
        for header, _ in headers:
            said = whole.with_headers((*headers, (header, "another value"))).said()
            assert said == expected or not said.facts


@pytest.mark.parametrize("name", PROVIDERS)
def test_without_one_of_its_headers_it_announces_nothing_else(name: str) -> None:
    for case in announcing(name, 4):
        whole = trial(name, case)
        headers = whole.callback.headers
        expected = whole.said()
        for number in range(len(headers)):
            said = whole.with_headers(headers[:number] + headers[number + 1 :]).said()
            assert said == expected or not said.facts
