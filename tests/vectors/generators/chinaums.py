"""China UMS cases. Run: ``python -m tests.vectors.generators.chinaums``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"


def said(status: str = "TRADE_SUCCESS", **more: str) -> dict[str, Any]:
    return {"mid": "8980", "tid": "01", "instMid": "H5DEFAULT", "merOrderId": "3194M-1",
            "status": status, "totalAmount": "8000", "payTime": "2026-03-01 10:00:05",
            "signType": "SHA256", "attachedData": ""} | more  # fmt: skip


def bill(status: str, **more: str) -> dict[str, Any]:
    return {"mid": "8980", "tid": "01", "instMid": "QRPAYDEFAULT", "billNo": "3194B-1",
            "billDate": "2026-03-01", "billStatus": status, "totalAmount": "8000",
            "signType": "SHA256", "billPayment": '{"status":"TRADE_SUCCESS"}'} | more  # fmt: skip


def main() -> None:
    cases = Signed("chinaums", 1_772_330_406_000, secret("communication"), mid="8980", tid="01",
                   sign_type="SHA256")  # fmt: skip
    paid = fact("PaymentSucceeded", "3194M-1", "M-1", minor=8000, at=T)
    good = said()
    derived = "refundOrderId"
    cases.rows((
        ("paid-row", "The order stands behind four characters.", good, accepted(paid)),
        ("closed-row", "TRADE_CLOSED.", said("TRADE_CLOSED"),
         accepted(fact("PaymentClosed", "3194M-1", "M-1", minor=8000, at=T))),
        ("refunded-trade", "No amount of it is known: parked.", said("TRADE_REFUND"), UNKNOWN),
        ("status-unknown", "Parked.", said("NEW_ORDER"), UNKNOWN),
        ("bill-paid-row", "A payment of a bill.", bill("PAID"),
         accepted(fact("PaymentSucceeded", "3194B-1", "B-1", minor=8000))),
        ("bill-refunded-row", "With its own number.",
         bill("REFUND", refundAmount="1280", **{derived: "R-1"}),
         accepted(fact("RefundCompleted", "3194B-1", "B-1", minor=1280, refund_id="R-1"))),
        ("bill-refunded-without-an-amount", "Parked.", bill("REFUND"), UNKNOWN),
        ("bill-status-unknown", "Parked.", bill("LOST"), UNKNOWN),
        ("amount-as-decimal", "Fen.", said(totalAmount="80.00"), refused("malformed")),
        ("of-another-merchant", "mid.", said(mid="1"), refused("wrong_account")),
        ("of-another-terminal", "tid.", said(tid="02"), refused("wrong_account")),
        ("order-of-the-source-alone", "No order of the merchant's.", said(merOrderId="3194"),
         accepted(fact("PaymentSucceeded", "3194", minor=8000, at=T))),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "status-changed",
        "Signed.",
        said("TRADE_CLOSED"),
        refused("bad_signature"),
        sent=swapped(b"TRADE_CLOSED", b"TRADE_SUCCESS"),
    )
    cases(
        "empty-field-dropped",
        "Empty fields are not signed.",
        good,
        accepted(paid),
        sent=swapped(b"&attachedData=", b""),
    )
    cases(
        "digest-in-small-letters",
        "Letter case of hex says nothing.",
        good,
        accepted(paid),
        sent=lambda body: body[:-64] + body[-64:].lower(),
    )
    cases.write()


if __name__ == "__main__":
    main()
