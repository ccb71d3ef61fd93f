"""Providers that prove chosen fields and not the bytes that they send."""

import hashlib
import hmac
import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import BOTH, Content, Ids, Payment, Refund, Signed, Simulated, major
from streams.simulate.recipes import (
    FORM,
    JSON,
    coded,
    exactly_200,
    form,
    iso,
    json_octets,
    number,
    numbered,
    octets,
    plain,
    shared,
)

COPENHAGEN: Final = ZoneInfo("Europe/Copenhagen")


def javascript(value: Any) -> str:
    """Return a value as JavaScript writes it, members sorted: a double that Python writes with an
    exponent is plain there between 1e-6 and 1e21, and its exponent has no leading zero."""
    if isinstance(value, dict):
        members = (
            f"{javascript(name)}:{javascript(inner)}" for name, inner in sorted(value.items())
        )
        return f"{{{','.join(members)}}}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    told = float(value)
    if told == 0:
        return "0"
    if 1e-6 <= abs(told) < 1e21:
        text = format(Decimal(repr(told)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return re.sub(r"(\.0)?e([+-])0*", r"e\2", repr(told))


def sign_nowpayments(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The sorted members, those of inner objects too, written as JavaScript does."""
    text = javascript(content if isinstance(content, dict) else {})
    mac = hmac.new(keys.secret("verify").encode(), octets(text), "sha512").hexdigest()
    return Signed((("x-nowpayments-sig", mac),), json_octets(content))


def nowpayments(status: str, payment: Payment) -> Content:
    return {"payment_id": int(payment.id), "payment_status": status, "pay_currency": "btc",
            "price_amount": number(payment.amount_minor),
            "price_currency": payment.currency.lower(), "actually_paid": 0.0000001,
            "order_id": payment.order, "order_description": "Café – 東京",
            "updated_at": iso(payment.occurred_ms) + ".244Z"}  # fmt: skip


def nowpayments_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return nowpayments("finished", payment)


def nowpayments_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return nowpayments("refunded", payment)


NOWPAYMENTS = Simulated(
    name="nowpayments",
    currency="USD",
    form=shared(),
    retry_after_s=(60, 300, 900, 3_600),
    accepts=exactly_200,
    sign=sign_nowpayments,
    payment_id=numbered(10),
    payment=nowpayments_paid,
    refund=nowpayments_refunded,
    # A state of the payment, which says neither a part nor an id.
    names_refunds=False,
    refunds="whole",
)


TAP_DECIMALS: Final = {"KWD": 3, "BHD": 3, "OMR": 3, "JPY": 0}


def sign_tap(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Labelled values; the amount with all decimals of its currency."""

    def part(name: str, *path: str) -> str:
        value: Any = content
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return f"x_{name}{'' if value is None else value}"

    amount = content.get("amount")
    decimals = TAP_DECIMALS.get(str(content.get("currency")), 2)
    shown = f"{amount:.{decimals}f}" if isinstance(amount, int | float) else ""
    if str(content.get("id")).startswith("inv_"):
        rest = part("updated", "updated") + part("status", "status") + part("created", "created")
    else:
        rest = (
            part("gateway_reference", "reference", "gateway")
            + part("payment_reference", "reference", "payment")
            + part("status", "status")
            + part("created", "transaction", "created")
        )
    text = part("id", "id") + f"x_amount{shown}" + part("currency", "currency") + rest
    mac = hmac.new(keys.secret("verify").encode(), octets(text), "sha256").hexdigest()
    return Signed((("hashstring", mac),), json_octets(content))


def tap(own: str, status: str, minor: int, ms: int, payment: Payment) -> Content:
    return {"id": own, "status": status, "amount": number(minor, 3), "currency": "KWD",
            "reference": {"gateway": "g1", "payment": "p1", "order": payment.order},
            "transaction": {"created": str(ms), "timezone": "UTC+03:00"}}  # fmt: skip


def tap_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return tap(payment.id, "CAPTURED", payment.amount_minor, payment.occurred_ms, payment)


def tap_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = tap(refund.id, "REFUNDED", refund.amount_minor, refund.occurred_ms, payment)
    return told | {"charge_id": payment.id}


TAP = Simulated(
    name="tap",
    currency="KWD",
    form=shared(text="sk_live_{hex_32}"),
    retry_after_s=(60, 600),
    accepts=exactly_200,
    sign=sign_tap,
    payment_id=coded("chg_TS", 20),
    refund_id=coded("re_TS", 20),
    payment=tap_paid,
    refund=tap_refunded,
    # Neither the order nor the charge of a refund is hashed.
    tells_order=False,
    links_refunds=False,
)


def sign_iyzico(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The secret is key and beginning; ids as JSON writes them."""

    def shown(name: str) -> str:
        value = content.get(name)
        return "" if value is None else plain(value)

    if "subscriptionReferenceCode" in content:
        names = ("subscriptionReferenceCode", "orderReferenceCode", "customerReferenceCode")
        before = shown("merchantId")
    else:
        hosted = ("iyziPaymentId", "token") if "token" in content else ("paymentId",)
        names, before = (*hosted, "paymentConversationId", "status"), ""
    secret = keys.secret("verify")
    text = before + secret + shown("iyziEventType") + "".join(shown(n) for n in names)
    mac = hmac.new(secret.encode(), octets(text), "sha256").hexdigest()
    return Signed((JSON, ("X-IYZ-SIGNATURE-V3", mac)), json_octets(content))


def iyzico_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"paymentConversationId": payment.order, "paymentId": int(payment.id),
            "merchantId": int(keys.settings["merchant_id"]), "status": "SUCCESS",
            "iyziReferenceCode": ids.hex(32), "iyziEventType": "API_AUTH",
            "iyziEventTime": payment.occurred_ms, "iyziPaymentId": int(payment.id)}  # fmt: skip


IYZICO = Simulated(
    name="iyzico",
    currency="TRY",
    form=shared({"merchant_id": "3382172"}),
    retry_after_s=(900, 900),
    sign=sign_iyzico,
    payment_id=numbered(8),
    payment=iyzico_paid,
    # No amount is told. Refunds are answered at once, and not told again.
    weak=BOTH,
)

P24_PAYMENT: Final = (
    "merchantId", "posId", "sessionId", "amount", "originAmount", "currency", "orderId",
    "methodId", "statement",
)  # fmt: skip
P24_REFUND: Final = (
    "orderId", "sessionId", "merchantId", "requestId", "refundsUuid", "amount", "currency",
    "timestamp", "status",
)  # fmt: skip
P24_SHORT: Final = (
    "orderId", "sessionId", "refundsUuid", "merchantId", "amount", "currency", "status",
)  # fmt: skip


def sign_przelewy24(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The members in their order, the key last."""
    names: tuple[str, ...] = P24_PAYMENT
    if "refundsUuid" in content:
        names = P24_REFUND if "timestamp" in content else P24_SHORT
    members = {name: content.get(name) for name in names} | {"crc": keys.secret("verify")}
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    sign = hashlib.sha384(octets(text)).hexdigest()
    return Signed((JSON,), json_octets(content | {"sign": sign}))


def przelewy24_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    minor = payment.amount_minor
    return {"merchantId": int(keys.settings["merchant_id"]), "posId": int(keys.settings["pos_id"]),
            "sessionId": payment.order, "amount": minor, "originAmount": minor, "currency": "PLN",
            "orderId": int(payment.id), "methodId": 154, "statement": "p24/ż-1"}  # fmt: skip


def przelewy24_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return {"orderId": int(payment.id), "sessionId": payment.order, "requestId": "R" + refund.id,
            "merchantId": int(keys.settings["merchant_id"]), "refundsUuid": refund.id,
            "amount": refund.amount_minor, "currency": "PLN",
            "timestamp": refund.occurred_ms // 1000, "status": 0}  # fmt: skip


PRZELEWY24 = Simulated(
    name="przelewy24",
    currency="PLN",
    form=shared({"merchant_id": "12345", "pos_id": "12345"}),
    retry_after_s=(180, 900, 3_600),
    accepts=exactly_200,
    sign=sign_przelewy24,
    payment_id=numbered(9),
    refund_id=lambda ids, ms: ids.hex(32),
    payment=przelewy24_paid,
    refund=przelewy24_refunded,
    # A payment that is not confirmed is returned; of its refund nothing is left to ask.
    weak=frozenset(("payment",)),
)


def sign_pagbank(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """A plain hash with the token in front."""
    body = json_octets(content)
    digest = hashlib.sha256(keys.secret("verify").encode() + b"-" + body).hexdigest()
    return Signed((JSON, ("x-authenticity-token", digest)), body)


def sign_epay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """All other values in their order, the key behind them."""
    rest = {name: value for name, value in content.items() if name != "hash"}
    text = octets("".join(plain(value) for value in rest.values()) + keys.secret("verify"))
    return Signed((), form(rest | {"hash": hashlib.md5(text, usedforsecurity=False).hexdigest()}))


def epay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    local = datetime.fromtimestamp(payment.occurred_ms // 1000, tz=COPENHAGEN)
    return {"txnid": payment.id, "orderid": payment.order, "amount": str(payment.amount_minor),
            "currency": "208", "date": f"{local:%Y%m%d}", "time": f"{local:%H%M}", "txnfee": "0",
            "paymenttype": "3", "cardno": "453903XXXXXX9862"}  # fmt: skip


BAMBORA_EPAY = Simulated(
    name="bambora-epay",
    currency="DKK",
    method="GET",
    form=shared({"instant_capture": "true"}),
    retry_after_s=(300, 3_600, 21_600, 86_400),
    accepts=exactly_200,
    sign=sign_epay,
    payment_id=numbered(9),
    payment=epay_paid,
)


def latin(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def sign_epdq(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Names in capitals, the pass phrase behind every pair."""
    encode = latin if keys.settings.get("charset") == "ISO-8859-1" else octets
    rest = {name: value for name, value in content.items() if name.upper() != "SHASIGN"}
    pairs = sorted((octets(n.upper()), encode(plain(v))) for n, v in rest.items() if plain(v))
    phrase = keys.secret("verify").encode()
    text = b"".join(name + b"=" + value + phrase for name, value in pairs if name != b"OWN")
    name = keys.settings["hash"].replace("-", "").lower()
    digest = hashlib.new(name, text, usedforsecurity=False).hexdigest().upper()
    told = rest | {"SHASIGN": digest}
    body = "&".join(
        f"{quote_plus(octets(each))}={quote_plus(encode(plain(value)))}"
        for each, value in told.items()
    )
    return Signed((FORM,), body.encode())


def epdq(status: str, payment: Payment, minor: int) -> Content:
    return {"orderID": payment.order, "currency": payment.currency, "amount": major(minor),
            "PM": "CreditCard", "ACCEPTANCE": "a1", "STATUS": status, "CN": "Zoë",
            "TRXDATE": iso(payment.occurred_ms, "%m/%d/%y"), "PAYID": payment.id, "NCERROR": "0",
            "BRAND": "VISA", "COMPLUS": ""}  # fmt: skip


def epdq_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return epdq("9", payment, payment.amount_minor)


def epdq_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return epdq("8", payment, refund.amount_minor) | {"PAYIDSUB": refund.id}


BARCLAYS_EPDQ = Simulated(
    name="barclays-epdq",
    currency="GBP",
    form=shared({"hash": "SHA-512", "charset": "UTF-8"}),
    accepts=exactly_200,
    sign=sign_epdq,
    payment_id=numbered(10),
    # A number within its payment.
    refund_id=numbered(3),
    names_refunds=False,
    payment=epdq_paid,
    refund=epdq_refunded,
)


def pagbank(payment: Payment, refunded: int) -> Content:
    summary = {"total": payment.amount_minor, "paid": payment.amount_minor, "refunded": refunded}
    return {"id": payment.id, "reference_id": payment.order, "status": "PAID",
            "created_at": iso(payment.occurred_ms - 10_800_000) + ".000-03:00",
            "amount": {"value": payment.amount_minor, "currency": "BRL", "summary": summary},
            }  # fmt: skip


def pagbank_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return pagbank(payment, 0)


def pagbank_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return pagbank(payment, refund.total_minor)


PAGBANK = Simulated(
    name="pagbank",
    currency="BRL",
    form=shared(),
    retry_after_s=(60, 600, 3_600, 14_400, 86_400),
    sign=sign_pagbank,
    payment_id=lambda ids, ms: "CHAR_" + ids.hex(32).upper(),
    payment=pagbank_paid,
    refund=pagbank_refunded,
    names_refunds=False,
    running_totals=True,
    # The state of the charge, which stays paid.
    refunds_retell=True,
)

SENDERS: Final = (
    NOWPAYMENTS, TAP, IYZICO, PRZELEWY24, BAMBORA_EPAY, BARCLAYS_EPDQ, PAGBANK,
)  # fmt: skip
