"""Checkout.com cases. Run: ``python -m tests.vectors.generators.checkout``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

AT = "2024-05-06T07:08:09.000Z"


def event(word: str, **resource: Any) -> dict[str, Any]:
    whole = {"id": "pay_1", "action_id": "act_1", "amount": 1099, "currency": "EUR",
             "reference": "M-1", "processed_on": "2024-05-06T07:08:09Z"}  # fmt: skip
    return {"id": "evt_1", "type": word, "created_on": "2024-05-06T07:08:10Z",
            "data": whole | resource}  # fmt: skip


def said(fact_type: str, **members: Any) -> dict[str, Any]:
    return fact(fact_type, "pay_1", merchant_order_id="M-1", occurred_at=AT, **members)


def main() -> None:
    cases = Cases("checkout", account(key("made-here-key")), 1_714_979_290_000)
    good = event("payment_captured")
    paid = said("PaymentSucceeded", amount_minor=1099, currency="EUR", capture_id="act_1")
    for word, expect in (
        ("payment_capture_pending", accepted()),
        ("payment_pending", accepted()),
        ("payment_refund_pending", accepted()),
        ("payment_paid", accepted()),
        ("payment_declined", accepted(said("PaymentFailed"))),
        ("payment_capture_declined", accepted(said("PaymentFailed"))),
        ("payment_expired", accepted(said("PaymentClosed"))),
        ("payment_canceled", accepted(said("PaymentClosed"))),
        ("payment_refund_declined", accepted(said("RefundFailed", refund_id="act_1"))),
        ("payment_teleported", unsupported("unknown_meaning")),
    ):
        cases(word.replace("_", "-") + "-row", "A row of the table.", event(word), expect)
    for currency, minor, theirs in (
        ("JPY", 1500, 1500), ("KWD", 1500, 1500), ("ISK", 1500, 1500), ("CLP", 1500, 150_000),
    ):  # fmt: skip
        cases(
            f"captured-in-{currency.lower()}",
            "Minor units of Checkout's own table.",
            event("payment_captured", currency=currency, amount=theirs),
            accepted(said("PaymentSucceeded", amount_minor=minor, currency=currency)),
        )
    cases(
        "pesos-with-a-fraction",
        "There are no hundredths of a peso.",
        event("payment_captured", currency="CLP", amount=150_001),
        unsupported("unknown_meaning"),
    )
    for word, fact_type in (("dispute_received", "DisputeOpened"), ("dispute_won", "DisputeWon"),
                            ("dispute_lost", "DisputeLost")):  # fmt: skip
        cases(
            word.replace("_", "-"),
            "A dispute names its payment.",
            event(word, id="dsp_1", payment_id="pay_1"),
            accepted(said(fact_type, dispute_id="dsp_1")),
        )
    cases(
        "amount-absent",
        "Never zero.",
        event("payment_captured", amount=None),
        refused("malformed"),
    )
    cases(
        "refund-without-an-action",
        "Nothing tells it from the next.",
        event("payment_refunded", action_id=None),
        refused("malformed"),
    )
    cases.rotation(good, "old-key", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
