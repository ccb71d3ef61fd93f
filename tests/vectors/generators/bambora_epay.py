"""Bambora Online cases. Run: ``python -m tests.vectors.generators.bambora_epay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused
from tests.vectors.generators.signed import Signed, fact, secret, swapped

T = "2026-01-15T11:30:00.000Z"


def said(**more: str) -> dict[str, str]:
    return {"txnid": "95", "orderid": "M-1", "amount": "1500", "currency": "208",
            "date": "20260115", "time": "1230", "txnfee": "0", "paymenttype": "3",
            "cardno": "453903XXXXXX9862", "fraud": "", "payercountry": "DK"} | more  # fmt: skip


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in said().items() if name not in names}


def told(kind: str = "PaymentAuthorized", currency: str = "DKK", **more: Any) -> dict[str, Any]:
    return fact(kind, "95", "M-1", **{"minor": 1500, "currency": currency, "at": T} | more)


def main() -> None:
    cases = Signed("bambora-epay", 1_768_500_000_000, secret("md5 key"), method="GET",
                   instant_capture="false")  # fmt: skip
    good, held = said(), told()
    cases("captured-row", "The account captures at once.", good,
          accepted(told("PaymentSucceeded")), settings={"instant_capture": "true"})  # fmt: skip
    cases.rows((
        ("authorized-row", "Winter: one hour ahead.", good, accepted(held)),
        ("summer", "Two hours ahead.", said(date="20260715"),
         accepted(told(at="2026-07-15T10:30:00.000Z"))),
        ("last-minute-of-winter", "01:59 on the day of the change.",
         said(date="20260329", time="0159"), accepted(told(at="2026-03-29T00:59:00.000Z"))),
        ("first-minute-of-summer", "03:00 on that day.", said(date="20260329", time="0300"),
         accepted(told(at="2026-03-29T01:00:00.000Z"))),
        ("minute-that-is-skipped", "No such moment.", said(date="20260329", time="0230"),
         refused("malformed")),
        ("minute-that-comes-twice", "Its first.", said(date="20261025", time="0230"),
         accepted(told(at="2026-10-25T00:30:00.000Z"))),
        ("first-minute-of-winter", "03:00 on that day.", said(date="20261025", time="0300"),
         accepted(told(at="2026-10-25T02:00:00.000Z"))),
        ("day-that-does-not-exist", "Malformed.", said(date="20260230"), refused("malformed")),
        ("time-absent", "Not told.", without("time"), accepted(told(at=None))),
        ("amount-absent", "Never zero.", without("amount"), refused("malformed")),
        ("amount-with-decimals", "Digits.", said(amount="15.00"), refused("malformed")),
        ("currency-in-letters", "Numbers.", said(currency="DKK"), refused("malformed")),
        ("currency-unknown", "No currency has it.", said(currency="001"), refused("malformed")),
        ("letters-of-other-alphabets", "Hashed decoded.", said(orderid="Æ 1+&="),
         accepted(held | {"merchant_order_id": "Æ 1+&="})),
        ("another-order", "That received counts.",
         dict(sorted(said().items(), reverse=True)), accepted(held)),
    ))  # fmt: skip
    for number, currency in (("392", "JPY"), ("414", "KWD"), ("352", "ISK"), ("990", "CLF")):
        cases(f"numbered-{currency.lower()}", "Minor units.", said(currency=number),
              accepted(told(currency=currency)))  # fmt: skip
    cases("order-of-parameters-changed", "The order is signed.", good, refused("bad_signature"),
          sent=lambda query: b"&".join(query.split(b"&")[::-1]))  # fmt: skip
    cases("order-number-changed", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"M-1", b"M-2"))  # fmt: skip
    cases("hash-is-no-hex", "Unreadable.", good, refused("bad_signature"),
          sent=lambda query: query[:-1] + b"x")  # fmt: skip
    cases.refusals(good, held)
    cases.write()


if __name__ == "__main__":
    main()
