"""Paddle Billing notifications.

Signed:     ``Paddle-Signature: ts=<unix s>;h1=<hex>[;h1=<hex>]`` is HMAC-SHA-256 over ``ts``, a
            colon and the raw body, keyed with the whole secret text, ``pdl_ntfset_`` included.
            Several ``h1`` while a secret is rolled: any counts. [py PaddleSignature]
Window:     5 s on both sides. [py]
Identity:   a payment is ``txn_...``, told twice (paid, then completed with its fees); a refund is
            an adjustment, ``adj_...``. [py event names]
Money:      text of integers in the lowest denomination. Tax is part of it.
Retries:    60 in 3 days, signed anew each time, until 200. [memory]
Source:     paddle-python-sdk, paddle-node-sdk, developer.paddle.com. Vectors:
            tests/vectors/paddle.json.
"""

import re
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, merchant_entry, no_check, plain_reply
from processors.encodings import digits
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import framed, stamped_header
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

TOLERANCE_MS: Final = 5_000
JSON_BEGINS: Final = re.compile(rb'\s*([{\["tfn0-9-]|$)')
States = Mapping[str, FactType | None]

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
TRANSACTIONS: Final[States] = {
    "transaction.paid": "PaymentSucceeded",
    "transaction.completed": "PaymentSucceeded",
    "transaction.payment_failed": "PaymentFailed",
    "transaction.past_due": None,  # Its attempts have told that they failed.
    "transaction.canceled": "PaymentClosed",
    "transaction.created": None,
    "transaction.ready": None,
    "transaction.billed": None,
    "transaction.updated": None,
    "transaction.revised": None,
}
ADJUSTMENTS: Final = ("adjustment.created", "adjustment.updated")
REFUND_STATES: Final[States] = {
    "pending_approval": None,
    "approved": "RefundCompleted",
    "rejected": "RefundFailed",
    "reversed": "RefundFailed",
}
OPENED: Final[States] = {"approved": "DisputeOpened", "reversed": None}
WON: Final[States] = {"approved": "DisputeWon", "reversed": None}
# What is adjusted, and what its states announce.
ACTIONS: Final[dict[str, States | None]] = {
    "refund": REFUND_STATES,
    "chargeback": OPENED,
    "chargeback_warning": OPENED,
    "chargeback_reverse": WON,
    "chargeback_warning_reverse": WON,
    "credit": None,
    "credit_reverse": None,
}
NO_PAYMENT: Final = re.compile(
    r"(address|api_key|api_key_exposure|business|client_token|customer|discount|discount_group"
    r"|payment_method|payout|price|product|report|subscription)\.[a-z_]+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    stamp, signatures = stamped_header(callback, "paddle-signature", b";", stamp=b"ts", hmac=b"h1")
    signed_ms = digits(stamp, what="ts") * 1000
    message = framed(stamp, b":", callback.body, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    return proof.fresh(callback, signed_ms, within_ms=TOLERANCE_MS).then(_event)


def _event(body: bytes) -> Fields:
    if JSON_BEGINS.match(body) is None:
        # Paddle signs what it is given, plain text in its own test-suite: none is of that form.
        raise UnknownMeaning("authentic, but no event")
    return json_fields(body)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("event_type", absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word):
        return ()
    if word in ADJUSTMENTS:
        return _adjustment(event, event.child("data"))
    announced = meaning(TRANSACTIONS, word, what="event_type")
    if announced is None:
        return ()
    transaction = event.child("data")
    totals = transaction.child("details").child("totals")
    return (
        Fact(
            type=announced,
            payment_id=transaction.text("id"),
            merchant_order_id=transaction.entry(
                "custom_data", account.settings.get("order_id_custom_data_key")
            ),
            occurred_at_ms=event.rfc3339_ms("occurred_at"),
            amount=_money(totals, "grand_total", transaction),
        ),
    )


def _adjustment(event: Fields, adjustment: Fields) -> tuple[Fact, ...]:
    states = meaning(ACTIONS, adjustment.text("action"), what="action")
    status = adjustment.text("status")
    announced = None if states is None else meaning(states, status, what="status")
    if announced is None:
        return ()
    own_id = adjustment.text("id")
    refunded = announced.startswith("Refund")
    return (
        Fact(
            type=announced,
            payment_id=adjustment.text("transaction_id"),
            merchant_order_id=None,
            occurred_at_ms=event.rfc3339_ms("occurred_at"),
            amount=_money(adjustment.child("totals"), "total", adjustment),
            refund_id=own_id if refunded else None,
            dispute_id=None if refunded else own_id,
        ),
    )


def _money(totals: Fields, name: str, resource: Fields) -> Money:
    return Money.from_minor(totals.digits(name), resource.text("currency_code"))


PROVIDER: Final = Provider(
    name="paddle",
    title="Paddle",
    protocol="Billing notifications",
    methods=("POST",),
    settings=(merchant_entry("order_id_custom_data_key", "data.custom_data"),),
    keys=(
        shared_secret(secret_text(), "the destination's secret, the whole pdl_ntfset_... text"),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # 20 within the first hour, the rest within three days; the steps are not published.
    retry_after_s=(*(180,) * 20, *(6_300,) * 40),
)
