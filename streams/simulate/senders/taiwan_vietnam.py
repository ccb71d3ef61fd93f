"""Providers of Taiwan and Vietnam."""

import hashlib
import hmac
from typing import Final
from urllib.parse import quote_plus

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from streams.simulate.keys import AccountForm, AccountKeys, KeyForm
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Signed,
    Simulated,
    shanghai,
)
from streams.simulate.recipes import (
    FORM,
    JSON,
    exactly_200,
    form,
    iso,
    json_octets,
    numbered,
    octets,
    plain,
    says,
    shared,
)


def sign_ecpay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """All fields, sorted without regard to case, in .NET's encoding, in small letters."""
    names = sorted((n for n in content if n != "CheckMacValue"), key=str.lower)
    inner = "&".join(f"{name}={plain(content[name])}" for name in names)
    whole = f"HashKey={keys.secret('verify')}&{inner}&HashIV={keys.settings['hash_iv']}"
    encoded = quote_plus(octets(whole), safe="-_.!*()").replace("~", "%7e").lower()
    name = {"1": "sha256", "0": "md5"}[keys.settings["encrypt_type"]]
    digest = hashlib.new(name, encoded.encode(), usedforsecurity=False).hexdigest().upper()
    return Signed((FORM,), form(content | {"CheckMacValue": digest}))


def ecpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"MerchantID": keys.settings["merchant_id"], "MerchantTradeNo": payment.order,
            "RtnCode": "1", "RtnMsg": "交易成功", "TradeNo": payment.id,
            "TradeAmt": str(payment.amount_minor // 100), "SimulatePaid": "0",
            "PaymentDate": f"{shanghai(payment.occurred_ms):%Y/%m/%d %H:%M:%S}",
            "PaymentType": "Credit_CreditCard", "CustomField1": "a b~(c)"}  # fmt: skip


ECPAY = Simulated(
    name="ecpay",
    currency="TWD",
    # Dollars have no cents here.
    unit_minor=100,
    form=AccountForm(
        {"merchant_id": "3002607", "hash_iv": "EkRm7iFT261dpevs", "encrypt_type": "1"},
        (KeyForm("verify", "secret", "{hex_16}"),),
    ),
    retry_after_s=(900, 3_600, 21_600, 43_200),
    accepts=says(b"1|OK"),
    sign=sign_ecpay,
    payment_id=lambda ids, ms: f"{shanghai(ms):%y%m%d%H%M}" + ids.digits(10),
    payment=ecpay_paid,
    foreign=("merchant_id", "wrong_account"),
)


def sign_newebpay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """AES-CBC inside, padded to 32; a digest of what is sealed outside."""
    settings = keys.settings
    text = form(content) if settings.get("respond_type") == "String" else json_octets(content)
    pad, iv, key = 32 - len(text) % 32, settings["hash_iv"], keys.secret("decrypt").encode()
    sealing = Cipher(AES(key), CBC(iv.encode())).encryptor()
    sealed = sealing.update(text + bytes((pad,)) * pad).hex()
    whole = f"HashKey={keys.secret('verify')}&{sealed}&HashIV={iv}"
    digest = hashlib.sha256(whole.encode()).hexdigest().upper()
    outer = {"Status": "SUCCESS", "MerchantID": settings["merchant_id"], "Version": "2.0"}
    return Signed((FORM,), form(outer | {"TradeInfo": sealed, "TradeSha": digest}))


def newebpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    result = {"MerchantID": keys.settings["merchant_id"], "Amt": payment.amount_minor // 100,
              "TradeNo": payment.id, "MerchantOrderNo": payment.order, "PaymentType": "CREDIT",
              "PayTime": f"{shanghai(payment.occurred_ms):%Y-%m-%d %H:%M:%S}"}  # fmt: skip
    return {"Status": "SUCCESS", "Message": "授權成功", "Result": result}


NEWEBPAY = Simulated(
    name="newebpay",
    currency="TWD",
    unit_minor=100,
    form=AccountForm(
        {"merchant_id": "MS3430112", "hash_iv": "1234567890123456"},
        (KeyForm("verify", "secret", "{hex_32}"), KeyForm("decrypt", "secret", "same")),
    ),
    accepts=exactly_200,
    sign=sign_newebpay,
    payment_id=lambda ids, ms: f"{shanghai(ms):%y%m%d%H%M%S}" + ids.digits(6),
    payment=newebpay_paid,
    foreign=("merchant_id", "wrong_account"),
)


def sign_vnpay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The query itself, sorted and encoded as a form."""
    unsigned = ("vnp_SecureHash", "vnp_SecureHashType")
    pairs = sorted(
        (octets(n), octets(plain(v))) for n, v in content.items()
        if n.startswith("vnp_") and n not in unsigned and plain(v)
    )  # fmt: skip
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    mac = hmac.new(keys.secret("verify").encode(), text.encode(), "sha512").hexdigest()
    return Signed((), form(content | {"vnp_SecureHash": mac}))


def vnpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    # Hundredths of a currency that has none.
    return {"vnp_Amount": str(payment.amount_minor * 100), "vnp_BankCode": "NCB",
            "vnp_OrderInfo": "Thanh toán " + payment.order,
            "vnp_PayDate": iso(payment.occurred_ms + 25_200_000, "%Y%m%d%H%M%S"),
            "vnp_ResponseCode": "00", "vnp_TmnCode": keys.settings["tmn_code"],
            "vnp_TransactionNo": payment.id, "vnp_TransactionStatus": "00",
            "vnp_TxnRef": payment.order}  # fmt: skip


VNPAY = Simulated(
    name="vnpay",
    currency="VND",
    method="GET",
    form=shared({"tmn_code": "DEMOTMN1", "secure_hash_type": "HMACSHA512"}, "{LETTERS_32}"),
    retry_after_s=(300,) * 10,
    accepts=lambda status, body: status == 200 and b'"RspCode":"00"' in body.replace(b" ", b""),
    sign=sign_vnpay,
    payment_id=numbered(8),
    payment=vnpay_paid,
    foreign=("tmn_code", "wrong_account"),
)

MOMO_FIELDS: Final = (
    "amount", "extraData", "message", "orderId", "orderInfo", "orderType", "partnerCode",
    "payType", "requestId", "responseTime", "resultCode", "transId",
)  # fmt: skip


def sign_momo(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    shown = "".join(f"&{name}={plain(content.get(name, ''))}" for name in MOMO_FIELDS)
    # The access key is signed and not sent.
    text = octets(f"accessKey={keys.settings['access_key']}{shown}")
    mac = hmac.new(keys.secret("verify").encode(), text, "sha256").hexdigest()
    return Signed((JSON,), json_octets(content | {"signature": mac}))


def momo_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"partnerCode": keys.settings["partner_code"], "orderId": payment.order,
            "requestId": "RQ" + payment.order, "amount": payment.amount_minor,
            "orderInfo": "Thanh toán", "orderType": "momo_wallet", "transId": int(payment.id),
            "resultCode": 0, "message": "Thành công.", "payType": "qr",
            "responseTime": payment.occurred_ms, "extraData": ""}  # fmt: skip


MOMO = Simulated(
    name="momo",
    currency="VND",
    form=shared({"partner_code": "MOMODEMO1", "access_key": "F8BBA842ECF85"}),
    accepts=lambda status, body: status == 204,
    sign=sign_momo,
    payment_id=numbered(10),
    payment=momo_paid,
    foreign=("partner_code", "wrong_account"),
)


def sign_zalopay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    told = json_octets(content.get("data", {}))
    mac = hmac.new(keys.secret("verify").encode(), told, "sha256").hexdigest()
    text = told.decode("utf-8", "surrogatepass")
    return Signed((JSON,), json_octets(content | {"data": text, "mac": mac}))


def zalopay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    told = {"app_id": int(keys.settings["app_id"]), "app_trans_id": payment.order,
            "app_time": payment.occurred_ms - 60_000, "app_user": "u",
            "amount": payment.amount_minor, "embed_data": "{}", "item": "[]",
            "zp_trans_id": int(payment.id), "server_time": payment.occurred_ms}  # fmt: skip
    return {"type": 1, "data": told}


ZALOPAY = Simulated(
    name="zalopay",
    currency="VND",
    form=shared({"app_id": "2553"}),
    accepts=lambda status, body: status == 200 and b'"return_code":1' in body.replace(b" ", b""),
    sign=sign_zalopay,
    payment_id=lambda ids, ms: f"{shanghai(ms):%y%m%d}" + ids.digits(9),
    payment=zalopay_paid,
    foreign=("app_id", "wrong_account"),
)


SENDERS: Final = (ECPAY, NEWEBPAY, VNPAY, MOMO, ZALOPAY)
