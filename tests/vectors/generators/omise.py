"""Omise cases. Run: ``python -m tests.vectors.generators.omise``"""

import base64
from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

SECRET = base64.b64encode(b"made here, of no use elsewhere").decode()
OLD = base64.b64encode(b"made here and out of use by now").decode()


def event(word: str, **members: Any) -> dict[str, Any]:
    charge = {
        "object": "charge",
        "id": "chrg_1",
        "amount": 100_000,
        "currency": "thb",
        "status": "successful",
        "paid": True,
        "authorized": True,
        "capture": True,
    }
    return {"object": "event", "id": "evnt_1", "key": word, "livemode": True,
            "created_at": "2025-03-09T09:54:52Z", "data": charge | members}  # fmt: skip


def said(fact_type: str, minor: int = 100_000, currency: str = "THB", **members: Any) -> Any:
    return fact(fact_type, "chrg_1", amount_minor=minor, currency=currency,
                occurred_at="2025-03-09T09:54:52.000Z", **members)  # fmt: skip


def main() -> None:
    cases = Cases("omise", account(key(SECRET), tolerance_seconds="300"), 1_741_514_092_000)
    good = event("charge.complete")
    paid = said("PaymentSucceeded")
    unpaid = {"paid": False, "authorized": False}
    for word, members, expect in (
        ("charge.create", {}, accepted()),
        ("charge.create", {"status": "pending", **unpaid}, accepted()),
        ("charge.capture", {}, accepted(paid)),
        ("charge.complete", {"status": "failed", **unpaid}, accepted(said("PaymentFailed"))),
        ("charge.complete", {"status": "reversed", **unpaid}, accepted(said("PaymentClosed"))),
        ("charge.complete", {"status": "pending", **unpaid}, accepted()),
        ("charge.reverse", {"status": "reversed", **unpaid}, accepted(said("PaymentClosed"))),
        ("charge.expire", {"status": "expired", **unpaid}, accepted(said("PaymentClosed"))),
        ("charge.teleport", {}, unsupported("unknown_meaning")),
        ("charge.complete", {"status": "floating"}, unsupported("unknown_meaning")),
    ):
        status = members.get("status", "successful")
        cases(
            f"{word.replace('.', '-')}-{status}-row",
            "A row of the table.",
            event(word, **members),
            expect,
        )
    cases(
        "successful-but-not-paid",
        "It contradicts itself.",
        event("charge.complete", paid=False),
        unsupported("unknown_meaning"),
    )
    cases("customer-row", "No payment.", event("customer.create"), accepted())
    refund = {"object": "refund", "id": "rfnd_1", "charge": "chrg_1", "amount": 25}
    cases(
        "refund-row",
        "It names its charge.",
        event("refund.create", status="closed", **refund),
        accepted(said("RefundCompleted", 25, refund_id="rfnd_1")),
    )
    for word, status, fact_type in (
        ("create", "open", "DisputeOpened"), ("accept", "lost", "DisputeLost"),
        ("close", "won", "DisputeWon"), ("close", "lost", "DisputeLost"),
    ):  # fmt: skip
        cases(
            f"dispute-{word}-{status}",
            "It names its charge.",
            event(f"dispute.{word}", id="dspt_1", charge="chrg_1", status=status),
            accepted(said(fact_type, dispute_id="dspt_1")),
        )
    for currency in ("jpy", "kwd", "isk"):
        cases(
            f"complete-in-{currency}",
            "The smallest unit as ISO counts it.",
            event("charge.complete", currency=currency, amount=1500),
            accepted(said("PaymentSucceeded", 1500, currency.upper())),
        )
    cases(
        "window-of-another-length",
        "The account says how long.",
        good,
        refused("stale"),
        account=account(key(SECRET), tolerance_seconds="60"),
        signed_ms=1_741_514_031_000,
    )
    cases.stale(good, 300_000, paid)
    cases.rotation(good, OLD, paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
