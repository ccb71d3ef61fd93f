"""Providers of China that sign what they say and seal nothing."""

import hashlib
from typing import Final
from urllib.parse import quote

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    major,
    shanghai,
)
from streams.simulate.recipes import (
    FORM,
    Sign,
    body_rsa,
    coded,
    exactly_200,
    form,
    json_octets,
    numbered,
    public,
    raised,
    rsa,
    says,
    shared,
    sorted_pairs,
)


def compact(ms: int) -> str:
    return f"{shanghai(ms):%Y%m%d%H%M%S}"


def field_rsa(field: str, name: str) -> Sign:
    """Return a signer of a form of which one field, JSON as it stands, is signed."""

    def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
        told = json_octets(content)
        pairs = {field.encode(): told, b"sign": rsa(keys, told, name).encode()}
        body = b"&".join(each + b"=" + quote(v, safe="").encode() for each, v in pairs.items())
        return Signed((FORM,), body)

    return sign


def adapay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"app_id": keys.settings["app_id"], "id": payment.id, "order_no": payment.order,
            "pay_amt": major(payment.amount_minor), "status": "succeeded", "prod_mode": "true",
            "out_trans_id": ids.digits(28), "end_time": compact(payment.occurred_ms)}  # fmt: skip


def adapay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return {"app_id": keys.settings["app_id"], "id": refund.id, "payment_id": payment.id,
            "refund_amt": major(refund.amount_minor), "refund_order_no": "R" + refund.id,
            "status": "succeeded", "succeed_time": str(refund.occurred_ms // 1000)}  # fmt: skip


ADAPAY = Simulated(
    name="adapay",
    currency="CNY",
    form=public({"app_id": "app_7d87c043-aae3-4357-9b2c-269349a980d6"}),
    accepts=exactly_200,
    # The text of `data` alone, with SHA-1: nothing else of the form is signed.
    sign=field_rsa("data", "sha1"),
    payment_id=lambda ids, ms: "0021" + compact(ms) + ids.digits(20),
    refund_id=lambda ids, ms: "0021" + compact(ms) + ids.digits(20),
    payment=adapay_paid,
    refund=adapay_refunded,
    foreign=("app_id", "wrong_account"),
)


def huifu(own: str, request: str, minor: int, ms: int, keys: AccountKeys) -> Content:
    return {"huifu_id": keys.settings["huifu_id"], "req_seq_id": request, "hf_seq_id": own,
            "req_date": compact(ms)[:8], "trans_type": "T_NATIVE", "trans_amt": major(minor),
            "trans_stat": "S", "trans_finish_time": compact(ms)}  # fmt: skip


def huifu_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return huifu(payment.id, payment.order, payment.amount_minor, payment.occurred_ms, keys)


def huifu_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = huifu(refund.id, "R" + refund.id, refund.amount_minor, refund.occurred_ms, keys)
    return told | {"org_req_seq_id": payment.order, "org_hf_seq_id": payment.id}


HUIFU = Simulated(
    name="huifu",
    currency="CNY",
    form=public({"huifu_id": "6666000000000001"}),
    retry_after_s=(5, 5, 5),
    accepts=lambda status, body: status == 200 and body.startswith(b"RECV_ORD_ID_"),
    sign=field_rsa("resp_data", "sha256"),
    payment_id=lambda ids, ms: "0029000topA" + compact(ms) + ids.digits(10),
    refund_id=lambda ids, ms: "0030000topA" + compact(ms) + ids.digits(10),
    payment=huifu_paid,
    refund=huifu_refunded,
    foreign=("huifu_id", "wrong_account"),
)


def sign_allinpay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    sign = rsa(keys, sorted_pairs(content, "sign"), "sha1")
    return Signed((FORM,), form(content | {"sign": sign}))


def allinpay(code: str, own: str, order: str, minor: int, ms: int, keys: AccountKeys) -> Content:
    return {"appid": keys.settings["appid"], "cusid": keys.settings["cusid"], "trxid": own,
            "cusorderid": order, "trxcode": code, "trxamt": str(minor), "initamt": str(minor),
            "trxstatus": "0000", "paytime": compact(ms), "signtype": "RSA",
            "trxreserved": ""}  # fmt: skip


def allinpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = payment.amount_minor, payment.occurred_ms
    return allinpay("VSP501", payment.id, payment.order, minor, ms, keys)


def allinpay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = refund.amount_minor, refund.occurred_ms
    return allinpay("VSP503", refund.id, "R" + payment.order, minor, ms, keys)


ALLINPAY = Simulated(
    name="allinpay",
    currency="CNY",
    form=public({"cusid": "990581007426001", "appid": "00000051", "signtype": "RSA"}),
    accepts=says(b"success"),
    sign=sign_allinpay,
    payment_id=numbered(18),
    refund_id=numbered(18),
    payment=allinpay_paid,
    refund=allinpay_refunded,
    # A refund is a transaction of its own, and names no other.
    links_refunds=False,
    tampered=raised("trxamt="),
    foreign=("cusid", "wrong_account"),
)


def sign_chinaums(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    name = {"MD5": "md5", "SHA256": "sha256"}[keys.settings["sign_type"]]
    # The key stands directly behind the pairs.
    text = sorted_pairs(content, "sign") + keys.secret("verify").encode()
    digest = hashlib.new(name, text, usedforsecurity=False).hexdigest().upper()
    return Signed((FORM,), form(content | {"sign": digest}))


def chinaums(status: str, payment: Payment, ms: int, keys: AccountKeys) -> Content:
    return {"mid": keys.settings["mid"], "tid": keys.settings["tid"], "instMid": "QRPAYDEFAULT",
            "billNo": payment.id, "billDate": f"{shanghai(ms):%Y-%m-%d}", "billStatus": status,
            "totalAmount": str(payment.amount_minor), "signType": "SHA256",
            "billPayment": '{"status":"TRADE_SUCCESS"}', "memo": ""}  # fmt: skip


def chinaums_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return chinaums("PAID", payment, payment.occurred_ms, keys)


def chinaums_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = chinaums("REFUND", payment, payment.occurred_ms, keys)
    return told | {"refundAmount": str(refund.amount_minor), "refundOrderId": refund.id}


CHINAUMS = Simulated(
    name="chinaums",
    currency="CNY",
    form=shared({"mid": "898000000000001", "tid": "00000001", "sign_type": "SHA256"}),
    accepts=says(b"SUCCESS"),
    sign=sign_chinaums,
    # Four characters of the source stand in front of the merchant's number.
    payment_id=lambda ids, ms: "3194" + ids.digits(16),
    order_of=lambda own: own[4:],
    refund_id=lambda ids, ms: "3194R" + ids.digits(12),
    payment=chinaums_paid,
    refund=chinaums_refunded,
    tampered=raised("totalAmount="),
    foreign=("mid", "wrong_account"),
)


def pingpp(kind: str, about: Content, ms: int, keys: AccountKeys, ids: Ids) -> Content:
    return {"id": "evt_" + ids.mixed(24), "created": ms // 1000, "type": kind,
            "livemode": keys.mode == "live", "object": "event", "pending_webhooks": 0,
            "data": {"object": about}, "request": "iar_" + ids.mixed(24)}  # fmt: skip


def pingpp_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    charge = {"id": payment.id, "object": "charge", "paid": True, "app": keys.settings["app_id"],
              "channel": "upacp", "order_no": payment.order, "amount": payment.amount_minor,
              "currency": "cny", "time_paid": payment.occurred_ms // 1000}  # fmt: skip
    return pingpp("charge.succeeded", charge, payment.occurred_ms, keys, ids)


def pingpp_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    about = {"id": refund.id, "object": "refund", "succeed": True, "status": "succeeded",
             "charge": payment.id, "charge_order_no": payment.order, "order_no": refund.id,
             "amount": refund.amount_minor,
             "time_succeed": refund.occurred_ms // 1000}  # fmt: skip
    return pingpp("refund.succeeded", about, refund.occurred_ms, keys, ids)


PINGPP = Simulated(
    name="pingpp",
    currency="CNY",
    form=public({"app_id": "app_eTC8yLuj9GSSL0yv"}),
    retry_after_s=(120, 600, 600, 3_600, 7_200, 10_800, 21_600, 21_600, 21_600),
    sign=body_rsa("X-Pingplusplus-Signature"),
    payment_id=coded("ch_", 24),
    refund_id=coded("re_", 24),
    payment=pingpp_paid,
    refund=pingpp_refunded,
    tampered=raised('"amount": '),
    foreign=("app_id", "wrong_account"),
    other_mode_code="wrong_account",
)

SENDERS: Final = (ADAPAY, HUIFU, ALLINPAY, CHINAUMS, PINGPP)
