"""Reading bytes: forms, JSON, numbers, times, against slower oracles that are plainly right."""

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.encodings import digits, from_base64, from_hex
from processors.fields import Fields
from processors.flat_xml import flat_xml
from processors.forms import decoded_fields, form_pairs
from processors.json_texts import json_fields
from processors.messages import decodable, header_items, sorted_form
from processors.moments import UNIX_SECONDS_MAX, local_ms, rfc3339_ms
from schemas.errors import BadSignature, CallbackError, Malformed
from schemas.times import rfc3339

QUOTED = st.text(st.sampled_from(['"', "\\", ":", " ", "a", "é", ","]), max_size=6)
NAMES = st.sampled_from(["a", "b", 'a"', 'a":', "\\", "é", ""])
PAIRS = st.deferred(lambda: st.lists(st.tuples(NAMES, VALUES), max_size=4).map(tuple))
VALUES: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        QUOTED | st.integers(-9, 9) | st.none() | PAIRS.map(Pairs) | st.lists(QUOTED, max_size=3)
    )
)


class Pairs:
    """An object as a list of pairs: names may stand twice, as they can in JSON text."""

    def __init__(self, pairs: tuple[tuple[str, Any], ...]) -> None:
        self.pairs = pairs


def written(value: Any, gap: str) -> str:
    if isinstance(value, Pairs):
        members = (f"{json.dumps(n)}{gap}:{gap}{written(v, gap)}" for n, v in value.pairs)
        return "{" + f",{gap}".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(each, gap) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)


class Twice(Exception):
    """A name stands twice in one object."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Twice
    return found


@settings(max_examples=400)
@given(pairs=PAIRS, gap=st.sampled_from(["", " ", "\n\t"]))
def test_json_is_refused_exactly_where_a_name_stands_twice(pairs: Any, gap: str) -> None:
    text = written(Pairs(pairs), gap)
    try:
        expected = json.loads(text, object_pairs_hook=once)
    except Twice:
        with pytest.raises(Malformed):
            json_fields(text.encode())
    else:
        fields = json_fields(text.encode())
        assert {name: fields.raw(name) for name in fields} == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"\\u0061":2}',
        '{"a":{"b":1,"b":1}}',
        '[{"a":1}]',
        '{"a":"b\\":","a":1}',
        '{"a" :1, "a" :1}',
    ],
)
def test_json_that_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        json_fields(text.encode())


@given(body=st.binary(max_size=300))
def test_any_bytes_raise_callback_errors_alone(body: bytes) -> None:
    for read in (
        json_fields,
        lambda octets: decoded_fields(form_pairs(octets), "utf-8"),
        lambda octets: decoded_fields(form_pairs(octets), "gbk"),
        lambda octets: flat_xml(octets, root="xml"),
        lambda octets: from_base64(octets, error=Malformed),
        lambda octets: from_hex(octets, error=Malformed),
        lambda octets: digits(octets, what="x"),
        lambda octets: rfc3339_ms(octets.decode("latin-1"), what="x"),
        lambda octets: local_ms(octets.decode("latin-1"), offset_minutes=480, what="x"),
    ):
        try:
            read(body)
        except CallbackError:
            continue


FORM = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=6)


@given(form=FORM)
def test_form_reads_back_as_it_was_encoded(form: dict[str, str]) -> None:
    octets = urlencode(form).encode()
    fields = decoded_fields(form_pairs(octets), "utf-8")
    assert {name: fields.raw(name) for name in fields} == form


@given(body=st.text(st.sampled_from("ab=&%+25"), max_size=30))
def test_form_is_decoded_once_like_the_standard_library_does(body: str) -> None:
    expected = parse_qsl(body, keep_blank_values=True, encoding="latin-1")
    names = [name for name, _ in expected]
    if len(set(names)) != len(names):
        with pytest.raises(Malformed):
            form_pairs(body.encode())
    else:
        pairs = form_pairs(body.encode())
        assert [(n.decode("latin-1"), v.decode("latin-1")) for n, v in pairs] == expected


@given(form=FORM)
def test_sorted_form_does_not_depend_on_the_order_received(form: dict[str, str]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in form.items()]
    there = sorted_form(pairs, exclude=frozenset((b"a",)), keep_empty=True)
    back = sorted_form(pairs[::-1], exclude=frozenset((b"a",)), keep_empty=True)
    expected = sorted(pair for pair in pairs if pair[0] != b"a")
    assert there.octets == back.octets == b"&".join(n + b"=" + v for n, v in expected)
    assert there.proves == back.proves == tuple(expected)


@given(form=FORM)
def test_sorted_form_proves_no_more_than_it_signs(form: dict[str, str]) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in form.items()]
    message = sorted_form(pairs, exclude=frozenset((b"a", b"b")), keep_empty=False)
    assert all(value and name not in (b"a", b"b") for name, value in message.proves)


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
FIRST, LAST = datetime(1971, 1, 1), datetime(9990, 1, 1)  # noqa: DTZ001 - zones are drawn
LOCAL = st.datetimes(FIRST, LAST)
MOMENTS = st.datetimes(FIRST, LAST, timezones=OFFSETS)


@given(moment=MOMENTS, zone=st.sampled_from(["numbers", "no colon"]))
def test_time_with_its_zone_is_the_same_moment(moment: datetime, zone: str) -> None:
    text = moment.isoformat()
    if zone == "no colon":
        text = text[:-3] + text[-2:]
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    assert rfc3339_ms(text, what="x") == since // timedelta(milliseconds=1)


@given(moment=LOCAL, digits_=st.integers(1, 9))
def test_fractions_of_any_length_are_cut_not_rounded(moment: datetime, digits_: int) -> None:
    fraction = f"{moment.microsecond:06d}999"[:digits_]
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction}Z"
    exact = moment.replace(microsecond=int(fraction[:6].ljust(6, "0")), tzinfo=UTC)
    since = exact - datetime(1970, 1, 1, tzinfo=UTC)
    assert rfc3339_ms(text, what="x") == since // timedelta(milliseconds=1)


@given(
    text=st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", fullmatch=True)
)
def test_moment_that_does_not_exist_is_refused(text: str) -> None:
    try:
        expected = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        expected = None
    if expected is None or text[17:19] in ("60", "61"):
        with pytest.raises(Malformed):
            rfc3339_ms(text, what="x")
    else:
        since = expected - datetime(1970, 1, 1, tzinfo=UTC)
        assert rfc3339_ms(text, what="x") == since // timedelta(milliseconds=1)


@given(moment=LOCAL, minutes=st.integers(-720, 840))
def test_local_time_is_its_offset_behind(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0)
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S"):
        text = f"{moment:{form}}"
        assert local_ms(text, offset_minutes=minutes, what="x") == since // timedelta(
            milliseconds=1
        )


@given(text=st.text(max_size=20))
def test_digits_are_ascii_and_nothing_else(text: str) -> None:
    if text.isascii() and text.isdigit() and len(text) <= 18:
        assert digits(text, what="x") == int(text)
    else:
        with pytest.raises(Malformed):
            digits(text, what="x")


ITEMS = st.lists(
    st.tuples(st.sampled_from([b"t", b"v1", b"v0"]), st.binary(max_size=5)), max_size=6
)


@given(items=ITEMS)
def test_header_items_keep_every_value_in_order(items: list[tuple[bytes, bytes]]) -> None:
    items = [(name, value.replace(b",", b"")) for name, value in items]
    header = b",".join(name + b"=" + value for name, value in items)
    found = header_items(header, between=b",")
    for name in (b"t", b"v1", b"v0"):
        assert list(found.get(name, ())) == [value for each, value in items if each == name]


def test_header_of_many_items_is_read_in_linear_time() -> None:
    # Before any proof: 32 KiB of header must not cost a tenth of a second.
    header = b"v1=," * 200_000
    started = time.perf_counter()
    assert len(header_items(header, between=b",")[b"v1"]) == 200_000
    assert time.perf_counter() - started < 2.0


@given(seconds=st.integers() | st.integers(-1, 1) | st.floats() | st.text(max_size=3))
def test_seconds_since_1970_are_a_time_or_refused(seconds: Any) -> None:
    fields = Fields({"created": seconds})
    if type(seconds) is int and 0 <= seconds <= UNIX_SECONDS_MAX:
        assert fields.unix_seconds_ms("created") == seconds * 1000
        rfc3339(seconds * 1000)
    else:
        with pytest.raises(Malformed):
            fields.unix_seconds_ms("created")


@given(
    good=st.lists(st.binary(min_size=4, max_size=4), max_size=3),
    bad=st.lists(st.binary(max_size=9)),
)
def test_garbled_signatures_do_not_hide_good_ones(good: list[bytes], bad: list[bytes]) -> None:
    texts = [*bad, *(each.hex().encode() for each in good)]
    try:
        found = decodable(texts, from_hex, octets=4)
    except BadSignature:
        assert not good
    else:
        assert set(good) <= set(found)
        assert all(len(each) == 4 for each in found)
