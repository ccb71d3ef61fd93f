"""Quickpay cases. Run: ``python -m tests.vectors.generators.quickpay``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported


def operation(kind: str, number: int = 2, **members: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "amount": 123, "pending": False, "qp_status_code": "20000",
            "created_at": "2015-03-05T10:07:18+00:00"} | members  # fmt: skip


def payment(*operations: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"id": 7, "order_id": "M-1", "accepted": True, "type": "Payment", "currency": "DKK",
            "operations": list(operations)} | members  # fmt: skip


def said(fact_type: str, minor: int = 123, currency: str = "DKK", **members: Any) -> Any:
    return fact(fact_type, "7", merchant_order_id="M-1", amount_minor=minor, currency=currency,
                occurred_at="2015-03-05T10:07:18.000Z", **members)  # fmt: skip


def main() -> None:
    cases = Cases("quickpay", account(key("made-here-private-key")), 1_425_549_980_000)
    good = payment(operation("authorize", 1), operation("capture"))
    paid = said("PaymentSucceeded", capture_id="2")
    cases("capture-row", "Captures have ids of their own.", good, accepted(paid))
    cases(
        "second-partial-refund",
        "The last operation is the news.",
        payment(operation("capture"), operation("refund", 3), operation("refund", 4, amount=23)),
        accepted(said("RefundCompleted", 23, refund_id="4")),
    )
    cases(
        "cancel-row",
        "Closed without money.",
        payment(operation("authorize", 1), operation("cancel", amount=None)),
        accepted(fact("PaymentClosed", "7")),
    )
    for code in ("40000", "40001"):
        rejected = {"qp_status_code": code}
        cases(
            f"authorize-rejected-{code}",
            "An attempt.",
            payment(operation("authorize", **rejected), accepted=False),
            accepted(said("PaymentFailed")),
        )
        cases(
            f"refund-rejected-{code}",
            "A refund is not a failed payment.",
            payment(operation("refund", **rejected)),
            accepted(said("RefundFailed", refund_id="2")),
        )
        cases(
            f"cancel-rejected-{code}",
            "It stays as it was.",
            payment(operation("cancel", **rejected)),
            accepted(),
        )
    cases(
        "status-code-without-a-meaning",
        "Parked.",
        payment(operation("capture", qp_status_code="50300")),
        unsupported("unknown_meaning"),
    )
    cases(
        "operation-without-a-meaning",
        "Parked.",
        payment(operation("teleport")),
        unsupported("unknown_meaning"),
    )
    cases(
        "approved-but-not-accepted",
        "It contradicts itself.",
        payment(operation("capture"), accepted=False),
        unsupported("unknown_meaning"),
    )
    cases("no-operation-yet", "Made, and nothing more.", payment(), accepted())
    cases(
        "subscription",
        "Authorised, never captured itself.",
        payment(operation("authorize"), type="Subscription"),
        accepted(),
    )
    for currency in ("JPY", "KWD", "ISK"):
        cases(
            f"captured-in-{currency.lower()}",
            "Minor units as ISO counts them.",
            payment(operation("capture", amount=1500), currency=currency),
            accepted(said("PaymentSucceeded", 1500, currency)),
        )
    cases(
        "amount-absent",
        "Never zero.",
        payment(operation("capture", amount=None)),
        refused("malformed"),
    )
    cases.rotation(good, "old-private-key", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
