"""GrabPay One-Time Charge: webhooks signed as the partner's own requests are.

Signed:     ``Authorization: <partner id>:<Base64>`` is HMAC-SHA-256 over five lines, each ended:
            method, Content-Type, Date, path, Base64 SHA-256 of the body (empty without one). The
            path is that of the registered address, which a proxy may have changed. [sdk]
            That webhooks are signed so is not confirmed. [memory]
Window:     the account's, around ``Date``.
Identity:   ``txID``; a refund names its payment in ``origTxID``. ``partnerTxID`` is new for every
            operation: of a refund it is the merchant's refund number. [memory]
Money:      integers of minor units. ``completedAt`` in seconds.
Retries:    not published; until 200.
Source:     grab/grabpay-merchant-sdk. Vectors: tests/vectors/grabpay.json.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import (
    TOLERANCE,
    Provider,
    check_tolerance,
    identity,
    plain_reply,
    tolerance_ms,
)
from processors.encodings import from_base64
from processors.fields import NOTHING, Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import framed
from processors.public_address import (
    NOTIFICATION_URL,
    check_address,
    http_date_ms,
    public_address,
)
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

# Kinds of transactions, and what the states of each announce. An unlisted one is parked.
STATES: Final[Mapping[str, Mapping[str, FactType | None]]] = {
    "SALE": {
        "success": "PaymentSucceeded",
        "authorised": "PaymentAuthorized",
        "failed": "PaymentFailed",
        "pending": None,
    },
    "REFUND": {"success": "RefundCompleted", "failed": "RefundFailed", "pending": None},
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    partner, _, signature = callback.header("authorization", absent=BadSignature).rpartition(b":")
    signature = from_base64(signature, error=BadSignature)
    date = callback.header("date", absent=Malformed)
    lines = (
        callback.method.encode("latin-1"),
        callback.header("content-type", absent=Malformed),
        date,
        public_address(account).path.encode(),
        base64.b64encode(hashlib.sha256(callback.body).digest()) if callback.body else b"",
    )
    proof = check_secret_hmac(
        framed(b"\n".join(lines), b"\n", proves=callback.body),
        account,
        hash="sha256",
        signatures=(signature,),
    )
    named = partner.decode("latin-1")
    same_account(partner_id=(named, account.settings["partner_id"]))
    dated = proof.fresh(callback, http_date_ms(date, what="Date"), within_ms=tolerance_ms(account))
    return dated.then(lambda body: json_fields(body) if body else NOTHING)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    event = notice.content
    kind = event.text("txType", absent=UnknownMeaning)
    states = meaning(STATES, kind, what="txType")
    announced = meaning(states, event.text("status", absent=UnknownMeaning), what="status")
    if announced is None:
        return ()
    refunded = kind == "REFUND"
    own_id, number = event.text("txID"), event.optional_text("partnerTxID")
    return (
        Fact(
            type=announced,
            payment_id=event.optional_text("origTxID") if refunded else own_id,
            merchant_order_id=None if refunded else number,
            amount=Money.from_minor(event.integer("amount"), event.text("currency")),
            occurred_at_ms=event.optional_unix_seconds_ms("completedAt"),
            refund_id=own_id if refunded else None,
            merchant_refund_id=number if refunded else None,
        ),
    )


def check(account: Account) -> tuple[str, ...]:
    """Find an address that could not be signed, and a window without bounds."""
    return check_address(account) + check_tolerance(account)


PROVIDER: Final = Provider(
    name="grabpay",
    title="GrabPay",
    protocol="One-Time Charge, partner API",
    methods=("POST",),
    settings=(
        identity("partner_id", "partner id", "569c95f1-f5e4-4bd9-8dff-541d8f2af81e"),
        NOTIFICATION_URL,
        TOLERANCE,
    ),
    keys=(shared_secret(secret_text(), "partner secret"),),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
