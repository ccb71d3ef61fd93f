"""Numbers and texts as JavaScript writes them; the expectations were printed by Node 20."""

import pytest

from processors.fields import Fields
from processors.javascript import minified, number_text, sorted_json
from processors.json_texts import exact_json_fields
from schemas.errors import Malformed


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.0000001", "1e-7"),
        ("0.000001", "0.000001"),
        ("25.50", "25.5"),
        ("1e20", "100000000000000000000"),
        ("1e21", "1e+21"),
        ("123456789012345678901", "123456789012345680000"),
        ("9007199254740993", "9007199254740992"),
        ("1E5", "100000"),
        ("-0.0", "0"),
        ("-12.5e-10", "-1.25e-9"),
        ("12345.678e3", "12345678"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ],
)
def test_number_is_written_as_node_writes_it(text: str, written: str) -> None:
    assert number_text(text) == written


def test_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(Malformed):
        number_text("1e999")


def test_members_are_sorted_by_utf_16_units_and_letters_stay() -> None:
    # U+1F600 is written with units below U+FFFD, though it is the larger code point.
    fields = Fields({"\ufffd": 1, "\U0001f600": None, "b": "é/\u2028", "a": True})
    assert sorted_json(fields).decode() == (
        '{"a":true,"b":"é/\u2028","\U0001f600":null,"\ufffd":1}'
    )


def test_members_of_inner_objects_are_sorted_and_their_numbers_rewritten() -> None:
    body = b'{"fee":{"depositFee":0.10,"currency":"btc","a":{"c":null,"b":1e-07}},"a":{}}'
    assert sorted_json(exact_json_fields(body)) == (
        b'{"a":{},"fee":{"a":{"b":1e-7,"c":null},"currency":"btc","depositFee":0.1}}'
    )


@pytest.mark.parametrize("body", ['{"a":[1]}', '{"a":{"b":[]}}'])
def test_list_is_refused_because_its_signed_form_is_not_settled(body: str) -> None:
    with pytest.raises(Malformed):
        sorted_json(exact_json_fields(body.encode()))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (b'{ "a" : [ 1 , "b c" ] }\r\n', b'{"a":[1,"b c"]}'),
        (b'\t{"a\\" b": "\\\\" , "c": " "}', b'{"a\\" b":"\\\\","c":" "}'),
        (b'"never ends  ', b'"never ends  '),
        (b'"\\', b'"\\'),
        (b"", b""),
    ],
)
def test_blanks_between_tokens_alone_are_taken_out(text: bytes, written: bytes) -> None:
    assert minified(text) == written
