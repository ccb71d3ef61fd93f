"""Douyin Pay cases. Run: ``python -m tests.vectors.generators.douyinpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

AT = 1_772_330_406_000
UNKNOWN = unsupported("unknown_meaning")
TRADE = {"protocol": "trade-3.0"}
MERCHANT = {"protocol": "merchant-v1"}
ECPAY = {"protocol": "ecpay-v1"}
SECRETS = (secret("token-1"), secret("0123456789abcdef0123456789ABCDEF", use="decrypt"))


def trade(kind: str, status: str, **more: Any) -> dict[str, Any]:
    msg = {"app_id": "tt1", "out_order_no": "M-1", "order_id": "ot1", "status": status,
           "total_amount": 8000, "discount_amount": 500,
           "event_time": 1_772_330_405_000}  # fmt: skip
    return {"version": "3.0", "type": kind, "msg": msg | more}


def merchant(kind: str, **about: Any) -> dict[str, Any]:
    resource = {"mchid": "1230000109", "appid": "aw1", "out_trade_no": "M-1",
                "transaction_id": "DP1", "success_time": "2026-03-01T10:00:05+08:00"}  # fmt: skip
    return {"id": "EV-1", "event_type": kind, "resource": resource | about}


def ecpay(kind: str, **msg: Any) -> dict[str, Any]:
    return {"type": kind, "msg": {"appid": "tt1", "status": "SUCCESS", "order_id": "77"} | msg}


PAID = {"trade_state": "SUCCESS", "amount": {"total": 8000, "payer_total": 8000}}
REFUND = {"refund_id": "DR1", "out_refund_no": "R-1", "amount": {"total": 8000, "refund": 1280}}
BACK = {"refund_id": "or1", "out_refund_no": "R-1", "refund_total_amount": 1280}
ORDER = {"cp_orderno": "M-1", "total_amount": 1, "paid_at": 1_772_330_405}
RETURN = {"cp_refundno": "R-1", "refund_amount": 1280, "refund_no": "88",
          "refunded_at": 1_772_330_405}  # fmt: skip
T = "2026-03-01T02:00:05.000Z"


def main() -> None:
    cases = Signed("douyinpay", AT, *SECRETS, mchid="1230000109", app_id="tt1", **TRADE)
    paid = fact("PaymentSucceeded", "ot1", "M-1", minor=8000, at=T)
    cases.rows((
        ("trade-paid-with-a-discount", "The order's amount.", trade("payment", "SUCCESS"),
         accepted(paid)),
        ("trade-refunded", "A part.", trade("refund", "SUCCESS", **BACK),
         accepted(fact("RefundCompleted", "ot1", "M-1", minor=1280, at=T, refund_id="or1",
                       merchant_refund_id="R-1"))),
        ("trade-settled", "No payment moved.", trade("settle", "SUCCESS"), accepted()),
        ("trade-asks-before-a-refund", "Nothing is announced.",
         trade("pre_create_refund", "SUCCESS"), accepted()),
        ("trade-of-an-unknown-type", "Parked.", trade("gift", "SUCCESS"), UNKNOWN),
        ("trade-in-an-unknown-state", "Parked.", trade("payment", "MAYBE"), UNKNOWN),
        ("trade-refund-in-an-unknown-state", "Parked.", trade("refund", "CANCEL", **BACK),
         UNKNOWN),
        ("trade-amount-as-text", "Amounts are numbers.",
         trade("payment", "SUCCESS", total_amount="8000"), refused("malformed")),
    ))  # fmt: skip
    good = trade("payment", "SUCCESS")
    for name, off, expect in (
        ("oldest", -86_400_000, accepted(paid)), ("too-old", -86_401_000, refused("stale")),
        ("newest", 86_400_000, accepted(paid)), ("too-new", 86_401_000, refused("stale")),
    ):  # fmt: skip
        cases(f"trade-{name}", "An end of the window.", good, expect, signed_ms=AT + off)
    cases.refusals(good, paid)
    cases(
        "trade-msg-changed",
        "The message is signed.",
        good,
        refused("bad_signature"),
        sent=swapped(b"8000", b"9000"),
    )
    for name, note, tree, expect in (
        ("paid", "Sealed.", merchant("TRANSACTION.SUCCESS", **PAID),
         accepted(fact("PaymentSucceeded", "DP1", "M-1", minor=8000, at=T))),
        ("paid-in-dollars", "Where a currency is named it counts.",
         merchant("TRANSACTION.SUCCESS", **PAID | {"amount": {"total": 5, "currency": "USD"}}),
         accepted(fact("PaymentSucceeded", "DP1", "M-1", minor=5, currency="USD", at=T))),
        ("failed", "The state inside decides.",
         merchant("TRANSACTION.SUCCESS", trade_state="PAYERROR"),
         accepted(fact("PaymentFailed", "DP1", "M-1", at=T))),
        ("closed", "Final.", merchant("TRANSACTION.SUCCESS", trade_state="CLOSED"),
         accepted(fact("PaymentClosed", "DP1", "M-1", at=T))),
        ("unpaid", "Nothing yet.", merchant("TRANSACTION.SUCCESS", trade_state="NOTPAY"),
         accepted()),
        ("state-unknown", "Parked.", merchant("TRANSACTION.SUCCESS", trade_state="MAYBE"),
         UNKNOWN),
        ("refund-abnormal", "It did not arrive.",
         merchant("REFUND.ABNORMAL", refund_status="ABNORMAL", **REFUND),
         accepted(fact("RefundFailed", "DP1", "M-1", minor=1280, at=T, refund_id="DR1"))),
        ("refund-closed", "It did not happen.",
         merchant("REFUND.CLOSED", refund_status="CLOSED", **REFUND),
         accepted(fact("RefundFailed", "DP1", "M-1", minor=1280, at=T, refund_id="DR1"))),
        ("refund-contradicts", "Type and state do not agree.",
         merchant("REFUND.SUCCESS", refund_status="CLOSED", **REFUND), UNKNOWN),
        ("event-unknown", "Parked.", merchant("GIFT.SUCCESS"), UNKNOWN),
        ("transfer", "No payment.", merchant("TRANSFER.SUCCESS"), accepted()),
    ):  # fmt: skip
        cases(f"merchant-{name}", note, tree, expect, settings=MERCHANT | {"app_id": "aw1"})
    cases(
        "merchant-of-another-app",
        "appid is compared where it is set.",
        merchant("TRANSACTION.SUCCESS", **PAID),
        refused("wrong_account"),
        settings=MERCHANT,
    )
    signed_ms = AT - 86_641_000
    cases(
        "merchant-too-old",
        "24 h 4 min.",
        merchant("TRANSACTION.SUCCESS", **PAID),
        refused("stale"),
        settings=MERCHANT | {"app_id": "aw1"},
        signed_ms=signed_ms,
    )
    for name, note, tree, expect in (
        ("paid", "Seconds.", ecpay("payment", **ORDER),
         accepted(fact("PaymentSucceeded", "77", "M-1", minor=1, at=T))),
        ("refunded", "By members.", ecpay("refund", **RETURN),
         accepted(fact("RefundCompleted", "77", minor=1280, at=T, refund_id="88"))),
        ("refund-failed", "FAIL.", ecpay("refund", **RETURN | {"status": "FAIL"}),
         accepted(fact("RefundFailed", "77", minor=1280, at=T, refund_id="88"))),
        ("payment-called-a-refund", "The type is not signed.", ecpay("refund", **ORDER),
         refused("malformed")),
        ("payment-called-a-settlement", "The type is not signed.", ecpay("settle", **ORDER),
         refused("malformed")),
        ("settled", "No payment.", ecpay("settle"), accepted()),
        ("in-an-unknown-state", "Parked.", ecpay("payment", **ORDER | {"status": "FAIL"}),
         UNKNOWN),
        ("of-another-app", "appid is the account's.", ecpay("payment", **ORDER | {"appid": "x"}),
         refused("wrong_account")),
    ):  # fmt: skip
        cases(f"ecpay-{name}-row", note, tree, expect, settings=ECPAY)
    cases(
        "ecpay-cut-elsewhere",
        "A digit moved from the nonce to the time.",
        ecpay("payment", **ORDER),
        refused("malformed"),
        settings=ECPAY,
        sent=lambda b: b.replace(b"1709348401", b"17093484013").replace(b'"3151"', b'"151"'),
    )
    cases.write()


if __name__ == "__main__":
    main()
