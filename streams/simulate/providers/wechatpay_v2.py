"""WeChat Pay v2 as a sender: XML, MD5 or HMAC over sorted elements; refunds sealed by AES-ECB."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from streams.simulate.keys import AccountKeys
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

_XML = (("Content-Type", "text/xml"),)


def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    fields: dict[str, str] = dict(content["fields"])
    if "sealed" in content:
        # A refund result carries no signature at all: opening it is the proof.
        fields["req_info"] = _sealed(_xml("root", content["sealed"]), keys.secret("decrypt"))
    else:
        fields["sign"] = _signature(fields, keys)
    return Signed(_XML, _xml("xml", fields).encode())


def _signature(fields: dict[str, str], keys: AccountKeys) -> str:
    secret = keys.secret("verify")
    pairs = [f"{name}={fields[name]}" for name in sorted(fields) if fields[name]]
    text = "&".join([*pairs, f"key={secret}"]).encode()
    if keys.settings["sign_type"] == "MD5":
        return hashlib.md5(text, usedforsecurity=False).hexdigest().upper()
    return hmac.new(secret.encode(), text, "sha256").hexdigest().upper()


def _sealed(plain: str, secret: str) -> str:
    digest = hashlib.md5(secret.encode(), usedforsecurity=False).hexdigest()
    padder = PKCS7(128).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    # The provider's choice, restated: a block cipher without chaining.
    cipher = Cipher(algorithms.AES256(digest.encode("ascii")), modes.ECB()).encryptor()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def _xml(root: str, fields: dict[str, str]) -> str:
    elements = "".join(
        f"<{name}>{value}</{name}>" if value.isdigit() else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in fields.items()
    )
    return f"<{root}>{elements}</{root}>"


def _outer(keys: AccountKeys, ids: Ids) -> dict[str, str]:
    fields = {
        "return_code": "SUCCESS",
        "appid": keys.settings.get("appid", "wx2421b1c4370ec43b"),
        "mch_id": keys.settings["mch_id"],
        "nonce_str": ids.hex(32),
    }
    if "sub_mch_id" in keys.settings:
        fields["sub_mch_id"] = keys.settings["sub_mch_id"]
    return fields


def _result(payment: Payment, keys: AccountKeys, ids: Ids, **more: str) -> Content:
    fields = _outer(keys, ids) | {
        "attach": "支付测试",
        "bank_type": "CFT",
        "cash_fee": str(payment.amount_minor),
        "fee_type": payment.currency,
        "is_subscribe": "Y",
        "openid": "oUpF8uMEb4qRXf22hE3X68TekukE",
        "out_trade_no": payment.order,
        "time_end": f"{shanghai(payment.occurred_ms):%Y%m%d%H%M%S}",
        "total_fee": str(payment.amount_minor),
        "trade_type": "JSAPI",
        "transaction_id": payment.id,
    }
    if keys.settings["sign_type"] != "MD5":
        fields["sign_type"] = keys.settings["sign_type"]
    return {"fields": fields | more}


def payment(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _result(payment, keys, ids, result_code="SUCCESS")


def failed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    why = {"result_code": "FAIL", "err_code": "NOTENOUGH", "err_code_des": "余额不足"}
    return _result(payment, keys, ids, **why)


def refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return _refund(payment, refund, keys, ids, "SUCCESS")


def unknown(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    amount, ms = payment.amount_minor, payment.occurred_ms
    refund = Refund("503000" + ids.digits(22), amount, amount, True, ms)
    return _refund(payment, refund, keys, ids, "FROZEN")


def _refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids, status: str) -> Content:
    sealed = {
        "out_refund_no": "R" + refund.id[-12:],
        "out_trade_no": payment.order,
        "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS",
        "refund_fee": str(refund.amount_minor),
        "refund_id": refund.id,
        "refund_recv_accout": "支付用户零钱",
        "refund_request_source": "API",
        "refund_status": status,
        "settlement_refund_fee": str(refund.amount_minor),
        "settlement_total_fee": str(payment.amount_minor),
        "success_time": f"{shanghai(refund.occurred_ms):%Y-%m-%d %H:%M:%S}",
        "total_fee": str(payment.amount_minor),
        "transaction_id": payment.id,
    }
    return {"fields": _outer(keys, ids), "sealed": sealed}


def probe(payment: Payment, keys: AccountKeys, ids: Ids, now_ms: int) -> Signed:
    """WeChat looks for merchants whose parser follows external entities."""
    target = f"http://xxe.invalid/{ids.digits(12)}"
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<!DOCTYPE xml [<!ENTITY probe SYSTEM "{target}">]>\n'
        "<xml><return_code>&probe;</return_code></xml>"
    )
    return Signed(_XML, body.encode())


def _tampered(body: bytes, payment: Payment) -> bytes:
    return body.replace(b"<total_fee>", b"<total_fee>1")


def _accepts(status: int, body: bytes) -> bool:
    return status == 200 and b"SUCCESS" in body and b"FAIL" not in body


WECHATPAY_V2 = Simulated(
    name="wechatpay-v2",
    currency="CNY",
    method="POST",
    retry_after_s=(
        15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600,
        21_600,
    ),
    accepts=_accepts,
    sign=sign,
    signs_time=False,
    stale_code=None,
    payment_id=lambda ids, ms: f"4200002{ids.digits(3)}{shanghai(ms):%Y%m%d}{ids.digits(10)}",
    refund_id=lambda ids, ms: f"503000{ids.digits(4)}{shanghai(ms):%Y%m%d}{ids.digits(11)}",
    payment=payment,
    refund=refund,
    authorised=None,
    failed=failed,
    closed=None,
    disputed=None,
    second=None,
    unknown=unknown,
    batch=None,
    batch_code=None,
    probe=probe,
    probe_code="malformed",
    tampered=_tampered,
    foreign=("mch_id", "wrong_account"),
    other_mode_code=None,
    running_totals=False,
    unavailable=always,
)  # fmt: skip
