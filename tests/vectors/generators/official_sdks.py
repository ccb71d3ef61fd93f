"""Cases that the providers' own SDKs signed: Alipay, WeChat Pay v3 and v2. UnionPay has none.

The SDKs are no dependency of this project: run in an environment of their own, see README.md.
Run: ``python -m tests.vectors.generators.official_sdks NODE_MODULES``
"""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from alipay.aop.api.util.SignatureUtils import get_sign_content, sign_with_rsa, sign_with_rsa2
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from wechatpy.pay.utils import calculate_signature, calculate_signature_hmac, dict_to_xml

from tests.support import authority
from tests.vectors.generators.cases import VECTORS, accepted, case

SOURCE = "tests/vectors/generators/official_sdks.py"
NODE_PROGRAM = Path(__file__).with_name("official_sdk.js")
SECRET = "sdkMade00123456789abcdefABCDEF77"
PAYMENT, REFUND = "4200001001202603010000000888", "50000001002026030200000000888"
AT_S = 1_772_330_406  # 2026-03-01 10:00:06 in Shanghai
OCCURRED, REFUNDED_AT = "2026-03-01T02:00:05.000Z", "2026-03-02T03:00:00.000Z"


def event(fact_type: str, payment: str, minor: int, at: str, **more: Any) -> dict[str, Any]:
    return {
        "type": fact_type, "payment_id": payment, "merchant_order_id": "S-1",
        "amount_minor": minor, "currency": "CNY", "occurred_at": at,
    } | more  # fmt: skip


def alipay_cases() -> list[dict[str, Any]]:
    private = authority.private_key("alipay sdk")
    der = private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trade = {
        "notify_type": "trade_status_sync", "notify_id": "2026030100222100006000000888",
        "app_id": "2021000000000001", "seller_id": "2088000000000002", "charset": "utf-8",
        "trade_no": "2026030122001400000000000888", "out_trade_no": "S-1",
        "trade_status": "TRADE_SUCCESS", "total_amount": "88.10", "subject": "两本书 & 一支笔",
        "gmt_payment": "2026-03-01 10:00:05",
    }  # fmt: skip
    refund = trade | {
        "refund_fee": "8.10", "gmt_refund": "2026-03-02 11:00:00.000", "out_biz_no": "SR-1",
    }  # fmt: skip
    paid = accepted(event("PaymentSucceeded", trade["trade_no"], 8810, OCCURRED))
    back = accepted(
        event("RefundCompleted", trade["trade_no"], 810, REFUNDED_AT, refund_id="SR-1")
    )
    made = []
    for name, fields, sign_type, charset, expect in (
        ("sdk-payment", trade, "RSA2", "utf-8", paid),
        ("sdk-payment-sha1", trade, "RSA", "utf-8", paid),
        ("sdk-refund-gbk", refund | {"charset": "GBK"}, "RSA2", "gbk", back),
    ):
        sign = sign_with_rsa2 if sign_type == "RSA2" else sign_with_rsa
        text = base64.b64encode(der).decode()
        signature = sign(text, get_sign_content(fields), charset)
        whole = fields | {"sign_type": sign_type, "sign": signature}
        body = "&".join(f"{n}={quote_plus(v.encode(charset))}" for n, v in whole.items())
        account = {
            "mode": "live",
            "settings": {"app_id": trade["app_id"], "sign_type": sign_type},
            "keys": [{"kid": "1", "use": "verify", "kind": "public-key",
                      "text": base64.b64encode(public).decode()}],
        }  # fmt: skip
        made.append(
            case(name, "signed by the official Python SDK", account=account, provider="alipay",
                 headers=[], body=body.encode(), received_at_ms=AT_S * 1000, expect=expect,
                 origin="sdk")
        )  # fmt: skip
    return made


def wechatpay_v3_cases(node_modules: str) -> list[dict[str, Any]]:
    private = authority.private_key("wechat sdk")
    payment = {
        "mchid": "1230000109", "appid": "wxd678efh567hg6787", "out_trade_no": "S-1",
        "transaction_id": PAYMENT, "trade_state": "SUCCESS",
        "success_time": "2026-03-01T10:00:05+08:00", "amount": {"total": 8810, "currency": "CNY"},
    }  # fmt: skip
    refund = {
        "mchid": "1230000109", "out_trade_no": "S-1", "transaction_id": PAYMENT,
        "out_refund_no": "SR-1", "refund_id": REFUND, "refund_status": "SUCCESS",
        "success_time": "2026-03-02T11:00:00+08:00", "amount": {"total": 8810, "refund": 810},
    }  # fmt: skip
    serial = 0x5DA1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3
    pem = authority.certificate("wechat sdk", "wechat sdk", serial=serial)
    account = {
        "mode": "live",
        "settings": {"mchid": "1230000109"},
        "keys": [
            {"kid": f"{serial:X}", "use": "verify", "kind": "certificate", "pem": pem},
            {"kid": "1", "use": "decrypt", "kind": "secret", "text": SECRET},
        ],
    }
    made = []
    for name, word, resource, expect in (
        ("sdk-payment", "TRANSACTION.SUCCESS", payment,
         accepted(event("PaymentSucceeded", PAYMENT, 8810, OCCURRED))),
        ("sdk-refund", "REFUND.SUCCESS", refund,
         accepted(event("RefundCompleted", PAYMENT, 810, REFUNDED_AT, refund_id=REFUND))),
    ):  # fmt: skip
        asked = {
            "private_key": private.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ).decode(),
            "secret": SECRET, "plain": json.dumps(resource), "event_type": word,
            "timestamp": str(AT_S), "nonce": "sdkMadeNonce",
        }  # fmt: skip
        answer = json.loads(
            subprocess.run(
                ["node", NODE_PROGRAM], input=json.dumps(asked), check=True, text=True,
                capture_output=True, env={"NODE_PATH": node_modules, "PATH": "/usr/bin:/bin"},
            ).stdout
        )  # fmt: skip
        headers = [
            ["Wechatpay-Timestamp", asked["timestamp"]], ["Wechatpay-Nonce", asked["nonce"]],
            ["Wechatpay-Serial", f"{serial:X}"], ["Wechatpay-Signature", answer["signature"]],
        ]  # fmt: skip
        made.append(
            case(name, "sealed and signed by wechatpay-axios-plugin", account=account,
                 provider="wechatpay-v3", headers=headers, body=answer["body"].encode(),
                 received_at_ms=AT_S * 1000, expect=expect, origin="sdk")
        )  # fmt: skip
    return made


def wechatpay_v2_cases() -> list[dict[str, Any]]:
    fields = {
        "return_code": "SUCCESS", "result_code": "SUCCESS", "appid": "wx2421b1c4370ec43b",
        "mch_id": "10000100", "nonce_str": "sdkMade", "out_trade_no": "S-1",
        "transaction_id": PAYMENT, "total_fee": "8810", "time_end": "20260301100005",
        "attach": "两本书 & 一支笔",
    }  # fmt: skip
    made = []
    for sign_type, sign in (
        ("MD5", calculate_signature),
        ("HMAC-SHA256", calculate_signature_hmac),
    ):
        whole = fields | ({} if sign_type == "MD5" else {"sign_type": sign_type})
        account = {
            "mode": "live",
            "settings": {"mch_id": "10000100", "sign_type": sign_type},
            "keys": [
                {"kid": "1", "use": use, "kind": "secret", "text": SECRET}
                for use in ("verify", "decrypt")
            ],
        }
        body = dict_to_xml(whole, sign(whole, SECRET)).encode()
        made.append(
            case(f"sdk-payment-{sign_type.lower()}", "signed by wechatpy", account=account,
                 provider="wechatpay-v2", headers=[], body=body, received_at_ms=AT_S * 1000,
                 expect=accepted(event("PaymentSucceeded", PAYMENT, 8810, OCCURRED)),
                 origin="sdk")
        )  # fmt: skip
    return made


def replace_signed(provider: str, cases: list[dict[str, Any]]) -> None:
    path = VECTORS / f"{provider}.json"
    document = json.loads(path.read_text())
    kept = [each for each in document["cases"] if each["source"] != SOURCE]
    document["cases"] = kept + [each | {"source": SOURCE} for each in cases]
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    replace_signed("alipay", alipay_cases())
    replace_signed("wechatpay-v3", wechatpay_v3_cases(sys.argv[1]))
    replace_signed("wechatpay-v2", wechatpay_v2_cases())
