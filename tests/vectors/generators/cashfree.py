"""Cashfree cases. Run: ``python -m tests.vectors.generators.cashfree``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

TIME = "2025-01-06T20:00:11+05:30"
OCCURRED = "2025-01-06T14:30:11.000Z"


def event(word: str, status: str, **members: Any) -> dict[str, Any]:
    payment = {"cf_payment_id": "1504", "payment_status": status, "payment_amount": 170.05,
               "payment_currency": "INR", "payment_time": TIME} | members  # fmt: skip
    return {"data": {"order": {"order_id": "M-1"}, "payment": payment}, "event_time": TIME,
            "type": word}  # fmt: skip


def refund(status: str, word: str = "REFUND_STATUS_WEBHOOK", name: str = "refund") -> Any:
    return {"data": {name: {"cf_refund_id": "113", "cf_payment_id": 1504, "refund_id": "R-1",
            "order_id": "M-1", "refund_amount": 1.05, "refund_currency": "INR",
            "refund_status": status, "processed_at": TIME}}, "event_time": TIME,
            "type": word}  # fmt: skip


def dispute(word: str, status: str) -> dict[str, Any]:
    return {"data": {"dispute": {"dispute_id": 77, "dispute_status": status},
            "order_details": {"order_id": "M-1", "cf_payment_id": 1504}}, "event_time": TIME,
            "type": word}  # fmt: skip


def said(fact_type: str, minor: int = 17_005, **members: Any) -> Any:
    return fact(fact_type, "1504", merchant_order_id="M-1", amount_minor=minor, currency="INR",
                occurred_at=OCCURRED, **members)  # fmt: skip


def exact(amount: str, currency: str) -> bytes:
    return (
        '{"data":{"order":{"order_id":"M-1"},"payment":{"cf_payment_id":"1504","payment_status":'
        '"SUCCESS","payment_amount":' + amount + ',"payment_currency":"' + currency + '",'
        '"payment_time":"' + TIME + '"}},"type":"PAYMENT_SUCCESS_WEBHOOK"}'
    ).encode()


def main() -> None:
    cases = Cases("cashfree", account(key("made-here-secret"), tolerance_seconds="300"),
                  1_746_427_760_000)  # fmt: skip
    good = event("PAYMENT_SUCCESS_WEBHOOK", "SUCCESS")
    paid = said("PaymentSucceeded")
    cases("success-row", "Ordinary payment.", good, accepted(paid))
    cases(
        "user-dropped-row",
        "The buyer left.",
        event("PAYMENT_USER_DROPPED_WEBHOOK", "USER_DROPPED"),
        accepted(said("PaymentFailed")),
    )
    cases(
        "success-that-says-pending",
        "It contradicts itself.",
        event("PAYMENT_SUCCESS_WEBHOOK", "PENDING"),
        unsupported("unknown_meaning"),
    )
    cases(
        "refund-row",
        "Both ids: theirs, and the merchant's.",
        refund("SUCCESS"),
        accepted(said("RefundCompleted", 105, refund_id="113", merchant_refund_id="R-1")),
    )
    cases(
        "auto-refund-row",
        "Under a name of its own.",
        refund("SUCCESS", "AUTO_REFUND_STATUS_WEBHOOK", "auto_refund"),
        accepted(said("RefundCompleted", 105, refund_id="113")),
    )
    cases(
        "auto-refund-under-the-plain-name",
        "Or under that of all refunds.",
        refund("SUCCESS", "AUTO_REFUND_STATUS_WEBHOOK"),
        accepted(said("RefundCompleted", 105, refund_id="113")),
    )
    for status in ("PENDING", "ONHOLD"):
        cases(f"refund-{status.lower()}-row", "Not yet.", refund(status), accepted())
    cases(
        "refund-in-an-unknown-state",
        "Parked.",
        refund("LEVITATING"),
        unsupported("unknown_meaning"),
    )
    for word, status, expect in (
        (
            "DISPUTE_CREATED",
            "DISPUTE_CREATED",
            accepted(fact("DisputeOpened", "1504", dispute_id="77")),
        ),
        ("DISPUTE_UPDATED", "DISPUTE_UNDER_REVIEW", accepted()),
        ("DISPUTE_CLOSED", "CHARGEBACK_MERCHANT_WON", accepted(fact("DisputeWon", "1504"))),
        ("DISPUTE_CLOSED", "DISPUTE_MERCHANT_LOST", accepted(fact("DisputeLost", "1504"))),
        ("DISPUTE_CLOSED", "SOMEHOW", unsupported("unknown_meaning")),
    ):
        cases(
            f"{word}-{status}".replace("_", "-").lower(),
            "How it ended, its status says.",
            dispute(word, status),
            expect,
        )
    for text, currency, minor in (("170.00", "INR", 17_000), ("1500", "JPY", 1500),
                                  ("1.505", "KWD", 1505)):  # fmt: skip
        cases(
            f"paid-{text.replace('.', '-')}-{currency.lower()}",
            "Major units, exactly.",
            exact(text, currency),
            accepted(fact("PaymentSucceeded", "1504", amount_minor=minor, currency=currency)),
        )
    for text in ("170.001", "1e2", "-1.00", "170.00000000000000001"):
        cases(
            f"amount-{text.replace('.', '-').replace('--', '-')}-refused",
            "No plain amount.",
            exact(text, "INR"),
            refused("malformed"),
        )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("PAYMENT_TELEPORTED_WEBHOOK", "SUCCESS"),
        unsupported("unknown_meaning"),
    )
    cases.stale(good, 300_000, paid)
    cases.rotation(good, "old-secret", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
