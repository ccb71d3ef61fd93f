"""NewebPay cases. Run: ``python -m tests.vectors.generators.newebpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
KEY, OTHER = "12345678901234567890123456789012", "abcdefghijabcdefghijabcdefghijab"
T = "2026-03-01T02:00:05.000Z"


def result(**more: Any) -> dict[str, Any]:
    return {"MerchantID": "MS1", "Amt": 80, "TradeNo": "N-1", "MerchantOrderNo": "M-1",
            "PaymentType": "CREDIT", "PayTime": "2026-03-01 10:00:05"} | more  # fmt: skip


def said(status: str = "SUCCESS", **more: Any) -> dict[str, Any]:
    return {"Status": status, "Message": "OK", "Result": result(**more)}


def main() -> None:
    keys = (secret(KEY), secret(KEY, use="decrypt"))
    cases = Signed("newebpay", 1_772_330_406_000, *keys, merchant_id="MS1",
                   hash_iv="1234567890123456")  # fmt: skip
    told: dict[str, Any] = {"minor": 8000, "currency": "TWD", "at": T}
    paid = fact("PaymentSucceeded", "N-1", "M-1", **told)
    good = said()
    failed = {"Status": "MPG01002", "Message": "x",
              "Result": {"MerchantID": "MS1", "MerchantOrderNo": "M-1"}}  # fmt: skip
    cases.rows((
        ("paid-row", "SUCCESS.", good, accepted(paid)),
        ("paid-without-the-blank", "Some channels write so.",
         said(PayTime="2026-03-0110:00:05"), accepted(paid)),
        ("failed-row", "Any other status.", said("TRA10016"),
         accepted(fact("PaymentFailed", "N-1", "M-1", **told))),
        ("failed-before-a-trade", "Only the order is known.", failed,
         accepted(fact("PaymentFailed", None, "M-1"))),
        ("number-issued-row", "Nothing is paid yet.",
         said(PayTime=None, ExpireDate="2026-03-08", CodeNo="123"), accepted()),
        ("neither-paid-nor-issued", "Parked.", said(PayTime=None), UNKNOWN),
        ("amount-as-text", "Either form.", said(Amt="80"), accepted(paid)),
        ("amount-with-decimals", "Whole dollars.", said(Amt="80.5"), refused("malformed")),
        ("amount-is-missing", "Never zero.", said(Amt=None), refused("malformed")),
        ("of-another-merchant-row", "Inside.", said(MerchantID="MS2"),
         refused("wrong_account")),
        ("status-is-missing", "Inside.", {"Result": result()}, refused("malformed")),
    ))  # fmt: skip
    flat = {"Status": "SUCCESS", "Message": "授權成功"} | result(Amt="80")
    cases(
        "paid-as-a-query-string",
        "RespondType String.",
        flat,
        accepted(paid),
        settings={"respond_type": "String"},
    )
    cases(
        "string-where-json-is-pinned",
        "Pinned.",
        flat,
        refused("malformed"),
        settings={"respond_type": "String"},
        settings_after={"respond_type": "JSON"},
    )
    cases.refusals(good, paid)
    cases(
        "outer-status-changed",
        "Not signed and not read.",
        good,
        accepted(paid),
        sent=swapped(b"Status=SUCCESS", b"Status=FAILURE"),
    )
    cases(
        "digest-of-another-key",
        "It opens, the digest is a stranger's.",
        good,
        refused("bad_signature"),
        keys=lambda held: [secret(OTHER), held[1]],
    )
    cases(
        "sealed-for-another",
        "The digest is good, no key opens it.",
        good,
        refused("undecryptable"),
        keys=lambda held: [held[0], secret(OTHER, use="decrypt")],
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
