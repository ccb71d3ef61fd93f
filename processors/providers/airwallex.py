"""Airwallex webhooks.

Signed:     ``x-signature`` is hex HMAC-SHA-256 over ``x-timestamp`` (unix ms) and the raw body,
            without a separator, keyed with the text of the endpoint's secret. [doc code, wr]
Window:     300 s on both sides; none is prescribed, this is the account page's.
Identity:   a payment is its intent, ``int_...``, an attempt ``att_...``, a refund ``rfd_...``; the
            attempt's success is told by its intent. [ev]
Money:      JSON numbers in major units, read as decimals. What was captured is
            ``captured_amount``.
Spelling:   members in snake or camel case by the subscription's version. [doc]
Retries:    over about 3 days, until 200. [memory]
Source:     airwallex.com/docs, webhookrelay.com; refund and dispute words from memory. Vectors:
            tests/vectors/airwallex.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.fields import Fields, meaning, same_account
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import framed, hex_header
from processors.moments import unix_ms
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

TOLERANCE_MS: Final = 300_000

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, FactType | None]] = {
    "payment_intent.succeeded": "PaymentSucceeded",
    "payment_intent.requires_capture": "PaymentAuthorized",
    "payment_intent.capture_required": "PaymentAuthorized",
    "payment_intent.cancelled": "PaymentClosed",
    "payment_intent.created": None,
    "payment_intent.pending": None,
    "payment_intent.requires_payment_method": None,
    "payment_intent.requires_customer_action": None,
    "payment_attempt.authorized": "PaymentAuthorized",
    "payment_attempt.received": None,
    "payment_attempt.capture_requested": None,
    "payment_attempt.authorization_failed": "PaymentFailed",
    "payment_attempt.authentication_failed": "PaymentFailed",
    "payment_attempt.capture_failed": "PaymentFailed",
    "payment_attempt.failed_to_process": "PaymentFailed",
    "payment_attempt.risk_declined": "PaymentFailed",
    "payment_attempt.expired": "PaymentFailed",
    "payment_attempt.cancelled": "PaymentFailed",
    "payment_attempt.paid": None,
    "payment_attempt.settled": None,
    "refund.received": None,
    "refund.accepted": None,
    "refund.processing": None,
    "refund.settled": "RefundCompleted",
    "refund.succeeded": "RefundCompleted",
    "refund.failed": "RefundFailed",
    "payment_dispute.requires_response": "DisputeOpened",
    "payment_dispute.challenged": None,
    "payment_dispute.won": "DisputeWon",
    "payment_dispute.lost": "DisputeLost",
    "payment_dispute.accepted": "DisputeLost",
}
NO_PAYMENT: Final = re.compile(
    r"(account|account_capability|balance|beneficiary|conversion|customer|deposit|fraud"
    r"|funding_source|global_account|invoice|issuing|linked_account|payment_consent|payment_link"
    r"|payment_method|payout|price|product|settlement|subscription|terminal|transfer|wallet)"
    r"\.[a-z_.]+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-signature", prefix=b"")
    stamp = callback.header("x-timestamp", absent=Malformed)
    signed_ms = unix_ms(stamp, what="x-timestamp")
    message = framed(stamp, callback.body, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    return proof.fresh(callback, signed_ms, within_ms=TOLERANCE_MS).then(exact_json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    owner = event.optional_text("account_id") or event.optional_text("accountId")
    same_account(account_id=(owner, account.settings["account_id"]))
    word = event.text("name", absent=UnknownMeaning)
    announced = None if NO_PAYMENT.fullmatch(word) else meaning(EVENTS, word, what="name")
    if announced is None:
        return ()
    resource = event.child("data").child("object")
    return (_fact(announced, word.partition(".")[0], event, resource),)


def _fact(announced: FactType, kind: str, event: Fields, resource: Fields) -> Fact:
    own_id = resource.text("id")
    attempted = kind == "payment_attempt"
    return Fact(
        type=announced,
        payment_id=own_id if kind == "payment_intent" else resource.text("payment_intent_id"),
        merchant_order_id=resource.optional_text("merchant_order_id"),
        occurred_at_ms=event.optional_rfc3339_ms("created_at")
        or event.optional_rfc3339_ms("createdAt"),
        amount=_money(announced, resource),
        attempt_id=own_id if attempted and announced == "PaymentFailed" else None,
        refund_id=own_id if kind == "refund" else None,
        dispute_id=own_id if kind == "payment_dispute" else None,
    )


def _money(announced: FactType, resource: Fields) -> Money | None:
    name = "captured_amount" if announced == "PaymentSucceeded" else "amount"
    if name in resource:
        return Money.from_major(resource.number(name), resource.text("currency"))
    if announced == "PaymentSucceeded":
        raise UnknownMeaning("a success that does not say how much was captured")
    return None  # `Fact.check` knows who must have one.


PROVIDER: Final = Provider(
    name="airwallex",
    title="Airwallex",
    protocol="webhooks",
    methods=("POST",),
    settings=(
        Setting(
            name="account_id",
            required=True,
            pinned=True,
            choices=(),
            meaning="own account",
            example="acct_hwcvSbVWP2ya6Y2dnGYlCA",
        ),
    ),
    keys=(shared_secret(secret_text(), "the endpoint's secret as shown, used as text"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # Growing within three days; the steps are not published.
    retry_after_s=(60, 300, 1_800, 7_200, 14_400, 28_800, 57_600, 86_400),
)
