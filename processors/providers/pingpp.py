"""Ping++ webhooks.

Signed:     ``X-Pingplusplus-Signature``: RSA-SHA-256, Base64, over the raw body; no key is named
            and no time is signed. [py] [java]
Identity:   a payment is the charge ``ch_``, which its order names as well; a refund ``re_``. The
            event ``evt_`` stays the same on retries.
Money:      integers of the minor unit; the currency in small letters.
Times:      seconds since 1970. No window.
Retries:    10 in 24 h, until 2xx. [memory]
Source:     pingpp-python, pingpp-java examples. Vectors: tests/vectors/pingpp.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, identity, no_check, plain_reply
from processors.fields import Fields, same_if_stated, same_mode
from processors.json_texts import json_fields
from processors.keys import public_key, tried_public_key
from processors.messages import base64_header, whole_body
from processors.signing import Authentic, check_rsa
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact
from schemas.money import Money

# An order's refund names no refund: its own message, refund.succeeded, does.
NO_PAYMENT: Final = re.compile(r"order\.refunded|(recharge|transfer|withdrawal|summary)\..+")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    (signature,) = base64_header(callback, "x-pingplusplus-signature")
    return check_rsa(
        (whole_body(callback),),
        hash="sha256",
        signature=signature,
        keys=account.all_keys("verify"),
    ).then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    same_mode("live" if event.flag("livemode") else "test", account.mode)
    kind, about = event.text("type"), event.child("data").child("object")
    app = about.raw("app")
    same_if_stated(app_id=(app if isinstance(app, str) else None, account.settings.get("app_id")))
    if kind == "charge.succeeded":
        return (_paid(about, about.text("id"), "order_no"),)
    if kind == "order.succeeded":
        return (_paid(about, about.text("charge", absent=UnknownMeaning), "merchant_order_no"),)
    if kind == "refund.succeeded":
        return (_refunded(about),)
    if NO_PAYMENT.fullmatch(kind):
        return ()
    raise UnknownMeaning("type has a value without an assigned meaning")


def _paid(about: Fields, payment_id: str, order: str) -> Fact:
    if not about.flag("paid"):
        raise UnknownMeaning("a success that is not paid")
    return Fact(
        type="PaymentSucceeded",
        payment_id=payment_id,
        merchant_order_id=about.optional_text(order),
        amount=_money(about),
        occurred_at_ms=about.optional_unix_seconds_ms("time_paid"),
    )


def _refunded(refund: Fields) -> Fact:
    if not refund.flag("succeed"):
        raise UnknownMeaning("a refund's success that did not succeed")
    return Fact(
        type="RefundCompleted",
        payment_id=refund.text("charge"),
        merchant_order_id=refund.optional_text("charge_order_no"),
        refund_id=refund.text("id"),
        merchant_refund_id=refund.optional_text("order_no"),
        amount=_money(refund),
        occurred_at_ms=refund.optional_unix_seconds_ms("time_succeed"),
    )


def _money(about: Fields) -> Money:
    currency = about.optional_text("currency") or "cny"
    return Money.from_minor(about.integer("amount"), currency.upper())


PROVIDER: Final = Provider(
    name="pingpp",
    title="Ping++",
    protocol="webhooks",
    methods=("POST",),
    settings=(identity("app_id", "application", "app_eTC8yLuj9GSSL0yv", required=False),),
    keys=(tried_public_key(public_key, "Ping++'s public key of the company"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"success", b"fail"),
    handshake=None,
    retry_after_s=(120, 600, 600, 3_600, 7_200, 10_800, 21_600, 21_600, 21_600),
)
