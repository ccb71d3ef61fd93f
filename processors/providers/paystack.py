"""Paystack webhooks.

Signed:     ``x-paystack-signature`` is hex HMAC-SHA-512 of the raw body, keyed with the API secret
            key: there is no other secret. No time is signed. [security page]
Identity:   a payment is the number ``data.id``; ``reference`` is the merchant's. A refund names
            its payment by that reference alone, so it stays unlinked. [memory]
Money:      integers of subunits; those of refunds as text as well. [memory]
Mode:       ``data.domain``, live or test, where it is stated.
Retries:    every 3 min four times, then hourly for 72 h, until 200. [memory]
Source:     paystack-django documentation; words the sources do not list from memory. Vectors:
            tests/vectors/paystack.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.encodings import digits
from processors.fields import Fields, meaning, same_if_stated
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, FactType | None]] = {
    "charge.success": "PaymentSucceeded",
    "charge.failed": "PaymentFailed",
    "refund.pending": None,
    "refund.processing": None,
    "refund.processed": "RefundCompleted",
    "refund.failed": "RefundFailed",
    "charge.dispute.create": "DisputeOpened",
    "charge.dispute.remind": None,
}
DISPUTE_RESOLVED: Final = "charge.dispute.resolve"
RESOLUTIONS: Final[dict[str, FactType | None]] = {
    "declined": "DisputeWon",
    "merchant-accepted": "DisputeLost",
    "auto-accepted": "DisputeLost",
}
NO_PAYMENT: Final = re.compile(
    r"(customeridentification|dedicatedaccount|invoice|paymentrequest|subscription|transfer)\."
    r"[a-z_.]+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-paystack-signature", prefix=b"")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha512", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("event", absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word):
        return ()
    resource = event.child("data")
    same_if_stated(domain=(resource.optional_text("domain"), account.mode))
    if word == DISPUTE_RESOLVED:
        resolution = resource.text("resolution", absent=UnknownMeaning)
        announced = meaning(RESOLUTIONS, resolution, what="resolution")
    else:
        announced = meaning(EVENTS, word, what="event")
    if announced is None:
        return ()
    if announced.startswith("Dispute"):
        return (_dispute(announced, resource),)
    return (_fact(announced, resource),)


def _fact(announced: FactType, resource: Fields) -> Fact:
    refunded = announced.startswith("Refund")
    amount = digits(resource.id_text("amount"), what="amount")
    return Fact(
        type=announced,
        payment_id=None if refunded else resource.id_text("id"),
        merchant_order_id=resource.optional_text(
            "transaction_reference" if refunded else "reference"
        ),
        occurred_at_ms=resource.optional_rfc3339_ms("paid_at")
        or resource.optional_rfc3339_ms("created_at"),
        amount=Money.from_minor(amount, resource.text("currency")),
        refund_id=_refund(resource) if refunded else None,
    )


def _refund(resource: Fields) -> str | None:
    return resource.optional_id_text("id") or resource.optional_id_text("refund_reference")


def _dispute(announced: FactType, dispute: Fields) -> Fact:
    payment = dispute.child("transaction")
    return Fact(
        type=announced,
        payment_id=payment.id_text("id"),
        merchant_order_id=payment.optional_text("reference"),
        occurred_at_ms=dispute.optional_rfc3339_ms(
            "created_at" if announced == "DisputeOpened" else "resolved_at"
        ),
        dispute_id=dispute.id_text("id"),
    )


PROVIDER: Final = Provider(
    name="paystack",
    title="Paystack",
    protocol="webhooks",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "the API secret key, sk_..."),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(180, 180, 180, 180, *(3_600,) * 72),
)
