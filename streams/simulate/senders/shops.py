"""Shops and merchants of record, and the scheme that some of them share."""

import base64
import hmac
from typing import Any, Final

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import BOTH, Content, Ids, Payment, Refund, Signed, Simulated, major
from streams.simulate.recipes import (
    JSON,
    b64,
    body_mac,
    coded,
    exactly_200,
    iso,
    json_octets,
    numbered,
    raised,
    shared,
)


def lemon_squeezy(
    word: str, payment: Payment, keys: AccountKeys, refunded: int, status: str
) -> Content:
    test = keys.mode == "test"
    kind, _, own = payment.id.partition(":")
    at = iso(payment.occurred_ms) + ".000000Z"
    attributes = {"status": status, "currency": payment.currency, "total": payment.amount_minor,
                  "refunded_amount": refunded, "created_at": at, "test_mode": test,
                  "refunded_at": at if refunded else None}  # fmt: skip
    custom = {keys.settings["order_id_custom_data_key"]: payment.order}
    meta = {"event_name": word, "test_mode": test, "custom_data": custom}
    return {"meta": meta, "data": {"type": kind, "id": own, "attributes": attributes}}


def lemon_squeezy_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return lemon_squeezy("order_created", payment, keys, 0, "paid")


def lemon_squeezy_refunded(
    payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids
) -> Content:
    status = "refunded" if refund.full else "partial_refund"
    return lemon_squeezy("order_refunded", payment, keys, refund.total_minor, status)


LEMON_SQUEEZY = Simulated(
    name="lemon-squeezy",
    currency="USD",
    form=shared({"order_id_custom_data_key": "order_id"}),
    retry_after_s=(5, 25, 125),
    accepts=exactly_200,
    sign=body_mac("X-Signature"),
    payment_id=lambda ids, ms: "orders:" + numbered(7)(ids, ms),
    payment=lemon_squeezy_paid,
    refund=lemon_squeezy_refunded,
    running_totals=True,
    names_refunds=False,
    tampered=raised('"total": '),
    other_mode_code="wrong_account",
)


def paddle(word: str, resource: Content, ms: int, ids: Ids) -> Content:
    return {
        "event_id": "evt_" + ids.hex(26),
        "event_type": word,
        "occurred_at": iso(ms) + ".123456Z",
        "notification_id": "ntf_" + ids.hex(26),
        "data": resource,
    }


def paddle_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    transaction = {"id": payment.id, "status": "paid", "currency_code": payment.currency,
                   "custom_data": {keys.settings["order_id_custom_data_key"]: payment.order},
                   "details": {"totals": {"grand_total": str(payment.amount_minor)}}}  # fmt: skip
    return paddle("transaction.paid", transaction, payment.occurred_ms, ids)


def paddle_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    adjustment = {"id": refund.id, "action": "refund", "transaction_id": payment.id,
                  "status": "approved", "currency_code": payment.currency,
                  "totals": {"total": str(refund.amount_minor)}}  # fmt: skip
    return paddle("adjustment.updated", adjustment, refund.occurred_ms, ids)


def sign_paddle(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body, stamp = json_octets(content), str(now_ms // 1000)
    # The whole text of the secret is the key, and a colon stands between time and body.
    mac = hmac.new(keys.secret("verify").encode(), f"{stamp}:".encode() + body, "sha256")
    return Signed((JSON, ("Paddle-Signature", f"ts={stamp};h1={mac.hexdigest()}")), body)


PADDLE = Simulated(
    name="paddle",
    currency="USD",
    form=shared({"order_id_custom_data_key": "order_id"}, "pdl_ntfset_{hex_32}"),
    retry_after_s=(*(180,) * 20, *(6_300,) * 40),
    accepts=exactly_200,
    sign=sign_paddle,
    signs_time=True,
    # Its window is five seconds.
    fresh_ms=0,
    stale_code="stale",
    payment_id=lambda ids, ms: "txn_" + ids.hex(26),
    refund_id=lambda ids, ms: "adj_" + ids.hex(26),
    payment=paddle_paid,
    refund=paddle_refunded,
    tampered=raised('"grand_total": "'),
)


def sign_standard(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Standard Webhooks: id, time and body, dotted; the key is text or what the text encodes."""
    body, stamp, own = json_octets(content), str(now_ms // 1000), "msg_" + nonce[:27]
    prefix, text = keys.settings.get("header_prefix", "webhook"), keys.secret("verify")
    raw = keys.settings["secret_encoding"] == "raw"
    key = text.encode() if raw else base64.b64decode(text.removeprefix("whsec_"))
    mac = b64(hmac.digest(key, f"{own}.{stamp}.".encode() + body, "sha256"))
    headers = ((f"{prefix}-id", own), (f"{prefix}-timestamp", stamp),
               (f"{prefix}-signature", f"v1,{mac}"))  # fmt: skip
    return Signed((JSON, *headers), body)


def polar(word: str, resource: Content, ms: int) -> Content:
    return {"type": word, "timestamp": iso(ms) + "Z", "data": resource}


def polar_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    order = {"id": payment.id, "status": "paid", "total_amount": payment.amount_minor,
             "currency": payment.currency.lower(),
             "metadata": {keys.settings["order_id_metadata_key"]: payment.order}}  # fmt: skip
    return polar("order.paid", order, payment.occurred_ms)


def polar_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    returned = {"id": refund.id, "order_id": payment.id, "status": "succeeded", "metadata": {},
                "amount": refund.amount_minor, "currency": payment.currency.lower()}  # fmt: skip
    return polar("refund.updated", returned, refund.occurred_ms)


POLAR = Simulated(
    name="polar",
    currency="USD",
    form=shared(
        {"secret_encoding": "raw", "order_id_metadata_key": "order_id"}, "polar_whs_{hex_32}"
    ),
    retry_after_s=(10, 30, 60, 120, 300, 600, 1_200, 1_200, 1_200),
    sign=sign_standard,
    signs_time=True,
    stale_code="stale",
    payment_id=lambda ids, ms: ids.hex(32),
    refund_id=lambda ids, ms: ids.hex(32),
    payment=polar_paid,
    refund=polar_refunded,
    tampered=raised('"total_amount": '),
)


def standard_event(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return polar("payment.succeeded", {"id": payment.id, "amount": 1}, payment.occurred_ms)


def standard_refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return polar("payment.refunded", {"id": refund.id}, refund.occurred_ms)


STANDARD_WEBHOOKS = Simulated(
    name="standard-webhooks",
    currency="USD",
    form=shared({"secret_encoding": "base64", "header_prefix": "webhook"}, "whsec_{base64_24}"),
    retry_after_s=(5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400),
    sign=sign_standard,
    signs_time=True,
    payment_id=coded("pay_", 20),
    refund_id=coded("ref_", 20),
    payment=standard_event,
    refund=standard_refund,
    # The scheme gives proof and no meaning.
    weak=BOTH,
)


def sign_shopify(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The body alone is signed; its topic and shop stand beside it."""
    body = json_octets(content["resource"])
    mac = b64(hmac.digest(keys.secret("verify").encode(), body, "sha256"))
    beside = {"X-Shopify-Topic": content["topic"],
              "X-Shopify-Shop-Domain": keys.settings["shop_domain"],
              "X-Shopify-Event-Id": nonce, "X-Shopify-Hmac-Sha256": mac}  # fmt: skip
    return Signed((JSON, *beside.items()), body)


def shopify_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    order: dict[str, Any] = {
        "id": int(payment.id),
        "name": payment.order,
        "currency": payment.currency,
        "total_price": major(payment.amount_minor),
        "financial_status": "paid",
        "test": keys.mode == "test",
        "processed_at": iso(payment.occurred_ms) + "+00:00",
    }
    return {"topic": "orders/paid", "resource": order}


def shopify_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    transaction: dict[str, Any] = {
        "id": int(refund.id),
        "order_id": int(payment.id),
        "kind": "refund",
        "status": "success",
        "amount": major(refund.amount_minor),
        "currency": payment.currency,
        "test": keys.mode == "test",
        "processed_at": iso(refund.occurred_ms) + "+00:00",
        "parent_id": int(numbered(10)(ids, 0)),
    }
    returned = {"id": int(numbered(10)(ids, 0)), "order_id": int(payment.id)}
    return {"topic": "refunds/create", "resource": returned | {"transactions": [transaction]}}


SHOPIFY = Simulated(
    name="shopify",
    currency="EUR",
    form=shared(
        {"shop_domain": "example-shop.myshopify.com", "payment_topics": "orders"},
        "shpss_{hex_32}",
    ),
    retry_after_s=(30, 60, 300, 600, 1_200, 2_400, 3_600, 5_400),
    sign=sign_shopify,
    payment_id=numbered(13),
    refund_id=numbered(13),
    payment=shopify_paid,
    refund=shopify_refunded,
    tampered=raised('"total_price": "'),
    foreign=("shop_domain", "wrong_account"),
)


SENDERS: Final = (LEMON_SQUEEZY, PADDLE, POLAR, STANDARD_WEBHOOKS, SHOPIFY)
