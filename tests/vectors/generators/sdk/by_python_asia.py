"""Cases that Python packages signed: Paytm, PayU India, Adapay, NOWPayments, Yeepay.

Run: ``python -m tests.vectors.generators.sdk.by_python_asia``. Keys and what an SDK draws by
chance come from a seed, so that a second run writes the same.
"""

import hashlib
import json
import random
from types import SimpleNamespace
from typing import Any

from adapay_core.rsa_utils import rsa_sign
from Crypto.Cipher import PKCS1_v1_5
from nowpayments.ipn import create_ipn_signature
from paytmchecksum import PaytmChecksum
from payu.resources.hasher import generate_reverse_hash
from yop_python_sdk.security.encryptor import rsaencryptor

from tests.vectors.generators.cases import accepted
from tests.vectors.generators.sdk.keys import pkcs8, public, rsa_key
from tests.vectors.generators.sdk.written import (
    FORM,
    JSON,
    Cases,
    Json,
    fact,
    form,
    from_pypi,
    held,
    secret,
    text_of,
)

PROGRAM = "by_python_asia.py"
AT_MS = 1_772_330_406_000  # 2026-03-01 10:00:06 in Shanghai
T = "2026-03-01T02:00:05.000Z"
LETTERS = "两本书 & 一支笔 – Zoë 😀"


def paytm() -> Cases:
    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        random.seed(said["ORDERID"])  # The salt.
        key = account["keys"][0]["text"]
        return [FORM], form(said | {"CHECKSUMHASH": PaytmChecksum.generateSignature(said, key)})

    def said(**more: str) -> Json:
        return {"ORDERID": "P-1", "MID": "Shop1", "TXNID": "TPY1", "TXNAMOUNT": "199.05",
                "PAYMENTMODE": "UPI", "CURRENCY": "INR", "TXNDATE": "2026-03-01 07:30:05.0",
                "STATUS": "TXN_SUCCESS", "RESPCODE": "01", "RESPMSG": "Txn Success",
                "BANKTXNID": "4", "BANKNAME": ""} | more  # fmt: skip

    cases = Cases(PROGRAM, "paytm", from_pypi("paytmchecksum", "generateSignature"),
                  held(secret("pythonSdk-key-16"), mid="Shop1"), AT_MS, sign)  # fmt: skip
    stated = {"minor": 19905, "currency": "INR", "at": T}
    cases("payment-letters", "Values in UTF-8, joined by bars.",
          said(RESPMSG=LETTERS, BANKNAME="भारतीय बैंक"),
          accepted(fact("PaymentSucceeded", "TPY1", "P-1", **stated)))  # fmt: skip
    cases("failed", "An attempt.",
          said(STATUS="TXN_FAILURE", RESPCODE="227", RESPMSG="Declined"),
          accepted(fact("PaymentFailed", "TPY1", "P-1", **stated)))  # fmt: skip
    cases("refund", "It has an amount of its own.",
          said(RESPCODE="10", REFUNDID="RPY1", REFID="MR-1", REFUNDAMOUNT="9.50"),
          accepted(fact("RefundCompleted", "TPY1", "P-1",
                        **stated | {"minor": 950}, refund_id="RPY1",
                        merchant_refund_id="MR-1")))  # fmt: skip
    return cases


def payu_india() -> Cases:
    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        credentials = {"key": "K1", "salt": account["keys"][0]["text"]}
        return [FORM], form(said | {"hash": generate_reverse_hash(credentials, said)})

    def said(**more: str) -> Json:
        return {"mihpayid": "403", "mode": "UPI", "status": "success", "key": "K1",
                "unmappedstatus": "captured", "txnid": "P-1", "amount": "499.50",
                "addedon": "2026-03-01 07:30:05", "productinfo": "Shoes", "firstname": "A",
                "email": "a@shop.example", "udf1": "x", "udf5": "y"} | more  # fmt: skip

    cases = Cases(PROGRAM, "payu-india", from_pypi("payu-websdk", "generate_reverse_hash"),
                  held(secret("python-salt"), key="K1"), AT_MS, sign)  # fmt: skip
    stated = {"minor": 49950, "currency": "INR", "at": T}
    paid = fact("PaymentSucceeded", "P-1", "P-1", **stated)
    cases("payment-letters", "Values in UTF-8, joined by bars.",
          said(productinfo=LETTERS, firstname="Zoë", udf2="a=b&c"), accepted(paid))  # fmt: skip
    cases("payment-charges", "In front of the salt; the amount is the price.",
          said(additionalCharges="12.50"), accepted(paid))  # fmt: skip
    cases("payment-later-fields", "It leaves their places empty.", said(udf6="6", udf10="10"),
          accepted(paid))  # fmt: skip
    cases("failed", "An attempt.", said(status="failure", unmappedstatus="userCancelled"),
          accepted(fact("PaymentFailed", "P-1", "P-1", **stated)))  # fmt: skip
    cases("refund-asks", "What makes it a refund is not signed.",
          said(action="refund", request_id="R-1"), accepted())  # fmt: skip
    return cases


def adapay() -> Cases:
    key = rsa_key("adapay")

    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        text = text_of(said)
        signed, signature = rsa_sign(pkcs8(key), text, "utf-8")
        assert signed, signature
        return [FORM], form({"created_time": "1772330405", "data": text, "id": "0029",
                             "object": "payment", "prod_mode": "true", "sign": signature,
                             "type": "payment.succeeded", "app_id": "app_1"})  # fmt: skip

    cases = Cases(PROGRAM, "adapay", from_pypi("adapay-core", "rsa_utils.rsa_sign"),
                  held(public(key), app_id="app_1"), AT_MS, sign)  # fmt: skip
    cases("payment-letters", "The text is signed as UTF-8.",
          {"app_id": "app_1", "id": "0021py", "order_no": "P-1", "pay_amt": "88.10",
           "status": "succeeded", "end_time": "20260301100005", "description": LETTERS},
          accepted(fact("PaymentSucceeded", "0021py", "P-1", minor=8810, currency="CNY",
                        at=T)))  # fmt: skip
    cases("refund", "A part.",
          {"app_id": "app_1", "id": "0022py", "payment_id": "0021py", "refund_amt": "8.10",
           "refund_order_no": "R-1", "status": "succeeded", "succeed_time": "1772330405"},
          accepted(fact("RefundCompleted", "0021py", minor=810, currency="CNY", at=T,
                        refund_id="0022py", merchant_refund_id="R-1")))  # fmt: skip
    return cases


def nowpayments() -> Cases:
    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        mac = create_ipn_signature(said, account["keys"][0]["text"])
        return [JSON, ["x-nowpayments-sig", mac]], text_of(said).encode()

    def said(status: str, **more: Any) -> Json:
        return {"payment_id": 5077129901, "payment_status": status, "price_amount": 12.5,
                "price_currency": "usd", "actually_paid": 0.00125, "pay_currency": "btc",
                "order_id": "P-1",
                "burning_percent": None, "updated_at": T} | more  # fmt: skip

    def told(kind: str, minor: int = 1250, currency: str = "USD", **more: Any) -> Json:
        return fact(kind, "5077129901", "P-1", minor=minor, currency=currency, at=T, **more)

    framed = b"".join(
        len(value).to_bytes(4, "big") + value.encode()
        for value in ("5077129901", "refunded", "0.00125")
    )
    refund_id = hashlib.sha256(framed).hexdigest()
    cases = Cases(PROGRAM, "nowpayments", from_pypi("nowpayments-py", "create_ipn_signature"),
                  held(secret("python-ipn-secret")), AT_MS, sign)  # fmt: skip
    cases("payment-yen", "Yen have no decimals.",
          said("finished", price_amount=1500, price_currency="jpy"),
          accepted(told("PaymentSucceeded", 1500, "JPY")))  # fmt: skip
    cases("payment-expired", "Closed without money.", said("expired"),
          accepted(told("PaymentClosed")))  # fmt: skip
    fee = {"withdrawalFee": 0, "depositFee": 0.098, "serviceFee": None, "currency": "btc"}
    cases("payment-fee", "Inner members are sorted as well.", said("finished", fee=fee),
          accepted(told("PaymentSucceeded")))  # fmt: skip
    cases("refund", "Without an id of its own.", said("refunded"),
          accepted(told("RefundCompleted", refund_id=refund_id)))  # fmt: skip
    return cases


def yeepay() -> Cases:
    platform, merchant = rsa_key("yeepay platform"), rsa_key("yeepay merchant")
    drawn = random.Random("yeepay")
    rsaencryptor.os = SimpleNamespace(urandom=drawn.randbytes)
    rsaencryptor.Cipher_pkcs1_v1_5 = SimpleNamespace(
        new=lambda key: PKCS1_v1_5.new(key, randfunc=drawn.randbytes)
    )
    sealing = rsaencryptor.RsaEncryptor(platform, merchant.public_key())

    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        # It pads by letters, not by octets: beyond ASCII only escapes go through it.
        sealed = sealing.envelope_encrypt(json.dumps(said))
        return [FORM], form({"customerIdentification": "app_1", "response": sealed})

    def said(**more: str) -> Json:
        return {"orderId": "P-1", "uniqueOrderNo": "UPY-1", "merchantNo": "10085525305",
                "parentMerchantNo": "10085525305", "status": "SUCCESS"} | more  # fmt: skip

    own = {"kid": "1", "use": "decrypt", "kind": "private-key", "text": pkcs8(merchant)}
    cases = Cases(PROGRAM, "yeepay", from_pypi("yop-python-sdk", "RsaEncryptor.envelope_encrypt"),
                  held(public(platform), own, app_key="app_1", merchant_no="10085525305"), AT_MS,
                  sign)  # fmt: skip
    cases("payment-letters", "Escapes, and a dollar sign, inside of the envelope.",
          said(orderAmount="88.10", payAmount="88.10", paySuccessDate="2026-03-01 10:00:05",
               goodsName=f"{LETTERS} $5"),
          accepted(fact("PaymentSucceeded", "UPY-1", "P-1", minor=8810, currency="CNY",
                        at=T)))  # fmt: skip
    cases("refund", "A part.",
          said(refundRequestId="R-1", uniqueRefundNo="URPY-1", refundAmount="8.10",
               refundSuccessDate="2026-03-01 10:00:05"),
          accepted(fact("RefundCompleted", "UPY-1", "P-1", minor=810, currency="CNY", at=T,
                        refund_id="URPY-1", merchant_refund_id="R-1")))  # fmt: skip
    return cases


def main() -> None:
    for made in (paytm, payu_india, adapay, nowpayments, yeepay):
        made().write()


if __name__ == "__main__":
    main()
