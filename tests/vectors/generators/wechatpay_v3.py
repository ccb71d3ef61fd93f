"""WeChat Pay v3 cases: every type and state, combined payments, currencies, rotation, probes.

A throw-away key stands in for the platform's; each run makes a new one, and other bytes with it.
Run: ``python -m tests.vectors.generators.wechatpay_v3``
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support import authority
from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

AT_S = 1_772_330_406  # 2026-03-01 10:00:06 in Shanghai
PAYMENT, REFUND = "4200001001202603010000000777", "50000001002026030200000000777"
SERIAL = f"{0x77A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3:X}"
KEY_ID = "PUB_KEY_ID_0112300001092026030100000000000777"
SECRET, OLD_SECRET = "madeHere0123456789abcdefABCDEF77", "oldHere00123456789abcdefABCDEF77"
TIME, OCCURRED = "2026-03-01T10:00:05+08:00", "2026-03-01T02:00:05.000Z"
Resource = dict[str, Any]


def certificate(**about: Any) -> dict[str, Any]:
    pem = authority.certificate(
        "WeChat platform", "WeChat platform", serial=int(SERIAL, 16), **about
    )
    return {"kid": SERIAL, "use": "verify", "kind": "certificate", "pem": pem}


def public_key() -> dict[str, Any]:
    pem = authority.private_key("WeChat key").public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    return {"kid": KEY_ID, "use": "verify", "kind": "public-key", "pem": pem.decode()}


def secret(text: str = SECRET, kid: str = "1") -> dict[str, Any]:
    return {"kid": kid, "use": "decrypt", "kind": "secret", "text": text}


def account(*keys: dict[str, Any], **settings: str) -> dict[str, Any]:
    shown = {"mchid": "1230000109", "appid": "wxd678efh567hg6787"} | settings
    return {"mode": "live", "settings": shown, "keys": list(keys) or [certificate(), secret()]}


def envelope(event_type: str, resource: Resource | bytes, **sealed: Any) -> bytes:
    plain = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
    nonce, beside = "madeHere0777", "transaction"
    octets = AESGCM(SECRET.encode()).encrypt(nonce.encode(), plain, beside.encode())
    whole = {
        "id": "EV-2026030110000500777", "create_time": TIME, "event_type": event_type,
        "resource_type": "encrypt-resource", "summary": "支付成功",
        "resource": {
            "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(octets).decode(), "associated_data": beside,
            "nonce": nonce,
        } | sealed,
    }  # fmt: skip
    return json.dumps(whole, ensure_ascii=False).encode()


def headers(
    body: bytes, *, name: str = "WeChat platform", serial: str = SERIAL, at_s: int = AT_S,
    **changed: str | None,
) -> list[list[str]]:  # fmt: skip
    text = f"{at_s}\nmadeHereNonce\n".encode() + body + b"\n"
    signature = authority.private_key(name).sign(text, PKCS1v15(), SHA256())
    whole: dict[str, str | None] = {
        "Wechatpay-Timestamp": str(at_s),
        "Wechatpay-Nonce": "madeHereNonce",
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }
    for short, value in changed.items():
        whole[f"Wechatpay-{short.replace('_', '-')}"] = value
    return [[name, value] for name, value in whole.items() if value is not None]


def paid(state: str = "SUCCESS", **more: Any) -> Resource:
    return {
        "mchid": "1230000109", "appid": "wxd678efh567hg6787", "out_trade_no": "M-1",
        "transaction_id": PAYMENT, "trade_state": state, "success_time": TIME,
        "amount": {"total": 8000, "payer_total": 7550, "currency": "CNY", "payer_currency": "CNY"},
    } | more  # fmt: skip


def refunded(status: str = "SUCCESS", **more: Any) -> Resource:
    return {
        "mchid": "1230000109", "out_trade_no": "M-1", "transaction_id": PAYMENT,
        "out_refund_no": "R-1", "refund_id": REFUND, "refund_status": status,
        "success_time": "2026-03-02T11:00:00+08:00",
        "amount": {"total": 8000, "refund": 2000, "payer_total": 7550, "payer_refund": 1950},
    } | more  # fmt: skip


def sub_order(number: int, **more: Any) -> Resource:
    return {
        "mchid": "1900000109", "trade_state": "SUCCESS", "transaction_id": f"{PAYMENT}{number}",
        "out_trade_no": f"M-{number}", "success_time": "2026-03-01T10:00:05.123+08:00",
        "amount": {"total_amount": 1000 * number, "currency": "CNY", "payer_amount": 900},
    } | more  # fmt: skip


def combined(*orders: Any) -> Resource:
    return {
        "combine_mchid": "1230000109", "combine_appid": "wxd678efh567hg6787",
        "combine_out_trade_no": "C-1", "sub_orders": list(orders),
    }  # fmt: skip


def fact(fact_type: str, minor: int | None = 8000, **more: Any) -> dict[str, Any]:
    stated = {} if minor is None else {"amount_minor": minor, "currency": "CNY"}
    return {"type": fact_type, "payment_id": PAYMENT, "merchant_order_id": "M-1"} | stated | more


def sub_fact(number: int, fact_type: str = "PaymentSucceeded") -> dict[str, Any]:
    return {
        "type": fact_type, "payment_id": f"{PAYMENT}{number}", "merchant_order_id": f"M-{number}",
        "amount_minor": 1000 * number, "occurred_at": "2026-03-01T02:00:05.123Z",
    }  # fmt: skip


SUCCESS, GOOD = "TRANSACTION.SUCCESS", accepted(fact("PaymentSucceeded", occurred_at=OCCURRED))
UNPAID: dict[str, Any] = {"success_time": None, "amount": None, "transaction_id": None}
GLOBAL = paid(id=PAYMENT, transaction_id=None, amount={"total": 500, "currency": "JPY"})
MEANINGS: list[tuple[str, str, str, Resource, dict[str, Any]]] = [
    ("closed", "closed unpaid: known by its order", SUCCESS, paid("CLOSED", **UNPAID),
     accepted(fact("PaymentClosed", None, payment_id=None, occurred_at=None))),
    ("revoked", "revoked at the counter", SUCCESS, paid("REVOKED"),
     accepted(fact("PaymentClosed"))),
    ("refunded-state", "a payment's state after its refund announces nothing", SUCCESS,
     paid("REFUND"), accepted()),
    ("not-paid-yet", "pending", SUCCESS, paid("NOTPAY", **UNPAID), accepted()),
    ("payer-is-typing", "pending", SUCCESS, paid("USERPAYING", **UNPAID), accepted()),
    ("accepted-for-deduction", "pending", SUCCESS, paid("ACCEPT", **UNPAID), accepted()),
    ("state-of-the-future", "parked, never guessed", SUCCESS, paid("HALVED"),
     unsupported("unknown_meaning")),
    ("payment-without-a-state", "type and content do not agree", SUCCESS, paid(trade_state=None),
     unsupported("unknown_meaning")),
    ("refund-under-a-payment-type", "type and content do not agree", SUCCESS, refunded(),
     unsupported("unknown_meaning")),
    ("payment-under-a-refund-type", "type and content do not agree", "REFUND.SUCCESS", paid(),
     unsupported("unknown_meaning")),
    ("payment-without-an-amount", "absent is an error, never zero", SUCCESS, paid(amount=None),
     refused("malformed")),
    ("payment-with-a-fractional-amount", "no float becomes money", SUCCESS,
     paid(amount={"total": 80.0, "currency": "CNY"}), refused("malformed")),
    ("payment-without-an-id", "nothing to know it by", SUCCESS, paid(transaction_id=None),
     refused("malformed")),
    ("payment-without-a-merchant", "required for money", SUCCESS, paid(mchid=None),
     refused("wrong_account")),
    ("payment-of-another-merchant", "well signed: a partner's key signs for many", SUCCESS,
     paid(mchid="1230000110"), refused("wrong_account")),
    ("payment-of-another-app", "appid is configured", SUCCESS, paid(appid="wx1"),
     refused("wrong_account")),
    ("payment-without-a-currency", "CNY where none is stated", SUCCESS,
     paid(amount={"total": 8000}), GOOD),
    ("payment-in-yen", "global form: id in place of transaction_id, no decimals", SUCCESS, GLOBAL,
     accepted(fact("PaymentSucceeded", amount_minor=500, currency="JPY"))),
    ("payment-in-no-currency", "not in ISO 4217", SUCCESS,
     paid(amount={"total": 1, "currency": "XYZ"}), refused("malformed")),
    ("refund-closed", "the refund did not happen", "REFUND.CLOSED",
     refunded("CLOSED", success_time=None),
     accepted(fact("RefundFailed", 2000, refund_id=REFUND, occurred_at=None))),
    ("refund-abnormal", "needs a person, may still succeed", "REFUND.ABNORMAL",
     refunded("ABNORMAL", success_time=None),
     accepted(fact("RefundFailed", 2000, refund_id=REFUND))),
    ("refund-type-and-status-disagree", "type says success, content says closed",
     "REFUND.SUCCESS", refunded("CLOSED"), unsupported("unknown_meaning")),
    ("refund-that-names-no-payment", "announced, linked to nothing", "REFUND.SUCCESS",
     refunded(transaction_id=None),
     accepted(fact("RefundCompleted", 2000, payment_id=None, refund_id=REFUND))),
    ("refund-type-of-the-future", "parked", "REFUND.PROCESSING", refunded(),
     unsupported("unknown_meaning")),
    ("transfer", "another product", "MCHTRANSFER.BILL.FINISHED", {"mch_id": "1"}, accepted()),
    ("pay-back", "another product", "TRANSACTION.PAY_BACK", {"mchid": "1230000109"}, accepted()),
    ("complaint", "no money moved", "COMPLAINT.CREATE", {"complaint_id": "1"}, accepted()),
    ("other-product-of-another-merchant", "compared where it is carried", "PAYSCORE.USER_PAID",
     {"mchid": "1230000110"}, refused("wrong_account")),
    ("type-of-the-future", "parked", "TELEPORT.SUCCESS", {}, unsupported("unknown_meaning")),
    ("combined", "one fact per sub order", SUCCESS, combined(sub_order(1), sub_order(2)),
     accepted(sub_fact(1), sub_fact(2))),
    ("combined-with-a-bad-item", "items are judged one by one", SUCCESS,
     combined(sub_order(1), sub_order(2, trade_state="HALVED"), sub_order(3)),
     accepted(sub_fact(1), sub_fact(3))),
    ("combined-with-one-unpaid", "closed and paid side by side", SUCCESS,
     combined(sub_order(1, trade_state="CLOSED"), sub_order(2)),
     accepted(sub_fact(1, "PaymentClosed"), sub_fact(2))),
    ("combined-of-nothing", "no items", SUCCESS, combined(), refused("malformed")),
    ("combined-that-is-no-list-of-orders", "a text among the sub orders", SUCCESS,
     combined(sub_order(1), "M-2"), refused("malformed")),
]  # fmt: skip


def cases() -> list[dict[str, Any]]:
    body = envelope(SUCCESS, paid())
    both = (certificate(), public_key(), secret())
    gone = {"not_after": "2026-03-01T02:00:06Z"}
    made = [
        (f"made-{name}", note, account(), headers(each := envelope(word, resource)), each, expect)
        for name, note, word, resource, expect in MEANINGS
    ]
    probe = "WECHATPAY/SIGNTEST/\u00e9\u00fc=="
    twice = [["wechatpay-serial", SERIAL]]
    made += [
        ("made-public-key-beside-a-certificate", "the serial alone chooses",
         account(*both), headers(body, name="WeChat key", serial=KEY_ID), body, GOOD),
        ("made-key-named-but-another-signed", "no other key is tried",
         account(*both), headers(body, name="WeChat key"), body, refused("bad_signature")),
        ("made-serial-in-lower-case", "hex is compared in either letter case",
         account(), headers(body, serial=SERIAL.lower()), body, GOOD),
        ("made-certificate-expired-at-receipt", "its own dates count",
         account(certificate(until=datetime(2026, 2, 1, tzinfo=UTC)), secret()), headers(body),
         body, refused("bad_signature")),
        ("made-certificate-retired", "out of force: the key is not there",
         account(certificate() | gone, secret()), headers(body), body,
         unsupported("unknown_key")),
        ("made-old-apiv3-key-in-flight", "both are tried, the tag decides",
         account(certificate(), secret(OLD_SECRET), secret(kid="2")), headers(body), body, GOOD),
        ("made-probe", "a deliberate wrong signature that is no Base64 at all",
         account(), headers(body, Signature=probe), body, refused("probe")),
        ("made-sm2-announced", "the account is pinned to RSA",
         account(), headers(body, Signature_Type="WECHATPAY2-SM2-WITH-SM3"), body,
         refused("bad_signature")),
        ("made-timestamp-missing", "a needed header", account(), headers(body, Timestamp=None),
         body, refused("malformed")),
        ("made-timestamp-in-other-digits", "int() would take them", account(),
         headers(body, Timestamp="+1772330406"), body, refused("malformed")),
        ("made-nonce-missing", "a needed header", account(), headers(body, Nonce=None), body,
         refused("malformed")),
        ("made-serial-missing", "a needed header", account(), headers(body, Serial=None), body,
         refused("malformed")),
        ("made-serial-twice", "readers disagree which counts", account(), headers(body) + twice,
         body, refused("malformed")),
        ("made-299-seconds-ahead", "the other edge of the window",
         account(), headers(body, at_s=AT_S + 299), body, GOOD),
        ("made-300-seconds-ahead", "outside", account(), headers(body, at_s=AT_S + 300), body,
         refused("stale")),
        ("made-empty-body", "well signed nothing", account(), headers(b""), b"",
         refused("malformed")),
        ("made-body-is-a-list", "JSON, and no object", account(), headers(b"[]"), b"[]",
         refused("malformed")),
        ("made-name-twice-in-the-envelope", "readers disagree which value counts", account(),
         headers(two := body.replace(b'"id"', b'"event_type": "X", "id"', 1)), two,
         refused("malformed")),
        ("made-sealed-text-is-no-json", "opened, and unreadable", account(),
         headers(no := envelope(SUCCESS, b"\xff\xfe")), no, refused("malformed")),
        ("made-name-twice-in-the-resource", "readers disagree which value counts", account(),
         headers(two := envelope(SUCCESS, b'{"mchid":"1230000109","mchid":"1230000109"}')), two,
         refused("malformed")),
        ("made-nonce-of-another-length", "only 12 octets", account(),
         headers(odd := envelope(SUCCESS, paid(), nonce="short")), odd, refused("undecryptable")),
        ("made-associated-data-changed", "under the tag", account(),
         headers(odd := envelope(SUCCESS, paid(), associated_data="refund")), odd,
         refused("undecryptable")),
        ("made-ciphertext-no-base64", "one error for every cause", account(),
         headers(odd := envelope(SUCCESS, paid(), ciphertext="%%%")), odd,
         refused("undecryptable")),
        ("made-resource-missing", "nothing to open", account(), headers(b'{"id":"1"}'),
         b'{"id":"1"}', refused("malformed")),
        ("made-huge-resource", "20,000 characters of merchant text", account(),
         headers(big := envelope(SUCCESS, paid(attach="x" * 20_000))), big, GOOD),
    ]  # fmt: skip
    return [
        case(name, note, account=given, provider="wechatpay-v3", headers=sent, body=octets,
             received_at_ms=AT_S * 1000, expect=expect)
        for name, note, given, sent, octets, expect in made
    ]  # fmt: skip


if __name__ == "__main__":
    replace_generated("wechatpay-v3", cases())
