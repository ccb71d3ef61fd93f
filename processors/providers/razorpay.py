"""Razorpay webhooks, version 1.

Signed:     ``X-Razorpay-Signature`` is hex HMAC-SHA-256 of the raw body, keyed with the webhook's
            own secret, which is not that of the API. No time is signed. [py, node]
Identity:   a payment is ``pay_...``, a refund ``rfnd_...``. ``payment.captured`` and
            ``order.paid`` are one fact. One event a message, named by ``event``; entities that
            ride along announce nothing. [sheet]
Money:      integers of minor units, currencies in capitals.
Time:       the event's ``created_at``; the entity's is the payment's creation.
Retries:    with growing gaps for 24 h, until any 2xx. [memory]
Source:     razorpay-python, razorpay-node, connector-service; dispute words and families that are
            no payment from memory. Vectors: tests/vectors/razorpay.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.fields import Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

# Words, what each announces and which entity tells it; None: nothing a consumer could act on.
EVENTS: Final[dict[str, tuple[FactType, str] | None]] = {
    "payment.authorized": ("PaymentAuthorized", "payment"),
    "payment.captured": ("PaymentSucceeded", "payment"),
    "order.paid": ("PaymentSucceeded", "payment"),
    "payment.failed": ("PaymentFailed", "payment"),
    "refund.created": None,
    "refund.processed": ("RefundCompleted", "refund"),
    "refund.failed": ("RefundFailed", "refund"),
    "refund.speed_changed": None,
    "payment.dispute.created": ("DisputeOpened", "dispute"),
    "payment.dispute.won": ("DisputeWon", "dispute"),
    "payment.dispute.lost": ("DisputeLost", "dispute"),
    "payment.dispute.closed": None,
    "payment.dispute.under_review": None,
    "payment.dispute.action_required": None,
}
# What is paid through these is told by payment events as well. [memory]
NO_PAYMENT: Final = re.compile(
    r"(account|fund_account|invoice|payment\.downtime|payment_link|payout|product|qr_code"
    r"|settlement|subscription|token|transaction|virtual_account)\.[a-z_.]+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-razorpay-signature", prefix=b"")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    same_account(
        account_id=(event.optional_text("account_id"), account.settings.get("account_id"))
    )
    word = event.text("event", absent=UnknownMeaning)
    found = None if NO_PAYMENT.fullmatch(word) else meaning(EVENTS, word, what="event")
    if found is None:
        return ()
    announced, kind = found
    payload = event.child("payload")
    entity = payload.child(kind).child("entity")
    own_id = entity.text("id")
    return (
        Fact(
            type=announced,
            payment_id=own_id if kind == "payment" else entity.text("payment_id"),
            merchant_order_id=_order(payload, entity) if kind == "payment" else None,
            occurred_at_ms=event.optional_unix_seconds_ms("created_at"),
            amount=Money.from_minor(entity.integer("amount"), entity.text("currency")),
            refund_id=own_id if kind == "refund" else None,
            merchant_refund_id=entity.optional_text("receipt") if kind == "refund" else None,
            dispute_id=own_id if kind == "dispute" else None,
        ),
    )


def _order(payload: Fields, payment: Fields) -> str | None:
    """Return the merchant's number: the receipt of the order, where it rides along, or a note."""
    order = payload.optional_child("order")
    receipt = None if order is None else order.child("entity").optional_text("receipt")
    return receipt or payment.entry("notes", "merchant_order_id")


PROVIDER: Final = Provider(
    name="razorpay",
    title="Razorpay",
    protocol="webhooks, version 1",
    methods=("POST",),
    settings=(
        Setting(
            name="account_id",
            required=False,
            pinned=True,
            choices=(),
            meaning="when set, must equal the message's account_id",
            example="acc_BFQ7uQEaa7j2z7",
        ),
    ),
    keys=(shared_secret(secret_text(), "the webhook's secret, not the API key's"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # Growing within a day; the steps are not published.
    retry_after_s=(60, 300, 900, 3_600, 7_200, 14_400, 28_800, 28_800),
)
