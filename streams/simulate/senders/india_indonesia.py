"""Providers of India and Indonesia."""

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import Content, Ids, Payment, Refund, Signed, Simulated, major
from streams.simulate.recipes import (
    FORM,
    JSON,
    b64,
    exactly_200,
    form,
    iso,
    json_octets,
    numbered,
    octets,
    plain,
    public,
    rsa,
    shared,
)

INDIA_MS: Final = 19_800_000
JAKARTA: Final = timezone(timedelta(hours=7))


def sign_paytm(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The values by their names, salted, hashed and sealed."""
    told = {name: plain(value) for name, value in content.items() if name != "CHECKSUMHASH"}
    values = ["" if told[n].lower() == "null" else told[n] for n in sorted(told, key=octets)]
    salt = nonce[:4]
    hashed = hashlib.sha256(octets("|".join([*values, salt]))).hexdigest() + salt
    cipher = Cipher(AES(keys.secret("verify").encode()), CBC(b"@@@@&&&&####$$$$"))
    sealed = cipher.encryptor().update(hashed.encode() + bytes((12,)) * 12)
    return Signed((FORM,), form(told | {"CHECKSUMHASH": b64(sealed)}))


def paytm(code: str, payment: Payment, keys: AccountKeys) -> dict[str, Any]:
    return {"ORDERID": payment.order, "MID": keys.settings["mid"], "TXNID": payment.id,
            "TXNAMOUNT": major(payment.amount_minor), "PAYMENTMODE": "UPI", "CURRENCY": "INR",
            "TXNDATE": iso(payment.occurred_ms + INDIA_MS, "%Y-%m-%d %H:%M:%S") + ".0",
            "STATUS": "TXN_SUCCESS", "RESPCODE": code, "RESPMSG": "Txn Success",
            "BANKTXNID": "4", "BANKNAME": ""}  # fmt: skip


def paytm_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return paytm("01", payment, keys)


def paytm_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return paytm("10", payment, keys) | {
        "REFUNDID": refund.id, "REFID": "R" + refund.id,
        "REFUNDAMOUNT": major(refund.amount_minor),
    }  # fmt: skip


PAYTM = Simulated(
    name="paytm",
    currency="INR",
    form=shared({"mid": "WorldP64425807474247"}, "{hex_16}"),
    retry_after_s=(60, 600, 3_600, 10_800),
    accepts=exactly_200,
    sign=sign_paytm,
    payment_id=numbered(32),
    refund_id=numbered(20),
    payment=paytm_paid,
    refund=paytm_refunded,
    foreign=("mid", "wrong_account"),
)

PAYU_FIELDS: Final = (
    "udf10", "udf9", "udf8", "udf7", "udf6", "udf5", "udf4", "udf3", "udf2", "udf1", "email",
    "firstname", "productinfo", "amount", "txnid", "key",
)  # fmt: skip


def payu_hash(told: Content, salt: str, *, split: bool = True) -> str:
    """Return the hash: the salt, the fields in reverse, the merchant's key last; `split`: what is
    split between sellers is signed as well."""

    def shown(name: str) -> str:
        value = told.get(name)
        return "" if value is None else plain(value)

    more = ["splitInfo"] if split and shown("splitInfo") else []
    text = "|".join([salt, *(shown(name) for name in ("status", *more, *PAYU_FIELDS))])
    if shown("additionalCharges"):
        text = f"{shown('additionalCharges')}|{text}"
    return hashlib.sha512(octets(text)).hexdigest()


def sign_payu(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    return Signed((FORM,), form(content | {"hash": payu_hash(content, keys.secret("verify"))}))


def payu_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"mihpayid": ids.digits(12), "mode": "UPI", "status": "success",
            "unmappedstatus": "captured", "key": keys.settings["key"], "txnid": payment.id,
            "amount": major(payment.amount_minor), "productinfo": "Shoes", "firstname": "A",
            "addedon": iso(payment.occurred_ms + INDIA_MS, "%Y-%m-%d %H:%M:%S"),
            "email": "a@shop.example", "udf1": "x", "udf5": "y"}  # fmt: skip


def payu_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = payu_paid(payment, keys, ids)
    return told | {"action": "refund", "request_id": refund.id,
                   "amount": major(refund.amount_minor)}  # fmt: skip


PAYU_INDIA = Simulated(
    name="payu-india",
    currency="INR",
    form=shared({"key": "merchant_id"}),
    accepts=exactly_200,
    sign=sign_payu,
    # The merchant's own number: the provider's is not hashed.
    payment_id=lambda ids, ms: "A" + ids.digits(14),
    order_of=lambda own: own,
    payment=payu_paid,
    refund=payu_refunded,
    # Nor is what makes a message a refund.
    weak=frozenset(("refund",)),
    foreign=("key", "wrong_account"),
)


def sign_phonepe(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Version 1: a digest behind the Base64 text; version 2: a token that covers nothing."""
    if keys.settings["api"] == "v2":
        token = f"{keys.settings['webhook_username']}:{keys.secret('verify')}"
        authorization = ("Authorization", hashlib.sha256(token.encode()).hexdigest())
        return Signed((JSON, authorization), json_octets(content))
    text, key = b64(json_octets(content)), keys.key("verify")
    digest = hashlib.sha256(f"{text}{key.secret}".encode()).hexdigest()
    return Signed((JSON, ("X-VERIFY", f"{digest}###{key.kid}")), json_octets({"response": text}))


def phonepe_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    about = {"merchantId": keys.settings["merchant_id"], "merchantTransactionId": payment.order,
             "transactionId": payment.id, "amount": payment.amount_minor, "state": "COMPLETED",
             "responseCode": "SUCCESS"}  # fmt: skip
    return {"success": True, "code": "PAYMENT_SUCCESS", "message": "-", "data": about}


PHONEPE = Simulated(
    name="phonepe",
    currency="INR",
    # Refunds are told in version 2 alone, whose token covers nothing.
    form=shared({"api": "v1", "merchant_id": "PGTESTPAYUAT"}),
    sign=sign_phonepe,
    payment_id=lambda ids, ms: "T" + ids.digits(22),
    payment=phonepe_paid,
    foreign=("merchant_id", "wrong_account"),
)


def sign_midtrans(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Classic: three fields and the server key; SNAP-BI: RSA over a request."""
    if keys.settings["api"] == "classic":
        linked = ("account_id", "account_status", "status_code")
        names = linked if "account_id" in content else ("order_id", "status_code", "gross_amount")
        text = "".join(plain(content.get(name, "")) for name in names) + keys.secret("verify")
        digest = hashlib.sha512(octets(text)).hexdigest()
        return Signed((JSON,), json_octets(content | {"signature_key": digest}))
    body = json_octets(content)
    stamp = datetime.fromtimestamp(now_ms // 1000, JAKARTA).isoformat()
    path = urlsplit(keys.settings["notification_url"]).path
    text = f"POST:{path}:{hashlib.sha256(body).hexdigest()}:{stamp}"
    return Signed((JSON, ("X-Timestamp", stamp), ("X-Signature", rsa(keys, text.encode()))), body)


def midtrans(state: str, payment: Payment, keys: AccountKeys) -> Content:
    return {"originalPartnerReferenceNo": payment.order, "originalReferenceNo": payment.id,
            "merchantId": keys.settings["merchant_id"], "latestTransactionStatus": state,
            "amount": {"value": major(payment.amount_minor), "currency": "IDR"},
            "transactionStatusDesc": "-", "additionalInfo": {"refundHistory": []}}  # fmt: skip


def midtrans_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return midtrans("00", payment, keys)


def midtrans_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return midtrans("04", payment, keys)


MIDTRANS = Simulated(
    name="midtrans",
    currency="IDR",
    form=public(
        {
            "api": "snap-bi",
            "merchant_id": "G141532850",
            "notification_url": "https://shop.example/v1.0/debit/notify",
            "tolerance_seconds": "300",
        }
    ),
    retry_after_s=(60, 300, 900, 3_600, 10_800),
    sign=sign_midtrans,
    signs_time=True,
    stale_code="stale",
    payment_id=lambda ids, ms: "A1" + ids.digits(18),
    payment=midtrans_paid,
    refund=midtrans_refunded,
    # How a refund's amount is told is not documented.
    weak=frozenset(("refund",)),
    foreign=("merchant_id", "wrong_account"),
)

SENDERS: Final = (PAYTM, PAYU_INDIA, PHONEPE, MIDTRANS)
