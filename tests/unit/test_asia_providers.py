"""Providers of China, Taiwan and Vietnam beyond their cases: replies, faults of accounts, keys."""

import base64
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from processors.account_form import Digest, revision_of
from processors.contract import Receipt
from processors.keys import KeyProblem, private_key, public_key, short_public_key
from processors.registry import PROVIDERS
from processors.vectors import BadCase
from processors.verdict import judge
from processors.xml_trees import nested_xml
from schemas.errors import Malformed
from schemas.record import Position
from tests.support.cases import announcing, cases_of, trial


def case_named(name: str, case: str) -> dict[str, Any]:
    return next(each for each in cases_of(name) if each["name"] == case)


def answered(name: str, case: dict[str, Any], receipt: Receipt) -> tuple[int, bytes]:
    tried = trial(name, case)
    reply = PROVIDERS[name].reply(tried.callback, receipt, tried.account)
    return reply.status, reply.body


def with_settings(name: str, case: dict[str, Any], **changes: str | None) -> dict[str, Any]:
    settings = case["account"]["settings"] | changes
    kept = {setting: value for setting, value in settings.items() if value is not None}
    return case | {"account": case["account"] | {"settings": kept}}


def test_huifu_is_answered_with_the_proven_request_alone() -> None:
    case = case_named("huifu", "paid-row")
    tried = trial("huifu", case)
    judgement = judge(tried.callback, Position("vectors", 0, 0), PROVIDERS["huifu"], tried.account)
    assert answered("huifu", case, Receipt(200, judgement.proven)) == (200, b"RECV_ORD_ID_M-1")
    assert answered("huifu", case, Receipt(401)) == (401, b"FAIL")
    assert answered("huifu", case, Receipt(200)) == (200, b"FAIL")
    assert PROVIDERS["huifu"].reply_when == "verified"


def test_momo_takes_no_content_for_success() -> None:
    case = announcing("momo", 1)[0]
    assert answered("momo", case, Receipt(200)) == (204, b"")
    assert answered("momo", case, Receipt(503))[0] == 503


@pytest.mark.parametrize(("status", "code"), [(200, b'"00"'), (401, b'"97"'), (503, b'"99"')])
def test_vnpay_is_answered_in_its_codes(status: int, code: bytes) -> None:
    sent, body = answered("vnpay", announcing("vnpay", 1)[0], Receipt(status))
    assert sent == status
    assert code in body


@pytest.mark.parametrize(("status", "code"), [(200, b":1,"), (401, b":-1,"), (503, b":0,")])
def test_zalopay_is_answered_in_its_codes(status: int, code: bytes) -> None:
    assert code in answered("zalopay", announcing("zalopay", 1)[0], Receipt(status))[1]


def test_douyin_is_answered_in_the_form_of_its_protocol() -> None:
    trade = case_named("douyinpay", "trade-paid-with-a-discount")
    merchant = case_named("douyinpay", "merchant-paid")
    assert b"err_no" in answered("douyinpay", trade, Receipt(200))[1]
    assert b"code" in answered("douyinpay", merchant, Receipt(401))[1]


@pytest.mark.parametrize(
    ("name", "case", "changes", "said"),
    [
        ("douyinpay", "merchant-paid", {"mchid": None}, "mchid"),
        ("douyinpay", "trade-refunded", {"app_id": None}, "app_id"),
        ("antom", "paid-row", {"notification_url": "http://pay.example.com/x"}, "https"),
        ("antom", "paid-row", {"notification_url": "https://["}, "no URL"),
        ("newebpay", "paid-row", {"hash_iv": "short"}, "16 characters"),
        ("binance-pay", "paid-row", {"tolerance_seconds": "0"}, "seconds"),
    ],
)
def test_account_that_could_prove_nothing_does_not_load(
    name: str, case: str, changes: dict[str, str | None], said: str
) -> None:
    with pytest.raises(BadCase, match=said):
        trial(name, with_settings(name, case_named(name, case), **changes))


def test_secret_that_is_no_hex_does_not_load_where_it_is_decoded() -> None:
    case = case_named("worldpay", "settled-row")
    key = case["account"]["keys"][0] | {"text": "not hex"}
    changed = case | {"account": case["account"] | {"keys": [key]}}
    with pytest.raises(BadCase, match="no hex"):
        trial("worldpay", changed)
    trial("worldpay", with_settings("worldpay", changed, key_encoding="utf8"))


def test_des_key_of_another_length_does_not_load() -> None:
    case = case_named("jdpay", "paid-row")
    short = {"kid": "2", "use": "decrypt", "kind": "secret", "text": "AAAA"}
    keys = [*case["account"]["keys"], short]
    with pytest.raises(BadCase, match="24"):
        trial("jdpay", case | {"account": case["account"] | {"keys": keys}})


def test_private_key_is_published_as_its_other_half() -> None:
    account = trial("yeepay", case_named("yeepay", "paid-row")).account
    revision = revision_of(account, Digest(b"digest"))
    opened = next(key for key in revision.keys if key.use == "decrypt")
    assert opened.public is not None
    assert "PUBLIC KEY" in opened.public
    assert opened.digest is None


def der_text(bits: int) -> tuple[str, str]:
    key = generate_private_key(65_537, bits)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(public).decode(), base64.b64encode(private).decode()


def test_short_keys_load_where_the_provider_has_no_longer_ones() -> None:
    public, private = der_text(1024)
    assert short_public_key(public).key_size == 1024
    with pytest.raises(KeyProblem, match="1024 bits"):
        public_key(public)
    with pytest.raises(KeyProblem, match="1024 bits"):
        private_key(private)


@pytest.mark.parametrize("text", ["", "AAAA", "!", "-----BEGIN PRIVATE KEY-----\nx"])
def test_what_is_no_private_key_is_said_without_telling_it(text: str) -> None:
    with pytest.raises(KeyProblem) as problem:
        private_key(text)
    assert text == "" or text not in str(problem.value)


@pytest.mark.parametrize(
    "octets",
    [
        b"<a><b>1</b><b>2</b></a>", b"<a>x<b>1</b></a>", b"<a><b>1</b>x</a>", b"<z/>",
        b'<a b="1"/>', b"<a><!-- c --></a>", b"<a><?p?></a>", b"<!DOCTYPE a><a/>", b"<a>\xff</a>",
        b"<a>" * 9 + b"</a>" * 9, b"<a>" + b"x" * 70_000 + b"</a>", b"<a>", b"",
    ],
)  # fmt: skip
def test_xml_that_could_be_read_in_two_ways_is_refused(octets: bytes) -> None:
    with pytest.raises(Malformed):
        nested_xml(octets, root="a", repeated=frozenset())


def test_xml_levels_become_objects_and_repeated_elements_a_list() -> None:
    octets = b"<a> <b><c>1</c></b> <l><p>x</p><p><q>y</q></p></l><e></e></a>"
    fields = nested_xml(octets, root="a", repeated=frozenset(("p",)))
    assert fields.child("b").text("c") == "1"
    assert fields.child("l").raw("p") == ["x", {"q": "y"}]
    assert fields.raw("e") == ""


def test_encodings_of_the_same_pairs_are_one_proof_at_vnpay() -> None:
    case = case_named("vnpay", "punctuation")
    tried = trial("vnpay", case)
    expected = tried.said()
    spelled = tried.body.replace(b"%2A", b"*").replace(b"~", b"%7E")
    assert spelled != tried.body
    assert tried.with_body(spelled).said() == expected
    body = replace(tried, callback=replace(tried.callback, body=b"x"))
    assert body.said().faults == ("malformed",)
