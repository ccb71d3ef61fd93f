"""GrabPay cases. Run: ``python -m tests.vectors.generators.grabpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2024-05-01T09:59:58.000Z"
AT_MS = 1_714_557_605_000


def said(kind: str = "SALE", status: str = "success", **more: Any) -> dict[str, Any]:
    told = {"txType": kind, "partnerID": "partner-1", "partnerTxID": "M-1", "txID": "g-1",
            "amount": 10000, "currency": "SGD", "status": status,
            "completedAt": 1714557598} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def told(kind: str, minor: int = 10000, currency: str = "SGD", **more: Any) -> dict[str, Any]:
    return fact(kind, "g-1", "M-1", minor=minor, currency=currency, at=T, **more)


def main() -> None:
    cases = Signed("grabpay", AT_MS, secret("partner secret"), partner_id="partner-1",
                   notification_url="https://shop.example/hooks/grab?shop=1",
                   tolerance_seconds="300")  # fmt: skip
    good, paid = said(), told("PaymentSucceeded")
    back = fact("RefundCompleted", "g-1", None, minor=100, currency="SGD", at=T, refund_id="g-2",
                merchant_refund_id="R-1")  # fmt: skip
    refund: dict[str, Any] = {"txID": "g-2", "origTxID": "g-1", "partnerTxID": "R-1",
                              "amount": 100}  # fmt: skip
    cases.rows((
        ("sale-row", "Paid; the query of the address is not signed.", good, accepted(paid)),
        ("authorised-row", "Not yet money.", said(status="authorised"),
         accepted(told("PaymentAuthorized"))),
        ("pending-row", "Nothing yet.", said(status="pending"), accepted()),
        ("refund-row", "It names its payment.", said("REFUND", **refund), accepted(back)),
        ("refund-failed-row", "The money stays.", said("REFUND", "failed", **refund),
         accepted(back | {"type": "RefundFailed"})),
        ("refund-pending-row", "Nothing yet.", said("REFUND", "pending", **refund), accepted()),
        ("refund-that-names-no-payment", "Known by its own id.",
         said("REFUND", **refund | {"origTxID": None}), accepted(back | {"payment_id": None})),
        ("kind-unknown", "Parked.", said("TRANSFER"), UNKNOWN),
        ("status-unknown", "Parked.", said(status="maybe"), UNKNOWN),
        ("refund-authorised", "There is no such thing.", said("REFUND", "authorised"), UNKNOWN),
        ("a-request-of-ours", "Signed alike, and no notification.", {"amount": 100}, UNKNOWN),
        ("amount-as-text", "Integers alone.", said(amount="10000"), refused("malformed")),
        ("amount-absent", "Never zero.", said(amount=None), refused("malformed")),
        ("time-absent", "Not told.", said(completedAt=None),
         accepted(paid | {"occurred_at": None})),
        ("signed-array", "No object.", b"[1]", refused("malformed")),
        ("no-body", "Authentic, and says nothing.", b"", UNKNOWN),
    ))  # fmt: skip
    for currency in ("JPY", "KWD", "ISK", "CLF"):
        cases(f"paid-in-{currency.lower()}", "Minor units.", said(currency=currency),
              accepted(told("PaymentSucceeded", currency=currency)))  # fmt: skip
    for name, moved, expect in (
        ("oldest-in-the-window", -300_000, accepted(paid)), ("newest-in-the-window", 300_000,
        accepted(paid)), ("too-old", -301_000, refused("stale")), ("too-new", 301_000,
        refused("stale")),
    ):  # fmt: skip
        cases(name, "An end of the window.", good, expect, signed_ms=AT_MS + moved)
    cases("amount-changed", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"10000", b"90000"))  # fmt: skip
    for name, date in (("date-without-a-zone", "Wed, 01 May 2024 10:00:00"),
                       ("date-in-words", "today")):  # fmt: skip
        cases(name, "The signature covers another text.", good, refused("bad_signature"),
              headers=lambda pairs, date=date: [[n, date if n == "Date" else v]
                                                for n, v in pairs])  # fmt: skip
    cases(
        "another-path",
        "It is signed.",
        good,
        refused("bad_signature"),
        settings_after={"notification_url": "https://shop.example/hooks/other"},
    )
    cases(
        "partner-of-somebody-else",
        "Signed with our secret.",
        good,
        refused("wrong_account"),
        settings_after={"partner_id": "partner-2"},
    )
    cases.without_headers(good, "Authorization")
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
