"""Answers that the provider wants signed: made of proven content, and of nothing else."""

import base64
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from processors.contract import Receipt, Reply
from processors.sealing import key_of_order_aes, key_of_order_des3
from processors.verdict import judge
from tests.support import authority
from tests.support.cases import POSITION, Trial, cases_of, trial
from tests.support.signers import resigned
from tests.support.signers_more.redsys import mac
from tests.support.signers_more.trustly import HASHES


def case_named(name: str, case: str) -> dict[str, Any]:
    return next(each for each in cases_of(name) if each["name"] == case)


def answered(whole: Trial, status: int = 200) -> Reply:
    """Return the reply as the ingress asks for it after judging."""
    judgement = judge(whole.callback, POSITION, whole.provider, whole.account)
    receipt = Receipt(status, judgement.proven or None)
    return whole.provider.reply(whole.callback, receipt, whole.account)


@pytest.mark.parametrize(
    ("case", "media_type"),
    [("soap-paid", "text/xml"), ("soap-paid-1-2", "application/soap+xml")],
)
def test_redsys_soap_is_answered_in_its_version_with_a_signed_ok(
    case: str, media_type: str
) -> None:
    found = case_named("redsys", case)
    reply = answered(trial("redsys", found))
    assert (reply.status, reply.content_type.partition(";")[0]) == (200, media_type)
    texts = [each.text for each in ElementTree.fromstring(reply.body).iter("return")]
    message = ElementTree.fromstring(texts[0] or "")
    response = (texts[0] or "").partition("<Message>")[2].partition("<Signature>")[0]
    assert message.findtext("Response/Ds_Response_Merchant") == "OK"
    expected = mac(found, "HMAC_SHA256_V1", "2405abcdEF01", response.encode())
    assert base64.b64decode(message.findtext("Signature") or "") == expected


def test_redsys_answer_is_the_published_one() -> None:
    found = case_named("redsys", "soap-paid")
    key = {"kid": "1", "use": "verify", "kind": "secret"}
    key["text"] = "Mk9m98IfEblmPfrpsawt7BmxObt98Jev"
    found = found | {"account": found["account"] | {"keys": [key]}}
    signed = resigned("redsys", found, {"Ds_Order": "165441"})
    reply = answered(trial("redsys", signed))
    assert b"yQOHa14Yk2fpjHuO69+1cANLes6Z2/VwaoTWluiXe50=" in reply.body


@pytest.mark.parametrize("case", ["soap-amount-changed", "soap-doctype"])
def test_redsys_signs_nothing_that_was_not_proven(case: str) -> None:
    whole = trial("redsys", case_named("redsys", case))
    for status in (200, 401, 503):
        assert answered(whole, status).body == b""


def test_redsys_signs_no_answer_where_the_callback_was_not_stored() -> None:
    whole = trial("redsys", case_named("redsys", "soap-paid"))
    for status in (401, 413, 429, 503):
        reply = answered(whole, status)
        assert (reply.status, reply.body) == (status, b"")


def test_redsys_form_is_answered_with_nothing() -> None:
    reply = answered(trial("redsys", case_named("redsys", "partial-refund-0900")))
    assert (reply.status, reply.body) == (200, b"")


def test_keys_of_an_order_are_those_that_others_publish() -> None:
    # The triple-DES value is redsys-easy's own fixture.
    secret = b"Mk9m98IfEblmPfrpsawt7BmxObt98Jev"
    assert base64.b64encode(key_of_order_des3(secret, b"165441")) == b"9vgc3PPtGIU="
    # A whole block gets no further one in triple DES, and one of padding alone in AES.
    assert len(key_of_order_des3(secret, b"24051234")) == 8
    assert len(base64.b64decode(key_of_order_aes(secret, b"2405123424051234"))) == 32


OURS = "the merchant's own key"


def with_our_key(case: str) -> dict[str, Any]:
    """Return a Trustly case whose account can sign."""
    pem = authority.private_key(OURS).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    ours = {"kid": "ours", "use": "sign", "kind": "private-key", "pem": pem.decode()}
    found = case_named("trustly", case)
    account = found["account"]
    return found | {"account": account | {"keys": [*account["keys"], ours]}}


@pytest.mark.parametrize(
    ("case", "algorithm", "method"),
    [
        ("published-credit", "SHA1", "credit"),
        ("pending-row", "SHA1", "pending"),
        ("rs512-row", "RS512", "credit"),
    ],
)
def test_trustly_is_answered_with_ok_signed_by_the_merchant(
    case: str, algorithm: str, method: str
) -> None:
    found = with_our_key(case)
    uuid = json.loads(base64.b64decode(found["request"]["body_base64"]))["params"]["uuid"]
    reply = answered(trial("trustly", found))
    answer = json.loads(reply.body)
    result, version = answer["result"], answer["version"]
    assert (reply.status, version, result["uuid"], result["method"]) == (200, "1.1", uuid, method)
    assert result["data"] == {"status": "OK"}
    before, signature = "" if algorithm == "SHA1" else f"alg={algorithm};", result["signature"]
    assert signature.startswith(before)
    authority.private_key(OURS).public_key().verify(
        base64.b64decode(signature.removeprefix(before), validate=True),
        f"{method}{uuid}statusOK".encode(),
        PKCS1v15(),
        HASHES[algorithm],
    )


@pytest.mark.parametrize("case", ["amount-changed", "uuid-changed", "signature-absent"])
def test_trustly_signs_nothing_that_was_not_proven(case: str) -> None:
    whole = trial("trustly", with_our_key(case))
    for status in (200, 401, 503):
        assert answered(whole, status).body == b""


def test_trustly_signs_no_answer_where_the_callback_was_not_stored() -> None:
    whole = trial("trustly", with_our_key("published-credit"))
    for status in (401, 413, 429, 503):
        reply = answered(whole, status)
        assert (reply.status, reply.body) == (status, b"")


def test_trustly_without_our_key_is_not_answered_as_it_wants() -> None:
    assert answered(trial("trustly", case_named("trustly", "published-credit"))).body == b""
