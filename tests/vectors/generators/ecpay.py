"""ECPay cases. Run: ``python -m tests.vectors.generators.ecpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"


def said(code: str = "1", **more: str) -> dict[str, Any]:
    return {"MerchantID": "3002607", "MerchantTradeNo": "Shop17", "RtnCode": code,
            "RtnMsg": "交易成功", "TradeNo": "2603011000050001", "TradeAmt": "8000",
            "PaymentDate": "2026/03/01 10:00:05", "PaymentType": "Credit_CreditCard",
            "SimulatePaid": "0", "CustomField1": ""} | more  # fmt: skip


def main() -> None:
    cases = Signed("ecpay", 1_772_330_406_000, secret("pwFHCqoQZGmho4w6"), merchant_id="3002607",
                   hash_iv="EkRm7iFT261dpevs", encrypt_type="1")  # fmt: skip
    told: dict[str, Any] = {"minor": 800_000, "currency": "TWD", "at": T}
    trade = ("2603011000050001", "Shop17")
    paid = fact("PaymentSucceeded", *trade, **told)
    good = said()
    punctuated = said(CustomField1="a b*c!d(e)f'g~h&i=j%k_l-m.n+o/p")
    dropped = {name: value for name, value in good.items() if name != "SimulatePaid"}
    cases.rows((
        ("paid-row", "The order number in its own letters.", good, accepted(paid)),
        ("paid-with-punctuation", "Encoded as .NET does.", punctuated, accepted(paid)),
        ("failed-row", "Any other code.", said("10100058"),
         accepted(fact("PaymentFailed", *trade, **told))),
        ("expired-row", "10100141.", said("10100141"),
         accepted(fact("PaymentClosed", *trade, **told))),
        ("number-issued-row", "2: nothing is paid yet.", said("2"), accepted()),
        ("code-issued-row", "10100073: nothing is paid yet.", said("10100073"), accepted()),
        ("simulated-row", "From the console.", said(SimulatePaid="1"), accepted()),
        ("simulation-is-not-told", "Parked.", dropped, UNKNOWN),
        ("simulation-of-another-word", "Parked.", said(SimulatePaid="2"), UNKNOWN),
        ("first-charge-of-a-subscription", "A payment.", said(TotalSuccessTimes="1"),
         accepted(paid)),
        ("later-charge-of-a-subscription", "It has no id of its own: parked.",
         said(TotalSuccessTimes="2"), UNKNOWN),
        ("code-is-no-number", "Digits.", said("OK"), refused("malformed")),
        ("amount-with-decimals", "Whole dollars.", said(TradeAmt="8000.5"), refused("malformed")),
        ("amount-with-a-sign", "Digits.", said(TradeAmt="-8000"), refused("malformed")),
        ("of-another-merchant", "MerchantID.", said(MerchantID="2000132"),
         refused("wrong_account")),
        ("day-that-does-not-exist", "Strict times.", said(PaymentDate="2026/02/30 10:00:05"),
         refused("malformed")),
        ("paid-half-past-midnight", "The day changes in UTC.",
         said(PaymentDate="2026/03/01 00:30:00"),
         accepted(fact("PaymentSucceeded", *trade, **told | {"at": "2026-02-28T16:30:00.000Z"}))),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases("amount-changed", "Signed.", good, refused("bad_signature"), sent=swapped(b"8000", b"9"))
    cases(
        "field-added",
        "Unknown fields are signed.",
        good,
        refused("bad_signature"),
        sent=lambda body: body + b"&added=1",
    )
    cases(
        "other-iv",
        "It is part of the text.",
        good,
        refused("bad_signature"),
        settings_after={"hash_iv": "AAAAAAAAAAAAAAAA"},
    )
    cases("announced-hash-is-not-read", "Pinned.", said(EncryptType="0"), accepted(paid))
    cases.write()


if __name__ == "__main__":
    main()
