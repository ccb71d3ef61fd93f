"""Adyen cases: every code by success, batches, rotation, currencies. Signed by the official SDK.

Run with a Python that has the package `Adyen` (16.0.0):
``python -m tests.vectors.generators.adyen``
"""

import json
from typing import Any

from Adyen.util import generate_notification_sig, generate_payload_sig

from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

KEY = "5D1A0C4E7F2B39680D1C2B3A495867768594A3B2C1D0EFFEDCBA987654321001"
OLD_KEY = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
OCCURRED = "2025-06-15T15:06:40.000Z"
AT_MS = 1_750_000_001_000
PAYMENT = "PAY0000000000001"
MODIFICATION = "MOD0000000000001"


def key(kid: str, text: str, **dates: str) -> dict[str, Any]:
    return {"kid": kid, "use": "verify", "kind": "secret", "text": text, **dates}


def account(
    *keys: dict[str, Any], capture: str = "manual", mode: str = "live", kind: str = "standard"
) -> dict[str, Any]:
    settings = {"webhook_type": kind}
    if kind == "standard":
        settings |= {"merchant_account_code": "ShopEU", "capture_delay": capture}
    return {"mode": mode, "settings": settings, "keys": list(keys) or [key("1", KEY)]}


def item(code: str, success: str = "true", **members: Any) -> dict[str, Any]:
    own = code in ("AUTHORISATION", "PENDING", "OFFER_CLOSED")
    whole = {
        "pspReference": PAYMENT if own else MODIFICATION,
        "originalReference": None if own else PAYMENT,
        "merchantAccountCode": "ShopEU",
        "merchantReference": "M-1",
        "amount": {"value": 5000, "currency": "EUR"},
        "eventCode": code,
        "eventDate": "2025-06-15T17:06:40+02:00",
        "success": success,
        "additionalData": {},
    } | members
    return {name: value for name, value in whole.items() if value is not None}


def signed(fields: dict[str, Any], hmac_key: str = KEY) -> dict[str, Any]:
    # The SDK cannot sign an item without an amount, nor absent texts: empty ones sign alike.
    complete = {"amount": {"value": "", "currency": ""}} | fields
    signature = generate_notification_sig(complete, hmac_key)
    extra = fields.get("additionalData", {})
    text = signature.decode() if isinstance(signature, bytes) else signature
    return fields | {"additionalData": {"hmacSignature": text} | extra}


def body(*items: dict[str, Any], live: str = "true") -> bytes:
    wrapped = [{"NotificationRequestItem": each} for each in items]
    return json.dumps({"live": live, "notificationItems": wrapped}).encode()


def made(
    name: str,
    note: str,
    octets: bytes,
    expect: dict[str, Any],
    *,
    of: dict[str, Any] | None = None,
    headers: list[list[str]] | None = None,
    origin: str = "made-here",
    received_at_ms: int = AT_MS,
) -> dict[str, Any]:
    return case(
        name, note, account=of or account(), provider="adyen", headers=headers or [],
        body=octets, received_at_ms=received_at_ms, expect=expect, origin=origin,
    )  # fmt: skip


def fact(fact_type: str, **members: Any) -> dict[str, Any]:
    return {
        "type": fact_type, "payment_id": PAYMENT, "merchant_order_id": "M-1",
        "amount_minor": 5000, "currency": "EUR", "occurred_at": OCCURRED,
    } | members  # fmt: skip


REFUND = {"refund_id": MODIFICATION}
DISPUTE = {"dispute_id": MODIFICATION}
CAPTURE = {"capture_id": MODIFICATION}
CODES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("AUTHORISATION", "true", "immediate", accepted(fact("PaymentSucceeded"))),
    ("AUTHORISATION", "true", "manual", accepted(fact("PaymentAuthorized"))),
    ("AUTHORISATION", "false", "manual", accepted(fact("PaymentFailed"))),
    ("AUTHORISATION_ADJUSTMENT", "true", "manual", accepted()),
    ("PENDING", "true", "manual", accepted()),
    ("CAPTURE", "true", "immediate", accepted()),
    ("CAPTURE", "true", "manual", accepted(fact("PaymentSucceeded", **CAPTURE))),
    ("CAPTURE", "false", "manual", accepted(fact("PaymentFailed"))),
    ("CAPTURE_FAILED", "true", "immediate", accepted(fact("PaymentReversed", capture_id=None))),
    ("CAPTURE_FAILED", "true", "manual", accepted(fact("PaymentReversed", **CAPTURE))),
    ("CANCELLATION", "true", "manual", accepted(fact("PaymentClosed"))),
    ("CANCELLATION", "false", "manual", accepted()),
    ("TECHNICAL_CANCEL", "false", "manual", accepted()),
    ("EXPIRE", "true", "manual", accepted(fact("PaymentClosed"))),
    ("OFFER_CLOSED", "true", "manual", accepted(fact("PaymentClosed"))),
    ("CANCEL_OR_REFUND", "true", "manual", accepted()),
    ("CANCEL_OR_REFUND", "false", "manual", accepted()),
    ("REFUND", "true", "manual", accepted(fact("RefundCompleted", **REFUND))),
    ("REFUND", "false", "manual", accepted(fact("RefundFailed", **REFUND))),
    ("REFUND_WITH_DATA", "true", "manual", accepted(fact("RefundCompleted", **REFUND))),
    ("REFUND_FAILED", "true", "manual", accepted(fact("RefundFailed", **REFUND))),
    ("REFUNDED_REVERSED", "true", "manual", accepted(fact("RefundFailed", **REFUND))),
    ("REFUND_REVERSED", "true", "manual", unsupported("unknown_meaning")),
    ("POSTPONED_REFUND", "true", "manual", accepted()),
    ("VOID_PENDING_REFUND", "true", "manual", accepted()),
    ("ORDER_OPENED", "true", "manual", accepted()),
    ("ORDER_CLOSED", "true", "manual", accepted()),
    ("NOTIFICATION_OF_CHARGEBACK", "true", "manual", accepted(fact("DisputeOpened", **DISPUTE))),
    ("REQUEST_FOR_INFORMATION", "true", "manual", accepted(fact("DisputeOpened", **DISPUTE))),
    ("CHARGEBACK", "true", "manual", accepted(fact("DisputeOpened", **DISPUTE))),
    ("CHARGEBACK_REVERSED", "true", "manual", accepted(fact("DisputeWon", **DISPUTE))),
    ("SECOND_CHARGEBACK", "true", "manual", accepted(fact("DisputeLost", **DISPUTE))),
    ("PREARBITRATION_WON", "true", "manual", accepted(fact("DisputeWon", **DISPUTE))),
    ("PREARBITRATION_LOST", "true", "manual", accepted(fact("DisputeLost", **DISPUTE))),
    ("SCHEME_ARBITRATION", "true", "manual", accepted()),
    ("NOTIFICATION_OF_FRAUD", "true", "manual", accepted()),
    ("DISPUTE_DEFENSE_PERIOD_ENDED", "true", "manual", accepted()),
    ("RECURRING_CONTRACT", "true", "manual", accepted()),
    ("MANUAL_REVIEW_ACCEPT", "true", "manual", accepted()),
    ("AUTORESCUE", "true", "manual", accepted()),
    ("PAYOUT_THIRDPARTY", "true", "manual", accepted()),
    ("PAIDOUT_REVERSED", "true", "manual", accepted()),
    ("TELEPORTED", "true", "manual", unsupported("unknown_meaning")),
    ("EXPIRE", "false", "manual", unsupported("unknown_meaning")),
]

CURRENCIES = [
    ("CNY", 1280, 1280), ("JPY", 500, 500), ("KWD", 12_345, 12_345), ("ISK", 150_000, 1500),
    ("CVE", 100, 10_000), ("IDR", 20_000, 2_000_000), ("CLF", 12_345, 12_345),
]  # fmt: skip


def batches() -> list[dict[str, Any]]:
    first = signed(item("AUTHORISATION"))
    second = signed(item("AUTHORISATION", pspReference="PAY0000000000002"))
    forged = second | {"amount": {"value": 1, "currency": "EUR"}}
    other = signed(item("AUTHORISATION", merchantAccountCode="ShopUS"))
    now = account(capture="immediate")
    one = fact("PaymentSucceeded")
    two = fact("PaymentSucceeded", payment_id="PAY0000000000002")
    return [
        made("batch-of-two", "Each item is a fact.", body(first, second), accepted(one, two),
             of=now),
        made("batch-with-a-forged-item", "A bad item does not take the good one with it.",
             body(first, forged), accepted(one), of=now),
        made("batch-forged-item-first", "In whatever order.", body(forged, first), accepted(one),
             of=now),
        made("batch-with-an-item-of-another-account", "Judged one by one.", body(other, second),
             accepted(two), of=now),
        made("batch-of-forged-items", "Nothing good in it.", body(forged, forged),
             refused("bad_signature"), of=now),
        made("batch-with-an-empty-wrapper", "One item is no item at all.",
             body(first).replace(b'"notificationItems": [', b'"notificationItems": [{}, '),
             accepted(one), of=now),
        made("batch-with-an-item-that-is-no-object", "Nor this one.",
             body(first).replace(b'"notificationItems": [', b'"notificationItems": [null, '),
             accepted(one), of=now),
        made("same-item-twice", "One fact, whatever the batch.", body(first, first),
             accepted(one), of=now),
    ]  # fmt: skip


def proofs() -> list[dict[str, Any]]:
    good = signed(item("AUTHORISATION"))
    event = accepted(fact("PaymentAuthorized"))
    shifted = signed(item("AUTHORISATION", merchantReference="A:B"))
    moved = shifted | {"merchantAccountCode": "ShopEU:A", "merchantReference": "B"}
    both = account(key("2", KEY), key("1", OLD_KEY, not_after="2025-06-16T00:00:00Z"))
    ended = account(key("2", KEY), key("1", OLD_KEY, not_after="2025-06-15T00:00:00Z"))
    old = signed(item("AUTHORISATION"), OLD_KEY)
    dateless = {name: value for name, value in good.items() if name != "eventDate"}
    failed = signed(item("REFUND_FAILED", pspReference=""))
    acted = signed(item("CANCEL_OR_REFUND"))
    acted["additionalData"]["modification.action"] = "refund"
    platform = b'{"type":"balancePlatform.transfer.updated","environment":"live","data":{}}'
    return [
        made("sdk-authorisation", "Signed by the SDK.", body(good), event, origin="sdk"),
        made("sdk-platform-event", "Signed by the SDK over the raw body.", platform, accepted(),
             of=account(kind="platform"), headers=platform_headers(platform), origin="sdk"),
        made("platform-event-of-the-other-mode", "environment decides.", platform,
             refused("wrong_account"), of=account(kind="platform", mode="test"),
             headers=platform_headers(platform)),
        made("platform-body-changed", "Every byte is signed.",
             platform.replace(b"updated", b"created"), refused("bad_signature"),
             of=account(kind="platform"), headers=platform_headers(platform)),
        made("order-number-with-a-colon", "Only the order number may hold one.", body(shifted),
             accepted(fact("PaymentAuthorized", merchant_order_id="A:B"))),
        made("colon-moved-into-the-account", "The same signed text, read in another way.",
             body(moved), refused("malformed")),
        made("old-key-still-in-force", "Queued messages carry the old signature.", body(old),
             event, of=both),
        made("old-key-out-of-force", "Not for ever.", body(old), refused("bad_signature"),
             of=ended),
        made("date-missing", "Unproven: it dates an item or leaves it undated.", body(dateless),
             accepted(fact("PaymentAuthorized", occurred_at=None))),
        made("refund-failed-without-its-own-reference", "Known by the payment alone.",
             body(failed), accepted(fact("RefundFailed", refund_id=None))),
        made("cancel-or-refund-says-which-unsigned", "An unsigned field makes no type.",
             body(acted), accepted()),
        made("refund-that-names-no-payment", "Announced under its own id.",
             body(signed(item("REFUND", originalReference=""))),
             accepted(fact("RefundCompleted", payment_id=None, **REFUND))),
        made("capture-that-names-no-payment", "Its own reference is not the payment's.",
             body(signed(item("CAPTURE", originalReference=""))), unsupported("unknown_meaning")),
        made("success-neither-true-nor-false", "Signed, but no word of the format.",
             body(signed(item("AUTHORISATION", "maybe"))), refused("malformed")),
        made("payment-without-an-amount", "Absent is not zero.",
             body(signed(item("AUTHORISATION", amount=None))), refused("malformed")),
        made("live-missing", "What does not say its mode is not announced.",
             body(good).replace(b'"live": "true", ', b""), refused("malformed")),
        made("name-twice-in-the-json", "Signing and reading must see the same value.",
             body(good).replace(b'"eventCode"', b'"success": "true", "eventCode"'),
             refused("malformed")),
    ]  # fmt: skip


def platform_headers(octets: bytes) -> list[list[str]]:
    signature = generate_payload_sig(octets, KEY)
    text = signature.decode() if isinstance(signature, bytes) else signature
    return [["HmacSignature", text], ["Protocol", "HmacSHA256"]]


def main() -> None:
    codes = [
        made(f"{code.lower().replace('_', '-')}-{success}-{capture}",
             f"{code}, success {success}, capture {capture}: what the table says of it.",
             body(signed(item(code, success))), expect, of=account(capture=capture))
        for code, success, capture, expect in CODES
    ]  # fmt: skip
    currencies = [
        made(f"currency-{currency.lower()}", "Adyen's own minor units.",
             body(signed(item("AUTHORISATION", amount={"value": sent, "currency": currency}))),
             accepted(fact("PaymentAuthorized", amount_minor=minor, currency=currency)))
        for currency, sent, minor in CURRENCIES
    ]  # fmt: skip
    replace_generated("adyen", [*codes, *currencies, *batches(), *proofs()])


if __name__ == "__main__":
    main()
