"""UnionPay ACP 5.1.0 as a sender: form fields, RSA over the hexadecimal digest of the sorted text,
the certificate inside the message; or a digest with a shared key (method 11).
"""

import base64
import hashlib
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from streams.simulate.keys import AccountKeys, NoKeys, private_key
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    always,
    shanghai,
)  # fmt: skip


def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    method = keys.settings["sign_method"]
    fields = content | {"signMethod": method, "version": keys.settings["version"]}
    if method == "01" and fields["version"] == "5.1.0":
        signature = _by_certificate(fields, keys)
    elif method == "11":
        signature = _by_secret(fields, keys.secret("verify"))
    else:
        raise NoKeys("the simulator signs UnionPay by 01 with version 5.1.0, or by 11")
    body = urlencode(fields | {"signature": signature}).encode("ascii")
    kind = "application/x-www-form-urlencoded;charset=UTF-8"
    return Signed((("Content-Type", kind),), body)


def _by_certificate(fields: Content, keys: AccountKeys) -> str:
    signer = keys.signing()
    leaf = (signer.certificate_pem or "").strip().replace("\r\n", "\n")
    fields["signPubKeyCert"] = leaf.replace("\n", "\r\n") + "\r\n"
    digest = hashlib.sha256(_text(fields)).hexdigest()
    signature = private_key(signer.private_pem or "").sign(digest.encode(), PKCS1v15(), SHA256())
    return base64.b64encode(signature).decode()


def _by_secret(fields: Content, secret: str) -> str:
    inner = hashlib.sha256(secret.encode()).hexdigest().encode()
    return hashlib.sha256(_text(fields) + b"&" + inner).hexdigest()


def _text(fields: Content) -> bytes:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()


def _transaction(
    kind: str, subtype: str, *, query: str, order: str, minor: int, ms: int, keys: AccountKeys,
    code: str = "00",
) -> Content:  # fmt: skip
    moment = shanghai(ms)
    return {
        "accNo": "6216***********0018",
        "accessType": "0",
        "bizType": "000201",
        "currencyCode": "156",
        "encoding": "UTF-8",
        "merId": keys.settings["mer_id"],
        "orderId": order,
        "queryId": query,
        "respCode": code,
        "respMsg": "成功[0000000]" if code == "00" else f"失败[{code}]",
        "settleAmt": str(minor),
        "settleCurrencyCode": "156",
        "settleDate": f"{moment:%m%d}",
        "traceNo": query[-6:],
        "traceTime": f"{moment:%m%d%H%M%S}",
        "txnAmt": str(minor),
        "txnSubType": subtype,
        "txnTime": f"{moment:%Y%m%d%H%M%S}",
        "txnType": kind,
    }


def _of(payment: Payment, keys: AccountKeys, kind: str, code: str = "00") -> Content:
    return _transaction(
        kind, "01", query=payment.id, order=payment.order, minor=payment.amount_minor,
        ms=payment.occurred_ms, keys=keys, code=code,
    )  # fmt: skip


def payment(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _of(payment, keys, "01")


def authorised(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _of(payment, keys, "02")


def failed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    """Direct debits report failures too; 51 is the issuer's: not enough money."""
    return _of(payment, keys, "01", code="51")


def refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return _transaction(
        "04", "00", query=refund.id, order="R" + refund.id[-12:], minor=refund.amount_minor,
        ms=refund.occurred_ms, keys=keys,
    ) | {"origQryId": payment.id}  # fmt: skip


def closed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    """The void of a pre-authorisation names it by origQryId."""
    return _transaction(
        "32", "00", query=_query_id(ids, payment.occurred_ms), order="V" + payment.order,
        minor=payment.amount_minor, ms=payment.occurred_ms, keys=keys,
    ) | {"origQryId": payment.id}  # fmt: skip


def _query_id(ids: Ids, ms: int) -> str:
    return f"{shanghai(ms):%y%m%d%H%M%S}{ids.digits(9)}"


def _tampered(body: bytes, payment: Payment) -> bytes:
    return body.replace(b"&txnAmt=", b"&txnAmt=1")


UNIONPAY = Simulated(
    name="unionpay",
    currency="CNY",
    method="POST",
    retry_after_s=(60, 120, 240, 300),
    accepts=lambda status, body: status == 200,
    sign=sign,
    signs_time=False,
    stale_code=None,
    payment_id=_query_id,
    refund_id=_query_id,
    payment=payment,
    refund=refund,
    authorised=authorised,
    failed=failed,
    closed=closed,
    disputed=None,
    second=None,
    unknown=None,
    batch=None,
    batch_code=None,
    probe=None,
    probe_code=None,
    tampered=_tampered,
    foreign=("mer_id", "wrong_account"),
    other_mode_code=None,
    running_totals=False,
    unavailable=always,
)
