"""Stripe as a sender: snapshot events, HMAC-SHA-256 over time and raw body."""

import hmac
import json

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    always,
    any_2xx,
)  # fmt: skip


def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body = json.dumps(content, ensure_ascii=False, indent=2).encode()
    stamp = str(now_ms // 1000)
    # The whole text of the secret is the key, its prefix included.
    mac = hmac.new(keys.secret("verify").encode(), f"{stamp}.".encode() + body, "sha256")
    headers = (
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
        ("Stripe-Signature", f"t={stamp},v1={mac.hexdigest()}"),
    )
    return Signed(headers, body)


def _event(kind: str, resource: Content, ms: int, keys: AccountKeys, ids: Ids) -> Content:
    return {
        "id": "evt_" + ids.mixed(24),
        "object": "event",
        "api_version": "2024-06-20",
        "created": ms // 1000,
        "data": {"object": resource},
        "livemode": keys.mode == "live",
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def _intent(
    kind: str, status: str, payment: Payment, keys: AccountKeys, ids: Ids, *,
    received: int = 0, capturable: int = 0,
) -> Content:  # fmt: skip
    intent = {
        "id": payment.id,
        "object": "payment_intent",
        "amount": payment.amount_minor,
        "amount_capturable": capturable,
        "amount_received": received,
        "currency": payment.currency.lower(),
        "created": payment.occurred_ms // 1000 - 60,
        "latest_charge": "ch" + payment.id[2:],
        "livemode": keys.mode == "live",
        "metadata": _metadata(payment, keys),
        "status": status,
        "description": "Café – ☕ 東京",
    }
    return _event(kind, intent, payment.occurred_ms, keys, ids)


def _metadata(payment: Payment, keys: AccountKeys) -> Content:
    return {keys.settings.get("order_id_metadata_key", "order_id"): payment.order}


def payment(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    kind, received = "payment_intent.succeeded", payment.amount_minor
    return _intent(kind, "succeeded", payment, keys, ids, received=received)


def session(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    """The Checkout Session tells the same payment under another id."""
    resource = {
        "id": "cs_" + ids.mixed(24),
        "object": "checkout.session",
        "amount_total": payment.amount_minor,
        "client_reference_id": payment.order,
        "created": payment.occurred_ms // 1000 - 120,
        "currency": payment.currency.lower(),
        "livemode": keys.mode == "live",
        "metadata": _metadata(payment, keys),
        "mode": "payment",
        "payment_intent": payment.id,
        "payment_status": "paid",
        "status": "complete",
    }
    return _event("checkout.session.completed", resource, payment.occurred_ms, keys, ids)


def authorised(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    kind, status = "payment_intent.amount_capturable_updated", "requires_capture"
    return _intent(kind, status, payment, keys, ids, capturable=payment.amount_minor)


def failed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    kind, status = "payment_intent.payment_failed", "requires_payment_method"
    return _intent(kind, status, payment, keys, ids)


def closed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _intent("payment_intent.canceled", "canceled", payment, keys, ids)


def refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return _refund(payment, refund, keys, ids, "succeeded")


def unknown(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    amount, ms = payment.amount_minor, payment.occurred_ms
    refund = Refund("re_" + ids.mixed(24), amount, amount, True, ms)
    return _refund(payment, refund, keys, ids, "reversed_by_bank")


def _refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids, status: str) -> Content:
    resource = {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount_minor,
        "charge": "ch" + payment.id[2:],
        "created": refund.occurred_ms // 1000,
        "currency": payment.currency.lower(),
        "metadata": {},
        "payment_intent": payment.id,
        "status": status,
    }
    return _event("refund.created", resource, refund.occurred_ms, keys, ids)


def disputed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    resource = {
        "id": "dp_" + ids.mixed(24),
        "object": "dispute",
        "amount": payment.amount_minor,
        "charge": "ch" + payment.id[2:],
        "created": payment.occurred_ms // 1000,
        "currency": payment.currency.lower(),
        "livemode": keys.mode == "live",
        "metadata": {},
        "payment_intent": payment.id,
        "reason": "fraudulent",
        "status": "needs_response",
    }
    return _event("charge.dispute.created", resource, payment.occurred_ms, keys, ids)


def _tampered(body: bytes, payment: Payment) -> bytes:
    return body.replace(b'"amount_received": ', b'"amount_received": 1')


STRIPE = Simulated(
    name="stripe",
    currency="EUR",
    method="POST",
    # Not published: exponential, three days in live mode.
    retry_after_s=(300, 1_800, 7_200, 18_000, 36_000, 43_200, 43_200, 43_200),
    accepts=any_2xx,
    sign=sign,
    signs_time=True,
    stale_code="stale",
    payment_id=lambda ids, ms: "pi_3" + ids.mixed(23),
    refund_id=lambda ids, ms: "re_3" + ids.mixed(23),
    payment=payment,
    refund=refund,
    authorised=authorised,
    failed=failed,
    closed=closed,
    disputed=disputed,
    second=session,
    unknown=unknown,
    batch=None,
    batch_code=None,
    probe=None,
    probe_code=None,
    tampered=_tampered,
    foreign=None,
    other_mode_code="wrong_account",
    running_totals=False,
    unavailable=always,
)
