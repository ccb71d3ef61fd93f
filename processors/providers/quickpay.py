"""Quickpay callbacks, API version 10.

Signed:     ``QuickPay-Checksum-Sha256`` is hex HMAC-SHA-256 of the raw body, blanks and line ends
            included, keyed with the text of the account's private key, not its API key. [rb]
Identity:   a payment is ``id``; what was done to it is an operation with an id of its own, which
            names captures and refunds. The last operation is the news. [sheet]
Money:      integers of minor units in the operation.
Mode:       ``test_mode`` is not compared: the published example of an account says true.
Retries:    up to 24 h, until 200. [memory]
Source:     offsite_payments quickpay_v10 and its tests. Vectors: tests/vectors/quickpay.json.
"""

from collections.abc import Mapping
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

# Operations, and what each announces approved, and what rejected.
OPERATIONS: Final[Mapping[str, tuple[FactType, FactType | None]]] = {
    "authorize": ("PaymentAuthorized", "PaymentFailed"),
    "capture": ("PaymentSucceeded", "PaymentFailed"),
    "refund": ("RefundCompleted", "RefundFailed"),
    "cancel": ("PaymentClosed", None),
}
APPROVED: Final = {"20000": True, "40000": False, "40001": False}
# A subscription is authorised and never captured: its payments are resources of their own.
RESOURCES: Final = {"Payment": True, "Subscription": False, "Card": False, "Payout": False}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "quickpay-checksum-sha256", prefix=b"")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    payment = notice.content
    kind = payment.optional_text("type") or "Payment"  # Older callbacks do not say.
    operations = payment.children("operations")
    if not meaning(RESOURCES, kind, what="type") or not operations:
        return ()
    last = operations[-1]
    good, bad = meaning(OPERATIONS, last.text("type"), what="operation type")
    if last.flag("pending"):
        return ()
    approved = meaning(APPROVED, last.text("qp_status_code"), what="qp_status_code")
    if approved and not payment.flag("accepted"):
        raise UnknownMeaning("an approved operation of a payment that is not accepted")
    announced = good if approved else bad
    return () if announced is None else (_fact(announced, payment, last),)


def _fact(announced: FactType, payment: Fields, operation: Fields) -> Fact:
    own_id = operation.id_text("id")
    return Fact(
        type=announced,
        payment_id=payment.id_text("id"),
        merchant_order_id=payment.optional_text("order_id"),
        occurred_at_ms=operation.optional_rfc3339_ms("created_at"),
        amount=_money(payment, operation),
        capture_id=own_id if announced == "PaymentSucceeded" else None,
        attempt_id=own_id if announced == "PaymentFailed" else None,
        refund_id=own_id if announced.startswith("Refund") else None,
    )


def _money(payment: Fields, operation: Fields) -> Money | None:
    if "amount" not in operation:
        return None  # A cancellation has none; `Fact.check` knows who must have one.
    return Money.from_minor(operation.integer("amount"), payment.text("currency"))


PROVIDER: Final = Provider(
    name="quickpay",
    title="Quickpay",
    protocol="callbacks, API version 10",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "private key of the account, not the API key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # Growing within a day; the steps are not published.
    retry_after_s=(60, 300, 900, 3_600, 7_200, 14_400, 28_800, 28_800),
)
