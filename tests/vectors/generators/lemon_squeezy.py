"""Lemon Squeezy cases. Run: ``python -m tests.vectors.generators.lemon_squeezy``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

AT = "2024-05-06T07:08:09.000000Z"


def event(word: str, kind: str = "orders", test: bool = False, **members: Any) -> dict[str, Any]:
    attributes = {"status": "paid", "currency": "USD", "total": 1199, "refunded_amount": 0,
                  "created_at": AT, "refunded_at": AT, "test_mode": test}  # fmt: skip
    return {"meta": {"event_name": word, "test_mode": test, "custom_data": {"order_id": "M-1"}},
            "data": {"type": kind, "id": "27", "attributes": attributes | members}}  # fmt: skip


def said(fact_type: str, payment: str = "orders:27", minor: int = 1199, currency: str = "USD",
         **members: Any) -> Any:  # fmt: skip
    return fact(fact_type, payment, merchant_order_id="M-1", amount_minor=minor, currency=currency,
                occurred_at="2024-05-06T07:08:09.000Z", **members)  # fmt: skip


def main() -> None:
    held = account(key("made_here_secret"), order_id_custom_data_key="order_id")
    cases = Cases("lemon-squeezy", held, 1_714_979_291_000)
    good = event("order_created")
    paid = said("PaymentSucceeded")
    cases("order-created-row", "Orders and invoices number separately.", good, accepted(paid))
    cases(
        "partial-refund",
        "The sum so far: from nothing it is all news.",
        event("order_refunded", status="partial_refund", refunded_amount=200),
        accepted(said("RefundCompleted", minor=200)),
    )
    invoice, renewal = "subscription-invoices", {"billing_reason": "renewal"}
    for word, fact_type in (("success", "PaymentSucceeded"), ("recovered", "PaymentSucceeded"),
                            ("failed", "PaymentFailed")):  # fmt: skip
        cases(
            f"subscription-payment-{word}-row",
            "An invoice is a payment of its own.",
            event(f"subscription_payment_{word}", invoice, **renewal),
            accepted(said(fact_type, f"{invoice}:27")),
        )
    cases(
        "subscription-payment-refunded-row",
        "The sum so far.",
        event("subscription_payment_refunded", invoice, refunded_amount=1199, **renewal),
        accepted(said("RefundCompleted", f"{invoice}:27")),
    )
    cases(
        "first-invoice-is-the-order-once-more",
        "The same money must not count twice.",
        event("subscription_payment_success", invoice, billing_reason="initial"),
        accepted(),
    )
    for word in ("subscription_created", "subscription_updated", "license_key_created"):
        cases(f"{word.replace('_', '-')}-row", "No payment.", event(word, "x"), accepted())
    for word, members in (("order_teleported", {}), ("order_created", {"status": "floating"})):
        cases(
            f"{word.replace('_', '-')}-unknown",
            "Parked.",
            event(word, **members),
            unsupported("unknown_meaning"),
        )
    for currency in ("JPY", "KWD", "ISK"):
        cases(
            f"paid-in-{currency.lower()}",
            "Minor units as ISO counts them.",
            event("order_created", currency=currency, total=1500),
            accepted(said("PaymentSucceeded", minor=1500, currency=currency)),
        )
    cases(
        "test-order-on-a-live-account",
        "Play money.",
        event("order_created", test=True),
        refused("wrong_account"),
    )
    cases(
        "unsigned-name-of-the-event",
        "The header says another word: it is not signed.",
        good,
        accepted(paid),
        headers=[["X-Event-Name", "order_refunded"]],
    )
    cases("total-absent", "Never zero.", event("order_created", total=None), refused("malformed"))
    cases.rotation(good, "old_secret", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
