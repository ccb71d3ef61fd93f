"""Adapay cases. Run: ``python -m tests.vectors.generators.adapay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"


def payment(status: str, **more: Any) -> dict[str, Any]:
    return {"app_id": "app_1", "id": "0021", "order_no": "M-1", "pay_amt": "80.00",
            "status": status, "end_time": "20260301100005"} | more  # fmt: skip


def refund(status: str, **more: Any) -> dict[str, Any]:
    return {"app_id": "app_1", "id": "0022", "payment_id": "0021", "refund_amt": "12.80",
            "refund_order_no": "R-1", "status": status,
            "succeed_time": "1772330405"} | more  # fmt: skip


def main() -> None:
    cases = Signed("adapay", 1_772_330_406_000, app_id="app_1")
    paid = fact("PaymentSucceeded", "0021", "M-1", minor=8000, at=T)
    good = payment("succeeded")
    cases.rows((
        ("paid-row", "succeeded.", good, accepted(paid)),
        ("failed-row", "failed.", payment("failed"),
         accepted(fact("PaymentFailed", "0021", "M-1", minor=8000, at=T))),
        ("state-unknown", "Parked.", payment("closed"), UNKNOWN),
        ("refunded-row", "It names its payment.", refund("succeeded"),
         accepted(fact("RefundCompleted", "0021", minor=1280, at=T, refund_id="0022",
                       merchant_refund_id="R-1"))),
        ("refund-failed-row", "failed.", refund("failed"),
         accepted(fact("RefundFailed", "0021", minor=1280, at=T, refund_id="0022"))),
        ("refund-pending-row", "pending.", refund("pending"), accepted()),
        ("refund-state-unknown", "Parked.", refund("lost"), UNKNOWN),
        ("reversal", "Neither a payment nor a refund that is known.",
         {"app_id": "app_1", "id": "1", "reverse_amt": "1.00", "status": "succeeded"}, UNKNOWN),
        ("test-on-a-live-account", "The mode inside is signed.",
         payment("succeeded", prod_mode="false"), refused("wrong_account")),
        ("amount-of-three-decimals", "Nothing is rounded.", payment("succeeded", pay_amt="8.000"),
         refused("malformed")),
        ("refund-amount-is-missing", "Never zero.", refund("succeeded", refund_amt=""),
         refused("malformed")),
        ("refund-time-beyond-all", "Bounded.",
         refund("succeeded", succeed_time="999999999999"), refused("malformed")),
        ("of-another-app-row", "Inside.", payment("succeeded", app_id="app_2"),
         refused("wrong_account")),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "outer-type-says-failed",
        "Not signed and not read.",
        good,
        accepted(paid),
        sent=lambda body: b"type=payment.failed&id=1&app_id=app_9&" + body,
    )
    cases(
        "amount-changed",
        "Signed.",
        good,
        refused("bad_signature"),
        sent=swapped(b"80.00", b"90.00"),
    )
    cases.write()


if __name__ == "__main__":
    main()
