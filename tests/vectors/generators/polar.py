"""Polar cases. Run: ``python -m tests.vectors.generators.polar``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

OCCURRED = "2024-05-06T07:08:09.000Z"


def event(word: str, **members: Any) -> dict[str, Any]:
    resource = {"id": "ord-1", "status": "paid", "total_amount": 1000, "currency": "usd",
                "metadata": {"order_id": "M-1"}}  # fmt: skip
    return {"type": word, "timestamp": "2024-05-06T07:08:09Z", "data": resource | members}


def refund(status: str, word: str = "refund.updated") -> dict[str, Any]:
    return {"type": word, "timestamp": "2024-05-06T07:08:09Z",
            "data": {"id": "ref-1", "order_id": "ord-1", "status": status, "amount": 300,
                     "currency": "usd", "metadata": {}}}  # fmt: skip


def said(fact_type: str, minor: int = 1000, currency: str = "USD", **members: Any) -> Any:
    return fact(fact_type, "ord-1", amount_minor=minor, currency=currency, occurred_at=OCCURRED,
                **members)  # fmt: skip


def main() -> None:
    settings = {"secret_encoding": "raw", "order_id_metadata_key": "order_id"}
    cases = Cases("polar", account(key("polar_whs_made_here"), **settings), 1_714_979_289_000)
    good = event("order.paid")
    paid = said("PaymentSucceeded", merchant_order_id="M-1")
    for word in ("order.created", "order.updated", "order.refunded", "checkout.created",
                 "checkout.updated", "customer.created", "benefit_grant.created"):  # fmt: skip
        cases(
            word.replace(".", "-").replace("_", "-") + "-row",
            "Nothing to announce.",
            event(word),
            accepted(),
        )
    cases(
        "checkout-expired-row",
        "No order came of it: known by the shop's number.",
        event("checkout.expired"),
        accepted(fact("PaymentClosed", None, merchant_order_id="M-1")),
    )
    cases(
        "checkout-expired-of-nobody",
        "Nothing names what closed.",
        event("checkout.expired", metadata={}),
        accepted(),
    )
    for status in ("failed", "canceled"):
        cases(
            f"refund-{status}-row",
            "No money went back.",
            refund(status),
            accepted(said("RefundFailed", 300, refund_id="ref-1")),
        )
    for currency in ("jpy", "kwd", "isk"):
        cases(
            f"paid-in-{currency}",
            "Minor units as ISO counts them.",
            event("order.paid", currency=currency, total_amount=1500),
            accepted(said("PaymentSucceeded", 1500, currency.upper())),
        )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("order.teleported"),
        unsupported("unknown_meaning"),
    )
    cases(
        "amount-as-text",
        "An integer is meant.",
        event("order.paid", total_amount="1000"),
        refused("malformed"),
    )
    encoded = {"secret_encoding": "base64", "order_id_metadata_key": "order_id"}
    cases(
        "decoded-secret",
        "Where the setting says so.",
        good,
        accepted(paid),
        account=account(key("bWFkZSBoZXJl"), **encoded),
    )
    cases.stale(good, 300_000, paid)
    cases.rotation(good, "polar_whs_old", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
