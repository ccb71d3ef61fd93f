"""Polar webhooks: Standard Webhooks whose secret is used as text.

Signed:     as Standard Webhooks ``v1``; Polar's own endpoints key it with the text of the secret,
            which the setting ``secret_encoding`` says. [srv, py]
Window:     300 s, inclusive, on both sides.
Identity:   a payment is the order, a refund has its own id and names the order.
Money:      integers of minor units, currencies in small letters; ``total_amount`` holds the tax.
Time:       the message's ``timestamp``; the header's is that of the attempt.
Retries:    up to 10, growing to 20 min, signed anew, until any 2xx. [srv docs]
Source:     polarsource/polar, polar-sdk; refund states from memory. Vectors:
            tests/vectors/polar.json.
"""

import re
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, merchant_entry, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import standard_message, standard_ms, standard_signatures
from processors.secret_encoding import SECRET_ENCODING, check_encoding, keyed_hmac
from processors.signing import Authentic, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

TOLERANCE_MS: Final = 300_000
HEADERS: Final = "webhook"

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, FactType | None]] = {
    "order.paid": "PaymentSucceeded",
    "order.created": None,
    "order.updated": None,
    "order.refunded": None,  # The order once more: the refund's own event tells more.
    "checkout.created": None,
    "checkout.updated": None,
    "checkout.expired": "PaymentClosed",
}
REFUNDS: Final = ("refund.created", "refund.updated")
REFUND_STATES: Final[Mapping[str, FactType | None]] = {
    "succeeded": "RefundCompleted",
    "pending": None,
    "failed": "RefundFailed",
    "canceled": "RefundFailed",
}
NO_PAYMENT: Final = re.compile(
    r"(benefit|benefit_grant|customer|customer_seat|member|organization|product|subscription)"
    r"\.[a-z_.]+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = standard_signatures(callback, HEADERS, b"v1", octets=32)
    proof = check_keyed_digest(
        (standard_message(callback, HEADERS),),
        keyed_hmac(account),
        signatures=signatures,
        keys=account.all_keys("verify", "secret"),
    )
    proof = proof.fresh(callback, standard_ms(callback, HEADERS), within_ms=TOLERANCE_MS)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("type", absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word):
        return ()
    resource = event.child("data")
    refunded = word in REFUNDS
    if refunded:
        announced = meaning(REFUND_STATES, resource.text("status"), what="status")
    else:
        announced = meaning(EVENTS, word, what="type")
    if announced is None:
        return ()
    own_id = resource.text("id")
    payment_id = resource.text("order_id") if refunded else own_id
    return (
        Fact(
            type=announced,
            # A checkout that expired has not become an order.
            payment_id=None if announced == "PaymentClosed" else payment_id,
            merchant_order_id=resource.entry(
                "metadata", account.settings.get("order_id_metadata_key")
            ),
            occurred_at_ms=event.rfc3339_ms("timestamp"),
            amount=_money(resource, "amount" if refunded else "total_amount"),
            refund_id=own_id if refunded else None,
        ),
    )


def _money(resource: Fields, name: str) -> Money | None:
    if name not in resource:
        return None  # `Fact.check` knows who must have one.
    return Money.from_minor(resource.integer(name), resource.text("currency").upper())


PROVIDER: Final = Provider(
    name="polar",
    title="Polar",
    protocol="webhooks",
    methods=("POST",),
    settings=(SECRET_ENCODING, merchant_entry("order_id_metadata_key", "the order's metadata")),
    keys=(shared_secret(secret_text(), "the endpoint's secret as shown"),),
    check=check_encoding,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(10, 30, 60, 120, 300, 600, 1_200, 1_200, 1_200),
)
