"""GoCardless cases. Run: ``python -m tests.vectors.generators.gocardless``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, key
from tests.vectors.generators.cases import accepted, refused, unsupported


def event(kind: str, action: str, **links: str) -> dict[str, Any]:
    return {"id": "EV1", "created_at": "2024-05-06T07:08:09.000Z", "resource_type": kind,
            "action": action, "links": {"payment": "PM1"} | links}  # fmt: skip


def batch(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events), "meta": {"webhook_id": "WB1"}}


def main() -> None:
    cases = Cases("gocardless", account(key("made_here_secret")), 1_714_979_291_000)
    good = batch(event("payments", "confirmed"))
    for action in ("confirmed", "failed", "cancelled", "customer_approval_denied", "charged_back",
                   "chargeback_cancelled"):  # fmt: skip
        cases(
            f"payments-{action.replace('_', '-')}-asks",
            "No amount: a question.",
            batch(event("payments", action)),
            accepted(),
        )
    for action in ("created", "submitted", "customer_approval_granted", "resubmission_requested",
                   "paid_out", "late_failure_settled", "chargeback_settled"):  # fmt: skip
        cases(
            f"payments-{action.replace('_', '-')}-row",
            "Nothing to act on.",
            batch(event("payments", action)),
            accepted(),
        )
    for action in ("created", "paid", "refund_settled", "bounced", "failed", "funds_returned"):
        cases(
            f"refunds-{action.replace('_', '-')}",
            "A refund, asked by its own id.",
            batch(event("refunds", action, refund="RF1")),
            accepted(),
        )
    cases(
        "payments-teleported",
        "A word without a meaning.",
        batch(event("payments", "teleported")),
        unsupported("unknown_meaning"),
    )
    cases(
        "resource-without-a-meaning",
        "A kind without a meaning.",
        batch(event("dreams", "created")),
        unsupported("unknown_meaning"),
    )
    cases(
        "good-beside-unknown",
        "Items are judged one by one.",
        batch(event("dreams", "created"), event("payments", "confirmed")),
        accepted(),
    )
    cases("empty-batch", "Nothing at all.", batch(), refused("malformed"))
    cases(
        "payment-that-names-none",
        "Whom to ask about?",
        batch(event("payments", "confirmed", payment="")),
        refused("malformed"),
    )
    cases.rotation(good, "old_secret")
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
