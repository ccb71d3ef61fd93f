"""What is read or written in a faster way comes out as in the plain way, for any bytes."""

import json
from typing import Any
from urllib.parse import quote_plus
from xml.parsers import expat

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.fields import Number
from processors.flat_xml import _FlatReader, _read_at_once, flat_xml
from processors.forms import decoded_fields
from processors.json_texts import exact_json_fields, json_fields
from processors.percent import UNRESERVED, form_encoded
from schemas.errors import Malformed

TEXTS = st.text(max_size=12) | st.sampled_from(["~", "%7E", "a b+c", "é", "\x00", "&=", "*!()"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
TREES = st.dictionaries(
    TEXTS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
ODD = (
    b"", b"[]", b"{} ", b"\x0c{}", b"{}{}", b"\xef\xbb\xbf{}", b'{"a":1,"a":2}', b'{"a":01}',
    b'{"a":1.}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e308}', b'{"a":1e309}', b'{"a":-0}',
    b'{"a":"\\ud83d"}', b'{"\\u0061":1,"a":2}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\x01"}',
    b'{"a":' + b"1" * 310 + b"}", b'{"a":1e-400}', '{"a":1٣}'.encode(), b'{"a":1,}', b"{'a':1}",
)  # fmt: skip


def plainly(octets: bytes) -> Any:
    """Return what two libraries agree on: one strict about text, the other keeping digits."""
    strict = orjson.loads(octets)
    if not isinstance(strict, dict):
        raise ValueError("no object")  # noqa: TRY004 - as the parsers refuse

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a name twice")
        return dict(pairs)

    def integer(text: str) -> Any:
        return int(text) if len(text) <= 18 else Number(text)

    return json.loads(
        octets, parse_float=Number, parse_int=integer, object_pairs_hook=members
    )  # fmt: skip


def agree(octets: bytes) -> None:
    try:
        expected = plainly(octets)
    except ValueError:
        with pytest.raises(Malformed):
            exact_json_fields(octets)
        return
    fields = exact_json_fields(octets)
    assert {name: fields.raw(name) for name in fields}.keys() == expected.keys()
    assert repr(fields._members) == repr(expected)


@settings(deadline=None)
@given(TREES, st.booleans())
def test_json_reads_as_two_libraries_agree(tree: Any, ascii_only: bool) -> None:
    agree(json.dumps(tree, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@settings(deadline=None)
@given(TREES, st.data())
def test_broken_json_reads_as_two_libraries_agree(tree: Any, data: st.DataObject) -> None:
    octets = bytearray(json.dumps(tree).encode())
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place : place + data.draw(st.integers(0, 2))] = data.draw(
        st.sampled_from([b"", b'"', b"{", b"]", b",", b"\\u00", b"\xff", b"e", b"9", b"-", b"."])
    )
    agree(bytes(octets))


@pytest.mark.parametrize("octets", ODD, ids=range(len(ODD)))
def test_odd_json_reads_as_two_libraries_agree(octets: bytes) -> None:
    agree(octets)


@given(st.binary(max_size=60))
@example(b"%")
@example(bytes(range(256)))
def test_form_values_are_encoded_as_the_library_does(octets: bytes) -> None:
    encoded = form_encoded(octets, kept=UNRESERVED)
    assert encoded == quote_plus(octets).replace("~", "%7E").encode()
    assert form_encoded(octets, kept=UNRESERVED + b"~") == quote_plus(octets).encode()


PIECES = st.sampled_from(
    ["<a>", "</a>", "<b>", "</b>", "<xml>", "</xml>", "<![CDATA[", "]]>", "]", ">", "&amp;", "1",
     " ", "\n", "\r", "\t", "\x00", "\x7f", "\u00a0", "\ufffe", "<!--x-->", "<c/>", "é"]
)  # fmt: skip
TEXT = "<a>1</a><b><![CDATA[x y]]></b>\n<c></c>"


def parsed(octets: bytes) -> Any:
    """Return what the parser alone makes of a document, None where it refuses."""
    reader = _FlatReader("xml")
    try:
        reader.parser.Parse(octets, True)
    except (expat.ExpatError, Malformed):
        return None
    return reader.members


@settings(deadline=None)
@given(st.lists(PIECES), st.integers(0, len(TEXT)), st.lists(PIECES, max_size=3))
def test_flat_xml_reads_as_the_parser_does(
    pieces: list[str], place: int, inserted: list[str]
) -> None:
    for inside in ("".join(pieces), TEXT[:place] + "".join(inserted) + TEXT[place:]):
        octets = f"<xml>{inside}</xml>".encode()
        expected = parsed(octets)
        if expected is None:
            with pytest.raises(Malformed):
                flat_xml(octets, root="xml")
        else:
            assert flat_xml(octets, root="xml")._members == expected


def test_plain_documents_need_no_parser() -> None:
    plain = _read_at_once(f"<xml>\n{TEXT}</xml>\n", "xml")
    assert plain == {"a": "1", "b": "x y", "c": ""}


NAMES = st.sampled_from(["a", "b", "a\\", '"', '":', ":", '\\":', "é"])
INNER = st.recursive(NAMES | st.integers(0, 9), lambda inner: st.lists(inner, max_size=2))


@st.composite
def objects(draw: st.DrawFn) -> str:
    """An object's text, names perhaps twice, with everything in it that looks like a name."""
    members = draw(st.lists(st.tuples(NAMES, INNER), max_size=4))
    between = draw(st.sampled_from([":", " : "]))
    return (
        "{"
        + ", ".join(f"{json.dumps(n)}{between}{json.dumps(value)}" for n, value in members)
        + "}"
    )


@settings(deadline=None)
@given(objects(), st.sampled_from(["", '{"deep":%s}', '{"a":[%s,{}]}']))
def test_name_twice_is_refused_and_nothing_else(text: str, around: str) -> None:
    octets = (around.replace("%s", text) or text).encode()
    names: list[bool] = []
    json.loads(
        octets, object_pairs_hook=lambda pairs: names.append(len(dict(pairs)) != len(pairs))
    )
    if any(names):
        with pytest.raises(Malformed):
            json_fields(octets)
    else:
        assert json_fields(octets)._members == json.loads(octets)


@given(
    st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=6))),
    st.sampled_from(["utf-8", "gb18030"]),
)
@example([(b"a", b"\x81"), (b"b", b"0\x810")], "gb18030")
@example([(b"a\0b", b"")], "utf-8")
def test_form_is_decoded_as_value_by_value(pairs: list[tuple[bytes, bytes]], charset: str) -> None:
    try:
        texts = [(name.decode(charset), value.decode(charset)) for name, value in pairs]
        once = len(dict(texts)) == len(texts)
    except UnicodeDecodeError:
        once = False
    if once:
        assert decoded_fields(pairs, charset)._members == dict(texts)
    else:
        with pytest.raises(Malformed):
            decoded_fields(pairs, charset)
