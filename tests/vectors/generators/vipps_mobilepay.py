"""Vipps MobilePay cases. Run: ``python -m tests.vectors.generators.vipps_mobilepay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2024-05-01T09:59:58.260Z"
AT_MS = 1_714_557_605_000
URL = "https://pay.shop.example/hooks/vipps?shop=1"


def said(
    name: str | None = "CAPTURED", success: bool | None = True, **more: Any
) -> dict[str, Any]:
    told = {"msn": "123456", "reference": "M-1", "pspReference": "op-1", "name": name,
            "amount": {"currency": "NOK", "value": 49900}, "timestamp": T,
            "idempotencyKey": "k", "success": success} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def told(kind: str, minor: int = 49900, currency: str = "NOK", **more: Any) -> dict[str, Any]:
    return fact(kind, "M-1", "M-1", minor=minor, currency=currency, at=T, **more)


def altered(header: str, change: Any) -> Any:
    return lambda pairs: [[n, change(v) if n == header else v] for n, v in pairs]


def rows(cases: Signed) -> None:
    cases.rows((
        ("created-row", "Nothing yet.", said("CREATED"), accepted()),
        ("created-failed-row", "Nothing came of it.", said("CREATED", False), accepted()),
        ("authorized-row", "Reserved.", said("AUTHORIZED"), accepted(told("PaymentAuthorized"))),
        ("authorized-failed-row", "One attempt.", said("AUTHORIZED", False),
         accepted(told("PaymentFailed"))),
        ("captured-row", "The query of the address is signed.", said(),
         accepted(told("PaymentSucceeded", capture_id="op-1"))),
        ("captured-failed-row", "Not taken.", said(success=False),
         accepted(told("PaymentFailed"))),
        ("refunded-row", "By its operation.", said("REFUNDED"),
         accepted(told("RefundCompleted", refund_id="op-1"))),
        ("refunded-failed-row", "The money stays.", said("REFUNDED", False),
         accepted(told("RefundFailed", refund_id="op-1"))),
    ))  # fmt: skip
    for name in ("CANCELLED", "ABORTED", "EXPIRED", "TERMINATED"):
        cases(f"{name.lower()}-row", "Final.", said(name), accepted(told("PaymentClosed")))
        cases(f"{name.lower()}-failed-row", "It stays what it was.", said(name, False),
              accepted())  # fmt: skip
    cases.rows((
        ("name-unknown", "Parked.", said("TELEPORTED"), UNKNOWN),
        ("name-in-small-letters", "Another word.", said("captured"), UNKNOWN),
        ("name-of-the-type", "Another word.", said("epayments.payment.captured.v1"), UNKNOWN),
        ("name-absent", "Parked.", said(None), UNKNOWN),
        ("success-absent", "Never guessed.", said(success=None), refused("malformed")),
        ("success-as-text", "A flag.", said(success="true"), refused("malformed")),  # type: ignore[arg-type]
        ("msn-absent", "Who is meant?", said(msn=None), refused("wrong_account")),
        ("msn-as-number", "The same digits.", said(msn=123456),
         accepted(told("PaymentSucceeded", capture_id="op-1"))),
        ("reference-absent", "What was paid?", said(reference=None), refused("malformed")),
        ("operation-absent", "Which capture?", said(pspReference=None), refused("malformed")),
        ("amount-absent", "Never zero.", said(amount=None), refused("malformed")),
        ("amount-as-text", "Integers.", said(amount={"currency": "NOK", "value": "1"}),
         refused("malformed")),
        ("amount-in-kroner", "Integers.", said(amount={"currency": "NOK", "value": 1.5}),
         refused("malformed")),
        ("currency-absent", "Never guessed.", said(amount={"value": 1}), refused("malformed")),
        ("time-absent", "Not told.", said(timestamp=None),
         accepted(told("PaymentSucceeded") | {"occurred_at": None})),
        ("time-without-a-zone", "Which?", said(timestamp="2024-05-01T09:59:58"),
         refused("malformed")),
        ("signed-array", "No object.", b"[1]", refused("malformed")),
        ("signed-nothing", "No object.", b"", refused("malformed")),
        ("signed-name-twice", "Which counts?", b'{"name":"CAPTURED","name":"CREATED"}',
         refused("malformed")),
    ))  # fmt: skip
    for currency in ("DKK", "EUR", "JPY", "KWD", "ISK", "CLF"):
        cases(f"captured-in-{currency.lower()}", "Minor units.",
              said(amount={"currency": currency, "value": 49900}),
              accepted(told("PaymentSucceeded", currency=currency)))  # fmt: skip


def main() -> None:
    cases = Signed("vipps-mobilepay", AT_MS, secret("A0+AeKBRG2KR"), notification_url=URL,
                   msn="123456", tolerance_seconds="300")  # fmt: skip
    rows(cases)
    good, paid = said(), told("PaymentSucceeded", capture_id="op-1")
    for name, moved, expect in (
        ("oldest-in-the-window", -300_000, accepted(paid)), ("newest-in-the-window", 300_000,
        accepted(paid)), ("too-old", -301_000, refused("stale")), ("too-new", 301_000,
        refused("stale")),
    ):  # fmt: skip
        cases(name, "An end of the window.", good, expect, signed_ms=AT_MS + moved)
    for name, date in (("date-without-a-zone", "Wed, 01 May 2024 10:00:00"),
                       ("date-of-another-zone", "Wed, 01 May 2024 10:00:00 +0000"),
                       ("date-in-words", "today GMT"), ("date-of-rfc-3339", T)):  # fmt: skip
        cases(name, "Signed, and no date of HTTP.", good, refused("malformed"),
              signing={"date": date})  # fmt: skip
    cases("host-that-a-proxy-changed", "The registered one is signed.", good, accepted(paid),
          headers=altered("Host", lambda _: "10.0.0.7:8080"))  # fmt: skip
    cases("without-a-host", "The same.", good, accepted(paid),
          headers=lambda pairs: [p for p in pairs if p[0] != "Host"])  # fmt: skip
    for name, url in (("path", "https://pay.shop.example/hooks/other?shop=1"),
                      ("query", "https://pay.shop.example/hooks/vipps?shop=2"),
                      ("host", "https://other.example/hooks/vipps?shop=1")):  # fmt: skip
        cases(f"another-{name}", "It is signed.", good, refused("bad_signature"),
              settings_after={"notification_url": url})  # fmt: skip
    cases("body-changed", "Its digest is counted anew.", good, refused("bad_signature"),
          sent=swapped(b"49900", b"99900"))  # fmt: skip
    cases("digest-changed", "It has to be the body's.", good, refused("bad_signature"),
          headers=altered("x-ms-content-sha256", lambda text: text[::-1]))  # fmt: skip
    cases("date-changed", "It is signed.", good, refused("bad_signature"),
          headers=altered("x-ms-date", lambda text: text.replace("May", "Jun")))  # fmt: skip
    cases("fewer-headers-signed", "The form is fixed.", good, refused("bad_signature"),
          headers=altered("Authorization", lambda text: text.replace(";host", "")))  # fmt: skip
    cases("scheme-of-another-hash", "The form is fixed.", good, refused("bad_signature"),
          headers=altered("Authorization", lambda text: text.replace("256", "1", 1)))  # fmt: skip
    cases("signature-of-nothing", "Empty.", good, refused("bad_signature"),
          headers=altered("Authorization",
                          lambda text: text.partition("&")[0] + "&Signature="))  # fmt: skip
    cases("second-secret", "Each is tried.", good, accepted(paid),
          keys=lambda keys: [secret("another", "0"), *keys])  # fmt: skip
    cases.without_headers(good, "Authorization", "x-ms-content-sha256")
    cases("without-x-ms-date", "It is signed.", good, {"verdict": "refused"},
          headers=lambda pairs: [p for p in pairs if p[0] != "x-ms-date"])  # fmt: skip
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
