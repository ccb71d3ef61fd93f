"""Providers of China that seal what they say, or sign it in one of several protocols."""

import base64
import hashlib
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from streams.simulate.keys import AccountForm, AccountKeys, KeyForm, private_key, public_key
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    any_2xx,
    major,
    shanghai,
)
from streams.simulate.recipes import (
    FORM,
    JSON,
    b64,
    b64url,
    form,
    json_octets,
    octets,
    plain,
    public,
    rsa,
    says,
)

DECLARED: Final = '<?xml version="1.0" encoding="UTF-8"?>'
AES_KEY: Final = b"0123456789abcdef"  # of one envelope; what it is matters to nobody


def compact(ms: int) -> str:
    return f"{shanghai(ms):%Y%m%d%H%M%S}"


def xml(name: str, value: Any) -> str:
    """Return an element; a list is as many of them."""
    if isinstance(value, list):
        return "".join(xml(name, each) for each in value)
    inner = (
        "".join(xml(child, each) for child, each in value.items())
        if isinstance(value, dict)
        else escape(plain(value))
    )
    return f"<{name}>{inner}</{name}>"


def des_key(keys: AccountKeys) -> bytes:
    return base64.b64decode(keys.secret("decrypt"))


def sign_jdpay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """XML in triple DES in hex in Base64 in XML; the hash's hex is signed without naming it."""
    inner = octets(DECLARED + xml("jdpay", content))
    digest = hashlib.sha256(inner).hexdigest().encode()
    key = private_key(keys.signing().private_pem or "")
    sign = b64(key.sign(digest, PKCS1v15(), NoDigestInfo())).encode()
    signed = inner.replace(b"</jdpay>", b"<sign>" + sign + b"</sign></jdpay>")
    framed = len(signed).to_bytes(4, "big") + signed
    framed += bytes(-len(framed) % 8)
    sealed = Cipher(TripleDES(des_key(keys)), ECB()).encryptor().update(framed)
    envelope = {"version": "V2.0", "merchant": keys.settings["merchant"],
                "result": {"code": "000000", "desc": "success"},
                "encrypt": b64(sealed.hex().encode())}  # fmt: skip
    return Signed((("Content-Type", "application/xml"),), xml("jdpay", envelope).encode())


def jdpay(kind: str, status: str, number: str, minor: int, keys: AccountKeys) -> Content:
    return {"version": "V2.0", "merchant": keys.settings["merchant"],
            "result": {"code": "000000", "desc": "success"}, "tradeNum": number,
            "tradeType": kind, "note": "", "amount": str(minor), "status": status}  # fmt: skip


def jdpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    pay = {"payType": "0", "amount": str(payment.amount_minor), "currency": "CNY",
           "tradeTime": compact(payment.occurred_ms)}  # fmt: skip
    told = jdpay("0", "2", payment.id, payment.amount_minor, keys)
    return told | {"payList": {"pay": [pay]}}


def jdpay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = jdpay("1", "1", refund.id, refund.amount_minor, keys)
    return told | {"oTradeNum": payment.id, "currency": "CNY",
                   "tradeTime": compact(refund.occurred_ms)}  # fmt: skip


JDPAY = Simulated(
    name="jdpay",
    currency="CNY",
    form=AccountForm(
        {"merchant": "110148035005"},
        (
            KeyForm("verify", "public-key", "rsa"),
            KeyForm("decrypt", "secret", "{base64_24}"),
        ),
    ),
    retry_after_s=(60, 120, 420, 6_600),
    accepts=any_2xx,
    sign=sign_jdpay,
    # There is no number but the merchant's.
    payment_id=lambda ids, ms: "A" + ids.digits(14),
    order_of=lambda own: own,
    refund_id=lambda ids, ms: "R" + ids.digits(14),
    payment=jdpay_paid,
    refund=jdpay_refunded,
    foreign=("merchant", "wrong_account"),
)


def sign_jdpay_legacy(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """MD5 over the parts as they stand; the data in single DES."""
    inner = {name: value for name, value in content.items() if name != "merchant"}
    text = octets(DECLARED + xml("DATA", inner))
    pad = 8 - len(text) % 8
    sealing = Cipher(TripleDES(des_key(keys)[:8] * 3), ECB()).encryptor()
    sealed = b64(sealing.update(text + bytes((pad,)) * pad))
    parts = ("1.0.0", plain(content.get("merchant", "")), "00000001", sealed)
    whole = octets("".join(parts) + keys.secret("verify"))
    digest = hashlib.md5(whole, usedforsecurity=False).hexdigest()
    names = ("VERSION", "MERCHANT", "TERMINAL", "DATA")
    outer = dict(zip(names, parts, strict=True)) | {"SIGN": digest}
    told = {"resp": b64(octets(xml("CHINABANK", outer)))}
    return Signed((FORM,), urlencode(told).encode())


def jdpay_legacy(kind: str, own: str, minor: int, ms: int, keys: AccountKeys) -> Content:
    trade = {"TYPE": kind, "ID": own, "AMOUNT": str(minor), "CURRENCY": "CNY",
             "DATE": compact(ms)[:8], "TIME": compact(ms)[8:], "NOTE": "",
             "STATUS": "0"}  # fmt: skip
    return {"merchant": keys.settings["merchant"], "TRADE": trade,
            "RETURN": {"CODE": "0000", "DESC": "成功"}}  # fmt: skip


def jdpay_legacy_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return jdpay_legacy("S", payment.id, payment.amount_minor, payment.occurred_ms, keys)


def jdpay_legacy_refunded(
    payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids
) -> Content:
    return jdpay_legacy("R", refund.id, refund.amount_minor, refund.occurred_ms, keys)


JDPAY_LEGACY = Simulated(
    name="jdpay-legacy",
    currency="CNY",
    form=AccountForm(
        {"merchant": "22310318"},
        (KeyForm("verify", "secret", "{hex_32}"), KeyForm("decrypt", "secret", "{base64_24}")),
    ),
    retry_after_s=(60, 120, 420, 6_600),
    accepts=says(b"success"),
    sign=sign_jdpay_legacy,
    payment_id=lambda ids, ms: "A" + ids.digits(14),
    order_of=lambda own: own,
    refund_id=lambda ids, ms: "R" + ids.digits(14),
    payment=jdpay_legacy_paid,
    refund=jdpay_legacy_refunded,
    # A refund names no payment.
    links_refunds=False,
    foreign=("merchant", "wrong_account"),
)


def sign_yeepay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """An envelope for the merchant's key, the platform's signature inside."""
    told = json_octets(content)
    signed = told + b"$" + b64url(base64.b64decode(rsa(keys, told))).encode()
    pad = 16 - len(signed) % 16
    sealing = Cipher(AES(AES_KEY), ECB()).encryptor()
    merchant = public_key(keys.key("decrypt").public_pem or "")
    parts = (b64url(merchant.encrypt(AES_KEY, PKCS1v15())),
             b64url(sealing.update(signed + bytes((pad,)) * pad)))  # fmt: skip
    outer = {"customerIdentification": keys.settings["app_key"],
             "response": "$".join((*parts, "AES", "SHA256"))}  # fmt: skip
    return Signed((FORM,), form(outer))


def yeepay(payment: Payment, keys: AccountKeys) -> Content:
    merchant = keys.settings["merchant_no"]
    return {"orderId": payment.order, "uniqueOrderNo": payment.id, "merchantNo": merchant,
            "parentMerchantNo": merchant, "status": "SUCCESS"}  # fmt: skip


def yeepay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    amount = major(payment.amount_minor)
    return yeepay(payment, keys) | {
        "orderAmount": amount,
        "payAmount": amount,
        "paySuccessDate": f"{shanghai(payment.occurred_ms):%Y-%m-%d %H:%M:%S}",
    }


def yeepay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return yeepay(payment, keys) | {
        "refundRequestId": "R" + refund.id,
        "uniqueRefundNo": refund.id,
        "refundAmount": major(refund.amount_minor),
        "refundSuccessDate": f"{shanghai(refund.occurred_ms):%Y-%m-%d %H:%M:%S}",
    }


YEEPAY = Simulated(
    name="yeepay",
    currency="CNY",
    form=AccountForm(
        {"app_key": "app_10085525305", "merchant_no": "10085525305"},
        (KeyForm("verify", "public-key", "rsa"), KeyForm("decrypt", "private-key", "rsa")),
    ),
    accepts=says(b"SUCCESS"),
    sign=sign_yeepay,
    payment_id=lambda ids, ms: "1013" + compact(ms) + ids.digits(10),
    refund_id=lambda ids, ms: "1002" + compact(ms) + ids.digits(10),
    payment=yeepay_paid,
    refund=yeepay_refunded,
    foreign=("merchant_no", "wrong_account"),
)


def sign_douyin(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Three protocols of one name."""
    protocol = keys.settings["protocol"]
    if protocol == "ecpay-v1":
        return sign_douyin_ecpay(content, keys)
    stamp, told = str(now_ms // 1000), content
    if protocol == "trade-3.0":
        prefix, nonce_header = "Byte", "Byte-Nonce-Str"
        if "msg" in content:
            told = content | {"msg": json_octets(content["msg"]).decode("utf-8", "replace")}
    else:
        prefix, nonce_header = "Douyinpay", "Douyinpay-Nonce"
        told = content | {"resource": douyin_sealed(content.get("resource", {}), keys, nonce)}
    body = json_octets(told)
    signature = rsa(keys, f"{stamp}\n{nonce}\n".encode() + body + b"\n")
    headers = [(f"{prefix}-Timestamp", stamp), (nonce_header, nonce)]
    if prefix == "Douyinpay":
        headers.append(("Douyinpay-Serial", keys.signing().kid))
    return Signed((JSON, *headers, (f"{prefix}-Signature", signature)), body)


def douyin_sealed(resource: Any, keys: AccountKeys, nonce: str) -> Content:
    once = nonce[:12].rjust(12, "0")
    box = AESGCM(keys.secret("decrypt").encode())
    sealed = b64(box.encrypt(once.encode(), json_octets(resource), b"pay"))
    return {"algorithm": "AEAD-AES-256-GCM", "nonce": once, "associated_data": "pay",
            "ciphertext": sealed}  # fmt: skip


def sign_douyin_ecpay(content: Content, keys: AccountKeys) -> Signed:
    msg = json_octets(content.get("msg", {})).decode("utf-8", "surrogatepass")
    token, stamp, nonce = keys.secret("verify"), "1709348401", "3151"
    parts = sorted(octets(each) for each in (token, stamp, nonce, msg))
    signature = hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()
    outer = {"timestamp": stamp, "nonce": nonce, "msg_signature": signature}
    return Signed((JSON,), json_octets(content | {"msg": msg} | outer))


def douyin(kind: str, payment: Payment, ms: int, keys: AccountKeys, **more: Any) -> Content:
    msg = {"app_id": keys.settings["app_id"], "out_order_no": payment.order,
           "order_id": payment.id, "status": "SUCCESS", "event_time": ms}  # fmt: skip
    return {"version": "3.0", "type": kind, "msg": msg | more}


def douyin_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    paid = {"total_amount": payment.amount_minor, "discount_amount": 0, "pay_channel": 10}
    return douyin("payment", payment, payment.occurred_ms, keys, **paid)


def douyin_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    back = {"refund_id": refund.id, "out_refund_no": "R" + refund.id,
            "refund_total_amount": refund.amount_minor}  # fmt: skip
    return douyin("refund", payment, refund.occurred_ms, keys, **back)


DOUYINPAY = Simulated(
    name="douyinpay",
    currency="CNY",
    form=public({"protocol": "trade-3.0", "app_id": "tt07e3715e98c9aac0"}),
    retry_after_s=(12, 12, 33, 60, 120, 180, 240, 300, 360, 420),
    accepts=lambda status, body: status == 200 and b'"err_no":0' in body.replace(b" ", b""),
    sign=sign_douyin,
    signs_time=True,
    payment_id=lambda ids, ms: "ot" + ids.digits(18),
    refund_id=lambda ids, ms: "or" + ids.digits(18),
    payment=douyin_paid,
    refund=douyin_refunded,
    foreign=("app_id", "wrong_account"),
)

SENDERS: Final = (JDPAY, JDPAY_LEGACY, YEEPAY, DOUYINPAY)
