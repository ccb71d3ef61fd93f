"""Rapyd webhooks.

Signed:     ``signature`` is Base64 over the lower-case hex text of HMAC-SHA-256, keyed with the
            secret key, over the configured URL, ``salt``, ``timestamp``, access key, secret key
            and the raw body, without separators. The URL is the account's, never the request's;
            no window is prescribed, and the time is not used. [doc, hs]
Identity:   a payment is ``data.id``, a refund likewise and it names its ``payment``, a dispute is
            its ``token``. [hs] ``id`` is of the delivery.
Money:      JSON numbers in major units, whose digits are kept.
Retries:    about 7, growing, until any 2xx. [memory]
Source:     docs.rapyd.net [doc]; hyperswitch [hs]; states from memory. Vectors:
            tests/vectors/rapyd.json.
"""

import hmac
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Provider, identity, no_check, plain_reply
from processors.encodings import digits, from_base64
from processors.fields import Fields, meaning
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import whole_body
from processors.public_address import NOTIFICATION_URL
from processors.signing import Authentic, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

# Types and what each announces, None: a dispute's state tells. An unlisted one is parked.
TYPES: Final[Mapping[str, FactType | None]] = {
    "PAYMENT_COMPLETED": "PaymentSucceeded",
    "PAYMENT_CAPTURED": "PaymentSucceeded",
    "PAYMENT_FAILED": "PaymentFailed",
    "PAYMENT_EXPIRED": "PaymentClosed",
    "PAYMENT_CANCELED": "PaymentClosed",
    "REFUND_COMPLETED": "RefundCompleted",
    "PAYMENT_REFUND_FAILED": "RefundFailed",
    "PAYMENT_REFUND_REJECTED": "RefundFailed",
    "PAYMENT_DISPUTE_CREATED": "DisputeOpened",
    "PAYMENT_DISPUTE_UPDATED": None,
}
# Whether a payment's state is one of success, None: it may become one. [memory]
PAID: Final[Mapping[str, bool | None]] = {
    "CLO": True,
    "ACT": None,
    "CAN": False,
    "ERR": False,
    "EXP": False,
}
DISPUTES: Final[Mapping[str, FactType | None]] = {
    "ACT": "DisputeOpened",
    "RVW": None,
    "PRA": None,
    "ARB": None,
    "WIN": "DisputeWon",
    "LOS": "DisputeLost",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signature = callback.header("signature", absent=BadSignature)
    salt = callback.header("salt", absent=Malformed)
    stamp = callback.header("timestamp", absent=Malformed)
    digits(stamp, what="timestamp")
    settings = account.settings
    url, access_key = settings[NOTIFICATION_URL.name].encode(), settings["access_key"].encode()
    before = url + salt + stamp + access_key
    return check_keyed_digest(
        (whole_body(callback),),
        lambda key, body: hmac.digest(key, before + key + body, "sha256").hex().encode(),
        signatures=(from_base64(signature, error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    ).then(exact_json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    event = notice.content
    announced = meaning(TYPES, event.text("type"), what="type")
    resource = event.child("data")
    at_ms = event.optional_unix_seconds_ms("created_at")
    if announced is None or announced == "DisputeOpened":
        announced = announced or meaning(DISPUTES, resource.text("status"), what="status")
        return () if announced is None else (_dispute(announced, resource, at_ms),)
    if announced in ("RefundCompleted", "RefundFailed"):
        return (_refund(announced, resource, at_ms),)
    state = resource.optional_text("status")
    paid = None if state is None else meaning(PAID, state, what="status")
    if paid is not None and paid != (announced == "PaymentSucceeded"):
        raise UnknownMeaning("a payment in another state than was announced")
    return (
        Fact(
            type=announced,
            payment_id=resource.text("id"),
            merchant_order_id=resource.optional_text("merchant_reference_id"),
            occurred_at_ms=at_ms,
            amount=_money(resource),
        ),
    )


def _refund(announced: FactType, refund: Fields, at_ms: int | None) -> Fact:
    return Fact(
        type=announced,
        payment_id=refund.optional_text("payment"),
        merchant_order_id=None,
        occurred_at_ms=at_ms,
        amount=_money(refund),
        refund_id=refund.text("id"),
        merchant_refund_id=refund.optional_text("merchant_reference_id"),
    )


def _dispute(announced: FactType, dispute: Fields, at_ms: int | None) -> Fact:
    return Fact(
        type=announced,
        payment_id=dispute.text("original_transaction_id"),
        merchant_order_id=None,
        occurred_at_ms=at_ms,
        amount=_money(dispute),
        dispute_id=dispute.optional_text("token") or dispute.text("id"),
    )


def _money(resource: Fields) -> Money | None:
    if "amount" not in resource:
        return None  # `Fact.check` knows who must have one.
    currency = resource.optional_text("currency_code") or resource.text("currency")
    return Money.from_major(resource.number("amount"), currency)


PROVIDER: Final = Provider(
    name="rapyd",
    title="Rapyd",
    protocol="webhooks",
    methods=("POST",),
    settings=(
        identity("access_key", "access key, part of the signed text", "9A7B3C5D1E2F40516273"),
        NOTIFICATION_URL,
    ),
    keys=(shared_secret(secret_text(), "secret key of the API pair"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # From memory.
    retry_after_s=(60, 300, 900, 3_600, 14_400, 43_200, 86_400),
)
