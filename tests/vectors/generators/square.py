"""Square cases. Run: ``python -m tests.vectors.generators.square``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

URL = "https://shop.example/v1/callbacks/square/shop"
AT = "2024-05-06T07:08:09.123456789Z"
OCCURRED = "2024-05-06T07:08:09.123Z"


def event(word: str, kind: str = "payment", merchant: str = "ML1", **members: Any) -> Any:
    whole = {"id": "P1", "status": "COMPLETED", "total_money": {"amount": 1590, "currency": "USD"},
             "amount_money": {"amount": 1500, "currency": "USD"}, "reference_id": "M-1",
             "updated_at": AT}  # fmt: skip
    return {"merchant_id": merchant, "type": word, "event_id": "e1", "created_at": AT,
            "data": {"type": kind, "id": "D1", "object": {kind: whole | members}}}  # fmt: skip


def said(fact_type: str, minor: int = 1590, currency: str = "USD", **members: Any) -> Any:
    return fact(fact_type, "P1", amount_minor=minor, currency=currency, occurred_at=OCCURRED,
                **members)  # fmt: skip


def main() -> None:
    held = account(key("made-here-signature-key"), notification_url=URL, merchant_id="ML1")
    cases = Cases("square", held, 1_714_979_290_000)
    good = event("payment.updated")
    paid = said("PaymentSucceeded", merchant_order_id="M-1")
    cases("tip-is-part-of-what-was-paid", "total_money, not amount_money.", good, accepted(paid))
    cases(
        "payment-pending-row", "Not yet.", event("payment.created", status="PENDING"), accepted()
    )
    for status, expect in (
        ("REJECTED", accepted(said("RefundFailed", 1500, refund_id="P1_r"))),
        ("FAILED", accepted(said("RefundFailed", 1500, refund_id="P1_r"))),
        ("COMPLETED", accepted(said("RefundCompleted", 1500, refund_id="P1_r"))),
        ("PENDING", accepted()),
        ("LOST", unsupported("unknown_meaning")),
    ):
        cases(
            f"refund-{status.lower()}-row",
            "A refund is not a failed payment.",
            event("refund.updated", "refund", id="P1_r", payment_id="P1", status=status),
            expect,
        )
    disputed: dict[str, Any] = {"disputed_payment": {"payment_id": "P1"}, "id": "D1"}
    for word, state, expect in (
        ("created", "EVIDENCE_REQUIRED", accepted(said("DisputeOpened", 1500, dispute_id="D1"))),
        ("state.updated", "PROCESSING", accepted()),
        ("state.updated", "WON", accepted(said("DisputeWon", 1500, dispute_id="D1"))),
        ("state.changed", "LOST", accepted(said("DisputeLost", 1500, dispute_id="D1"))),
        ("state.changed", "ACCEPTED", accepted(said("DisputeLost", 1500, dispute_id="D1"))),
    ):
        cases(
            f"dispute-{word}-{state}".replace(".", "-").replace("_", "-").lower(),
            "A dispute names its payment.",
            event(f"dispute.{word}", "dispute", state=state, **disputed),
            expect,
        )
    for word in ("order.created", "invoice.paid", "terminal.checkout.updated", "customer.created",
                 "webhooks.test_notification"):  # fmt: skip
        cases(
            word.replace(".", "-").replace("_", "-") + "-row",
            "No payment.",
            event(word, "x"),
            accepted(),
        )
    for currency in ("JPY", "KWD", "ISK"):
        cases(
            f"completed-in-{currency.lower()}",
            "The smallest unit as ISO counts it.",
            event("payment.updated", total_money={"amount": 1500, "currency": currency}),
            accepted(said("PaymentSucceeded", 1500, currency)),
        )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("payment.teleported"),
        unsupported("unknown_meaning"),
    )
    cases(
        "another-seller",
        "Well signed, for another seller of the application.",
        event("payment.updated", merchant="ML2"),
        refused("wrong_account"),
    )
    cases(
        "signed-for-another-url",
        "The URL of the account is what counts.",
        good,
        refused("bad_signature"),
        signed_by=account(
            key("made-here-signature-key"), notification_url=URL + "?x=1", merchant_id="ML1"
        ),
    )
    cases.rotation(good, "old-signature-key", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
