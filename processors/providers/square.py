"""Square webhooks, version 2.

Signed:     ``x-square-hmacsha256-signature`` is Base64 HMAC-SHA-256 of the notification URL and
            the raw body, keyed with the text of the signature key. The URL is the one typed in the
            developer console: it comes from the account, never from the request. The SHA-1 header
            of old counts for nothing. [py webhooks_helper]
Identity:   a payment is ``payment.id``, a refund ``refund.id``. COMPLETED comes again whenever
            refunds or fees change the payment. [py payment]
Money:      integers of ISO minor units; ``total_money`` holds the tip as well.
Time:       ``updated_at`` of the resource, up to nine fraction digits.
Retries:    1, 2, 4 ... 32 min, then hourly until 72 h, until any 2xx. [sla]
Source:     square-python-sdk, square-nodejs-sdk, delivery SLA; dispute states from memory.
            Vectors: tests/vectors/square.json.
"""

import re
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.fields import NOTHING, Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import base64_header, framed
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

States = Mapping[str, FactType | None]
PAYMENT_STATES: Final[States] = {
    "APPROVED": "PaymentAuthorized",
    "COMPLETED": "PaymentSucceeded",
    "PENDING": None,
    "CANCELED": "PaymentClosed",
    "FAILED": "PaymentFailed",
}
REFUND_STATES: Final[States] = {
    "PENDING": None,
    "COMPLETED": "RefundCompleted",
    "REJECTED": "RefundFailed",
    "FAILED": "RefundFailed",
}
DISPUTE_STATES: Final[States] = {
    "INQUIRY_EVIDENCE_REQUIRED": None,
    "INQUIRY_PROCESSING": None,
    "INQUIRY_CLOSED": None,
    "EVIDENCE_REQUIRED": None,
    "PROCESSING": None,
    "WAITING_THIRD_PARTY": None,
    "WON": "DisputeWon",
    "LOST": "DisputeLost",
    "ACCEPTED": "DisputeLost",
}
# Words: which resource each is about, and what its states announce. An unlisted one is parked.
EVENTS: Final[dict[str, tuple[str, States]]] = {
    "payment.created": ("payment", PAYMENT_STATES),
    "payment.updated": ("payment", PAYMENT_STATES),
    "refund.created": ("refund", REFUND_STATES),
    "refund.updated": ("refund", REFUND_STATES),
    "dispute.created": ("dispute", dict.fromkeys(DISPUTE_STATES, "DisputeOpened")),
    "dispute.state.updated": ("dispute", DISPUTE_STATES),
    "dispute.state.changed": ("dispute", DISPUTE_STATES),
}
NO_PAYMENT: Final = re.compile(
    r"(bank_account|booking|card|catalog|customer|device|dispute\.evidence|gift_card|inventory"
    r"|invoice|job|labor|location|loyalty|merchant|oauth|online_checkout|order|payout|subscription"
    r"|team_member|terminal|transfer_order|vendor|webhooks)\.[a-z_.]+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    url = account.settings["notification_url"].encode()
    signatures = base64_header(callback, "x-square-hmacsha256-signature")
    message = framed(url, callback.body, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    merchant = event.optional_text("merchant_id")
    same_account(merchant_id=(merchant, account.settings["merchant_id"]))
    word = event.text("type", absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word):
        return ()
    kind, states = meaning(EVENTS, word, what="type")
    resource = event.child("data").child("object").child(kind)
    state = resource.text("state" if kind == "dispute" else "status")
    announced = meaning(states, state, what="status")
    return () if announced is None else (_fact(announced, kind, event, resource),)


def _fact(announced: FactType, kind: str, event: Fields, resource: Fields) -> Fact:
    disputed = resource.optional_child("disputed_payment") or NOTHING
    payment_id = {
        "payment": resource.optional_text("id"),
        "refund": resource.optional_text("payment_id"),
        "dispute": disputed.optional_text("payment_id"),
    }[kind]
    return Fact(
        type=announced,
        payment_id=payment_id,
        merchant_order_id=resource.optional_text("reference_id"),
        occurred_at_ms=resource.optional_rfc3339_ms("updated_at")
        or event.rfc3339_ms("created_at"),
        amount=_money(resource, "total_money" if kind == "payment" else "amount_money"),
        refund_id=resource.text("id") if kind == "refund" else None,
        dispute_id=event.child("data").text("id") if kind == "dispute" else None,
    )


def _money(resource: Fields, name: str) -> Money | None:
    money = resource.optional_child(name)
    if money is None:
        return None
    return Money.from_minor(money.integer("amount"), money.text("currency"))


PROVIDER: Final = Provider(
    name="square",
    title="Square",
    protocol="webhooks, version 2",
    methods=("POST",),
    settings=(
        Setting(
            name="notification_url",
            required=True,
            pinned=True,
            choices=(),
            meaning="the URL exactly as typed in the developer console; part of the signed text",
            example="https://shop.example/v1/callbacks/square/shop",
        ),
        Setting(
            name="merchant_id",
            required=True,
            pinned=True,
            choices=(),
            meaning="own seller id",
            example="6SSW7HV8K2ST5",
        ),
    ),
    keys=(shared_secret(secret_text(), "signature key of the subscription, used as text"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 120, 240, 480, 960, 1_920, *(3_600,) * 71),
)
