"""WeChat Pay v2 cases: results, refunds, sign types, XML holes, rotation.

Everything is derived from constants: a second run writes the same bytes.
Run: ``python -m tests.vectors.generators.wechatpay_v2``
"""

import base64
import hashlib
import hmac
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

AT_MS = 1_772_330_406_000  # 2026-03-01 10:00:06 in Shanghai
API_KEY, OTHER_KEY = "madeHere0123456789abcdefABCDEF77", "otherKey0123456789abcdefABCDEF77"
PAYMENT, REFUND = "4200001001202603010000000777", "50000001002026030200000000777"
XML = [["Content-Type", "text/xml"]]
Elements = dict[str, str]


def secrets(text: str = API_KEY, kid: str = "1") -> list[dict[str, Any]]:
    uses = ("verify", "decrypt")
    return [{"kid": kid, "use": use, "kind": "secret", "text": text} for use in uses]


def account(*keys: dict[str, Any], sign_type: str = "MD5", **settings: str) -> dict[str, Any]:
    shown = {"mch_id": "10000100", "appid": "wx2421b1c4370ec43b", "sign_type": sign_type}
    return {"mode": "live", "settings": shown | settings, "keys": list(keys) or secrets()}


def document(elements: Elements, root: str = "xml") -> bytes:
    inner = "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in elements.items())
    return f"<{root}>{inner}</{root}>".encode()


def signed(elements: Elements, *, sign_type: str = "MD5", key: str = API_KEY) -> bytes:
    pairs = sorted((name, text) for name, text in elements.items() if text)
    text = "&".join(f"{name}={value}" for name, value in (*pairs, ("key", key))).encode()
    if sign_type == "MD5":
        digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
    else:
        digest = hmac.new(key.encode(), text, "sha256").hexdigest()
    return document(elements | {"sign": digest.upper()})


def sealed(plain: bytes, *, key: str = API_KEY, **outer: str | None) -> bytes:
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    derived = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest().encode()
    encryptor = Cipher(AES(derived), ECB()).encryptor()
    octets = encryptor.update(padded) + encryptor.finalize()
    whole: dict[str, str | None] = {
        "return_code": "SUCCESS", "appid": "wx2421b1c4370ec43b", "mch_id": "10000100",
        "nonce_str": "madeHere", "req_info": base64.b64encode(octets).decode(),
    } | outer  # fmt: skip
    return document({name: text for name, text in whole.items() if text is not None})


def paid(**more: str | None) -> Elements:
    whole: dict[str, str | None] = {
        "return_code": "SUCCESS", "result_code": "SUCCESS", "appid": "wx2421b1c4370ec43b",
        "mch_id": "10000100", "nonce_str": "madeHere", "out_trade_no": "M-1",
        "transaction_id": PAYMENT, "total_fee": "8000", "fee_type": "CNY", "cash_fee": "7550",
        "time_end": "20260301100005", "bank_type": "OTHERS",
    } | more  # fmt: skip
    return {name: text for name, text in whole.items() if text is not None}


def refund(status: str = "SUCCESS", **more: str | None) -> bytes:
    whole: dict[str, str | None] = {
        "out_refund_no": "R-1", "out_trade_no": "M-1", "refund_fee": "2000", "refund_id": REFUND,
        "refund_status": status, "success_time": "2026-03-02 11:00:00", "total_fee": "8000",
        "transaction_id": PAYMENT,
    } | more  # fmt: skip
    return document({n: text for n, text in whole.items() if text is not None}, "root")


def fact(fact_type: str, minor: int | None = 8000, **more: Any) -> dict[str, Any]:
    stated = {} if minor is None else {"amount_minor": minor, "currency": "CNY"}
    return {"type": fact_type, "payment_id": PAYMENT, "merchant_order_id": "M-1"} | stated | more


GOOD = accepted(fact("PaymentSucceeded", occurred_at="2026-03-01T02:00:05.000Z"))
REFUNDED = accepted(
    fact("RefundCompleted", 2000, refund_id=REFUND, occurred_at="2026-03-02T03:00:00.000Z")
)
FAILED: dict[str, Any] = {"transaction_id": None, "total_fee": None, "cash_fee": None}
CONTRACT = {"contract_id": "Wx1", "change_type": "ADD"}
MEANINGS: list[tuple[str, str, bytes, dict[str, Any]]] = [
    ("failed", "one attempt, known by its order",
     signed(paid(**FAILED, result_code="FAIL", err_code="NOTENOUGH", time_end=None)),
     accepted(fact("PaymentFailed", None, payment_id=None, occurred_at=None))),
    ("transport-failed", "says nothing about a payment",
     signed(paid(return_code="FAIL", return_msg="busy")), accepted()),
    ("return-code-of-the-future", "parked", signed(paid(return_code="MAYBE")),
     unsupported("unknown_meaning")),
    ("result-code-of-the-future", "parked", signed(paid(result_code="MAYBE")),
     unsupported("unknown_meaning")),
    ("contract-signed", "a contract for later payments",
     signed(paid(**FAILED, **CONTRACT, result_code="SUCCESS")), accepted()),
    ("deducted-by-contract", "a payment that names its contract",
     signed(paid(contract_id="Wx1", trade_state="SUCCESS")), GOOD),
    ("deduction-that-says-both", "result and state do not agree",
     signed(paid(contract_id="Wx1", trade_state="PAY_FAIL")), unsupported("unknown_meaning")),
    ("without-an-amount", "absent is an error, never zero", signed(paid(total_fee=None)),
     refused("malformed")),
    ("amount-in-other-digits", "int() would take them", signed(paid(total_fee="８000")),
     refused("malformed")),
    ("amount-with-leading-zeros", "the number is the same", signed(paid(total_fee="008000")),
     GOOD),
    ("without-a-currency", "CNY where none is stated", signed(paid(fee_type=None)), GOOD),
    ("in-yen", "no decimals", signed(paid(fee_type="JPY", total_fee="500", cash_fee=None)),
     accepted(fact("PaymentSucceeded", amount_minor=500, currency="JPY"))),
    ("empty-element-not-signed", "empty elements are not in the text",
     signed(paid(attach="")), GOOD),
    ("with-a-sub-merchant", "not compared where the account names none",
     signed(paid(sub_mch_id="1900000110")), GOOD),
    ("refund-abnormal", "the bank refused it", sealed(refund("CHANGE", success_time="")),
     accepted(fact("RefundFailed", 2000, refund_id=REFUND, occurred_at=None))),
    ("refund-closed", "it did not happen", sealed(refund("REFUNDCLOSE", success_time=None)),
     accepted(fact("RefundFailed", 2000, refund_id=REFUND))),
    ("refund-status-of-the-future", "parked", sealed(refund("HALVED")),
     unsupported("unknown_meaning")),
    ("refund-that-names-no-payment", "announced, linked to nothing",
     sealed(refund(transaction_id=None)),
     accepted(fact("RefundCompleted", 2000, payment_id=None, refund_id=REFUND))),
    ("refund-without-an-id", "nothing to know it by", sealed(refund(refund_id=None)),
     refused("malformed")),
    ("refund-inside-a-failed-transport", "the unproven part may not silence the proven one",
     sealed(refund(), return_code="FAIL"), unsupported("unknown_meaning")),
    ("refund-of-another-merchant", "outside, unproven, and still refusing",
     sealed(refund(), mch_id="10000101"), refused("wrong_account")),
    ("refund-of-no-merchant", "the account check is part of the proof",
     sealed(refund(), mch_id=None), refused("wrong_account")),
    ("refund-that-is-no-xml", "opened by our key, and no document",
     sealed(b"<root><refund_id>1"), refused("malformed")),
    ("refund-of-another-root", "what opens to something else was not opened",
     sealed(refund().replace(b"root>", b"tree>")), refused("undecryptable")),
    ("refund-cut-inside-a-block", "no whole blocks",
     sealed(refund(), req_info=base64.b64encode(b"x" * 33).decode()), refused("undecryptable")),
    ("refund-no-base64", "one error for every cause", sealed(refund(), req_info="*"),
     refused("undecryptable")),
]  # fmt: skip


def padded_by_chance() -> str:
    """Return a wrong API key under which a sealed refund leaves padding that fits."""
    octets = base64.b64decode(sealed(refund()).split(b"<req_info><![CDATA[")[1].split(b"]]")[0])
    for number in range(100_000):
        key = f"wrongKey{number:024d}"
        derived = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest().encode()
        if Cipher(AES(derived), ECB()).decryptor().update(octets)[-1] == 1:
            return key
    raise AssertionError("no such key")


def cases() -> list[dict[str, Any]]:
    good = signed(paid())
    served = account(sub_mch_id="1900000109")
    chance = padded_by_chance()
    made = [
        (f"made-{name}", note, account(), body, expect) for name, note, body, expect in MEANINGS
    ]
    made += [
        ("made-sub-merchant-differs", "sub_mch_id is configured", served,
         signed(paid(sub_mch_id="1900000110")), refused("wrong_account")),
        ("made-old-key-in-flight", "all keys are tried",
         account(*secrets(OTHER_KEY), *secrets(kid="2")), good, GOOD),
        ("made-key-retired", "out of force at the receive time",
         account(*({**key, "not_after": "2026-03-01T02:00:06Z"} for key in secrets())), good,
         refused("bad_signature")),
        ("made-refund-key-rotated", "new key first, the old one still opens",
         account(*secrets(OTHER_KEY), *secrets(kid="2")), sealed(refund()), REFUNDED),
        ("made-refund-wrong-key-with-fitting-padding", "one wrong key in 256 leaves good padding",
         account(*secrets(chance), *secrets(kid="2")), sealed(refund()), REFUNDED),
        ("made-refund-in-hong-kong-dollars", "the account says what refunds are stated in",
         account(currency="HKD"), sealed(refund()),
         accepted(fact("RefundCompleted", amount_minor=2000, currency="HKD"))),
        ("made-hmac-announced-while-md5-pinned", "the message does not choose",
         account(), signed(paid(sign_type="HMAC-SHA256"), sign_type="HMAC-SHA256"),
         refused("bad_signature")),
        ("made-md5-well-signed-announcing-hmac", "an announced other type is a bad signature",
         account(), signed(paid(sign_type="HMAC-SHA256")), refused("bad_signature")),
        ("made-sign-missing", "no proof", account(), document(paid()), refused("bad_signature")),
        ("made-sign-empty", "no proof", account(), document(paid() | {"sign": ""}),
         refused("bad_signature")),
        ("made-sign-no-hex", "undecodable", account(), document(paid() | {"sign": "Z" * 32}),
         refused("bad_signature")),
        ("made-element-twice", "readers disagree which counts", account(),
         good.replace(b"</xml>", b"<total_fee>1</total_fee></xml>"), refused("malformed")),
        ("made-attribute", "the document is flat", account(),
         good.replace(b"<total_fee>", b'<total_fee a="b">'), refused("malformed")),
        ("made-comment-in-a-value", "readers disagree about the text", account(),
         good.replace(b"<total_fee>", b"<total_fee><!-- -->"), refused("malformed")),
        ("made-entity-of-its-own", "no declaration, no expansion", account(),
         b'<!DOCTYPE xml [<!ENTITY a "b">]>' + good, refused("malformed")),
        ("made-another-root", "not this provider's document", account(),
         good.replace(b"xml>", b"yml>"), refused("malformed")),
        ("made-empty-body", "nothing", account(), b"", refused("malformed")),
        ("made-huge-body", "above 64 KiB is read by nobody", account(),
         signed(paid(attach="x" * 66_000)), refused("malformed")),
    ]  # fmt: skip
    return [
        case(name, note, account=given, provider="wechatpay-v2", headers=XML, body=body,
             received_at_ms=AT_MS, expect=expect)
        for name, note, given, body, expect in made
    ]  # fmt: skip


if __name__ == "__main__":
    replace_generated("wechatpay-v2", cases())
