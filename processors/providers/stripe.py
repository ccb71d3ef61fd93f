"""Stripe webhook endpoints: v1 snapshot events, and v2 thin events as questions.

Signed:     ``Stripe-Signature: t=<unix s>,v1=<hex>,...`` is HMAC-SHA-256 over ``t``, a dot and the
            raw body; the key is the whole secret text, ``whsec_`` included. [py _webhook.py]
            Several ``v1`` while a secret is rolled; other schemes count for nothing.
Window:     300 s, inclusive, judged on both sides. [py; the future side is ours]
Identity:   a payment is its PaymentIntent, without one the charge; a refund is ``re_...``. Three
            events of one payment (charge, intent, session) are one fact. [Events.ts]
Money:      integers of Stripe's own minor units; currencies in lower case. [doc currencies]
Thin:       v2 events hold no resource: authentic, but only a question to ask. [py v2/core/_event]
Retries:    up to 3 days, until any 2xx; each attempt is signed anew. [doc webhooks]
Source:     stripe-python 16.1.0, stripe-node, docs.stripe.com. Vectors: tests/vectors/stripe.json.
"""

import re
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.encodings import digits
from processors.fields import NOTHING, Fields, meaning, same_mode
from processors.json_texts import json_fields
from processors.keys import KeyForm, KeyProblem, Secret, secret_text
from processors.messages import framed, stamped_header
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

TOLERANCE_MS: Final = 300_000
# Where Stripe's minor units are not those of ISO 4217. [doc currencies]
EXPONENTS: Final = {"MGA": 0, "ISK": 2, "UGX": 2}
THIN: Final = "v2.core.event"

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, FactType | None]] = {
    "payment_intent.amount_capturable_updated": "PaymentAuthorized",
    "payment_intent.payment_failed": "PaymentFailed",  # One attempt; the next may succeed.
    "payment_intent.canceled": "PaymentClosed",
    "payment_intent.created": None,
    "payment_intent.processing": None,
    "payment_intent.partially_funded": None,
    "payment_intent.requires_action": None,
    "charge.succeeded": "PaymentSucceeded",
    "charge.captured": "PaymentSucceeded",
    "charge.failed": "PaymentFailed",
    "charge.expired": "PaymentClosed",
    "charge.pending": None,
    "charge.refunded": None,  # The running total of a charge: the refund's own event tells more.
    "charge.updated": None,
    "checkout.session.async_payment_succeeded": "PaymentSucceeded",
    "checkout.session.async_payment_failed": "PaymentFailed",
    "checkout.session.expired": "PaymentClosed",
}
REFUND_STATES: Final[dict[str, FactType | None]] = {
    "succeeded": "RefundCompleted",
    "pending": None,
    "requires_action": None,
    "failed": "RefundFailed",
    "canceled": "RefundFailed",
}
DISPUTE_STATES: Final[dict[str, FactType | None]] = {
    "won": "DisputeWon",
    "lost": "DisputeLost",
    "needs_response": None,
    "under_review": None,
    "warning_needs_response": None,
    "warning_under_review": None,
    "warning_closed": None,
    "prevented": None,
}
# Words whose meaning depends on a state of the resource: which member, and what each state says.
EVENTS_BY_STATE: Final[dict[str, tuple[str, Mapping[str, FactType | None]]]] = {
    "payment_intent.succeeded": ("status", {"succeeded": "PaymentSucceeded"}),
    "checkout.session.completed": (
        "payment_status",
        {"paid": "PaymentSucceeded", "unpaid": None, "no_payment_required": None},
    ),
    "refund.created": ("status", REFUND_STATES),
    "refund.updated": ("status", REFUND_STATES),
    "refund.failed": ("status", {"failed": "RefundFailed", "canceled": "RefundFailed"}),
    "charge.refund.updated": ("status", REFUND_STATES),
    "charge.dispute.created": ("status", dict.fromkeys(DISPUTE_STATES, "DisputeOpened")),
    "charge.dispute.funds_withdrawn": ("status", dict.fromkeys(DISPUTE_STATES, "DisputeOpened")),
    "charge.dispute.funds_reinstated": ("status", dict.fromkeys(DISPUTE_STATES, "DisputeWon")),
    "charge.dispute.updated": ("status", DISPUTE_STATES),
    "charge.dispute.closed": ("status", DISPUTE_STATES),
}
# The member that holds the money where it is not ``amount``.
AMOUNTS: Final = {
    "payment_intent.succeeded": "amount_received",  # Less than ``amount`` after a partial capture.
    "payment_intent.amount_capturable_updated": "amount_capturable",
    "checkout.session.completed": "amount_total",
    "checkout.session.async_payment_succeeded": "amount_total",
    "checkout.session.async_payment_failed": "amount_total",
    "checkout.session.expired": "amount_total",
}
# First parts of the words of everything that is no payment. [py webhook endpoint event list]
NO_PAYMENT: Final = re.compile(
    r"(account|application_fee|apps|balance|balance_settings|billing|billing_portal|capability"
    r"|cash_balance|climate|coupon|credit_note|customer|customer_cash_balance_transaction"
    r"|entitlements|file|financial_connections|identity|invoice|invoice_payment|invoiceitem"
    r"|issuing_[a-z_]+|mandate|payment_link|payment_method|payout|person|plan|price|product"
    r"|promotion_code|quote|radar|reporting|reserve|review|setup_intent|sigma|source"
    r"|subscription_schedule|tax|tax_rate|terminal|test_helpers|topup|transfer|treasury)\..+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    stamp, signatures = stamped_header(callback, "stripe-signature", b",", stamp=b"t", hmac=b"v1")
    signed_ms = digits(stamp, what="t") * 1000
    message = framed(stamp, b".", callback.body, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    proof = proof.fresh(callback, signed_ms, within_ms=TOLERANCE_MS)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("type", absent=UnknownMeaning)
    same_mode("live" if event.flag("livemode") else "test", account.mode)
    thin = event.optional_text("object") == THIN
    # Thin events repeat the words of snapshot events behind their version.
    plain = word.removeprefix("v1.") if thin else word
    if NO_PAYMENT.fullmatch(plain):
        return ()
    if thin:
        return (_question(event),)
    resource = event.child("data").child("object")
    announced = _announced(word, resource)
    return () if announced is None else (_fact(*announced, word, event, resource, account),)


def _question(event: Fields) -> Inquiry:
    related = event.optional_child("related_object")
    if related is None:
        raise UnknownMeaning("a thin event that relates to nothing")
    return Inquiry(related.text("type"), related.text("id"))


def _announced(word: str, resource: Fields) -> tuple[FactType, str] | None:
    """Return what the event announces and which member holds its money."""
    if word in EVENTS_BY_STATE:
        member, states = EVENTS_BY_STATE[word]
        announced = meaning(states, resource.text(member), what=member)
    else:
        announced = meaning(EVENTS, word, what="type")
    if announced is None:
        return None
    if word == "charge.succeeded" and not resource.flag("captured"):
        return "PaymentAuthorized", "amount"
    if word in ("charge.succeeded", "charge.captured"):
        # A charge of a payment intent: payment_intent.succeeded tells it.
        return None if "payment_intent" in resource else (announced, "amount_captured")
    return announced, AMOUNTS.get(word, "amount")


def _fact(
    announced: FactType, amount: str, word: str, event: Fields, resource: Fields, account: Account
) -> Fact:
    own_id = resource.text("id")
    kind = word.rpartition(".")[0]
    payment_id = _payment(kind, resource, own_id)
    if announced == "PaymentSucceeded" and payment_id is None:
        raise UnknownMeaning("a paid session that names no payment intent")
    return Fact(
        type=announced,
        payment_id=payment_id,
        merchant_order_id=_order(resource, account),
        occurred_at_ms=event.unix_seconds_ms("created"),
        # A session that was never paid need not have a price; `Fact.check` knows who must.
        amount=_money(resource, amount) if amount in resource else None,
        attempt_id=_attempt(kind, resource, own_id),
        refund_id=own_id if kind in ("refund", "charge.refund") else None,
        dispute_id=own_id if kind == "charge.dispute" else None,
    )


def _payment(kind: str, resource: Fields, own_id: str) -> str | None:
    if kind == "payment_intent":
        return own_id
    charge = own_id if kind == "charge" else resource.id_of("charge")
    return resource.id_of("payment_intent") or charge


def _attempt(kind: str, resource: Fields, own_id: str) -> str | None:
    # A failed charge is told by its own event and by its intent's: one attempt is one fact.
    if kind == "charge":
        return own_id
    failure = resource.optional_child("last_payment_error") or NOTHING
    return failure.id_of("charge") or resource.id_of("latest_charge")


def _money(resource: Fields, amount: str) -> Money:
    currency = resource.text("currency").upper()
    return Money.from_minor(resource.integer(amount), currency, EXPONENTS)


def _order(resource: Fields, account: Account) -> str | None:
    name = account.settings.get("order_id_metadata_key")
    metadata = resource.optional_child("metadata") or NOTHING
    number = None if name is None else metadata.optional_text(name)
    return number or resource.optional_text("client_reference_id")


def _endpoint_secret(text: str) -> Secret:
    if text.startswith(("sk_", "rk_", "pk_")):
        raise KeyProblem("this is an API key; enter the endpoint's signing secret, whsec_...")
    return secret_text()(text)


PROVIDER: Final = Provider(
    name="stripe",
    title="Stripe",
    protocol="webhook endpoints: v1 snapshot events, v2 thin events",
    methods=("POST",),
    settings=(
        Setting(
            name="order_id_metadata_key",
            required=False,
            pinned=False,
            choices=(),
            meaning="metadata entry that holds the shop's order id; a Checkout Session's "
            "client_reference_id counts as well",
            example="order_id",
        ),
    ),
    keys=(
        KeyForm(
            use="verify",
            kind="secret",
            decode=_endpoint_secret,
            required=True,
            chosen_by="all tried",
            note="the endpoint's signing secret, the whole whsec_... text",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # Doubling within three days; the intervals themselves are not published.
    retry_after_s=(300, 1_800, 7_200, 18_000, 36_000, 43_200, 43_200, 43_200),
)
