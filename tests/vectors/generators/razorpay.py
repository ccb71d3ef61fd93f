"""Razorpay cases. Run: ``python -m tests.vectors.generators.razorpay``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

AT = "2024-05-01T10:04:40.000Z"


def event(word: str, account_id: str = "acc_1", **payload: Any) -> dict[str, Any]:
    return {"entity": "event", "account_id": account_id, "event": word,
            "payload": {name: {"entity": entity} for name, entity in payload.items()},
            "created_at": 1_714_557_880}  # fmt: skip


def payment(**members: Any) -> dict[str, Any]:
    return {"id": "pay_1", "amount": 50_050, "currency": "INR", "status": "captured",
            "order_id": "order_1", "notes": []} | members  # fmt: skip


def refund(**members: Any) -> dict[str, Any]:
    return {"id": "rfnd_1", "payment_id": "pay_1", "amount": 1_234, "currency": "INR",
            "receipt": "R-1"} | members  # fmt: skip


def said(fact_type: str, minor: int = 50_050, currency: str = "INR", **members: Any) -> Any:
    return fact(fact_type, "pay_1", amount_minor=minor, currency=currency, occurred_at=AT,
                **members)  # fmt: skip


def main() -> None:
    cases = Cases("razorpay", account(key("made-here-secret"), account_id="acc_1"),
                  1_714_557_900_000)  # fmt: skip
    good = event("payment.captured", payment=payment())
    cases(
        "payment-failed-row",
        "The order may still be paid by another.",
        event("payment.failed", payment=payment(status="failed")),
        accepted(said("PaymentFailed")),
    )
    cases(
        "order-paid-names-the-receipt",
        "The order's own number of the merchant.",
        event("order.paid", payment=payment(), order={"id": "order_1", "receipt": "M-1"}),
        accepted(said("PaymentSucceeded", merchant_order_id="M-1")),
    )
    cases(
        "note-of-the-merchant",
        "Where no order rides along.",
        event("payment.captured", payment=payment(notes={"merchant_order_id": "M-2"})),
        accepted(said("PaymentSucceeded", merchant_order_id="M-2")),
    )
    cases(
        "refund-row",
        "The refund's own amount, though its payment rides along.",
        event("refund.processed", refund=refund(), payment=payment()),
        accepted(said("RefundCompleted", 1_234, refund_id="rfnd_1", merchant_refund_id="R-1")),
    )
    cases(
        "refund-failed-row",
        "No money went back.",
        event("refund.failed", refund=refund()),
        accepted(said("RefundFailed", 1_234, refund_id="rfnd_1")),
    )
    for word in ("refund.created", "refund.speed_changed", "payment.dispute.closed",
                 "subscription.charged", "payment_link.paid"):  # fmt: skip
        cases(
            word.replace(".", "-").replace("_", "-") + "-row",
            "Nothing to announce.",
            event(word, refund=refund()),
            accepted(),
        )
    dispute = {"id": "disp_1", "payment_id": "pay_1", "amount": 900, "currency": "INR"}
    for word, fact_type in (("created", "DisputeOpened"), ("won", "DisputeWon"),
                            ("lost", "DisputeLost")):  # fmt: skip
        cases(
            f"dispute-{word}",
            "A dispute names its payment.",
            event(f"payment.dispute.{word}", dispute=dispute),
            accepted(said(fact_type, 900, dispute_id="disp_1")),
        )
    for currency in ("JPY", "KWD", "ISK"):
        cases(
            f"captured-in-{currency.lower()}",
            "Minor units as ISO counts them.",
            event("payment.captured", payment=payment(currency=currency, amount=1_500)),
            accepted(said("PaymentSucceeded", 1_500, currency)),
        )
    cases(
        "unknown-word-row",
        "A word nobody has assigned a meaning to.",
        event("payment.teleported", payment=payment()),
        unsupported("unknown_meaning"),
    )
    cases(
        "another-account",
        "Well signed, for somebody else.",
        event("payment.captured", "acc_2", payment=payment()),
        refused("wrong_account"),
    )
    cases(
        "amount-as-a-fraction",
        "Minor units are whole.",
        event("payment.captured", payment=payment(amount=500.5)),
        refused("malformed"),
    )
    cases.rotation(good, "old-secret", said("PaymentSucceeded"))
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
