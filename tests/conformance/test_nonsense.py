"""Authentic nonsense: well signed, with one member after another missing, odd or enormous.

A provider's own fault must end in a refusal or be parked. It must not crash, and it must not
announce money without an amount.
"""

import base64
import json
import time
from typing import Any

import pytest

from processors.registry import PROVIDERS
from tests.support.cases import announcing, trial
from tests.support.changes import NONSENSE, changed, paths
from tests.support.signers import SIGNERS, SIGNS_RAW_BYTES, resigned

SECONDS_MAX = 5.0
NAMES = [name for name in PROVIDERS if name in SIGNERS]
DEEP = 100_000
HOSTILE: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff\xfe", b"null", b"[]", b"1", b'"text"', b"{}", b"{", b"\xef\xbb\xbf{}",
    b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b'{"a":NaN}', b'{"a":1e999}',
    b'{"a":' + b"9" * 5_000 + b"}",
    b"[" * DEEP, b'{"a":' * DEEP, b"[" * DEEP + b"]" * DEEP, b'{"a":"' + b"x" * 500_000 + b'"}',
    b"a=1&" * 200_000, b"&" * 500_000, b"a=1&a=2", b"%", b"a=%zz&b=%", b"a" * 500_000,
    b"<xml/>", b"<xml><a></xml>", b"<xml>" * 10_000,
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><xml><a>&b;</a></xml>',
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x"><xml/>', b"<xml><a>&unknown;</a></xml>",
    b"<xml><a>1</a><a>2</a></xml>", b"<xml>" + b"<a>1</a>" * 50_000 + b"</xml>",
)  # fmt: skip


def tried(name: str, case: dict[str, Any], tree: Any) -> Any:
    return trial(name, resigned(name, case, tree)).said()


@pytest.mark.parametrize("name", NAMES)
def test_member_that_makes_no_sense_crashes_nothing(name: str) -> None:
    for case in announcing(name, 3):
        tree = SIGNERS[name].tree(case)
        assert tried(name, case, tree).facts
        for place in paths(tree):
            for value in NONSENSE:
                tried(name, case, changed(tree, place, value))


@pytest.mark.parametrize("name", [name for name in NAMES if name in SIGNS_RAW_BYTES])
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_signed_bytes_that_are_no_message_are_refused_in_time(name: str, body: bytes) -> None:
    case = announcing(name, 1)[0]
    started = time.perf_counter()
    said = tried(name, case, body)
    assert time.perf_counter() - started < SECONDS_MAX
    assert said.faults
    assert not said.facts


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_bytes_that_are_no_message_are_refused_in_time(name: str, body: bytes) -> None:
    for case in announcing(name, 2):
        started = time.perf_counter()
        said = trial(name, case).with_body(body).said()
        assert time.perf_counter() - started < SECONDS_MAX
        assert said.faults
        assert not said.facts


HOSTILE_VALUES = (
    "", " ", "\x00", "\xff", "=", "====", "A", "AAAAA", "-1", "+1", "1_0", "9" * 5_000, "1e9",
    ",", ",,,,", "t=,v1=", "t=1,t=1", "v1=" * 5_000, "v1=00," * 5_000, "null", "é" * 9_000,
    "https://", "https://[", "https://api.paypal.com:99999999/", "%00", "\r\n",
)  # fmt: skip


@pytest.mark.parametrize("name", PROVIDERS)
def test_header_that_makes_no_sense_announces_nothing_else(name: str) -> None:
    for case in announcing(name, 3):
        whole = trial(name, case)
        expected = whole.said()
        headers = whole.callback.headers
        for number, (header, _) in enumerate(headers):
            for value in HOSTILE_VALUES:
                changed_headers = (*headers[:number], (header, value), *headers[number + 1 :])
                said = whole.with_headers(changed_headers).said()
                assert said == expected or not said.facts


def test_a_million_form_fields_and_as_many_members_end_in_time() -> None:
    bodies = (
        b"&".join(b"f%d=1" % number for number in range(1_000_000)),
        json.dumps({str(number): 1 for number in range(200_000)}).encode(),
    )
    for name in PROVIDERS:
        for case in announcing(name, 1):
            for body in bodies:
                started = time.perf_counter()
                assert not trial(name, case).with_body(body).said().facts
                assert time.perf_counter() - started < SECONDS_MAX


@pytest.mark.parametrize("length", [1, 2, 3, 5, 127, 128, 129, 255, 257, 512, 4_096])
def test_signature_of_an_impossible_length_is_refused(length: int) -> None:
    octets = base64.b64encode(b"\x01" * length).decode()
    for name in PROVIDERS:
        for case in announcing(name, 2):
            whole = trial(name, case)
            headers = tuple(
                (header, octets if "sig" in header.lower() else value)
                for header, value in whole.callback.headers
            )
            if headers != whole.callback.headers:
                assert not whole.with_headers(headers).said().facts
