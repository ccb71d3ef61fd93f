"""Cashfree Payments webhooks, versions 2021-09-21 to 2025-01-01.

Signed:     ``x-webhook-signature`` is Base64 HMAC-SHA-256 over ``x-webhook-timestamp`` (ms) and
            the raw body, without a separator, keyed with the text of the client secret, of which
            the oldest active one signs. [py]
Window:     the account's: none is prescribed.
Identity:   a payment is ``cf_payment_id``, text or number by version; a refund ``cf_refund_id``,
            beside the merchant's ``refund_id``. A payment id is one attempt of an order.
Money:      JSON numbers in major units, read as decimals.
Time:       local texts with their offset.
Retries:    a few within hours, until 200. [memory]
Source:     cashfree-pg 6.0.1, Cashfree webhook pages; dispute words from memory. Vectors:
            tests/vectors/cashfree.json.
"""

from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import (
    TOLERANCE,
    Inquiry,
    Provider,
    check_tolerance,
    plain_reply,
    tolerance_ms,
)
from processors.fields import NOTHING, Fields, meaning
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import base64_header, framed
from processors.moments import unix_ms
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

States = Mapping[str, FactType | None]
REFUND_STATES: Final[States] = {
    "SUCCESS": "RefundCompleted",
    "PENDING": None,
    "ONHOLD": None,
    "CANCELLED": "RefundFailed",
}
STAGES: Final = ("DISPUTE", "CHARGEBACK", "RETRIEVAL", "PRE_ARBITRATION", "ARBITRATION")
DISPUTE_STATES: Final[States] = {
    **dict.fromkeys((f"{stage}_MERCHANT_WON" for stage in STAGES), "DisputeWon"),
    **dict.fromkeys((f"{stage}_MERCHANT_LOST" for stage in STAGES), "DisputeLost"),
    **dict.fromkeys((f"{stage}_MERCHANT_ACCEPTED" for stage in STAGES), "DisputeLost"),
}
# Words, which member of ``data`` each is about, and what its states announce.
PAYMENTS: Final[dict[str, States]] = {
    "PAYMENT_SUCCESS_WEBHOOK": {"SUCCESS": "PaymentSucceeded"},
    "PAYMENT_FAILED_WEBHOOK": {"FAILED": "PaymentFailed"},
    "PAYMENT_USER_DROPPED_WEBHOOK": {"USER_DROPPED": "PaymentFailed"},
}
REFUNDS: Final = {"REFUND_STATUS_WEBHOOK": "refund", "AUTO_REFUND_STATUS_WEBHOOK": "auto_refund"}
DISPUTES: Final[dict[str, FactType | None]] = {
    "DISPUTE_CREATED": "DisputeOpened",
    "DISPUTE_UPDATED": None,
    "DISPUTE_CLOSED": "DisputeWon",  # Or lost: its status says which.
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = base64_header(callback, "x-webhook-signature")
    stamp = callback.header("x-webhook-timestamp", absent=Malformed)
    signed_ms = unix_ms(stamp, what="x-webhook-timestamp")
    message = framed(stamp, callback.body, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    proof = proof.fresh(callback, signed_ms, within_ms=tolerance_ms(account))
    return proof.then(exact_json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("type", absent=UnknownMeaning)
    parts = event.child("data")
    if word in REFUNDS:
        # An automatic refund comes under either name.
        name = REFUNDS[word] if REFUNDS[word] in parts else "refund"
        return _refund(parts.child(name), event)
    if word in PAYMENTS:
        payment = parts.child("payment")
        announced = meaning(PAYMENTS[word], payment.text("payment_status"), what="payment_status")
        return _payment(announced, payment, parts.child("order"))
    disputed = meaning(DISPUTES, word.removesuffix("_WEBHOOK"), what="type")
    return () if disputed is None else _dispute(disputed, parts, event)


def _payment(announced: FactType | None, payment: Fields, order: Fields) -> tuple[Fact, ...]:
    if announced is None:
        return ()
    return (
        Fact(
            type=announced,
            payment_id=payment.id_text("cf_payment_id"),
            merchant_order_id=order.text("order_id"),
            occurred_at_ms=payment.rfc3339_ms("payment_time"),
            amount=_money(payment, "payment"),
        ),
    )


def _refund(refund: Fields, event: Fields) -> tuple[Fact, ...]:
    announced = meaning(REFUND_STATES, refund.text("refund_status"), what="refund_status")
    if announced is None:
        return ()
    return (
        Fact(
            type=announced,
            payment_id=refund.id_text("cf_payment_id"),
            merchant_order_id=refund.optional_text("order_id"),
            occurred_at_ms=refund.optional_rfc3339_ms("processed_at")
            or event.optional_rfc3339_ms("event_time"),
            amount=_money(refund, "refund"),
            refund_id=refund.id_text("cf_refund_id"),
            merchant_refund_id=refund.optional_text("refund_id"),
        ),
    )


def _dispute(announced: FactType, parts: Fields, event: Fields) -> tuple[Fact, ...]:
    dispute = parts.child("dispute")
    order = parts.optional_child("order_details") or NOTHING
    ended: FactType | None = announced
    if announced == "DisputeWon":
        ended = meaning(DISPUTE_STATES, dispute.text("dispute_status"), what="dispute_status")
    if ended is None:
        return ()
    return (
        Fact(
            type=ended,
            payment_id=order.optional_id_text("cf_payment_id"),
            merchant_order_id=order.optional_text("order_id"),
            occurred_at_ms=event.optional_rfc3339_ms("event_time"),
            dispute_id=dispute.id_text("dispute_id"),
        ),
    )


def _money(resource: Fields, kind: str) -> Money:
    return Money.from_major(resource.number(f"{kind}_amount"), resource.text(f"{kind}_currency"))


PROVIDER: Final = Provider(
    name="cashfree",
    title="Cashfree Payments",
    protocol="payment gateway webhooks 2021-09-21 to 2025-01-01",
    methods=("POST",),
    settings=(TOLERANCE,),
    keys=(shared_secret(secret_text(), "client secret; the oldest active one signs"),),
    check=check_tolerance,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(120, 600, 3_600),
)
