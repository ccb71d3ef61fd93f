"""Stripe cases: every word and state, currencies, rotation. Signed by the official Python SDK.

Run: ``python -m tests.vectors.generators.stripe``
"""

import json
from typing import Any

from stripe import WebhookSignature

from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

AT_S = 1_750_000_000
SECRET = "whsec_madeHere_3vX9"
OLD_SECRET = "whsec_madeHere_old_1"
OCCURRED = "2025-06-15T15:06:40.000Z"


def key(kid: str, text: str, **dates: str) -> dict[str, Any]:
    return {"kid": kid, "use": "verify", "kind": "secret", "text": text, **dates}


def account(*keys: dict[str, Any], mode: str = "live") -> dict[str, Any]:
    settings = {"order_id_metadata_key": "order_id"}
    return {"mode": mode, "settings": settings, "keys": list(keys) or [key("1", SECRET)]}


def event(word: str, resource: dict[str, Any], **members: Any) -> bytes:
    whole = {
        "id": "evt_made1",
        "object": "event",
        "api_version": "2025-05-28.basil",
        "created": AT_S,
        "livemode": True,
        "type": word,
        "data": {"object": resource},
    }
    return json.dumps(whole | members, ensure_ascii=False).encode()


def intent(**members: Any) -> dict[str, Any]:
    return {
        "id": "pi_made1", "object": "payment_intent", "amount": 5000, "amount_received": 5000,
        "amount_capturable": 0, "currency": "eur", "status": "succeeded",
        "metadata": {"order_id": "M-1"}, "latest_charge": "ch_made1",
    } | members  # fmt: skip


def charge(**members: Any) -> dict[str, Any]:
    return {
        "id": "ch_made1", "object": "charge", "amount": 5000, "amount_captured": 5000,
        "captured": True, "currency": "eur", "payment_intent": None, "status": "succeeded",
        "metadata": {"order_id": "M-1"},
    } | members  # fmt: skip


def session(**members: Any) -> dict[str, Any]:
    return {
        "id": "cs_made1", "object": "checkout.session", "amount_total": 5000, "currency": "eur",
        "client_reference_id": "M-1", "payment_intent": "pi_made1", "payment_status": "paid",
        "metadata": None,
    } | members  # fmt: skip


def refund(**members: Any) -> dict[str, Any]:
    return {
        "id": "re_made1", "object": "refund", "amount": 700, "currency": "eur",
        "charge": "ch_made1", "payment_intent": "pi_made1", "status": "succeeded", "metadata": {},
    } | members  # fmt: skip


def dispute(**members: Any) -> dict[str, Any]:
    return {
        "id": "du_made1", "object": "dispute", "amount": 5000, "currency": "eur",
        "charge": "ch_made1", "payment_intent": "pi_made1", "status": "needs_response",
        "metadata": {},
    } | members  # fmt: skip


def fact(fact_type: str, payment_id: str | None = "pi_made1", **members: Any) -> dict[str, Any]:
    return {"type": fact_type, "payment_id": payment_id, "occurred_at": OCCURRED} | members


def money(
    fact_type: str, minor: int = 5000, currency: str = "EUR", **members: Any
) -> dict[str, Any]:
    return fact(fact_type, amount_minor=minor, currency=currency, **members)


MEANINGS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("intent-succeeded-partly-captured", "payment_intent.succeeded",
     intent(amount_received=3000), accepted(money("PaymentSucceeded", 3000))),
    ("intent-succeeded-in-another-status", "payment_intent.succeeded",
     intent(status="processing"), unsupported("unknown_meaning")),
    ("intent-capturable", "payment_intent.amount_capturable_updated",
     intent(amount_capturable=4000, status="requires_capture"),
     accepted(money("PaymentAuthorized", 4000))),
    ("intent-created", "payment_intent.created", intent(status="requires_action"), accepted()),
    ("intent-requires-action", "payment_intent.requires_action", intent(), accepted()),
    ("intent-partially-funded", "payment_intent.partially_funded", intent(), accepted()),
    ("intent-word-of-the-future", "payment_intent.teleported", intent(),
     unsupported("unknown_meaning")),
    ("charge-authorised", "charge.succeeded", charge(captured=False, amount_captured=0),
     accepted(money("PaymentAuthorized", payment_id="ch_made1"))),
    ("charge-captured-later", "charge.captured", charge(amount_captured=4500),
     accepted(money("PaymentSucceeded", 4500, payment_id="ch_made1"))),
    ("charge-of-an-intent", "charge.succeeded", charge(payment_intent="pi_made1"), accepted()),
    ("charge-of-an-expanded-intent-captured", "charge.captured",
     charge(payment_intent={"id": "pi_made1", "object": "payment_intent"}), accepted()),
    ("charge-pending", "charge.pending", charge(status="pending"), accepted()),
    ("charge-failed", "charge.failed", charge(payment_intent="pi_made1", status="failed"),
     accepted(fact("PaymentFailed"))),
    ("charge-expired", "charge.expired", charge(captured=False),
     accepted(fact("PaymentClosed", "ch_made1"))),
    ("charge-refunded-is-a-hint", "charge.refunded", charge(amount_refunded=700), accepted()),
    ("charge-updated", "charge.updated", charge(), accepted()),
    ("charge-word-of-the-future", "charge.evaporated", charge(), unsupported("unknown_meaning")),
    ("session-unpaid", "checkout.session.completed", session(payment_status="unpaid"), accepted()),
    ("session-without-price", "checkout.session.completed",
     session(payment_status="no_payment_required", payment_intent=None, amount_total=None),
     accepted()),
    ("session-in-an-unknown-state", "checkout.session.completed",
     session(payment_status="overpaid"), unsupported("unknown_meaning")),
    ("session-paid-without-an-intent", "checkout.session.completed",
     session(payment_intent=None), unsupported("unknown_meaning")),
    ("session-paid-later", "checkout.session.async_payment_succeeded", session(),
     accepted(money("PaymentSucceeded", merchant_order_id="M-1"))),
    ("session-failed-later", "checkout.session.async_payment_failed", session(),
     accepted(fact("PaymentFailed", merchant_order_id="M-1"))),
    ("session-expired-known-by-its-order", "checkout.session.expired",
     session(payment_intent=None, payment_status="unpaid"),
     accepted(fact("PaymentClosed", None, merchant_order_id="M-1"))),
    ("session-expired-that-nothing-names", "checkout.session.expired",
     session(payment_intent=None, client_reference_id=None), accepted()),
    ("refund-created-succeeded", "refund.created", refund(),
     accepted(money("RefundCompleted", 700, refund_id="re_made1"))),
    ("refund-requires-action", "refund.updated", refund(status="requires_action"), accepted()),
    ("refund-canceled", "refund.updated", refund(status="canceled"),
     accepted(money("RefundFailed", 700, refund_id="re_made1"))),
    ("refund-failed-word-with-a-good-state", "refund.failed", refund(),
     unsupported("unknown_meaning")),
    ("charge-refund-updated", "charge.refund.updated", refund(payment_intent=None),
     accepted(money("RefundCompleted", 700, payment_id="ch_made1", refund_id="re_made1"))),
    ("refund-that-names-no-payment", "refund.updated", refund(payment_intent=None, charge=None),
     accepted(money("RefundCompleted", 700, payment_id=None, refund_id="re_made1"))),
    ("dispute-money-withdrawn", "charge.dispute.funds_withdrawn", dispute(),
     accepted(fact("DisputeOpened", dispute_id="du_made1"))),
    ("dispute-money-back", "charge.dispute.funds_reinstated", dispute(status="won"),
     accepted(fact("DisputeWon", dispute_id="du_made1"))),
    ("dispute-won", "charge.dispute.closed", dispute(status="won"),
     accepted(fact("DisputeWon", dispute_id="du_made1"))),
    ("dispute-under-review", "charge.dispute.updated", dispute(status="under_review"), accepted()),
    ("dispute-inquiry-closed", "charge.dispute.closed", dispute(status="warning_closed"),
     accepted()),
    ("dispute-prevented", "charge.dispute.closed", dispute(status="prevented"), accepted()),
    ("dispute-in-an-unknown-state", "charge.dispute.created", dispute(status="haunted"),
     unsupported("unknown_meaning")),
    ("fraud-warning", "radar.early_fraud_warning.created", {"id": "issfr_1"}, accepted()),
    ("review-opened", "review.opened", {"id": "prv_1"}, accepted()),
    ("payout-paid", "payout.paid", {"id": "po_1"}, accepted()),
    ("customer-created", "customer.created", {"id": "cus_1"}, accepted()),
    ("family-of-the-future", "teleport.started", {"id": "t_1"}, unsupported("unknown_meaning")),
    # Currencies: Stripe's own minor units against ISO 4217.
    ("cny-two-decimals", "payment_intent.succeeded", intent(currency="cny", amount_received=1),
     accepted(money("PaymentSucceeded", 1, "CNY"))),
    ("jpy-no-decimals", "payment_intent.succeeded", intent(currency="jpy", amount_received=500),
     accepted(money("PaymentSucceeded", 500, "JPY"))),
    ("isk-hundredths-that-are-zero", "payment_intent.succeeded",
     intent(currency="isk", amount_received=150_000),
     accepted(money("PaymentSucceeded", 1500, "ISK"))),
    ("isk-hundredths-that-are-not-zero", "payment_intent.succeeded",
     intent(currency="isk", amount_received=150_050), unsupported("unknown_meaning")),
    ("ugx-hundredths-that-are-zero", "payment_intent.succeeded",
     intent(currency="ugx", amount_received=500_000),
     accepted(money("PaymentSucceeded", 5000, "UGX"))),
    ("clf-four-decimals", "payment_intent.succeeded",
     intent(currency="clf", amount_received=12_345),
     accepted(money("PaymentSucceeded", 12_345, "CLF"))),
    ("currency-that-iso-does-not-list", "payment_intent.succeeded", intent(currency="btc"),
     refused("malformed")),
    ("amount-as-text", "payment_intent.succeeded", intent(amount_received="5000"),
     refused("malformed")),
    ("amount-as-float", "payment_intent.succeeded", intent(amount_received=5000.0),
     refused("malformed")),
    ("amount-negative", "payment_intent.succeeded", intent(amount_received=-1),
     refused("malformed")),
    ("amount-above-two-to-the-53", "payment_intent.succeeded",
     intent(amount_received=2**53), refused("malformed")),
    ("order-number-configured-but-not-sent", "payment_intent.succeeded", intent(metadata={}),
     accepted(money("PaymentSucceeded", merchant_order_id=None))),
]  # fmt: skip


def signature(body: bytes, secret: str = SECRET, at_s: int = AT_S) -> str:
    return WebhookSignature.generate_signature_header(body.decode(), secret, at_s)


def made(
    name: str,
    note: str,
    body: bytes,
    expect: dict[str, Any],
    *,
    header: str | None = None,
    of: dict[str, Any] | None = None,
    received_at_ms: int = AT_S * 1000 + 900,
    origin: str = "made-here",
) -> dict[str, Any]:
    return case(
        name, note, account=of or account(), provider="stripe", body=body, expect=expect,
        headers=[["Stripe-Signature", header or signature(body)]],
        received_at_ms=received_at_ms, origin=origin,
    )  # fmt: skip


def proofs() -> list[dict[str, Any]]:
    body = event("payment_intent.succeeded", intent())
    good = accepted(money("PaymentSucceeded", merchant_order_id="M-1"))
    both = account(key("2", SECRET), key("1", OLD_SECRET, not_after="2025-06-16T00:00:00Z"))
    ended = account(key("2", SECRET), key("1", OLD_SECRET, not_after="2025-06-15T00:00:00Z"))
    thin = {
        "object": "v2.core.event", "created": "2025-06-15T15:06:40.000Z", "livemode": True,
        "related_object": {"id": "pi_made1", "type": "payment_intent", "url": "/v1/x"},
    }  # fmt: skip

    def thin_event(word: str) -> bytes:
        return json.dumps(thin | {"id": "evt_made2", "type": word}).encode()

    mac = signature(body).partition("v1=")[2]
    return [
        made("sdk-payment", "Signed by the SDK.", body, good, origin="sdk"),
        made("sdk-refund", "Signed by the SDK.", event("refund.updated", refund()),
             accepted(money("RefundCompleted", 700, refund_id="re_made1")), origin="sdk"),
        made("sdk-another-body", "The SDK's signature of another body.",
             body.replace(b"5000", b"9000"), refused("bad_signature"),
             header=signature(body), origin="sdk"),
        made("old-secret-still-in-force", "The rolled secret works until its end.", body, good,
             header=signature(body, OLD_SECRET), of=both),
        made("old-secret-out-of-force", "And not after it.", body, refused("bad_signature"),
             header=signature(body, OLD_SECRET), of=ended),
        made("signed-300-s-ahead", "Inclusive on the future side too.", body, good,
             received_at_ms=(AT_S - 300) * 1000),
        made("signed-300-s-and-1-ms-ahead", "A future time is refused like a past one.", body,
             refused("stale"), received_at_ms=(AT_S - 300) * 1000 - 1),
        made("signed-300-s-and-1-ms-ago", "One millisecond beyond.", body, refused("stale"),
             received_at_ms=(AT_S + 300) * 1000 + 1),
        made("time-not-digits", "int() takes signs and blanks.", body, refused("malformed"),
             header=f"t=+{AT_S},v1={mac}"),
        made("time-missing", "Nothing says what was signed.", body, refused("malformed"),
             header=f"v1={mac}"),
        made("signature-value-empty", "An empty MAC is none.", body, refused("bad_signature"),
             header=f"t={AT_S},v1="),
        made("name-twice-in-the-json", "Parsers differ about which value wins.",
             body.replace(b'"livemode"', b'"id": "evt_x", "livemode"'), refused("malformed")),
        made("livemode-missing", "What does not say its mode is not announced.",
             event("payment_intent.succeeded", intent(), livemode=None), refused("malformed")),
        made("live-event-on-a-test-account", "The mode decides.", body, refused("wrong_account"),
             of=account(mode="test")),
        made("type-missing", "Authentic, and nobody can say what it means.",
             event("payment_intent.succeeded", intent(), type=None),
             unsupported("unknown_meaning")),
        made("thin-event-of-a-payment", "A question, not an answer: nothing is announced.",
             thin_event("v1.payment_intent.succeeded"), accepted()),
        made("thin-event-of-something-else", "Ignored like its snapshot would be.",
             thin_event("v1.billing.meter.no_meter_found"), accepted()),
    ]  # fmt: skip


def main() -> None:
    meanings = [
        made(name, f"{word}: what the table says of it.", event(word, resource), expect)
        for name, word, resource, expect in MEANINGS
    ]
    replace_generated("stripe", [*meanings, *proofs()])


if __name__ == "__main__":
    main()
