"""Checkout.com workflow webhooks, the current platform.

Signed:     ``Cko-Signature`` is hex HMAC-SHA-256 of the raw body, keyed with the text of the
            signature key of the workflow's webhook action. No time is signed. [receiver, wf]
Identity:   a payment is ``data.id`` (pay_), what was done to it ``data.action_id`` (act_): a
            second partial refund or capture has the same payment and another action. [wf]
Money:      integers of Checkout's own minor units: Chilean pesos have two decimals. [memory]
Retries:    8, after 5, 10, 15, 30 min, 1, 4, 12, 12 h, until any 2xx. [wf]
Source:     checkout.com/docs, webhook receiver and workflows; checkout-magento2-plugin; names of
            declined, expired and disputed states from memory. Vectors:
            tests/vectors/checkout.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

EXPONENTS: Final = {"CLP": 2}  # [memory]

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, FactType | None]] = {
    "payment_approved": "PaymentAuthorized",
    "payment_captured": "PaymentSucceeded",
    "payment_capture_pending": None,
    "payment_pending": None,
    "payment_declined": "PaymentFailed",
    "payment_capture_declined": "PaymentFailed",
    "payment_expired": "PaymentClosed",
    "payment_canceled": "PaymentClosed",
    "payment_voided": "PaymentClosed",
    "payment_refunded": "RefundCompleted",
    "payment_refund_pending": None,
    "payment_refund_declined": "RefundFailed",
    "payment_paid": None,  # A payout.
    "dispute_received": "DisputeOpened",
    "dispute_evidence_required": "DisputeOpened",
    "dispute_evidence_submitted": None,
    "dispute_resolved": None,
    "dispute_canceled": "DisputeWon",
    "dispute_won": "DisputeWon",
    "dispute_accepted": "DisputeLost",
    "dispute_expired": "DisputeLost",
    "dispute_lost": "DisputeLost",
}
NO_PAYMENT: Final = re.compile(r"(card|source|instrument|account|entity|report)_[a-z_]+")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "cko-signature", prefix=b"")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("type", absent=UnknownMeaning)
    announced = None if NO_PAYMENT.fullmatch(word) else meaning(EVENTS, word, what="type")
    if announced is None:
        return ()
    resource = event.child("data")
    action = resource.optional_text("action_id")
    disputed = announced.startswith("Dispute")
    return (
        Fact(
            type=announced,
            payment_id=resource.text("payment_id" if disputed else "id"),
            merchant_order_id=resource.optional_text("reference"),
            occurred_at_ms=resource.optional_rfc3339_ms("processed_on")
            or event.optional_rfc3339_ms("created_on"),
            amount=_money(resource),
            capture_id=action if announced == "PaymentSucceeded" else None,
            attempt_id=action if announced == "PaymentFailed" else None,
            refund_id=resource.text("action_id") if announced.startswith("Refund") else None,
            dispute_id=resource.text("id") if disputed else None,
        ),
    )


def _money(resource: Fields) -> Money | None:
    if "amount" not in resource:
        return None  # `Fact.check` knows who must have one.
    return Money.from_minor(resource.integer("amount"), resource.text("currency"), EXPONENTS)


PROVIDER: Final = Provider(
    name="checkout",
    title="Checkout.com",
    protocol="workflow webhooks",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "signature key of the workflow's webhook action"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(300, 600, 900, 1_800, 3_600, 14_400, 43_200, 43_200),
)
