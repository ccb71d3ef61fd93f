"""Shopify webhooks of orders, transactions, refunds and disputes (Admin API).

Signed:     ``X-Shopify-Hmac-Sha256`` is Base64 HMAC-SHA-256 of the raw body, keyed with the text
            of the app's client secret or the shop's webhook secret. The same secret signs other
            things, so only a JSON object is a message. [js]
Unsigned:   every other header. ``X-Shopify-Topic`` can only refuse or pass over a message: what is
            announced is read from the signed body. ``X-Shopify-Shop-Domain`` must be the
            account's.
Identity:   one family announces payments, by setting: ``orders`` (a payment is the paid order) or
            ``transactions`` (each sale or capture). A refund is its transaction, whichever topic
            tells it.
Money:      decimal text in major units of the shop's currency; the ids are 64-bit integers.
Test:       ``test: true`` announces nothing on a live account. [sheet]
Retries:    8 in 4 h, the same bytes, until any 2xx. [chg]
Source:     shopify-app-js, shopify.dev changelog; topics and states from memory. Vectors:
            tests/vectors/shopify.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.fields import Fields, meaning, same_account, same_mode
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import base64_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

# Topics, and what their bodies are read as; None: nothing a consumer could act on.
TOPICS: Final[dict[str, str | None]] = {
    "orders/paid": "order",
    "orders/cancelled": "cancelled order",
    "orders/create": None,
    "orders/updated": None,
    "orders/edited": None,
    "orders/delete": None,
    "orders/fulfilled": None,
    "orders/partially_fulfilled": None,
    "order_transactions/create": "transaction",
    "refunds/create": "refund",
    "disputes/create": "dispute",
    "disputes/update": "dispute",
}
NO_PAYMENT: Final = re.compile(
    r"(app|app_subscriptions|bulk_operations|carts|checkouts|collections|companies|customers"
    r"|customer_groups|discounts|domains|draft_orders|fulfillments|fulfillment_orders"
    r"|inventory_items|inventory_levels|locations|markets|product_listings|products|returns|shop"
    r"|subscription_contracts|tender_transactions|themes|variants)/[a-z_]+"
)
# An order under orders/paid that is no longer paid in full was refunded since: told elsewhere.
ORDER_STATES: Final[dict[str, FactType | None]] = {
    "paid": "PaymentSucceeded",
    "pending": None,
    "authorized": None,
    "partially_paid": None,
    "partially_refunded": None,
    "refunded": None,
    "voided": None,
}
TRANSACTION_KINDS: Final[dict[str, FactType]] = {
    "sale": "PaymentSucceeded",
    "capture": "PaymentSucceeded",
    "authorization": "PaymentAuthorized",
    "void": "PaymentClosed",
    "refund": "RefundCompleted",
}
FAILED_KINDS: Final[dict[str, FactType | None]] = {
    "sale": "PaymentFailed",
    "capture": "PaymentFailed",
    "authorization": "PaymentFailed",
    "void": None,
    "refund": "RefundFailed",
}
TRANSACTION_STATES: Final[dict[str, dict[str, FactType | None]]] = {
    "success": {**TRANSACTION_KINDS},
    "failure": FAILED_KINDS,
    "error": FAILED_KINDS,
    "pending": dict.fromkeys(TRANSACTION_KINDS),
}
DISPUTE_STATES: Final[dict[str, FactType | None]] = {
    "needs_response": "DisputeOpened",
    "under_review": None,
    "charge_refunded": None,
    "accepted": "DisputeLost",
    "lost": "DisputeLost",
    "won": "DisputeWon",
}


def authenticate(callback: Callback, account: Account) -> Authentic[tuple[str, Fields]]:
    signatures = base64_header(callback, "x-shopify-hmac-sha256")
    topic = callback.header_text("x-shopify-topic", absent=Malformed)
    shop = callback.header_text("x-shopify-shop-domain", absent=Malformed)
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    same_account(shop_domain=(shop, account.settings["shop_domain"]))
    return proof.then(json_fields).then(lambda resource: (topic, resource))


def interpret(
    notice: Authentic[tuple[str, Fields]], account: Account
) -> tuple[Fact | Inquiry, ...]:
    topic, resource = notice.content
    kind = None if NO_PAYMENT.fullmatch(topic) else meaning(TOPICS, topic, what="topic")
    by_order = account.settings["payment_topics"] == "orders"
    if kind is None or (kind == "transaction" and by_order):
        return ()
    if kind in ("order", "cancelled order"):
        return _order(kind, resource, account) if by_order else ()
    if kind == "dispute":
        return _dispute(resource, by_order)
    parts = resource.children("transactions") if kind == "refund" else (resource,)
    facts = (_transaction(part, account, by_order) for part in parts)
    return tuple(fact for fact in facts if fact is not None)


def _simulated(resource: Fields, account: Account) -> bool:
    """Whether this is play money on a live account; on a test account nothing else may come."""
    simulated = resource.flag("test")
    if account.mode == "test":
        same_mode("test" if simulated else "live", account.mode)
        return False
    return simulated


def _order(kind: str, order: Fields, account: Account) -> tuple[Fact, ...]:
    announced = meaning(ORDER_STATES, order.text("financial_status"), what="financial_status")
    occurred_at_ms = order.optional_rfc3339_ms("processed_at")
    if kind == "cancelled order":
        # The body says it as well: the topic alone, which is not signed, closes nothing.
        announced, occurred_at_ms = "PaymentClosed", order.rfc3339_ms("cancelled_at")
    if announced is None or _simulated(order, account):
        return ()
    return (
        Fact(
            type=announced,
            payment_id=order.id_text("id"),
            merchant_order_id=order.optional_text("name"),
            occurred_at_ms=occurred_at_ms,
            amount=Money.from_major(order.text("total_price"), order.text("currency")),
        ),
    )


def _transaction(part: Fields, account: Account, by_order: bool) -> Fact | None:
    kind, own_id = part.text("kind"), part.id_text("id")
    states = meaning(TRANSACTION_STATES, part.text("status"), what="status")
    announced = meaning(states, kind, what="kind")
    if announced is None or _simulated(part, account):
        return None
    refunded = announced.startswith("Refund")
    if by_order and not refunded:
        raise UnknownMeaning("a part of a refund that is no refund")
    parent = part.optional_id_text("parent_id")
    payment_id = parent if refunded or kind == "void" else own_id
    return Fact(
        type=announced,
        payment_id=part.id_text("order_id") if by_order else payment_id,
        merchant_order_id=part.optional_id_text("order_id"),
        occurred_at_ms=part.optional_rfc3339_ms("processed_at"),
        amount=Money.from_major(part.text("amount"), part.text("currency")),
        authorization_id={"capture": parent, "authorization": own_id}.get(kind),
        refund_id=own_id if refunded else None,
    )


def _dispute(dispute: Fields, by_order: bool) -> tuple[Fact, ...]:
    announced = meaning(DISPUTE_STATES, dispute.text("status"), what="status")
    if announced is None:
        return ()
    order = dispute.optional_id_text("order_id")
    return (
        Fact(
            type=announced,
            # Disputes name the order and no transaction.
            payment_id=order if by_order else None,
            merchant_order_id=order,
            occurred_at_ms=dispute.optional_rfc3339_ms(
                "initiated_at" if announced == "DisputeOpened" else "finalized_on"
            ),
            amount=Money.from_major(dispute.text("amount"), dispute.text("currency")),
            dispute_id=dispute.id_text("id"),
        ),
    )


PROVIDER: Final = Provider(
    name="shopify",
    title="Shopify",
    protocol="webhooks of the Admin API",
    methods=("POST",),
    settings=(
        Setting(
            name="shop_domain",
            required=True,
            pinned=True,
            choices=(),
            meaning="own shop; the header is not covered by the signature",
            example="example-shop.myshopify.com",
        ),
        Setting(
            name="payment_topics",
            required=True,
            pinned=True,
            choices=("orders", "transactions"),
            meaning="the one family that announces payments: orders/paid, or "
            "order_transactions/create",
            example="orders",
        ),
    ),
    keys=(shared_secret(secret_text(), "client secret of the app, or the shop's webhook secret"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # Growing within four hours; the steps are not published.
    retry_after_s=(30, 60, 300, 600, 1_200, 2_400, 3_600, 5_400),
)
