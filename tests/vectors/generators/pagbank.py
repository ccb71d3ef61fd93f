"""PagBank cases. Run: ``python -m tests.vectors.generators.pagbank``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2024-05-01T13:00:00.123Z"


def charge(status: str = "PAID", refunded: int | None = 0, **more: Any) -> dict[str, Any]:
    summary = {} if refunded is None else {"summary": {"total": 9000, "paid": 9000,
                                                       "refunded": refunded}}  # fmt: skip
    told = {"id": "CHAR_1", "reference_id": "M-1", "status": status,
            "created_at": "2024-05-01T10:00:00.123-03:00",
            "amount": {"value": 9000, "currency": "BRL"} | summary} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def order(*charges: dict[str, Any]) -> dict[str, Any]:
    return {"id": "ORDE_1", "reference_id": "M-9", "charges": list(charges)}


def told(kind: str, payment: str = "CHAR_1", number: str = "M-1", **more: Any) -> dict[str, Any]:
    stated: dict[str, Any] = {"minor": 9000, "currency": "BRL", "at": T} | more
    return fact(kind, payment, number, **stated)


def refund(minor: int, of: str = "CHAR_1", number: str = "M-1") -> dict[str, Any]:
    total = {"minor": minor, "currency": "BRL", "exponent": 2}
    return told("RefundCompleted", of, number, minor=minor, at=None, refunded_total=total)


def main() -> None:
    cases = Signed("pagbank", 1_714_568_420_000, secret("token-1"))
    good, paid = charge(), told("PaymentSucceeded")
    cases.rows((
        ("authorized-row", "Not yet money.", charge("AUTHORIZED"),
         accepted(told("PaymentAuthorized"))),
        ("available-row", "Paid, and paid out.", charge("AVAILABLE"), accepted(paid)),
        ("in-analysis-row", "Nothing yet.", charge("IN_ANALYSIS"), accepted()),
        ("waiting-row", "Nothing yet.", charge("WAITING"), accepted()),
        ("declined-row", "An attempt.", charge("DECLINED"), accepted(told("PaymentFailed"))),
        ("canceled-row", "Nothing was paid back.", charge("CANCELED"),
         accepted(told("PaymentClosed", at=None))),
        ("canceled-that-says-no-sum", "Never zero.", charge("CANCELED", None), UNKNOWN),
        ("refunded-in-part", "Paid still, and a sum so far.", charge(refunded=1234),
         accepted(paid, refund(1234))),
        ("canceled-refunded-in-part", "The sum alone is told.", charge("CANCELED", 500),
         accepted(refund(500))),
        ("status-unknown", "Parked.", charge("LIMBO"), UNKNOWN),
        ("paid-at-a-time", "Later than it was made.",
         charge(paid_at="2024-05-01T10:05:00.000-03:00"),
         accepted(told("PaymentSucceeded", at="2024-05-01T13:05:00.000Z"))),
        ("order-of-two-charges", "Each is judged.",
         order(charge(), charge("DECLINED", id="CHAR_2", reference_id=None)),
         accepted(paid, told("PaymentFailed", "CHAR_2", "M-9"))),
        ("order-with-a-charge-unknown", "The other stands.",
         order(charge("LIMBO"), charge(id="CHAR_2")),
         accepted(told("PaymentSucceeded", "CHAR_2"))),
        ("order-without-charges", "Nothing is paid.", order(), accepted()),
        ("amount-as-text", "Integers alone.",
         charge(amount={"value": "9000", "currency": "BRL"}), refused("malformed")),
        ("amount-below-zero", "Out of bounds.", charge(amount={"value": -1, "currency": "BRL"}),
         refused("malformed")),
        ("signed-array", "No object.", b"[1]", refused("malformed")),
        ("signed-name-twice", "Which counts?", b'{"id":"CHAR_1","id":"CHAR_2"}',
         refused("malformed")),
    ))  # fmt: skip
    for currency in ("JPY", "KWD", "ISK", "CLF"):
        cases(f"paid-in-{currency.lower()}", "Minor units.",
              charge(amount={"value": 9000, "currency": currency}),
              accepted(told("PaymentSucceeded", currency=currency)))  # fmt: skip
    cases("status-changed", "Signed.", charge("DECLINED"), refused("bad_signature"),
          sent=swapped(b"DECLINED", b"PAID"))  # fmt: skip
    cases(
        "legacy-form",
        "It proves nothing.",
        good,
        refused("bad_signature"),
        sent=lambda _: b"notificationCode=A&notificationType=transaction",
        headers=lambda _: [["Content-Type", "application/x-www-form-urlencoded"]],
    )
    cases.without_headers(good, "x-authenticity-token")
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
