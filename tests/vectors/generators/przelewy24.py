"""Przelewy24 cases. Run: ``python -m tests.vectors.generators.przelewy24``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped


def said(**more: Any) -> dict[str, Any]:
    return {"merchantId": 12, "posId": 13, "sessionId": "M-1", "amount": 1230,
            "originAmount": 1230, "currency": "PLN", "orderId": 77, "methodId": 154,
            "statement": "p24-1"} | more  # fmt: skip


def refund(status: int = 0, **more: Any) -> dict[str, Any]:
    told = {"orderId": 77, "sessionId": "M-1", "merchantId": 12, "requestId": "R-1",
            "refundsUuid": "u-1", "amount": 100, "currency": "PLN", "timestamp": 1714557600,
            "status": status} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def told(kind: str, minor: int = 100, currency: str = "PLN", **more: Any) -> dict[str, Any]:
    stated: dict[str, Any] = {"refund_id": "u-1", "merchant_refund_id": "R-1"} | more
    return fact(kind, "77", "M-1", minor=minor, currency=currency, **stated)


def main() -> None:
    cases = Signed("przelewy24", 1_714_557_600_000, secret("crc-key"), merchant_id="12",
                   pos_id="13")  # fmt: skip
    good = said()
    returned = told("RefundCompleted")
    cases.rows((
        ("payment-asks", "It has to be confirmed before it counts.", good, accepted()),
        ("statement-empty", "Signed as it is.", said(statement=""), accepted()),
        ("text-of-every-kind", "As JavaScript writes it.",
         said(statement="ą\"\\/\b\f\n\r\t\u001f\u007f\u2028\U0001f600"), accepted()),
        ("payment-in-jpy", "Integers of minor units.", said(currency="JPY"), accepted()),
        ("merchant-of-another", "Signed with our key.", said(merchantId=14),
         refused("wrong_account")),
        ("shop-of-another", "Signed with our key.", said(posId=14), refused("wrong_account")),
        ("amount-with-decimals", "Integers alone.", said(amount=12.5), refused("malformed")),
        ("amount-absent", "All nine are signed.", said(amount=None), refused("malformed")),
        ("refund-row", "Done.", refund(), accepted(returned)),
        ("refund-rejected-row", "The money stays.", refund(1), accepted(told("RefundFailed"))),
        ("refund-status-unknown", "Parked.", refund(2), unsupported("unknown_meaning")),
        ("refund-signed-over-fewer-members", "The request is not proven and not told.",
         refund(timestamp=None), accepted(told("RefundCompleted", merchant_refund_id=None))),
        ("refund-of-another", "Signed with our key.", refund(merchantId=14),
         refused("wrong_account")),
        ("refund-amount-as-text", "Integers alone.", refund(amount="100"), refused("malformed")),
    ))  # fmt: skip
    for currency in ("JPY", "KWD", "ISK", "CLF"):
        cases(f"refund-in-{currency.lower()}", "Minor units.", refund(currency=currency),
              accepted(told("RefundCompleted", currency=currency)))  # fmt: skip
    cases("refund-amount-changed", "Signed.", refund(), refused("bad_signature"),
          sent=swapped(b'"amount": 100', b'"amount": 900'))  # fmt: skip
    cases("member-of-no-meaning", "Not signed and not read.", good, accepted(),
          sent=lambda body: body[:-1] + b', "extra": 1}')  # fmt: skip
    cases("sign-in-capitals", "Digits of either letter case.", good, accepted(),
          sent=lambda body: body[:-98] + body[-98:].upper())  # fmt: skip
    cases.refusals(good)
    cases.write()


if __name__ == "__main__":
    main()
