"""Paddle cases. Run: ``python -m tests.vectors.generators.paddle``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

AT = "2024-05-06T07:08:09.123456Z"
OCCURRED = "2024-05-06T07:08:09.123Z"


def event(word: str, currency: str = "USD", total: str = "1999", **members: Any) -> dict[str, Any]:
    resource = {"id": "txn_1", "currency_code": currency, "custom_data": {"order_id": "M-1"},
                "details": {"totals": {"grand_total": total}}}  # fmt: skip
    return {"event_id": "evt_1", "event_type": word, "occurred_at": AT, "data": resource | members}


def adjustment(action: str, status: str) -> dict[str, Any]:
    return {"event_id": "evt_1", "event_type": "adjustment.updated", "occurred_at": AT,
            "data": {"id": "adj_1", "action": action, "transaction_id": "txn_1", "status": status,
                     "currency_code": "USD", "totals": {"total": "500"}}}  # fmt: skip


def said(fact_type: str, minor: int = 1999, currency: str = "USD", **members: Any) -> Any:
    return fact(fact_type, "txn_1", amount_minor=minor, currency=currency, occurred_at=OCCURRED,
                **members)  # fmt: skip


def main() -> None:
    held = account(key("pdl_ntfset_made_here"), order_id_custom_data_key="order_id")
    cases = Cases("paddle", held, 1_714_979_289_000)
    good = event("transaction.completed")
    paid = said("PaymentSucceeded", merchant_order_id="M-1")
    cases("completed-is-the-same-payment", "Told once it was paid already.", good, accepted(paid))
    cases(
        "canceled-row",
        "Closed without money.",
        event("transaction.canceled"),
        accepted(said("PaymentClosed")),
    )
    for word in ("created", "ready", "billed", "updated", "revised", "past_due"):
        cases(
            f"transaction-{word.replace('_', '-')}-row",
            "Nothing to announce.",
            event(f"transaction.{word}"),
            accepted(),
        )
    cases("subscription-row", "No payment.", event("subscription.activated"), accepted())
    for action, status, expect in (
        ("refund", "rejected", accepted(said("RefundFailed", 500, refund_id="adj_1"))),
        ("refund", "reversed", accepted(said("RefundFailed", 500, refund_id="adj_1"))),
        ("chargeback", "approved", accepted(said("DisputeOpened", 500, dispute_id="adj_1"))),
        ("chargeback_reverse", "approved", accepted(said("DisputeWon", 500, dispute_id="adj_1"))),
        ("credit", "approved", accepted()),
        ("teleport", "approved", unsupported("unknown_meaning")),
    ):
        cases(
            f"adjustment-{action}-{status}".replace("_", "-"),
            "What was adjusted, and how.",
            adjustment(action, status),
            expect,
        )
    for currency in ("JPY", "KRW", "KWD"):
        cases(
            f"paid-in-{currency.lower()}",
            "The lowest denomination as ISO counts it.",
            event("transaction.paid", currency, "1500"),
            accepted(said("PaymentSucceeded", 1500, currency)),
        )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("transaction.teleported"),
        unsupported("unknown_meaning"),
    )
    cases(
        "amount-as-a-number",
        "Amounts are text.",
        event("transaction.paid", details={"totals": {"grand_total": 1999}}),
        refused("malformed"),
    )
    cases(
        "custom-data-of-another-form",
        "The shop's own entries cannot be wrong.",
        event("transaction.paid", custom_data=[1]),
        accepted(said("PaymentSucceeded", merchant_order_id=None)),
    )
    cases.stale(good, 5_000, paid)
    cases.rotation(good, "pdl_ntfset_old", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
