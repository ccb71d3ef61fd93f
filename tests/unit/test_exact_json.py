"""JSON whose numbers keep their digits."""

import pytest

from processors.fields import Fields
from processors.json_texts import exact_json_fields
from schemas.errors import Malformed


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def test_fraction_keeps_its_text() -> None:
    fields = exact_json_fields(b'{"a":170.00,"b":0.100000000000000001,"c":7}')
    assert [fields.number(name) for name in "abc"] == ["170.00", "0.100000000000000001", "7"]


def test_number_of_thousands_of_digits_is_a_text_and_crashes_nothing() -> None:
    fields = exact_json_fields(b'{"a":' + b"1" * 300 + b"}")
    assert fields.number("a") == "1" * 300
    with pytest.raises(Malformed):
        exact_json_fields(b'{"a":' + b"9" * 5_000 + b"}")


def test_float_that_lost_its_text_is_no_number() -> None:
    with pytest.raises(Malformed):
        Fields({"a": 1.5}).number("a")


def test_number_is_no_text() -> None:
    with pytest.raises(Malformed):
        exact_json_fields(b'{"a":1.5}').text("a")


def test_depth_is_bounded_by_count_and_not_by_the_stack() -> None:
    exact_json_fields(nested(100))
    for depth in (101, 900, 1_000):
        with pytest.raises(Malformed):
            exact_json_fields(nested(depth))


def test_many_shallow_members_are_no_depth() -> None:
    exact_json_fields(b'{"a":[' + b",".join([b"{}"] * 500) + b"]}")
