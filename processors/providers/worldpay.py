"""Worldpay, Access events.

Signed:     ``Event-Signature``: items ``keyId/SHA256/hex`` between commas, in any order; HMAC of
            the raw body. A setting says whether the secret's text is the key or hex of it. [sig]
            A MAC counts under its own key id only.
Identity:   a payment is ``transactionReference``, the merchant's own number; a refund
            ``reference``. ``eventId`` is the event's.
Money:      integers of the minor unit. sentForSettlement and settled state the same payment.
Times:      ``eventTimestamp`` without a zone: UTC [memory]. No window: retries go on for a week.
Failure:    settlementFailed takes a success back.
Not here:   WPG order notifications and the older form callback carry no signature.
Retries:    from 15 min growing to 2 h, for a week, until exactly 200. [ev]
Source:     [ev] [sig] [hs]; words of chargebacks in part from the older list.
            Vectors: tests/vectors/worldpay.json.
"""

import hmac
from typing import Final

from processors.account import Account
from processors.contract import Provider, pinned, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import Key, KeyForm, secret_text
from processors.messages import whole_body
from processors.moments import local_ms
from processors.signing import Authentic, check_keyed_digest, hmac_of_text
from schemas.callback import Callback
from schemas.errors import BadSignature, UnknownKey
from schemas.fact import Fact, FactType
from schemas.money import Money

HASH: Final = "SHA256"
PAYMENT_TYPES: Final[dict[str, FactType | None]] = {
    "sentForAuthorization": None,
    "authorized": "PaymentAuthorized",
    "sentForSettlement": "PaymentSucceeded",
    "settled": "PaymentSucceeded",
    "refused": "PaymentFailed",
    "error": "PaymentFailed",
    "settlementFailed": "PaymentFailed",
    "cancelled": "PaymentClosed",
    "expired": "PaymentClosed",
    "sentForRefund": None,
    "refunded": "RefundCompleted",
    "refundFailed": "RefundFailed",
    "informationRequested": "DisputeOpened",
    "informationSupplied": None,
    "chargedBack": "DisputeOpened",
    "chargebackReversed": "DisputeWon",
    "tokenCreated": None,
}
REFUNDS: Final = ("RefundCompleted", "RefundFailed")
DISPUTES: Final = ("DisputeOpened", "DisputeWon")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    header = callback.header_text("event-signature", absent=BadSignature)
    signed = [item.strip().split("/") for item in header.split(",")]
    # An item of another form beside a good one is no fault: keys rotate, functions are added.
    items = [(item[0], item[2]) for item in signed if len(item) == 3 and item[1] == HASH]
    if not items:
        raise BadSignature("no signature of an accepted form")
    held = {key.kid: key for key in account.all_keys("verify")}
    named = [(held[kid], text) for kid, text in items if kid in held]
    if not named:
        raise UnknownKey("the account holds none of the keys that are named")
    for key, text in named:
        try:
            return _proven(callback, account, key, text).then(json_fields)
        except BadSignature:
            continue
    raise BadSignature("no signature fits the key that it names")


def _proven(callback: Callback, account: Account, key: Key, text: str) -> Authentic[bytes]:
    encoded = account.settings["key_encoding"] == "hex"
    return check_keyed_digest(
        (whole_body(callback),),
        _hmac_of_hex if encoded else hmac_of_text,
        signatures=(from_hex(text, error=BadSignature),),
        keys=(key,),
    )


def _hmac_of_hex(secret: bytes, octets: bytes) -> bytes:
    return hmac.digest(bytes.fromhex(secret.decode("ascii")), octets, "sha256")


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    event = notice.content
    details = event.child("eventDetails")
    if details.text("classification") == "payout":
        return ()
    word = details.text("type")
    announced = meaning(PAYMENT_TYPES, word, what="type")
    if announced is None:
        return ()
    number, named = details.text("transactionReference"), details.optional_text("reference")
    return (
        Fact(
            type=announced,
            payment_id=number,
            merchant_order_id=number,
            authorization_id=number if announced == "PaymentAuthorized" else None,
            refund_id=details.text("reference") if announced in REFUNDS else None,
            dispute_id=named if announced in DISPUTES else None,
            amount=_money(details),
            occurred_at_ms=_time(event),
            reverses_success=word == "settlementFailed",
        ),
    )


def _money(details: Fields) -> Money | None:
    amount = details.optional_child("amount")
    if amount is None:
        return None
    return Money.from_minor(amount.integer("value"), amount.text("currencyCode"))


def _time(event: Fields) -> int:
    text = event.text("eventTimestamp").removesuffix("Z")
    return local_ms(text, offset_minutes=0, what="eventTimestamp")


def check(account: Account) -> tuple[str, ...]:
    """Find secrets that are not hex though the setting says so."""
    if account.settings["key_encoding"] != "hex":
        return ()
    faults = []
    for key in account.all_keys("verify"):
        try:
            bytes.fromhex(key.secret.reveal().decode("ascii"))
        except ValueError:
            faults.append(
                f"verify key {key.kid}: the secret is no hex; choose utf8, or correct it"
            )
    return tuple(faults)


PROVIDER: Final = Provider(
    name="worldpay",
    title="Worldpay",
    protocol="Access events",
    methods=("POST",),
    settings=(
        pinned("key_encoding", ("hex", "utf8"), "hex: the secret is decoded; utf8: its text"),
    ),
    keys=(
        KeyForm(
            use="verify",
            kind="secret",
            decode=secret_text(),
            required=True,
            chosen_by="kid = key id, the first part of an Event-Signature item",
            note="the shared secret",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(900, 1_800, 3_600, 7_200, 7_200, 7_200),
)
