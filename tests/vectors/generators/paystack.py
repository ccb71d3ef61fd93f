"""Paystack cases. Run: ``python -m tests.vectors.generators.paystack``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported


def event(word: str, **members: Any) -> dict[str, Any]:
    resource = {
        "id": 302961,
        "domain": "live",
        "status": "success",
        "reference": "M-1",
        "amount": 10_000,
        "currency": "NGN",
        "paid_at": "2016-09-30T21:10:19.000Z",
    }
    return {"event": word, "data": resource | members}  # fmt: skip


def refund(word: str, **members: Any) -> dict[str, Any]:
    resource = {
        "id": 7711,
        "domain": "live",
        "transaction_reference": "M-1",
        "refund_reference": "ref-1",
        "amount": 2_500,
        "currency": "NGN",
    }
    return {"event": word, "data": resource | members}  # fmt: skip


def main() -> None:
    cases = Cases("paystack", account(key("sk_live_made_here")), 1_475_269_825_000)
    good = event("charge.success")
    paid = fact("PaymentSucceeded", "302961", merchant_order_id="M-1", amount_minor=10_000,
                currency="NGN", occurred_at="2016-09-30T21:10:19.000Z")  # fmt: skip
    cases("charge-success-row", "Ordinary payment.", good, accepted(paid))
    cases(
        "charge-failed-row",
        "An attempt.",
        event("charge.failed", paid_at=None),
        accepted(fact("PaymentFailed", "302961", occurred_at=None)),
    )
    cases(
        "id-beyond-2-to-the-53",
        "Its digits are kept.",
        event("charge.success", id=2**60 + 1),
        accepted(paid | {"payment_id": str(2**60 + 1)}),
    )
    cases(
        "refund-names-no-payment",
        "The reference is the merchant's: it stays unlinked.",
        refund("refund.processed"),
        accepted(fact("RefundCompleted", None, merchant_order_id="M-1", refund_id="7711")),
    )
    cases(
        "refund-known-by-its-reference",
        "Amounts may be text.",
        refund("refund.processed", id=None, amount="2500"),
        accepted(fact("RefundCompleted", None, refund_id="ref-1", amount_minor=2_500)),
    )
    cases(
        "refund-failed-row",
        "No money went back.",
        refund("refund.failed"),
        accepted(fact("RefundFailed", None, refund_id="7711")),
    )
    for word in ("refund.pending", "refund.processing", "charge.dispute.remind",
                 "subscription.create", "invoice.update", "paymentrequest.success",
                 "customeridentification.success", "transfer.failed"):  # fmt: skip
        cases(word.replace(".", "-") + "-row", "Nothing to announce.", refund(word), accepted())
    dispute = {"id": 9, "domain": "live", "created_at": "2016-10-01T00:00:00.000Z",
               "resolved_at": "2016-10-02T00:00:00.000Z",
               "transaction": {"id": 302961, "reference": "M-1"}}  # fmt: skip
    cases(
        "dispute-opened",
        "It names its payment.",
        {"event": "charge.dispute.create", "data": dispute},
        accepted(fact("DisputeOpened", "302961", dispute_id="9")),
    )
    for resolution, fact_type in (
        ("declined", "DisputeWon"),
        ("merchant-accepted", "DisputeLost"),
    ):
        cases(
            f"dispute-{resolution}",
            "How it ended, its resolution says.",
            {"event": "charge.dispute.resolve", "data": dispute | {"resolution": resolution}},
            accepted(fact(fact_type, "302961", dispute_id="9")),
        )
    cases(
        "dispute-resolved-otherwise",
        "A resolution without a meaning.",
        {"event": "charge.dispute.resolve", "data": dispute | {"resolution": "vanished"}},
        unsupported("unknown_meaning"),
    )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("charge.teleported"),
        unsupported("unknown_meaning"),
    )
    cases(
        "test-payment-on-a-live-account",
        "Play money.",
        event("charge.success", domain="test"),
        refused("wrong_account"),
    )
    cases(
        "amount-negative", "No amount.", event("charge.success", amount=-1), refused("malformed")
    )
    cases.rotation(good, "sk_live_old", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
