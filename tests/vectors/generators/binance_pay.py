"""Binance Pay cases. Run: ``python -m tests.vectors.generators.binance_pay``

Numbers of eight decimals are written by hand: JSON of Python's would shorten them.
"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

UNKNOWN = unsupported("unknown_meaning")
AT = 1_772_330_406_000
T = "2026-03-01T02:00:05.664Z"


def event(kind: str, status: str, fee: str = "80.00000000", currency: str = "EUR",
          refund: str | None = None) -> dict[str, Any]:  # fmt: skip
    about = "" if refund is None else f',"refundInfo":{{{refund}}}'
    data = (
        f'{{"merchantTradeNo":"M-1","totalFee":{fee},"transactTime":1772330405664,'
        f'"currency":"{currency}","transactionId":"M_R_1"{about}}}'
    )
    return {"bizType": kind, "data": data, "bizIdStr": "29383937493038367292",
            "bizStatus": status}  # fmt: skip


def main() -> None:
    cases = Signed("binance-pay", AT, tolerance_seconds="300")
    prepay = "29383937493038367292"
    paid = fact("PaymentSucceeded", prepay, "M-1", minor=8000, currency="EUR", at=T)
    back = {"minor": 1280, "currency": "EUR", "at": T, "refund_id": "RR-1"}
    one = '"refundRequestId":"RR-1","refundAmount":12.80000000'
    good = event("PAY", "PAY_SUCCESS")
    cases.rows((
        ("paid-row", "PAY_SUCCESS.", good, accepted(paid)),
        ("closed-row", "PAY_CLOSED.", event("PAY", "PAY_CLOSED"),
         accepted(fact("PaymentClosed", prepay, "M-1", minor=8000, currency="EUR", at=T))),
        ("refunded-row", "The merchant's id is all there is.",
         event("PAY_REFUND", "REFUND_SUCCESS", refund=one),
         accepted(fact("RefundCompleted", prepay, "M-1", **back))),
        ("refund-rejected-row", "REFUND_REJECTED.",
         event("PAY_REFUND", "REFUND_REJECTED", refund=one),
         accepted(fact("RefundFailed", prepay, "M-1", **back))),
        ("refund-amount-as-text", "Either form.",
         event("PAY_REFUND", "REFUND_SUCCESS",
               refund='"refundRequestId":"RR-1","refundAmount":"12.80000000"'),
         accepted(fact("RefundCompleted", prepay, "M-1", **back))),
        ("status-unknown", "Parked.", event("PAY", "PAY_MAYBE"), UNKNOWN),
        ("refund-status-unknown", "Parked.", event("PAY_REFUND", "REFUND_MAYBE", refund=one),
         UNKNOWN),
        ("kind-unknown", "Parked.", event("GIFT", "PAY_SUCCESS"), UNKNOWN),
        ("payout-row", "No payment.", event("PAYOUT", "ANY"), accepted()),
        ("direct-debit-row", "No payment.", event("DIRECT_DEBIT_CT", "ANY"), accepted()),
        ("crypto", "No minor unit in ISO 4217: a later decision.",
         event("PAY", "PAY_SUCCESS", currency="USDT"), UNKNOWN),
        ("finer-than-a-cent", "Nothing is rounded.", event("PAY", "PAY_SUCCESS", "0.12345678"),
         UNKNOWN),
        ("yen", "No decimals.", event("PAY", "PAY_SUCCESS", "1500.00000000", "JPY"),
         accepted(fact("PaymentSucceeded", prepay, "M-1", minor=1500, currency="JPY", at=T))),
        ("dinars", "Three decimals.", event("PAY", "PAY_SUCCESS", "1.50000000", "KWD"),
         accepted(fact("PaymentSucceeded", prepay, "M-1", minor=1500, currency="KWD", at=T))),
        ("amount-with-an-exponent", "Plain digits.", event("PAY", "PAY_SUCCESS", "8e1"),
         refused("malformed")),
        ("negative-amount", "Bounded.", event("PAY", "PAY_SUCCESS", "-1.0"),
         refused("malformed")),
    ))  # fmt: skip
    for name, off, expect in (
        ("oldest", -300_000, accepted(paid)), ("too-old", -300_001, refused("stale")),
        ("newest", 300_000, accepted(paid)), ("too-new", 300_001, refused("stale")),
    ):  # fmt: skip
        cases(f"{name}-in-the-window", "An end of it.", good, expect, signed_ms=AT + off)
    cases.refusals(good, paid, named=True)
    cases.without_headers(good, "BinancePay-Signature")
    cases("amount-changed", "Signed.", good, refused("bad_signature"), sent=swapped(b"80.0", b"9"))
    cases("time-in-seconds", "Milliseconds.", good, refused("malformed"),
          headers=lambda pairs: [[n, v[:10] if n == "BinancePay-Timestamp" else v]
                                 for n, v in pairs])  # fmt: skip
    cases.write()


if __name__ == "__main__":
    main()
