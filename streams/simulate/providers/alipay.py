"""Alipay as a sender: trade notifications, form-encoded, RSA over the sorted decoded fields."""

import base64
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from streams.simulate.keys import AccountKeys, private_key
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    always,
    major,
    shanghai,
)  # fmt: skip


def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    charset = content["charset"]
    content = content | {"notify_time": f"{shanghai(now_ms):%Y-%m-%d %H:%M:%S}"}
    # sign_type stays out of the text of trade notifications, and so does sign.
    text = "&".join(f"{name}={content[name]}" for name in sorted(content))
    algorithm = SHA1() if keys.settings["sign_type"] == "RSA" else SHA256()
    key = private_key(keys.signing().private_pem or "")
    signature = key.sign(text.encode(charset), PKCS1v15(), algorithm)
    form = content | {
        "sign_type": keys.settings["sign_type"],
        "sign": base64.b64encode(signature).decode(),
    }
    body = urlencode(form, encoding=charset).encode("ascii")
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    return Signed((("Content-Type", kind),), body)


def _trade(payment: Payment, keys: AccountKeys, ids: Ids, status: str) -> Content:
    second = f"{shanghai(payment.occurred_ms):%Y-%m-%d %H:%M:%S}"
    fields = {
        "gmt_create": second,
        # Both are in use, and the signed octets differ.
        "charset": "GBK" if ids.between(1, 4) == 1 else "UTF-8",
        "subject": "订单 " + payment.order,
        "buyer_id": "2088" + ids.digits(12),
        "notify_id": ids.digits(34),
        "notify_type": "trade_status_sync",
        "trade_status": status,
        "app_id": keys.settings["app_id"],
        "auth_app_id": keys.settings["app_id"],
        "version": "1.0",
        "out_trade_no": payment.order,
        "trade_no": payment.id,
        "total_amount": major(payment.amount_minor),
        "buyer_logon_id": "180***@189.cn",
    }
    if "seller_id" in keys.settings:
        fields["seller_id"] = keys.settings["seller_id"]
    return fields


def _paid(payment: Payment, keys: AccountKeys, ids: Ids, status: str) -> Content:
    amount = major(payment.amount_minor)
    return _trade(payment, keys, ids, status) | {
        "gmt_payment": f"{shanghai(payment.occurred_ms):%Y-%m-%d %H:%M:%S}",
        "receipt_amount": amount,
        "buyer_pay_amount": amount,
        "invoice_amount": amount,
        "point_amount": "0.00",
        "fund_bill_list": f'[{{"amount":"{amount}","fundChannel":"ALIPAYACCOUNT"}}]',
    }


def payment(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _paid(payment, keys, ids, "TRADE_SUCCESS")


def finished(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    """The same payment once more, when its refund window ends."""
    return _paid(payment, keys, ids, "TRADE_FINISHED")


def refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    """`refund_fee` is the running total of the trade, never the amount of this refund."""
    moment = shanghai(refund.occurred_ms)
    status = "TRADE_CLOSED" if refund.full else "TRADE_SUCCESS"
    fields = _trade(payment, keys, ids, status) | {
        "gmt_payment": f"{shanghai(payment.occurred_ms):%Y-%m-%d %H:%M:%S}",
        "gmt_refund": f"{moment:%Y-%m-%d %H:%M:%S}.{ids.digits(3)}",
        "refund_fee": major(refund.total_minor),
        "out_biz_no": refund.id,
    }
    if refund.full:
        fields["gmt_close"] = f"{moment:%Y-%m-%d %H:%M:%S}"
    return fields


def closed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    moment = f"{shanghai(payment.occurred_ms):%Y-%m-%d %H:%M:%S}"
    return _trade(payment, keys, ids, "TRADE_CLOSED") | {"gmt_close": moment}


def unknown(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _paid(payment, keys, ids, "TRADE_FROZEN")


def _tampered(body: bytes, payment: Payment) -> bytes:
    amount = major(payment.amount_minor).encode()
    return body.replace(b"total_amount=" + amount, b"total_amount=1" + amount)


ALIPAY = Simulated(
    name="alipay",
    currency="CNY",
    method="POST",
    retry_after_s=(240, 600, 600, 3_600, 7_200, 21_600, 54_000),
    accepts=lambda status, body: status == 200 and body == b"success",
    sign=sign,
    signs_time=False,
    stale_code=None,
    payment_id=lambda ids, ms: f"{shanghai(ms):%Y%m%d}2200140{ids.digits(13)}",
    refund_id=lambda ids, ms: "R" + ids.digits(16),
    payment=payment,
    refund=refund,
    authorised=None,
    failed=None,
    closed=closed,
    disputed=None,
    second=finished,
    unknown=unknown,
    batch=None,
    batch_code=None,
    probe=None,
    probe_code=None,
    tampered=_tampered,
    foreign=("app_id", "wrong_account"),
    other_mode_code=None,
    running_totals=True,
    unavailable=always,
)
