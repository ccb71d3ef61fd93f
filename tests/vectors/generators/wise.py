"""Wise cases. Run: ``python -m tests.vectors.generators.wise``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, swapped

UNKNOWN = unsupported("unknown_meaning")


def event(kind: str, state: str | None = None, **more: Any) -> dict[str, Any]:
    resource = {"id": 49983999, "profile_id": 1, "type": "transfer"}
    data = {"resource": resource, "current_state": state, "occurred_at": "2026-03-01T02:00:05Z"}
    return {"data": data | more, "subscription_id": "s-1", "event_type": kind,
            "schema_version": "2.0.0", "sent_at": "2026-03-01T02:00:06Z"}  # fmt: skip


def main() -> None:
    cases = Signed("wise", 1_772_330_406_000)
    transfers = "transfers#state-change"
    good = event(transfers, "funds_refunded")
    for state in ("outgoing_payment_sent", "bounced_back", "charged_back", "processing",
                  "funds_converted", "cancelled", "incoming_payment_waiting"):  # fmt: skip
        cases(
            f"transfer-{state.replace('_', '-')}-row",
            "Not a customer's payment.",
            event(transfers, state),
            accepted(),
        )
    cases.rows((
        ("refunded-row", "It carries no amount: to be asked.", good, accepted()),
        ("balance-credited-row", "It names no order: to be asked.",
         event("balances#credit", amount=1.23, currency="EUR"), accepted()),
        ("balance-updated-row", "To be asked.", event("balances#update"), accepted()),
        ("account-details-payment-row", "To be asked.",
         event("account-details-payment#state-change"), accepted()),
        ("transfer-state-unknown", "Parked.", event(transfers, "teleported"), UNKNOWN),
        ("event-unknown", "Parked.", event("gifts#state-change"), UNKNOWN),
        ("resource-is-missing", "Nothing to ask about.", event(transfers, "funds_refunded",
                                                               resource=None),
         refused("malformed")),
    ))  # fmt: skip
    cases.refusals(good)
    cases.without_headers(good, "X-Signature-SHA256")
    cases(
        "state-changed",
        "Signed.",
        good,
        refused("bad_signature"),
        sent=swapped(b"funds_refunded", b"processing"),
    )
    cases.write()


if __name__ == "__main__":
    main()
