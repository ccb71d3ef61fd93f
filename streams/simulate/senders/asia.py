"""Providers of East and South-East Asia."""

import hashlib
import hmac
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import (
    BOTH,
    Content,
    ExpectedItem,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    major,
)
from streams.simulate.recipes import (
    JSON,
    b64,
    exactly_200,
    hs256,
    iso,
    json_octets,
    number,
    numbered,
    public,
    rsa,
    shared,
)

WINDOW: Final = {"tolerance_seconds": "300"}


def sign_antom(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body, url = json_octets(content), urlsplit(keys.settings["notification_url"])
    # Path and query of the public address, whatever address the message takes.
    path = url.path + (f"?{url.query}" if url.query else "")
    client, time = keys.settings["client_id"], iso(now_ms) + "+00:00"
    signature = quote(rsa(keys, f"POST {path}\n{client}.{time}.".encode() + body), safe="")
    named = f"algorithm=RSA256,keyVersion=1,signature={signature}"
    return Signed(
        (JSON, ("client-id", client), ("request-time", time), ("signature", named)), body
    )


def antom(kind: str, payment: Payment, **more: Any) -> Content:
    result = {"resultCode": "SUCCESS", "resultStatus": "S", "resultMessage": "success"}
    return {"notifyType": kind, "result": result, "paymentId": payment.id,
            "paymentRequestId": "PR" + payment.order} | more  # fmt: skip


def antom_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    amount = {"value": str(payment.amount_minor), "currency": payment.currency}
    return antom("PAYMENT_RESULT", payment, paymentAmount=amount, referenceOrderId=payment.order,
                 paymentTime=iso(payment.occurred_ms) + "+00:00")  # fmt: skip


def antom_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    amount = {"value": str(refund.amount_minor), "currency": payment.currency}
    return antom("REFUND_RESULT", payment, refundStatus="SUCCESS", refundId=refund.id,
                 refundRequestId="RR" + refund.id, refundAmount=amount,
                 refundTime=iso(refund.occurred_ms) + "+00:00")  # fmt: skip


ANTOM = Simulated(
    name="antom",
    currency="HKD",
    form=public(
        {
            "client_id": "5X00000000000000",
            "notification_url": "https://pay.example.com/v1/callbacks/antom/shop-1",
        }
    ),
    retry_after_s=(120, 600, 600, 3_600, 7_200, 21_600, 54_000),
    accepts=lambda status, body: (
        status == 200 and b'"resultStatus":"S"' in body.replace(b" ", b"")
    ),
    sign=sign_antom,
    payment_id=numbered(32),
    refund_id=numbered(32),
    payment=antom_paid,
    refund=antom_refunded,
    foreign=("client_id", "wrong_account"),
)


def sign_binance(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    told = content
    if isinstance(content, dict) and isinstance(content.get("data"), dict):
        told = content | {"data": json_octets(content["data"]).decode("utf-8", "surrogatepass")}
    body = json_octets(told)
    signature = rsa(keys, f"{now_ms}\n{nonce}\n".encode() + body + b"\n")
    headers = {"BinancePay-Timestamp": str(now_ms), "BinancePay-Nonce": nonce,
               "BinancePay-Certificate-SN": keys.signing().kid,
               "BinancePay-Signature": signature}  # fmt: skip
    return Signed((JSON, *headers.items()), body)


def binance(kind: str, status: str, payment: Payment, ms: int, **more: Any) -> Content:
    data = {"merchantTradeNo": payment.order, "totalFee": number(payment.amount_minor),
            "transactTime": ms, "currency": payment.currency,
            "transactionId": "M_R_" + payment.id[-8:]}  # fmt: skip
    return {"bizType": kind, "data": data | more, "bizIdStr": payment.id, "bizStatus": status}


def binance_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return binance("PAY", "PAY_SUCCESS", payment, payment.occurred_ms)


def binance_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    info = {"refundRequestId": refund.id, "refundAmount": major(refund.amount_minor)}
    return binance("PAY_REFUND", "REFUND_SUCCESS", payment, refund.occurred_ms, refundInfo=info)


BINANCE_PAY = Simulated(
    name="binance-pay",
    currency="EUR",
    form=public(WINDOW, kid="e2ebc4b3e58f2b5bb1e2a0c4f0d6f1a9"),
    retry_after_s=(60, 120, 300, 600, 1_800, 3_600),
    accepts=lambda status, body: (
        status == 200 and b'"returnCode":"SUCCESS"' in body.replace(b" ", b"")
    ),
    sign=sign_binance,
    signs_time=True,
    stale_code="stale",
    payment_id=numbered(20),
    refund_id=numbered(16),
    payment=binance_paid,
    refund=binance_refunded,
)


def sign_grabpay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Five lines of the request, the last one empty."""
    body = json_octets(content)
    date = format_datetime(datetime.fromtimestamp(now_ms // 1000, tz=UTC), usegmt=True)
    path = urlsplit(keys.settings["notification_url"]).path
    digest = b64(hashlib.sha256(body).digest()) if body else ""
    text = f"POST\napplication/json\n{date}\n{path}\n{digest}\n"
    mac = b64(hmac.digest(keys.secret("verify").encode(), text.encode(), "sha256"))
    authorization = f"{keys.settings['partner_id']}:{mac}"
    return Signed((JSON, ("Date", date), ("Authorization", authorization)), body)


def grabpay(kind: str, own: str, order: str, minor: int, ms: int, keys: AccountKeys) -> Content:
    return {"txType": kind, "partnerID": keys.settings["partner_id"], "partnerTxID": order,
            "txID": own, "amount": minor, "currency": "SGD", "status": "success",
            "completedAt": ms // 1000}  # fmt: skip


def grabpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = payment.amount_minor, payment.occurred_ms
    return grabpay("SALE", payment.id, payment.order, minor, ms, keys)


def grabpay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = refund.amount_minor, refund.occurred_ms
    told = grabpay("REFUND", refund.id, "R" + refund.id, minor, ms, keys)
    return told | {"origTxID": payment.id}


GRABPAY = Simulated(
    name="grabpay",
    currency="SGD",
    form=shared(
        WINDOW
        | {
            "partner_id": "569c95f1-f5e4-4bd9-8dff-541d8f2af81e",
            "notification_url": "https://shop.example/v1/callbacks/grabpay/shop-1",
        }
    ),
    accepts=exactly_200,
    sign=sign_grabpay,
    signs_time=True,
    stale_code="stale",
    payment_id=lambda ids, ms: ids.hex(32),
    refund_id=lambda ids, ms: ids.hex(32),
    payment=grabpay_paid,
    refund=grabpay_refunded,
)


def sign_2c2p(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """A compact JWS; the key is text, though it looks like hexadecimal digits."""
    token = hs256({"typ": "JWT", "alg": "HS256"}, content, keys.secret("verify"))
    return Signed((JSON,), json_octets({"payload": token}))


def _2c2p_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"merchantID": keys.settings["merchant_id"], "invoiceNo": payment.order,
            "amount": major(payment.amount_minor), "currencyCode": "THB", "tranRef": payment.id,
            "referenceNo": ids.digits(7), "respCode": "0000", "respDesc": "Success",
            "transactionDateTime": iso(payment.occurred_ms, "%Y%m%d%H%M%S")}  # fmt: skip


_2C2P = Simulated(
    name="2c2p",
    currency="THB",
    form=shared({"merchant_id": "JT01"}, "{HEX_64}"),
    accepts=exactly_200,
    sign=sign_2c2p,
    payment_id=numbered(7),
    payment=_2c2p_paid,
    foreign=("merchant_id", "wrong_account"),
)


def sign_toss(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body, stamp = json_octets(content), iso(now_ms) + "+00:00"
    key = keys.secret("verify").encode()
    mac = b64(hmac.digest(key, body + b":" + stamp.encode(), "sha256"))
    headers = (("tosspayments-webhook-transmission-time", stamp),
               ("tosspayments-webhook-signature", f"v1:{mac}"))  # fmt: skip
    return Signed((JSON, *headers), body)


def toss_payout(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    data = {"id": payment.id, "status": "COMPLETED", "amount": payment.amount_minor}
    return {"eventType": "payout.changed", "createdAt": iso(payment.occurred_ms) + ".000000",
            "data": data}  # fmt: skip


TOSS_PAYMENTS = Simulated(
    name="toss-payments",
    currency="KRW",
    form=shared(),
    retry_after_s=(60, 240, 960, 3_840, 15_360, 61_440, 245_760),
    accepts=exactly_200,
    sign=sign_toss,
    payment_id=lambda ids, ms: ids.hex(32),
    payment=toss_payout,
    # Only its payouts are signed, and these are no payments: what it says of payments is not.
    weak=BOTH,
    weak_item=ExpectedItem("ignored"),
)

SENDERS: Final = (ANTOM, BINANCE_PAY, GRABPAY, _2C2P, TOSS_PAYMENTS)
