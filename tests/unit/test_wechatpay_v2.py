"""WeChat Pay v2: what its cases do not tell: proof, payer's amount, replies."""

import pytest

from processors.verdict import judge
from schemas.fact import FactRecord
from tests.support.cases import POSITION, cases_of, trial
from tests.support.replies import reply_to

NAME = "wechatpay-v2"


def stated(name: str) -> FactRecord:
    whole = trial(NAME, next(each for each in cases_of(NAME) if each["name"] == name))
    ((record, _),) = judge(whole.callback, POSITION, whole.provider, whole.account).facts
    return record


@pytest.mark.parametrize("name", ["refund-partial", "java-sdk-payment-md5"])
def test_proof_is_a_shared_secret(name: str) -> None:
    assert stated(name).proof == "shared-secret"


def test_key_that_opened_is_named() -> None:
    assert stated("made-refund-wrong-key-with-fitting-padding").kid == "2"


def test_payer_amount_is_what_was_paid_in_cash() -> None:
    paid = stated("made-empty-element-not-signed").fact.payer_amount
    assert paid is not None
    assert paid.minor == 7550


def test_refund_keeps_both_numbers() -> None:
    fact = stated("refund-partial").fact
    assert fact.merchant_refund_id is not None
    assert fact.refund_id != fact.merchant_refund_id


def test_replies_are_xml() -> None:
    stored, failed = reply_to(NAME, 200), reply_to(NAME, 401)
    assert stored.body == (
        b"<xml><return_code><![CDATA[SUCCESS]]></return_code>"
        b"<return_msg><![CDATA[OK]]></return_msg></xml>"
    )
    assert (failed.status, b"FAIL" in failed.body) == (401, True)
    assert stored.content_type == failed.content_type == "text/xml"
