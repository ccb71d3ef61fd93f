"""WeChat Pay APIv3 as a sender: AES-GCM sealed resource, RSA over time, nonce and raw body."""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from streams.simulate.keys import AccountKeys, private_key
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    always,
    any_2xx,
    shanghai,
)  # fmt: skip


def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body = _sealed(content, keys)
    stamp = str(now_ms // 1000)
    # Every attempt has a nonce of its own.
    once = hashlib.sha256(f"{nonce}{now_ms}".encode()).hexdigest()[:32].upper()
    signer = keys.signing()
    signature = private_key(signer.private_pem or "").sign(
        f"{stamp}\n{once}\n".encode() + body + b"\n", PKCS1v15(), SHA256()
    )
    headers = (
        ("Content-Type", "application/json"),
        ("Wechatpay-Timestamp", stamp),
        ("Wechatpay-Nonce", once),
        ("Wechatpay-Signature", base64.b64encode(signature).decode()),
        ("Wechatpay-Serial", signer.kid),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
    )
    return Signed(headers, body)


def _sealed(content: Content, keys: AccountKeys) -> bytes:
    plain, kind, nonce = content["plain"], content["kind"], content["seal_nonce"]
    # The APIv3 key is used as its 32 characters stand.
    box = AESGCM(keys.secret("decrypt").encode("ascii"))
    sealed = box.encrypt(nonce.encode(), _json(plain).encode(), kind.encode())
    resource = {
        "original_type": kind,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": kind,
        "nonce": nonce,
    }
    return _json(content["envelope"] | {"resource": resource}).encode()


def _json(members: Content) -> str:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def _notice(event: str, summary: str, kind: str, plain: Content, ms: int, ids: Ids) -> Content:
    return {
        "envelope": {
            "id": f"EV-{shanghai(ms):%Y%m%d%H%M%S}{ids.digits(6)}",
            "create_time": _time(ms),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": summary,
        },
        "kind": kind,
        "plain": plain,
        "seal_nonce": ids.mixed(12),
    }


def _time(ms: int) -> str:
    return f"{shanghai(ms):%Y-%m-%dT%H:%M:%S}+08:00"


def _transaction(payment: Payment, keys: AccountKeys, ids: Ids, state: str) -> Content:
    plain: Content = {
        "mchid": keys.settings["mchid"],
        "appid": keys.settings.get("appid", "wxd678efh567hg6787"),
        "out_trade_no": payment.order,
        "transaction_id": payment.id,
        "trade_type": "JSAPI",
        "trade_state": state,
        "trade_state_desc": "支付" + state,
        "bank_type": "CMC_DEBIT",
        "attach": "",
    }
    if "sub_mchid" in keys.settings:
        partner = {"sp_mchid": plain.pop("mchid"), "sp_appid": plain.pop("appid")}
        plain = partner | {"sub_mchid": keys.settings["sub_mchid"]} | plain
    if state == "SUCCESS":
        plain["success_time"] = _time(payment.occurred_ms)
    plain["payer"] = {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    plain["amount"] = {
        "total": payment.amount_minor,
        "payer_total": payment.amount_minor,
        "currency": payment.currency,
        "payer_currency": payment.currency,
    }
    event, summary = "TRANSACTION.SUCCESS", "支付成功"
    return _notice(event, summary, "transaction", plain, payment.occurred_ms, ids)


def payment(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _transaction(payment, keys, ids, "SUCCESS")


def failed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _transaction(payment, keys, ids, "PAYERROR")


def closed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _transaction(payment, keys, ids, "CLOSED")


def unknown(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _transaction(payment, keys, ids, "ESCROWED")


def refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    """A domestic refund states no currency."""
    whose = {"mchid": keys.settings["mchid"]}
    if "sub_mchid" in keys.settings:
        whose = {"sp_mchid": keys.settings["mchid"], "sub_mchid": keys.settings["sub_mchid"]}
    plain = whose | {
        "out_trade_no": payment.order,
        "transaction_id": payment.id,
        "out_refund_no": "R" + refund.id[-12:],
        "refund_id": refund.id,
        "refund_status": "SUCCESS",
        "success_time": _time(refund.occurred_ms),
        "user_received_account": "招商银行信用卡0403",
        "amount": {
            "total": payment.amount_minor,
            "refund": refund.amount_minor,
            "payer_total": payment.amount_minor,
            "payer_refund": refund.amount_minor,
        },
    }
    return _notice("REFUND.SUCCESS", "退款成功", "refund", plain, refund.occurred_ms, ids)


def combined(payments: tuple[Payment, ...], keys: AccountKeys, ids: Ids) -> Content:
    """One shopper's basket of several merchants; the second is in a state nobody knows."""
    ms = payments[0].occurred_ms
    plain = {
        "combine_appid": keys.settings.get("appid", "wxd678efh567hg6787"),
        "combine_mchid": keys.settings["mchid"],
        "combine_out_trade_no": "C" + payments[0].order,
        "combine_payer_info": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        "sub_orders": [
            {
                "mchid": keys.settings.get("sub_mchid", keys.settings["mchid"]),
                "trade_type": "JSAPI",
                "trade_state": "ESCROWED" if number == 1 else "SUCCESS",
                "bank_type": "CMC_DEBIT",
                "attach": "",
                "success_time": f"{shanghai(ms):%Y-%m-%dT%H:%M:%S}.120+08:00",
                "transaction_id": each.id,
                "out_trade_no": each.order,
                "amount": {
                    "total_amount": each.amount_minor,
                    "payer_amount": each.amount_minor,
                    "currency": each.currency,
                    "payer_currency": each.currency,
                },
            }
            for number, each in enumerate(payments)
        ],
    }
    return _notice("TRANSACTION.SUCCESS", "支付成功", "transaction", plain, ms, ids)


def probe(payment_: Payment, keys: AccountKeys, ids: Ids, now_ms: int) -> Signed:
    """WeChat's own test of us: deliberately wrong, and accepting it is the finding."""
    signed = sign(payment(payment_, keys, ids), keys, ids.hex(32), now_ms)
    headers = tuple(
        (name, "WECHATPAY/SIGNTEST/" + value if name == "Wechatpay-Signature" else value)
        for name, value in signed.headers
    )
    return Signed(headers, signed.body)


def _tampered(body: bytes, payment: Payment) -> bytes:
    """Nobody without the APIv3 key can raise a sealed amount, only damage it."""
    start = body.index(b'"ciphertext":"') + len(b'"ciphertext":"')
    other = b"A" if body[start : start + 1] != b"A" else b"B"
    return body[:start] + other + body[start + 1 :]


WECHATPAY_V3 = Simulated(
    name="wechatpay-v3",
    currency="CNY",
    method="POST",
    retry_after_s=(
        15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600,
        21_600,
    ),
    accepts=any_2xx,
    sign=sign,
    signs_time=True,
    stale_code="stale",
    payment_id=lambda ids, ms: f"4200001{ids.digits(3)}{shanghai(ms):%Y%m%d}{ids.digits(10)}",
    refund_id=lambda ids, ms: f"503000{ids.digits(4)}{shanghai(ms):%Y%m%d}{ids.digits(11)}",
    payment=payment,
    refund=refund,
    authorised=None,
    failed=failed,
    closed=closed,
    disputed=None,
    second=payment,
    unknown=unknown,
    batch=combined,
    batch_code="unknown_meaning",
    probe=probe,
    probe_code="probe",
    tampered=_tampered,
    foreign=("mchid", "wrong_account"),
    other_mode_code=None,
    running_totals=False,
    unavailable=always,
)  # fmt: skip
