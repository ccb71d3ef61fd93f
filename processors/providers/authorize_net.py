"""Authorize.Net webhooks, REST.

Signed:     ``X-ANET-Signature: sha512=<hex>`` is HMAC-SHA-512 of the raw body, keyed with the 128
            characters of the signature key as text, not with what they encode. [php, a published
            vector]
Identity:   a payment is the transaction id, ``payload.id``. A refund has a transaction id of its
            own and names no payment: only a query tells which. [hs]
Money:      ``authAmount``, a JSON number in major units; the currency is the account's.
Outcome:    ``responseCode`` 1 approved, 2 declined, 3 error, 4 held.
Retries:    3 each 3 min, 3 each 8 h, 3 each 48 h, until 200. [memory]
Source:     stymiee/authnetjson, connector-service, developer.authorize.net; fraud words from
            memory. Vectors: tests/vectors/authorize-net.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.currencies import EXPONENTS
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

PAYMENT: Final = "net.authorize.payment."
NO_PAYMENT: Final = "net.authorize.customer."
FRAUD_APPROVED: Final = "fraud.approved"

# Words behind ``net.authorize.payment.``: what each announces approved, and what declined.
EVENTS: Final[dict[str, tuple[FactType | None, FactType | None]]] = {
    "authcapture.created": ("PaymentSucceeded", "PaymentFailed"),
    "authorization.created": ("PaymentAuthorized", "PaymentFailed"),
    "priorAuthCapture.created": ("PaymentSucceeded", "PaymentFailed"),
    "capture.created": ("PaymentSucceeded", "PaymentFailed"),
    "void.created": ("PaymentClosed", None),
    "refund.created": ("RefundCompleted", "RefundFailed"),
    "fraud.held": (None, None),
    "fraud.declined": ("PaymentFailed", "PaymentFailed"),
}
APPROVED: Final = {"1": True, "2": False, "3": False, "4": None}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-anet-signature", prefix=b"sha512=")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha512", signatures=signatures)
    return proof.then(exact_json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("eventType", absent=UnknownMeaning)
    if word.startswith(NO_PAYMENT):
        return ()
    transaction = event.child("payload")
    if word == PAYMENT + FRAUD_APPROVED:
        # A payment or an authorisation, as it began: the message does not say.
        return (Inquiry("transaction", transaction.id_text("id")),)
    announced = _announced(word, transaction)
    if announced is None:
        return ()
    own_id = transaction.id_text("id")
    refunded = announced.startswith("Refund")
    return (
        Fact(
            type=announced,
            payment_id=None if refunded else own_id,
            merchant_order_id=transaction.optional_text("merchantReferenceId")
            or transaction.optional_text("invoiceNumber"),
            occurred_at_ms=event.rfc3339_ms("eventDate"),
            amount=_money(transaction, account),
            refund_id=own_id if refunded else None,
        ),
    )


def _announced(word: str, transaction: Fields) -> FactType | None:
    if not word.startswith(PAYMENT):
        raise UnknownMeaning("an event of an unknown family")
    good, bad = meaning(EVENTS, word.removeprefix(PAYMENT), what="eventType")
    code = str(transaction.integer("responseCode"))
    approved = meaning(APPROVED, code, what="responseCode")
    if approved is None:
        return None
    return good if approved else bad


def _money(transaction: Fields, account: Account) -> Money | None:
    if "authAmount" not in transaction:
        return None  # `Fact.check` knows who must have one.
    return Money.from_major(transaction.number("authAmount"), account.settings["currency"])


def _check(account: Account) -> tuple[str, ...]:
    if account.settings["currency"] not in EXPONENTS:
        return ("currency is none of ISO 4217; write three capitals",)
    return ()


PROVIDER: Final = Provider(
    name="authorize-net",
    title="Authorize.Net",
    protocol="webhooks, REST",
    methods=("POST",),
    settings=(
        Setting(
            name="currency",
            required=True,
            pinned=True,
            choices=(),
            meaning="currency of the account; notifications name none",
            example="USD",
        ),
    ),
    keys=(shared_secret(secret_text(length=128), "the 128 hex characters of the signature key"),),
    check=_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(180, 180, 180, 28_800, 28_800, 28_800, 172_800, 172_800, 172_800),
)
