"""Shopify cases. Run: ``python -m tests.vectors.generators.shopify``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

AT = "2024-05-06T09:08:09+02:00"
OCCURRED = "2024-05-06T07:08:09.000Z"
SHOP = "made-here.myshopify.com"
Expect = dict[str, Any]


def order(**members: Any) -> dict[str, Any]:
    return {"id": 820982911946154508, "name": "#1001", "currency": "EUR", "total_price": "199.95",
            "financial_status": "paid", "test": False, "processed_at": AT} | members  # fmt: skip


def transaction(**members: Any) -> dict[str, Any]:
    return {
        "id": 3894,
        "order_id": 8209,
        "kind": "sale",
        "status": "success",
        "amount": "49.90",
        "currency": "EUR",
        "test": False,
        "processed_at": AT,
        "parent_id": None,
    } | members


def headers(topic: str, shop: str = SHOP) -> list[list[str]]:
    return [["X-Shopify-Topic", topic], ["X-Shopify-Shop-Domain", shop]]


def held(topics: str, mode: str = "live") -> dict[str, Any]:
    return account(key("shpss_made_here"), mode=mode, shop_domain=SHOP, payment_topics=topics)


def main() -> None:
    cases = Cases("shopify", held("orders"), 1_714_979_291_000, *headers("orders/paid"))
    good = order()
    paid = fact("PaymentSucceeded", "820982911946154508", merchant_order_id="#1001",
                amount_minor=19995, currency="EUR", occurred_at=OCCURRED)  # fmt: skip
    closed = fact("PaymentClosed", "820982911946154508", occurred_at=OCCURRED)
    for topic, expect in (("orders/create", accepted()), ("orders/updated", accepted()),
                          ("orders/edited", accepted()), ("customers/redact", accepted()),
                          ("orders/teleported", unsupported("unknown_meaning"))):  # fmt: skip
        cases(
            topic.replace("/", "-") + "-row",
            "A topic of another meaning.",
            good,
            expect,
            headers=headers(topic),
        )
    cases(
        "unpaid-body-under-a-paid-topic",
        "The topic is not signed: it cannot make a payment.",
        order(financial_status="pending"),
        accepted(),
    )
    cases(
        "cancelled-order",
        "Closed, and no refund.",
        order(cancelled_at=AT),
        accepted(closed),
        headers=headers("orders/cancelled"),
    )
    cases(
        "cancelled-by-the-topic-alone",
        "The body does not say so.",
        good,
        refused("malformed"),
        headers=headers("orders/cancelled"),
    )
    cases(
        "refund-body-under-a-paid-topic",
        "No order.",
        {"transactions": [transaction()]},
        refused("malformed"),
    )
    cases(
        "another-financial-status",
        "A state without a meaning.",
        order(financial_status="levitating"),
        unsupported("unknown_meaning"),
    )
    for currency, text, minor in (("JPY", "1500", 1500), ("KWD", "1.500", 1500),
                                  ("ISK", "1500", 1500)):  # fmt: skip
        cases(
            f"paid-in-{currency.lower()}",
            "Major units.",
            order(currency=currency, total_price=text),
            accepted(paid | {"amount_minor": minor, "currency": currency}),
        )
    cases(
        "amount-finer-than-its-currency",
        "Nothing is rounded.",
        order(currency="JPY", total_price="1500.50"),
        refused("malformed"),
    )
    cases(
        "test-order-on-a-live-account", "Play money ships nothing.", order(test=True), accepted()
    )
    cases(
        "test-order-on-a-test-account",
        "There it is what is wanted.",
        order(test=True),
        accepted(paid),
        account=held("orders", "test"),
    )
    cases(
        "real-order-on-a-test-account",
        "Meant for another mode.",
        good,
        refused("wrong_account"),
        account=held("orders", "test"),
    )
    cases(
        "transaction-where-orders-are-followed",
        "One family only.",
        transaction(),
        accepted(),
        headers=headers("order_transactions/create"),
    )
    cases(
        "order-where-transactions-are-followed",
        "One family only.",
        good,
        accepted(),
        account=held("transactions"),
    )
    sale = fact("PaymentSucceeded", "3894", merchant_order_id="8209", amount_minor=4990,
                currency="EUR", occurred_at=OCCURRED)  # fmt: skip
    for name, members, expect in (
        ("sale", {}, accepted(sale)),
        (
            "capture",
            {"kind": "capture", "parent_id": 3800},
            accepted(sale | {"authorization_id": "3800"}),
        ),
        ("void", {"kind": "void", "parent_id": 3800}, accepted(fact("PaymentClosed", "3800"))),
        ("failed-sale", {"status": "failure"}, accepted(fact("PaymentFailed", "3894"))),
        ("sale-in-error", {"status": "error"}, accepted(fact("PaymentFailed", "3894"))),
        ("pending-sale", {"status": "pending"}, accepted()),
        (
            "refund",
            {"kind": "refund", "parent_id": 3800},
            accepted(fact("RefundCompleted", "3800", refund_id="3894", amount_minor=4990)),
        ),
        (
            "failed-refund",
            {"kind": "refund", "parent_id": 3800, "status": "failure"},
            accepted(fact("RefundFailed", "3800", refund_id="3894")),
        ),
        ("change", {"kind": "change"}, unsupported("unknown_meaning")),
        ("odd-status", {"status": "levitating"}, unsupported("unknown_meaning")),
    ):
        cases(
            f"transaction-{name}",
            "What was done, and whether it succeeded.",
            transaction(**members),
            expect,
            account=held("transactions"),
            headers=headers("order_transactions/create"),
        )
    refund = {"id": 1, "order_id": 8209, "transactions": [
        transaction(id=71, kind="refund", amount="10.00", parent_id=3800),
        transaction(id=72, kind="refund", amount="5.05", parent_id=3801)]}  # fmt: skip
    parts = [("71", "3800", 1000), ("72", "3801", 505)]
    cases(
        "refund-of-two-transactions",
        "Each is a refund of its own.",
        refund,
        accepted(
            *(
                fact("RefundCompleted", "8209", refund_id=own, amount_minor=minor)
                for own, _, minor in parts
            )
        ),
        headers=headers("refunds/create"),
    )
    cases(
        "refund-names-transactions-where-these-are-followed",
        "The same ids as the other topic.",
        refund,
        accepted(
            *(
                fact("RefundCompleted", payment, refund_id=own, amount_minor=minor)
                for own, payment, minor in parts
            )
        ),
        account=held("transactions"),
        headers=headers("refunds/create"),
    )
    dispute = {"id": 5, "order_id": 8209, "status": "needs_response", "amount": "49.90",
               "currency": "EUR", "initiated_at": AT, "finalized_on": None}  # fmt: skip
    for status, expect in (
        ("needs_response", accepted(fact("DisputeOpened", "8209", dispute_id="5"))),
        ("under_review", accepted()),
        ("won", accepted(fact("DisputeWon", "8209", dispute_id="5"))),
        ("lost", accepted(fact("DisputeLost", "8209", dispute_id="5"))),
    ):
        cases(
            f"dispute-{status.replace('_', '-')}",
            "A dispute names the order.",
            dispute | {"status": status},
            expect,
            headers=headers("disputes/update"),
        )
    cases(
        "no-topic",
        "Needed, though not signed.",
        good,
        refused("malformed"),
        headers=headers("orders/paid")[1:],
    )
    cases(
        "another-shop-row",
        "One secret serves every shop of an app.",
        good,
        refused("wrong_account"),
        headers=headers("orders/paid", "other.myshopify.com"),
    )
    cases.rotation(good, "shpss_old", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
