"""Omise (Opn Payments) webhooks, API version 2019-05-29 with signing secrets.

Signed:     ``Omise-Signature`` is hex HMAC-SHA-256 over ``Omise-Signature-Timestamp``, a dot and
            the raw body, keyed with the Base64 content of the secret. Two, with a comma between,
            while a secret is rolled. [doc]
Window:     the account's: none is prescribed.
Identity:   a payment is the charge, ``chrg_...``, a refund ``rfnd_...`` names it. Merchants write
            their order number in free metadata, of which none is agreed.
Money:      integers of the smallest unit, currencies in small letters.
Mode:       ``livemode`` is not compared: genuine examples of live accounts say false.
Retries:    not published; until any 2xx.
Source:     docs.omise.co; refund and dispute words from memory. Vectors: tests/vectors/omise.json.
"""

import re
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
from processors.encodings import digits, from_hex
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_base64, shared_secret
from processors.messages import decodable, framed
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

States = Mapping[str, FactType | None]
CHARGE_STATES: Final[States] = {
    "successful": "PaymentSucceeded",
    "failed": "PaymentFailed",
    "expired": "PaymentClosed",
    "reversed": "PaymentClosed",
    "pending": None,
}
# A new charge is no news until it is complete.
CREATED: Final[States] = dict.fromkeys(CHARGE_STATES)
CLOSED: Final[States] = dict.fromkeys(CHARGE_STATES, "PaymentClosed")
DISPUTE_STATES: Final[States] = {"won": "DisputeWon", "lost": "DisputeLost"}
DISPUTED: Final = (*DISPUTE_STATES, "open", "pending", "closed")
# Words, and what the states of their resource announce. An unlisted one is parked.
EVENTS: Final[dict[str, States]] = {
    "charge.create": CREATED,
    "charge.complete": CHARGE_STATES,
    "charge.capture": CHARGE_STATES,
    "charge.reverse": CLOSED,
    "charge.expire": CLOSED,
    "refund.create": {"closed": "RefundCompleted", "pending": None},
    "dispute.create": dict.fromkeys(DISPUTED, "DisputeOpened"),
    "dispute.accept": dict.fromkeys(DISPUTED, "DisputeLost"),
    "dispute.close": DISPUTE_STATES,
    "dispute.update": dict.fromkeys(DISPUTED),
}
NO_PAYMENT: Final = re.compile(r"(card|customer|link|recipient|schedule|transfer)\.[a-z_.]+")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    header = callback.header("omise-signature", absent=BadSignature)
    signatures = decodable(header.split(b","), from_hex, octets=32)
    stamp = callback.header("omise-signature-timestamp", absent=Malformed)
    signed_ms = digits(stamp, what="timestamp") * 1000
    message = framed(stamp, b".", callback.body, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    return proof.fresh(callback, signed_ms, within_ms=tolerance_ms(account)).then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("key", absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word):
        return ()
    resource = event.child("data")
    announced = _announced(word, resource)
    if announced is None:
        return ()
    kind, own_id = word.partition(".")[0], resource.text("id")
    return (
        Fact(
            type=announced,
            payment_id=own_id if kind == "charge" else resource.text("charge"),
            merchant_order_id=None,
            occurred_at_ms=event.optional_rfc3339_ms("created_at"),
            amount=Money.from_minor(resource.integer("amount"), resource.text("currency").upper()),
            refund_id=own_id if kind == "refund" else None,
            dispute_id=own_id if kind == "dispute" else None,
        ),
    )


def _announced(word: str, resource: Fields) -> FactType | None:
    status = resource.text("status")
    announced = meaning(meaning(EVENTS, word, what="key"), status, what="status")
    if announced == "PaymentSucceeded" and not resource.flag("paid"):
        raise UnknownMeaning("a successful charge that is not paid")
    complete = EVENTS[word] is CHARGE_STATES and status == "pending"
    if complete and resource.flag("authorized") and not resource.flag("capture"):
        return "PaymentAuthorized"
    return announced


PROVIDER: Final = Provider(
    name="omise",
    title="Omise, Opn Payments",
    protocol="webhooks 2019-05-29",
    methods=("POST",),
    settings=(TOLERANCE,),
    keys=(shared_secret(secret_base64(prefix=""), "the webhook secret, Base64 text"),),
    check=check_tolerance,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 300, 1_800, 7_200, 21_600, 43_200),
)
