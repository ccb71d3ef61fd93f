"""Adyen webhooks: standard notifications, signed item by item, and platform webhooks.

Signed:     standard: ``additionalData.hmacSignature`` of each item is Base64 HMAC-SHA-256 over
            eight of its fields joined by colons, without escapes, absent ones empty; platform:
            header ``HmacSignature`` over the raw body. The key is written in hex. [hmacdoc, py]
            Nothing else of an item is proven, neither ``live`` nor ``eventDate`` nor
            ``additionalData``: they refuse or date an item and say nothing more.
Identity:   a payment is the pspReference of its AUTHORISATION, which every later item carries as
            originalReference; captures, refunds and disputes have a pspReference of their own.
Money:      integers of Adyen's own minor units, as number or as text. [doc currency-codes]
Capture:    the account says whether AUTHORISATION or CAPTURE is the payment; no item does.
Retries:    3 at once, then a queue for 30 days that repeats the earliest message first, so one
            refused message would hold up all later ones: the reply is sent once stored. [trouble]
Platform:   authenticity only; no payment meaning is assigned to its events.
Source:     adyen-python-api-library 16.0.0, adyen-openapi Webhooks-v1, docs.adyen.com. Vectors:
            tests/vectors/adyen.json.
"""

from typing import Final, TypeVar

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, plain_reply
from processors.encodings import digits, from_base64
from processors.fields import NOTHING, Fields, meaning, same_account, same_mode
from processors.json_texts import json_fields
from processors.keys import KeyForm, secret_hex
from processors.messages import decodable, joined
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic, Message
from schemas.callback import Callback
from schemas.errors import BadSignature, CallbackError, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

T = TypeVar("T")
SIGNED: Final = (
    "pspReference", "originalReference", "merchantAccountCode", "merchantReference", "value",
    "currency", "eventCode", "success",
)  # fmt: skip
# Where Adyen's minor units are not those of ISO 4217. [doc currency-codes]
EXPONENTS: Final = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}
MODES: Final = {"true": "live", "false": "test"}

# Event codes by success, and what each announces; None: nothing a consumer could act on. A code,
# or a success of a code, that is not listed is parked. [oas, sheet Meaning]
STATED: Final[dict[str, FactType | None]] = {
    "AUTHORISATION false": "PaymentFailed",
    "PENDING true": None,
    "CAPTURE_FAILED true": "PaymentReversed",
    "CANCELLATION true": "PaymentClosed",
    "CANCELLATION false": None,
    "TECHNICAL_CANCEL true": "PaymentClosed",
    "TECHNICAL_CANCEL false": None,
    "EXPIRE true": "PaymentClosed",
    "OFFER_CLOSED true": "PaymentClosed",
    "CANCEL_OR_REFUND false": None,  # It may have been a cancellation.
    "REFUND true": "RefundCompleted",
    "REFUND false": "RefundFailed",
    "REFUND_WITH_DATA true": "RefundCompleted",
    "REFUND_WITH_DATA false": "RefundFailed",
    "REFUND_FAILED true": "RefundFailed",
    "REFUNDED_REVERSED true": "RefundFailed",
    "POSTPONED_REFUND true": None,
    "VOID_PENDING_REFUND true": None,
}
# The account's capture decides which of two codes is the payment.
BY_CAPTURE: Final[dict[str, dict[str, FactType | None]]] = {
    "immediate": STATED
    | {
        "AUTHORISATION true": "PaymentSucceeded",
        "CAPTURE true": None,  # May state another amount than the AUTHORISATION announced.
        "CAPTURE false": None,
    },
    "manual": STATED
    | {
        "AUTHORISATION true": "PaymentAuthorized",
        "CAPTURE true": "PaymentSucceeded",
        "CAPTURE false": "PaymentFailed",
    },
}
# Codes that say the same whatever their success.
EITHER_WAY: Final[dict[str, FactType | None]] = {
    "NOTIFICATION_OF_CHARGEBACK": "DisputeOpened",
    "REQUEST_FOR_INFORMATION": "DisputeOpened",
    "CHARGEBACK": "DisputeOpened",
    "CHARGEBACK_REVERSED": "DisputeWon",
    "PREARBITRATION_WON": "DisputeWon",
    "SCHEME_ARBITRATION_WON": "DisputeWon",
    "SECOND_CHARGEBACK": "DisputeLost",
    "PREARBITRATION_LOST": "DisputeLost",
    "SCHEME_ARBITRATION_LOST": "DisputeLost",
    "NOTIFICATION_OF_FRAUD": None,
    "DISPUTE_DEFENSE_PERIOD_ENDED": None,
    "AUTHORISATION_ADJUSTMENT": None,
    "ORDER_OPENED": None,
    "ORDER_CLOSED": None,
    "REPORT_AVAILABLE": None,
    "RECURRING_CONTRACT": None,
    "AUTORESCUE": None,
    "PAIDOUT_REVERSED": None,
}
IGNORED_FAMILIES: Final = ("PREARBITRATION_", "SCHEME_ARBITRATION", "MANUAL_REVIEW_", "PAYOUT_")


def authenticate(
    callback: Callback, account: Account
) -> Authentic[Fields] | tuple[Authentic[Fields] | CallbackError, ...]:
    if account.settings["webhook_type"] == "platform":
        header = callback.header("hmacsignature", absent=BadSignature)
        whole = Message(callback.body, callback.body)
        return _checked(whole, header, account).then(json_fields)
    envelope = json_fields(callback.body)
    items = envelope.raw("notificationItems")
    if not isinstance(items, list):
        raise Malformed("no list of notification items")
    live = envelope.optional_text("live")
    return tuple(_item(each, live, account) for each in items)


def _item(
    wrapped: object, live: str | None, account: Account
) -> Authentic[Fields] | CallbackError:
    # Items are judged one by one: a bad one must not take the good ones with it.
    try:
        if not isinstance(wrapped, dict):
            raise Malformed("a notification item that is no object")
        item = Fields(wrapped).child("NotificationRequestItem")
        extra = item.optional_child("additionalData") or NOTHING
        signature = extra.text("hmacSignature", absent=BadSignature).encode()
        beside = Fields({"live": live, "eventDate": item.raw("eventDate")})
        signed = _signed(item)
        message = Message(joined(signed.values(), ":"), Fields(signed), beside)
        return _checked(message, signature, account)
    except CallbackError as error:
        return error


def _checked(message: Message[T], signature: bytes, account: Account) -> Authentic[T]:
    signatures = decodable((signature,), from_base64, octets=32)
    return check_secret_hmac(message, account, hash="sha256", signatures=signatures)


def _signed(item: Fields) -> dict[str, str | None]:
    amount = item.optional_child("amount") or NOTHING
    number = amount.raw("value")
    texts = {
        name: item.optional_text(name) for name in SIGNED if name not in ("value", "currency")
    }
    texts["value"] = str(number) if type(number) is int else amount.optional_text("value")
    texts["currency"] = amount.optional_text("currency")
    # Joined without escapes, a colon could move text from one field into the next. Only the order
    # number may hold one: then the other seven still have one reading.
    for name, text in texts.items():
        if name != "merchantReference" and text is not None and ":" in text:
            raise Malformed(f"a colon in {name}")
    return {name: texts[name] for name in SIGNED}


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    item = notice.content
    if account.settings["webhook_type"] == "platform":
        same_mode(item.text("environment"), account.mode)
        return ()
    code = item.text("merchantAccountCode")
    same_account(merchantAccountCode=(code, account.settings["merchant_account_code"]))
    same_mode(MODES.get(notice.unproven.text("live"), ""), account.mode)
    word, success = item.text("eventCode"), item.text("success")
    if word == "CANCEL_OR_REFUND" and success == "true":
        # Which of the two stands in additionalData, outside the signature.
        return (Inquiry(word, item.text("originalReference")),)
    announced = _announced(word, success, account.settings["capture_delay"])
    return () if announced is None else (_fact(announced, word, notice, account),)


def _announced(word: str, success: str, capture_delay: str) -> FactType | None:
    if success not in ("true", "false"):
        raise Malformed("success is neither true nor false")
    if word in EITHER_WAY:
        return EITHER_WAY[word]
    if word.startswith(IGNORED_FAMILIES):
        return None
    return meaning(BY_CAPTURE[capture_delay], f"{word} {success}", what="eventCode")


def _fact(announced: FactType, word: str, notice: Authentic[Fields], account: Account) -> Fact:
    item = notice.content
    reference = item.optional_text("pspReference")
    payment_id = item.optional_text("originalReference")
    if word == "AUTHORISATION":
        payment_id = item.text("pspReference")
    elif word in ("EXPIRE", "OFFER_CLOSED"):
        payment_id = payment_id or reference
    if announced in ("PaymentSucceeded", "PaymentReversed") and payment_id is None:
        raise UnknownMeaning("a capture that names no payment")
    several = account.settings["capture_delay"] == "manual" and word.startswith("CAPTURE")
    date = notice.unproven.optional_text("eventDate")
    return Fact(
        type=announced,
        payment_id=payment_id,
        merchant_order_id=item.optional_text("merchantReference"),
        occurred_at_ms=None if date is None else notice.unproven.rfc3339_ms("eventDate"),
        amount=_money(item),
        capture_id=reference if several else None,
        attempt_id=reference if word == "CAPTURE" else None,
        refund_id=reference if announced.startswith("Refund") else None,
        dispute_id=reference if announced.startswith("Dispute") else None,
    )


def _money(item: Fields) -> Money | None:
    # Published cancellations have no amount; `Fact.check` knows which types must have one.
    if "value" not in item and "currency" not in item:
        return None
    value = digits(item.text("value"), what="amount.value")
    return Money.from_minor(value, item.text("currency"), EXPONENTS)


def check(account: Account) -> tuple[str, ...]:
    """Return what a standard webhook lacks."""
    needed = ("merchant_account_code", "capture_delay")
    if account.settings["webhook_type"] == "standard":
        return tuple(
            f"set {name}: a standard webhook needs it"
            for name in needed
            if name not in account.settings
        )
    return ()


PROVIDER: Final = Provider(
    name="adyen",
    title="Adyen",
    protocol="standard notification webhooks (JSON, HMAC per item) and platform webhooks",
    methods=("POST",),
    settings=(
        Setting(
            name="webhook_type",
            required=True,
            pinned=True,
            choices=("standard", "platform"),
            meaning="standard: a signature in each item; platform: one in a header",
            example="standard",
        ),
        Setting(
            name="merchant_account_code",
            required=False,
            pinned=False,
            choices=(),
            meaning="own merchant account; a standard webhook needs it",
            example="ShopEU",
        ),
        Setting(
            name="capture_delay",
            required=False,
            pinned=True,
            choices=("immediate", "manual"),
            meaning="immediate: AUTHORISATION is a payment; manual: it is an authorisation and "
            "CAPTURE is the payment; a standard webhook needs it",
            example="manual",
        ),
    ),
    keys=(
        KeyForm(
            use="verify",
            kind="secret",
            decode=secret_hex(octets=32),
            required=True,
            chosen_by="all tried",
            note="the HMAC key, 64 hex digits; keep the old one for weeks after a change",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"[accepted]", b""),
    handshake=None,
    # The queue's steps; afterwards every 8 hours until 30 days have passed. [trouble]
    retry_after_s=(
        *(120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800),
        *(28_800,) * 87,
    ),
)
