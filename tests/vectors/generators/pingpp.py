"""Ping++ cases. Run: ``python -m tests.vectors.generators.pingpp``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"
HEADER = "X-Pingplusplus-Signature"


def event(kind: str, live: bool = True, **about: Any) -> dict[str, Any]:
    return {"id": "evt_1", "created": 1_772_330_406, "livemode": live, "type": kind,
            "object": "event", "data": {"object": about}}  # fmt: skip


def charge(kind: str = "charge.succeeded", live: bool = True, **more: Any) -> dict[str, Any]:
    about = {"id": "ch_1", "object": "charge", "paid": True, "app": "app_1", "order_no": "M-1",
             "amount": 8000, "currency": "cny", "time_paid": 1_772_330_405}  # fmt: skip
    return event(kind, live, **about | more)


def refund(**more: Any) -> dict[str, Any]:
    about = {"id": "re_1", "object": "refund", "succeed": True, "charge": "ch_1",
             "charge_order_no": "M-1", "order_no": "R-1", "amount": 1280,
             "status": "succeeded", "time_succeed": 1_772_330_405}  # fmt: skip
    return event("refund.succeeded", **about | more)


def main() -> None:
    cases = Signed("pingpp", 1_772_330_406_000, app_id="app_1")
    paid = fact("PaymentSucceeded", "ch_1", "M-1", minor=8000, at=T)
    good = charge()
    order = {"id": "o_1", "charge": "ch_1", "merchant_order_no": "M-1", "order_no": None}
    cases.rows((
        ("charge-row", "charge.succeeded.", good, accepted(paid)),
        ("charge-that-is-not-paid", "A contradiction.", charge(paid=False), UNKNOWN),
        ("order-row", "The order names its charge: one payment.",
         charge("order.succeeded", **order), accepted(paid)),
        ("order-without-a-charge", "Parked.", charge("order.succeeded", **order | {"charge": ""}),
         UNKNOWN),
        ("order-refunded-row", "The refund has its own message.", charge("order.refunded"),
         accepted()),
        ("refund-row", "refund.succeeded.", refund(),
         accepted(fact("RefundCompleted", "ch_1", "M-1", minor=1280, at=T, refund_id="re_1"))),
        ("refund-that-did-not-succeed", "A contradiction.", refund(succeed=False), UNKNOWN),
        ("transfer-row", "No payment.", event("transfer.succeeded", id="tr_1"), accepted()),
        ("recharge-row", "No payment.", event("recharge.succeeded", id="rc_1"), accepted()),
        ("withdrawal-row", "No payment.", event("withdrawal.succeeded", id="w_1"), accepted()),
        ("summary-row", "No payment.", event("summary.daily.available", id="s_1"), accepted()),
        ("type-unknown", "Parked.", event("charge.teleported", id="ch_1"), UNKNOWN),
        ("test-on-a-live-account", "livemode is signed.", charge(live=False),
         refused("wrong_account")),
        ("of-another-app", "Compared where it is set.", charge(app="app_2"),
         refused("wrong_account")),
        ("yen", "No decimals.", charge(currency="jpy"),
         accepted(fact("PaymentSucceeded", "ch_1", "M-1", minor=8000, currency="JPY", at=T))),
        ("amount-as-text", "A number.", charge(amount="8000"), refused("malformed")),
        ("amount-is-negative", "Bounded.", charge(amount=-1), refused("malformed")),
    ))  # fmt: skip
    cases("test-on-a-test-account", "Its mode.", charge(live=False), accepted(paid), mode="test")
    cases.refusals(good, paid)
    cases.without_headers(good, HEADER)
    cases("amount-changed", "Signed.", good, refused("bad_signature"), sent=swapped(b"8000", b"9"))
    cases.write()


if __name__ == "__main__":
    main()
