"""Tap cases. Run: ``python -m tests.vectors.generators.tap``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported


def event(status: str, own_id: str = "chg_1", **members: Any) -> dict[str, Any]:
    return {"id": own_id, "status": status, "amount": 1.5, "currency": "KWD",
            "reference": {"gateway": "g", "payment": "p", "order": "M-1"},
            "transaction": {"created": "1698392202943"}} | members  # fmt: skip


def said(fact_type: str, payment: str | None = "chg_1", **members: Any) -> dict[str, Any]:
    money = {"amount_minor": 1500, "currency": "KWD"}
    return fact(fact_type, payment, occurred_at="2023-10-27T07:36:42.943Z", **(money | members))


def main() -> None:
    cases = Cases("tap", account(key("sk_live_made_here")), 1_698_392_210_000)
    good = event("CAPTURED")
    paid = said("PaymentSucceeded", merchant_order_id=None)
    cases("captured-row", "The order number is not signed: it is left out.", good, accepted(paid))
    for status, fact_type in (
        ("DECLINED", "PaymentFailed"), ("FAILED", "PaymentFailed"),
        ("RESTRICTED", "PaymentFailed"),
        ("TIMEDOUT", "PaymentFailed"), ("UNKNOWN", "PaymentFailed"), ("VOID", "PaymentClosed"),
        ("CANCELLED", "PaymentClosed"), ("ABANDONED", "PaymentClosed"),
    ):  # fmt: skip
        cases(
            f"charge-{status.lower()}-row",
            "A row of the table.",
            event(status),
            accepted(said(fact_type)),
        )
    cases(
        "authorized-row",
        "An authorisation has an id of its own.",
        event("AUTHORIZED", "auth_1"),
        accepted(said("PaymentAuthorized", "auth_1", authorization_id="auth_1")),
    )
    cases(
        "authorization-void-row",
        "Closed without money.",
        event("VOID", "auth_1"),
        accepted(said("PaymentClosed", "auth_1")),
    )
    for status, expect in (("FAILED", accepted(said("RefundFailed", None, refund_id="re_1"))),
                           ("DECLINED", accepted(said("RefundFailed", None, refund_id="re_1"))),
                           ("IN_PROGRESS", accepted()),
                           ("CAPTURED", unsupported("unknown_meaning"))):  # fmt: skip
        cases(
            f"refund-{status.lower().replace('_', '-')}-row",
            "A refund is no failed payment.",
            event(status, "re_1", charge_id="chg_1"),
            expect,
        )
    cases(
        "refund-of-an-unsigned-charge",
        "Proven, but not of which payment: it stays unlinked.",
        event("REFUNDED", "re_1", charge_id="chg_of_somebody"),
        accepted(said("RefundCompleted", None, refund_id="re_1")),
    )
    cases(
        "charge-that-calls-itself-a-refund",
        "The id is signed, the word for it is not.",
        event("CAPTURED", object="refund"),
        accepted(paid),
    )
    cases(
        "invoice-paid",
        "A form of its own, with numbers for times.",
        {
            "id": "inv_1",
            "status": "PAID",
            "amount": 20,
            "currency": "SAR",
            "created": 1_698_392_202_943,
            "updated": 1_698_392_300_000,
        },
        accepted(said("PaymentSucceeded", "inv_1", amount_minor=2000, currency="SAR")),
    )
    for amount, currency, minor in ((1500, "JPY", 1500), (0.25, "BHD", 250), (10.1, "AED", 1010),
                                    (1, "OMR", 1000)):  # fmt: skip
        cases(
            f"captured-in-{currency.lower()}",
            "Hashed with all decimals of the currency.",
            event("CAPTURED", amount=amount, currency=currency),
            accepted(said("PaymentSucceeded", amount_minor=minor, currency=currency)),
        )
    cases(
        "amount-finer-than-its-currency",
        "Nothing is rounded.",
        event("CAPTURED", amount=1.5005),
        refused("malformed"),
    )
    cases(
        "unknown-status-row",
        "A state without a meaning.",
        event("LEVITATING"),
        unsupported("unknown_meaning"),
    )
    cases(
        "id-that-holds-a-label",
        "Values stand side by side: this one could shift them.",
        event("CAPTURED", "chg_1x_amount9.000"),
        unsupported("unknown_meaning"),
    )
    cases.rotation(good, "sk_live_old", paid)
    cases("no-headers", "Nothing but a body.", good, refused("bad_signature"), only_headers=[])
    cases.write()


if __name__ == "__main__":
    main()
