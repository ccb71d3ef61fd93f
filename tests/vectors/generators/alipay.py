"""Alipay cases: every status, refund and message, charsets, both recipes, rotation.

A throw-away key stands in for Alipay's; each run makes a new one, and other bytes with it.
Run: ``python -m tests.vectors.generators.alipay``
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_from_bytes

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support import authority
from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

AT_MS = 1_772_330_406_000  # 2026-03-01 10:00:06 in Shanghai
TRADE = "2026030122001400000000000777"
APP, SELLER = "2021000000000001", "2088000000000002"
FORM = [["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]]


def console_text(name: str) -> str:
    der = authority.private_key(name).public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    return base64.b64encode(der).decode()


def key(name: str, kid: str = "1", **dates: str) -> dict[str, Any]:
    text = console_text(name)
    return {"kid": kid, "use": "verify", "kind": "public-key", "text": text, **dates}


def account(*keys: dict[str, Any], sign_type: str = "RSA2", **settings: str) -> dict[str, Any]:
    shown = {"app_id": APP, "seller_id": SELLER, "sign_type": sign_type} | settings
    return {"mode": "live", "settings": shown, "keys": list(keys) or [key("alipay")]}


def trade(status: str, **more: str | None) -> dict[str, str]:
    whole: dict[str, str | None] = {
        "notify_time": "2026-03-01 10:00:06", "notify_type": "trade_status_sync",
        "notify_id": "2026030100222100006000000777", "charset": "utf-8", "version": "1.0",
        "app_id": APP, "auth_app_id": APP, "seller_id": SELLER, "trade_no": TRADE,
        "out_trade_no": "M-1", "trade_status": status, "total_amount": "80.00",
        "subject": "两本书", "gmt_create": "2026-03-01 09:59:59",
    } | more  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def message(method: str, content: dict[str, str]) -> dict[str, str]:
    return {
        "notify_id": "2026030100222100006000000778", "utc_timestamp": str(AT_MS),
        "msg_method": method, "app_id": APP, "version": "1.1", "charset": "UTF-8",
        "biz_content": json.dumps(content, ensure_ascii=False),
    }  # fmt: skip


def signed(
    fields: dict[str, str], *, name: str = "alipay", recipe: int = 1, empties: bool = True,
    sign_type: str | None = "RSA2", charset: str = "utf-8", hash_type: type = SHA256,
) -> bytes:  # fmt: skip
    """Return the form with its signature; `recipe` 2 keeps sign_type in the signed text."""
    whole = dict(fields) | ({} if sign_type is None else {"sign_type": sign_type})
    names = sorted(n for n in whole if (recipe == 2 or n != "sign_type") and (empties or whole[n]))
    text = "&".join(f"{n}={whole[n]}" for n in names).encode(charset)
    signature = authority.private_key(name).sign(text, PKCS1v15(), hash_type())
    return form(whole | {"sign": base64.b64encode(signature).decode()}, charset)


def form(fields: dict[str, str], charset: str = "utf-8") -> bytes:
    return "&".join(
        f"{n}={quote_from_bytes(v.encode(charset), safe='')}" for n, v in fields.items()
    ).encode()


def fact(fact_type: str, minor: int | None = 8000, **more: Any) -> dict[str, Any]:
    stated = {} if minor is None else {"amount_minor": minor, "currency": "CNY"}
    return {"type": fact_type, "payment_id": TRADE, "merchant_order_id": "M-1"} | stated | more


PAID = {"gmt_payment": "2026-03-01 10:00:05"}
PAID_AT = "2026-03-01T02:00:05.000Z"
REFUNDED = {"gmt_refund": "2026-03-02 11:00:00.120", "out_biz_no": "R-1"}
REFUNDED_AT = "2026-03-02T03:00:00.120Z"
BACK = {
    "trade_no": TRADE, "out_trade_no": "M-1", "out_request_no": "R-1", "dback_status": "S",
    "dback_amount": "20.00", "bank_ack_time": "2026-03-03 12:00:00",
}  # fmt: skip
FROZEN = {
    "notify_type": "fund_auth_freeze", "notify_id": "2026030100222100006000000779",
    "charset": "utf-8", "app_id": APP, "auth_no": "2026030110002001660000000001",
    "out_order_no": "F-1", "out_request_no": "F-1-1", "operation_type": "FREEZE",
    "status": "SUCCESS", "amount": "99.50", "gmt_trans": "2026-03-01 10:00:05",
}  # fmt: skip

MEANINGS: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
    ("paid-with-a-zero-refund", "refund_fee=0.00 and gmt_close stand in plain payments too",
     trade("TRADE_SUCCESS", **PAID, refund_fee="0.00", gmt_close="2026-03-01 10:00:07"),
     accepted(fact("PaymentSucceeded", occurred_at=PAID_AT))),
    ("paid-with-a-discount", "the order's amount is the payment, what the payer paid stands apart",
     trade("TRADE_SUCCESS", **PAID, buyer_pay_amount="75.50", receipt_amount="80.00"),
     accepted(fact("PaymentSucceeded", occurred_at=PAID_AT))),
    ("finished-is-the-same-payment", "TRADE_FINISHED without a payment seen before announces it",
     trade("TRADE_FINISHED", **PAID), accepted(fact("PaymentSucceeded", occurred_at=PAID_AT))),
    ("paid-without-its-time", "no provider time: null, never the time of the notification",
     trade("TRADE_SUCCESS"), accepted(fact("PaymentSucceeded", occurred_at=None))),
    ("paid-without-seller", "seller_id is compared where the message carries one",
     trade("TRADE_SUCCESS", **PAID, seller_id=None),
     accepted(fact("PaymentSucceeded", occurred_at=PAID_AT))),
    ("paid-to-another-seller", "same application, another seller",
     trade("TRADE_SUCCESS", **PAID, seller_id="2088000000000003"), refused("wrong_account")),
    ("paid-without-an-amount", "a field that is absent is an error, never zero",
     trade("TRADE_SUCCESS", **PAID, total_amount=None), refused("malformed")),
    ("paid-without-a-trade-number", "nothing to know the payment by",
     trade("TRADE_SUCCESS", **PAID, trade_no=None), refused("malformed")),
    ("paid-with-three-decimals", "finer than a fen: not rounded",
     trade("TRADE_SUCCESS", **PAID, total_amount="80.005"), refused("malformed")),
    ("paid-on-a-day-that-does-not-exist", "30 February",
     trade("TRADE_SUCCESS", gmt_payment="2026-02-30 10:00:05"), refused("malformed")),
    ("status-of-the-future", "a word without an assigned meaning is parked, never guessed",
     trade("TRADE_HALVED", **PAID), unsupported("unknown_meaning")),
    ("closed-unpaid-without-its-time", "gmt_close is optional",
     trade("TRADE_CLOSED"), accepted(fact("PaymentClosed", occurred_at=None))),
    ("closed-by-a-refund-without-gmt-refund", "refund_fee above zero: never PaymentClosed",
     trade("TRADE_CLOSED", refund_fee="80.00", out_biz_no="R-1"),
     accepted(fact("RefundCompleted", refund_id="R-1", occurred_at=None))),
    ("closed-by-a-refund-without-a-sum", "a trade that a refund closed was refunded whole",
     trade("TRADE_CLOSED", **REFUNDED),
     accepted(fact("RefundCompleted", refund_id="R-1", occurred_at=REFUNDED_AT))),
    ("refund-that-names-no-request", "without out_biz_no the sum so far is the identity",
     trade("TRADE_SUCCESS", refund_fee="20.00", gmt_refund="2026-03-02 11:00:00.120"),
     accepted(fact("RefundCompleted", 2000, occurred_at=REFUNDED_AT))),
    ("refund-of-zero-with-a-refund-time", "says both: nobody knows what happened",
     trade("TRADE_SUCCESS", **REFUNDED, refund_fee="0.00"), unsupported("unknown_meaning")),
    ("deposit-back-arrived", "money reached the card: the refund of that request",
     message("alipay.trade.refund.depositback.completed", BACK),
     accepted(fact("RefundCompleted", 2000, refund_id="R-1",
                   occurred_at="2026-03-03T04:00:00.000Z"))),
    ("deposit-back-bounced", "the card refused the money",
     message("alipay.trade.refund.depositback.completed", BACK | {"dback_status": "F"}),
     accepted(fact("RefundFailed", 2000, refund_id="R-1"))),
    ("deposit-back-in-an-unknown-state", "neither S nor F",
     message("alipay.trade.refund.depositback.completed", BACK | {"dback_status": "P"}),
     unsupported("unknown_meaning")),
    ("deposit-back-that-is-no-json", "signed and unreadable",
     message("alipay.trade.refund.depositback.completed", BACK) | {"biz_content": "{"},
     refused("malformed")),
    ("message-of-another-product", "authentic, and no payment of ours moved",
     message("alipay.merchant.complaint.notify", {"id": "1"}), accepted()),
    ("money-frozen", "a pre-authorisation is announced under its own id",
     FROZEN, accepted({"type": "PaymentAuthorized", "payment_id": FROZEN["auth_no"],
                       "merchant_order_id": "F-1", "amount_minor": 9950, "currency": "CNY",
                       "occurred_at": PAID_AT})),
    ("money-not-frozen-yet", "INIT announces nothing", FROZEN | {"status": "INIT"}, accepted()),
    ("money-released", "the unfreezing of a pre-authorisation",
     FROZEN | {"notify_type": "fund_auth_unfreeze"}, accepted()),
    ("service-market-order", "a notification of another product",
     {"notify_type": "servicemarket_order_notify", "charset": "utf-8", "app_id": APP}, accepted()),
]  # fmt: skip


def cases() -> list[dict[str, Any]]:
    paid = trade("TRADE_SUCCESS", **PAID)
    good = accepted(fact("PaymentSucceeded", occurred_at=PAID_AT))
    moment = datetime.fromtimestamp(AT_MS / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    certificate = authority.leaf("alipay")
    expired = authority.leaf("alipay", until=datetime(2026, 2, 1, tzinfo=UTC))
    of_certificate = {"kid": "1", "use": "verify", "kind": "certificate"}
    made = [
        (f"made-{name}", note, account(), signed(fields), expect)
        for name, note, fields, expect in MEANINGS
    ]
    made += [
        ("made-second-recipe", "sign_type stays in the text of alipay.open.* and may elsewhere",
         account(), signed(paid, recipe=2), good),
        ("made-second-recipe-type-cut", "a proxy cut sign_type, the pinned one is put back",
         account(), signed(paid, recipe=2).replace(b"&sign_type=RSA2", b""), good),
        ("made-first-recipe-type-absent", "sign_type is not in this text",
         account(), signed(paid, sign_type=None), good),
        ("made-empty-value-left-out", "newer Java SDKs leave empty values out of the text",
         account(), signed(paid | {"body": ""}, empties=False), good),
        ("made-empty-value-left-out-second-recipe", "both differences at once",
         account(), signed(paid | {"body": ""}, empties=False, recipe=2), good),
        ("made-gb2312-announced", "GB 18030 reads the older charsets of the family",
         account(), signed(paid | {"charset": "GB2312"}, charset="gb2312"), good),
        ("made-bytes-not-in-the-announced-charset", "well signed, and unreadable",
         account(), signed(paid | {"subject": "书"}, charset="gbk"), refused("malformed")),
        ("made-unknown-charset", "no charset that this provider uses",
         account(), signed(paid | {"charset": "utf-7"}), refused("malformed")),
        ("made-value-that-begins-with-at", "one SDK left such values out: they would be unsigned",
         account(), signed(paid).replace(b"subject=%E4", b"subject=%40%E4"),
         refused("bad_signature")),
        ("made-percent-sign-in-a-value", "decoded once and not twice",
         account(), signed(paid | {"subject": "100%25 &= +"}), good),
        ("made-pinned-sha1", "RSA means SHA-1", account(sign_type="RSA"),
         signed(paid, sign_type="RSA", hash_type=SHA1), good),
        ("made-message-announces-sha1", "the account is pinned to RSA2, whatever the key says",
         account(), signed(paid, sign_type="RSA", hash_type=SHA1), refused("bad_signature")),
        ("made-sha1-inside-an-rsa2-message", "the hash is not read from the signature",
         account(), signed(paid, hash_type=SHA1), refused("bad_signature")),
        ("made-second-key-of-a-rotation", "no key is named: any configured one may fit",
         account(key("another", "1"), key("alipay", "2")), signed(paid), good),
        ("made-key-not-in-force-any-more", "retired at the receive time: the end is outside",
         account(key("alipay", "1", not_after=moment), key("another", "2")), signed(paid),
         refused("bad_signature")),
        ("made-key-in-force-from-this-moment", "the begin is inside",
         account(key("alipay", "1", not_before=moment)), signed(paid), good),
        ("made-certificate-mode", "the key of Alipay's certificate",
         account(of_certificate | {"pem": certificate}), signed(paid), good),
        ("made-certificate-expired-at-receipt", "dates are judged at the receive time",
         account(of_certificate | {"pem": expired}), signed(paid), refused("bad_signature")),
        ("made-empty-body", "nothing at all", account(), b"", refused("bad_signature")),
        ("made-form-of-too-many-fields", "more than 1,000 fields are read by nobody",
         account(), b"&".join(b"f%d=" % n for n in range(1_001)), refused("malformed")),
        ("made-huge-value", "18,000 characters of escapes, signed",
         account(), signed(paid | {"body": "书" * 2_000}), good),
    ]  # fmt: skip
    return [
        case(name, note, account=given, provider="alipay", headers=FORM, body=body,
             received_at_ms=AT_MS, expect=expect)
        for name, note, given, body, expect in made
    ] + [returned()]  # fmt: skip


def returned() -> dict[str, Any]:
    """The browser's return: a signed GET without a status."""
    fields = {
        "charset": "utf-8", "out_trade_no": "M-1", "trade_no": TRADE, "total_amount": "80.00",
        "method": "alipay.trade.page.pay.return", "app_id": APP, "seller_id": SELLER,
        "timestamp": "2026-03-01 10:00:06", "version": "1.0",
    }  # fmt: skip
    made = case(
        "made-browser-return", "authentic, display only: never the base of an event",
        account=account(), provider="alipay", headers=[], body=b"", received_at_ms=AT_MS,
        expect=accepted(),
    )  # fmt: skip
    made["request"]["method"] = "GET"
    made["request"]["target"] += "?" + signed(fields).decode()
    return made


if __name__ == "__main__":
    replace_generated("alipay", cases())
