"""MoMo cases. Run: ``python -m tests.vectors.generators.momo``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused
from tests.vectors.generators.signed import Signed, fact, secret, swapped

T = "2026-03-01T02:00:05.942Z"


def said(code: Any = 0, **more: Any) -> dict[str, Any]:
    return {"partnerCode": "MOMO", "orderId": "M-1", "requestId": "RQ-1", "amount": 80000,
            "orderInfo": "Thanh toán", "orderType": "momo_wallet", "transId": 4088878653,
            "resultCode": code, "message": "Giao dịch", "payType": "qr",
            "responseTime": 1_772_330_405_942, "extraData": ""} | more  # fmt: skip


def main() -> None:
    cases = Signed("momo", 1_772_330_406_000, secret("secret key"), partner_code="MOMO",
                   access_key="F8BBA842ECF85")  # fmt: skip
    told: dict[str, Any] = {"minor": 80_000, "currency": "VND", "at": T}
    paid = fact("PaymentSucceeded", "4088878653", "M-1", **told)
    good = said()
    cases("paid-row", "0.", good, accepted(paid))
    cases(
        "authorised-row",
        "9000.",
        said(9000),
        accepted(fact("PaymentAuthorized", "4088878653", "M-1", **told)),
    )
    for code in (1000, 7000, 7002, 8000):
        cases(f"pending-{code}-row", "Not decided.", said(code), accepted())
    for code, fact_type in ((1005, "PaymentClosed"), (1017, "PaymentClosed"),
                            (1006, "PaymentFailed"), (1001, "PaymentFailed"),
                            (99, "PaymentFailed")):  # fmt: skip
        cases(
            f"refused-{code}-row",
            "Refused, expired or cancelled.",
            said(code),
            accepted(fact(fact_type, "4088878653", "M-1", **told)),
        )
    cases.rows((
        ("transaction-beyond-2-to-the-53", "Digit by digit.", said(transId=9007199254740993),
         accepted(fact("PaymentSucceeded", "9007199254740993", "M-1", **told))),
        ("failed-without-a-transaction", "0 is the id of nothing: known by its order.",
         said(1001, transId=0), accepted(fact("PaymentFailed", None, "M-1", **told))),
        ("paid-without-a-transaction", "No payment without an id.", said(transId=0),
         refused("malformed")),
        ("amount-with-decimals", "Whole dong.", said(amount=80000.5), refused("malformed")),
        ("amount-is-negative", "Bounded.", said(amount=-1), refused("malformed")),
        ("code-is-no-number", "Digits.", said("OK"), refused("malformed")),
        ("value-that-holds-a-separator", "The text could read in two ways.",
         said(orderInfo="x&orderType=y"), refused("malformed")),
        ("value-with-an-ampersand", "No separator.", said(orderInfo="a&b=c"), accepted(paid)),
        ("of-another-partner", "partnerCode.", said(partnerCode="MOMO2"),
         refused("wrong_account")),
        ("order-is-missing", "It is signed.", said(orderId=""), refused("malformed")),
        ("time-in-seconds", "Milliseconds.", said(responseTime=1_772_330_405),
         refused("malformed")),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "amount-changed",
        "Signed.",
        good,
        refused("bad_signature"),
        sent=swapped(b"80000", b"90000"),
    )
    cases(
        "member-added",
        "Not signed and not read.",
        good,
        accepted(paid),
        sent=swapped(b'"partnerCode"', b'"partnerUserId": "1", "partnerCode"'),
    )
    cases(
        "other-access-key",
        "It is part of the text.",
        good,
        refused("bad_signature"),
        settings_after={"access_key": "AAAA"},
    )
    cases.write()


if __name__ == "__main__":
    main()
