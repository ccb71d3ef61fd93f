"""Lemon Squeezy webhooks.

Signed:     ``X-Signature`` is hex HMAC-SHA-256 of the raw body, keyed with the text of the signing
            secret. ``X-Event-Name`` is not signed: the word is ``meta.event_name``. [sig]
Identity:   orders and subscription invoices number separately: a payment is ``type:id``. The first
            invoice of a subscription is the order's money once more, and tells nothing. [memory]
Refunds:    only the sum refunded so far is stated, ``refunded_amount``. [memory]
Money:      integers of cents, ``total`` in ``currency``.
Mode:       ``test_mode``, where it is stated.
Retries:    3, after 5, 25, 125 s, until 200; then it is dropped. [req]
Source:     docs.lemonsqueezy.com, lemonsqueezy.js. Vectors: tests/vectors/lemon-squeezy.json.
"""

import re
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, merchant_entry, no_check, plain_reply
from processors.fields import Fields, meaning, same_mode
from processors.json_texts import json_fields
from processors.keys import KeyProblem, Secret, secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SECRET_CHARACTERS: Final = range(6, 41)

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, FactType | None]] = {
    "order_refunded": "RefundTotal",
    "subscription_payment_success": "PaymentSucceeded",
    "subscription_payment_recovered": "PaymentSucceeded",
    "subscription_payment_failed": "PaymentFailed",
    "subscription_payment_refunded": "RefundTotal",
}
ORDER_CREATED: Final = "order_created"
ORDER_STATES: Final[Mapping[str, FactType | None]] = {
    "paid": "PaymentSucceeded",
    "pending": None,
    "failed": "PaymentFailed",
}
NO_PAYMENT: Final = re.compile(
    r"(subscription_(cancelled|created|expired|paused|plan_changed|resumed|unpaused|updated)"
    r"|(affiliate|customer|license_key)_[a-z_]+)"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-signature", prefix=b"")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    meta, resource = notice.content.child("meta"), notice.content.child("data")
    attributes = resource.child("attributes")
    for stated in (meta, attributes):
        if "test_mode" in stated:
            same_mode("test" if stated.flag("test_mode") else "live", account.mode)
    word = meta.text("event_name", absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word) or attributes.optional_text("billing_reason") == "initial":
        return ()
    if word == ORDER_CREATED:
        announced = meaning(ORDER_STATES, attributes.text("status"), what="status")
    else:
        announced = meaning(EVENTS, word, what="event_name")
    if announced is None:
        return ()
    refunded = announced == "RefundTotal"
    return (
        Fact(
            type=announced,
            payment_id=f"{resource.text('type')}:{resource.id_text('id')}",
            merchant_order_id=meta.entry(
                "custom_data", account.settings.get("order_id_custom_data_key")
            ),
            occurred_at_ms=attributes.rfc3339_ms("refunded_at" if refunded else "created_at"),
            amount=None if refunded else _money(attributes, "total"),
            refunded_total=_money(attributes, "refunded_amount") if refunded else None,
        ),
    )


def _money(attributes: Fields, name: str) -> Money:
    return Money.from_minor(attributes.integer(name), attributes.text("currency"))


def _secret(text: str) -> Secret:
    secret = secret_text()(text)
    if len(text) not in SECRET_CHARACTERS:
        raise KeyProblem(f"the secret has {len(text)} characters, not 6 to 40")
    return secret


PROVIDER: Final = Provider(
    name="lemon-squeezy",
    title="Lemon Squeezy",
    protocol="webhooks",
    methods=("POST",),
    settings=(merchant_entry("order_id_custom_data_key", "meta.custom_data"),),
    keys=(shared_secret(_secret, "signing secret of 6 to 40 characters"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(5, 25, 125),
)
