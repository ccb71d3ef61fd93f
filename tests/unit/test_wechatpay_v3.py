"""WeChat Pay v3: what its cases do not tell: items, replies, faults of an account."""

from dataclasses import replace
from typing import Any

import pytest

from processors.account import Account
from processors.contract import Receipt
from processors.keys import Key, KeyProblem, Secret, certificates, public_key
from processors.providers.wechatpay_v3 import PROVIDER
from processors.vectors import case_account
from processors.verdict import judge
from tests.support import authority
from tests.support.cases import POSITION, cases_of, trial
from tests.support.replies import reply_to

NAME = "wechatpay-v3"


def case(name: str) -> dict[str, Any]:
    return next(each for each in cases_of(NAME) if each["name"] == name)


def outcomes(name: str) -> list[tuple[str, str | None]]:
    whole = trial(NAME, case(name))
    judgement = judge(whole.callback, POSITION, whole.provider, whole.account)
    return [(outcome.outcome, outcome.code) for outcome in judgement.outcomes]


def test_bad_sub_order_does_not_hold_back_its_siblings() -> None:
    whole = trial(NAME, case("made-combined-with-a-bad-item"))
    judgement = judge(whole.callback, POSITION, whole.provider, whole.account)
    assert [record.item for record, _ in judgement.facts] == [0, 2]
    (outcome,) = judgement.outcomes
    assert (outcome.item, outcome.items, outcome.code) == (1, 3, "unknown_meaning")


def test_payer_amount_stands_beside_the_order_amount() -> None:
    whole = trial(NAME, case("payment-direct-certificate"))
    judgement = judge(whole.callback, POSITION, whole.provider, whole.account)
    ((record, _),) = judgement.facts
    ordered, paid = record.fact.amount, record.fact.payer_amount
    assert ordered is not None
    assert paid is not None
    assert (ordered.minor, paid.minor) == (10_000, 9_900)
    assert record.kid == "440024045C4A427599D09BB4E3DE0279F2E813FD"


@pytest.mark.parametrize("name", ["made-timestamp-missing", "made-serial-missing"])
def test_unreadable_request_is_told_from_a_bad_signature(name: str) -> None:
    assert outcomes(name) == [("refused", "malformed")]


def test_unknown_serial_counts_before_a_missing_signature() -> None:
    whole = trial(NAME, case("signature-header-missing"))
    headers = [
        (name, "ABCDEF" if name.lower() == "wechatpay-serial" else value)
        for name, value in whole.callback.headers
    ]
    assert whole.with_headers(headers).said().faults == ("unknown_key",)


def test_empty_serial_is_malformed() -> None:
    whole = trial(NAME, case("signature-header-missing"))
    headers = [
        (name, "" if name.lower() == "wechatpay-serial" else value)
        for name, value in whole.callback.headers
    ]
    assert whole.with_headers(headers).said().faults == ("malformed",)


def test_stored_and_failed_replies() -> None:
    stored = reply_to(NAME, 200)
    assert (stored.status, stored.content_type) == (200, "application/json")
    assert b'"SUCCESS"' in stored.body
    for status in (401, 413, 429, 503):
        failed = reply_to(NAME, status)
        assert (failed.status, b'"FAIL"' in failed.body) == (status, True)


def test_probe_gets_the_failure_form_although_it_was_stored() -> None:
    whole = trial(NAME, case("made-probe"))
    assert whole.said().faults == ("probe",)
    reply = PROVIDER.reply(whole.callback, Receipt(200), whole.account)
    assert (reply.status, b'"FAIL"' in reply.body) == (401, True)


def with_verify_key(kid: str, pem: str) -> Account:
    account = case_account(PROVIDER, case("payment-direct-certificate")["account"])
    if "CERTIFICATE" in pem:
        key = Key(kid, "verify", "certificate", certificates(pem))
    else:
        key = Key(kid, "verify", "public-key", public_key(pem))
    return replace(account, keys=(key,))


SERIAL = 0xABC123
PEM = authority.certificate("platform", "platform", serial=SERIAL)
OWN = authority.certificate("1230000109", "Tenpay.com Root CA", serial=SERIAL)


@pytest.mark.parametrize(
    ("kid", "pem", "words"),
    [
        (str(SERIAL), PEM, "in upper-case hex: ABC123"),
        ("abc123", PEM, "in upper-case hex: ABC123"),
        ("FFFFFF", PEM, "enter the certificate that it names"),
        ("PUB_KEY_ID_0114", PEM, 'say kind = "public-key"'),
        ("ABC123", OWN, "the merchant's own certificate"),
    ],
)
def test_key_that_makes_callbacks_look_forged_is_explained(kid: str, pem: str, words: str) -> None:
    (fault,) = PROVIDER.check(with_verify_key(kid, pem))
    assert words in fault
    assert kid in fault


def test_key_named_by_its_serial_is_good() -> None:
    assert PROVIDER.check(with_verify_key("ABC123", PEM)) == ()


def test_public_key_without_its_id_is_explained() -> None:
    text = next(
        key["pem"]
        for key in case("payment-partner-public-key-mode")["account"]["keys"]
        if key["kind"] == "public-key"
    )
    (fault,) = PROVIDER.check(with_verify_key("ABC123", text))
    assert "PUB_KEY_ID_" in fault
    assert PROVIDER.check(with_verify_key("PUB_KEY_ID_0114", text)) == ()


@pytest.mark.parametrize("text", ["x" * 31, "x" * 33, "x" * 32 + "\n", '"' + "x" * 30 + '"', ""])
def test_apiv3_key_of_another_form_does_not_load(text: str) -> None:
    decode = next(form.decode for form in PROVIDER.keys if form.use == "decrypt")
    with pytest.raises(KeyProblem):
        decode(text)
    assert isinstance(decode("x" * 32), Secret)
