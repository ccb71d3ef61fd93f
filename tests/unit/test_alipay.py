"""Alipay: what its cases do not tell: running totals, one identity, replies, key spellings."""

import base64
from urllib.parse import parse_qsl, urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from processors.keys import KeyProblem, public_pem
from processors.providers.alipay import PROVIDER
from processors.verdict import judge
from schemas.fact import Fact
from tests.support import authority
from tests.support.cases import POSITION, Trial, cases_of, trial
from tests.support.replies import reply_to

NAME = "alipay"


def whole(name: str) -> Trial:
    return trial(NAME, next(each for each in cases_of(NAME) if each["name"] == name))


def stated(name: str) -> Fact:
    tried = whole(name)
    ((record, _),) = judge(tried.callback, POSITION, tried.provider, tried.account).facts
    return record.fact


def test_refund_states_the_sum_so_far_and_no_amount() -> None:
    fact = stated("refund-partial-second-running-total")
    assert (fact.type, fact.refund_id, fact.amount) == ("RefundTotal", "R-2", None)
    assert fact.refunded_total is not None
    assert fact.refunded_total.minor == 5000


def test_deposit_back_and_refund_name_one_refund() -> None:
    refund, back = (
        stated("made-closed-by-a-refund-without-a-sum"),
        stated("made-deposit-back-arrived"),
    )
    assert (refund.payment_id, refund.part_id) == (back.payment_id, back.part_id)


def test_success_and_finished_are_one_payment() -> None:
    paid, finished = (
        stated("made-paid-with-a-zero-refund"),
        stated("made-finished-is-the-same-payment"),
    )
    assert (paid.type, paid.payment_id, paid.part_id) == (
        finished.type, finished.payment_id, finished.part_id,
    )  # fmt: skip


def test_what_the_payer_paid_stands_apart() -> None:
    fact = stated("made-paid-with-a-discount")
    assert fact.payer_amount is not None
    assert fact.payer_amount.minor == 7550


def test_order_of_fields_and_way_of_escaping_do_not_matter() -> None:
    tried = whole("payment-odd-cents")
    pairs = parse_qsl(tried.callback.body.decode(), keep_blank_values=True)
    again = tried.with_body(urlencode(sorted(pairs, reverse=True)).encode())
    assert again.said() == tried.said()


def test_replies_are_the_two_words() -> None:
    assert reply_to(NAME, 200).body == b"success"
    failed = reply_to(NAME, 503)
    assert (failed.status, failed.body) == (503, b"fail")


def test_public_key_is_read_in_every_spelling() -> None:
    decode = PROVIDER.keys[0].decode
    pem = public_pem(authority.private_key("alipay").public_key())
    assert pem is not None
    bare = "".join(pem.splitlines()[1:-1])
    for spelling in (pem, bare, pem.replace("\n", "\r\n"), "\ufeff" + pem, f"\n{bare}\n"):
        assert public_pem(decode(spelling)) == pem


def test_private_key_and_application_junk_are_named() -> None:
    decode = PROVIDER.keys[0].decode
    junk = base64.b64encode(b"no key").decode()
    for text, words in ((private_text(), "private key"), (junk, "no public key"), ("", "empty")):
        with pytest.raises(KeyProblem, match=words):
            decode(text)


def private_text() -> str:
    der = authority.private_key("alipay").private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    return base64.b64encode(der).decode()
