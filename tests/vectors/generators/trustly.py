"""Trustly cases. Run: ``python -m tests.vectors.generators.trustly``"""

import hashlib
from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

T = "2024-05-01T10:00:00.123Z"
AT_MS = 1_714_557_609_000


def said(method: str | None = "credit", **more: Any) -> dict[str, Any]:
    data = {"notificationid": "4653", "messageid": "M-1", "orderid": "4931", "enduserid": "u1",
            "amount": "902.50", "currency": "EUR",
            "timestamp": "2024-05-01 10:00:00.123+00"} | more  # fmt: skip
    stated = {name: value for name, value in data.items() if value is not None}
    params = {"uuid": "258a2184-2842-b485-25ca-293525152425", "data": stated}
    told = {"method": method, "params": params, "version": "1.1"}
    return {name: value for name, value in told.items() if value is not None}


def told(kind: str, minor: int = 90250, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    return fact(kind, "4931", "M-1", minor=minor, currency=currency, at=T, **more)


def refund_id(number: str) -> str:
    return hashlib.sha256(len(number).to_bytes(4, "big") + number.encode()).hexdigest()


def rows(cases: Signed) -> None:
    cases.rows((
        ("credit-row", "Paid.", said(), accepted(told("PaymentSucceeded"))),
        ("debit-row", "Taken back.", said("debit"), accepted(told("PaymentReversed"))),
        ("pending-row", "Nothing yet.", said("pending"), accepted()),
        ("account-row", "Whose account it is: not ours to tell.", said("account"), accepted()),
        ("cancel-row", "Final.", said("cancel", amount=None, currency=None),
         accepted(fact("PaymentClosed", "4931", "M-1", at=T))),
        ("payoutconfirmation-row", "Known by its notification.", said("payoutconfirmation"),
         accepted(told("RefundCompleted", refund_id=refund_id("4653")))),
        ("payoutfailed-row", "The money stays.", said("payoutfailed"),
         accepted(told("RefundFailed", refund_id=refund_id("4653")))),
        ("method-unknown", "Parked.", said("teleport"), unsupported("unknown_meaning")),
        ("method-in-capitals", "Another word.", said("CREDIT"), unsupported("unknown_meaning")),
        ("method-absent", "It is signed.", said(None), refused("malformed")),
        ("order-absent", "What was paid?", said(orderid=None), refused("malformed")),
        ("message-absent", "Its neighbours could have moved.", said(messageid=None),
         refused("malformed")),
        ("notification-absent", "The same.", said(notificationid=None), refused("malformed")),
        ("time-absent", "The same.", said(timestamp=None), refused("malformed")),
        ("order-in-letters", "Digits.", said(orderid="4931a"), refused("malformed")),
        ("order-as-number", "The same digits.", said(orderid=4931),
         accepted(told("PaymentSucceeded"))),
        ("credit-without-an-amount", "Never zero.", said(amount=None), refused("malformed")),
        ("credit-without-a-currency", "Never guessed.", said(currency=None),
         refused("malformed")),
        ("credit-without-both", "Never zero.", said(amount=None, currency=None),
         refused("malformed")),
        ("amount-as-number", "Text.", said(amount=902.5), refused("malformed")),
        ("amount-too-fine", "Nothing is rounded.", said(amount="902.505"), refused("malformed")),
        ("amount-in-letters", "Digits.", said(amount="9e2"), refused("malformed")),
        ("lists-and-numbers", "Joined as they are written.",
         said(attributes={"b": [1, "x", None, {"z": "1", "a": 2.50}], "B": 12345678901234567890}),
         accepted(told("PaymentSucceeded"))),
        ("names-sorted-by-bytes", "Capitals, then small letters, then the rest.",
         said(attributes={"é": "3", "a": "2", "Z": "1", "_": "0", "€": "4"}),
         accepted(told("PaymentSucceeded"))),
        ("flags-in-words", "One of two ways.", said(attributes={"verified": True, "x": False}),
         accepted(told("PaymentSucceeded"))),
    ))  # fmt: skip
    cases("flags-in-digits", "The other way.", said(attributes={"verified": True, "x": False}),
          accepted(told("PaymentSucceeded")), signing={"flags": ("0", "1")})  # fmt: skip
    for name, text, at in (
        ("whole-seconds", "2024-05-01 10:00:00+00", "2024-05-01T10:00:00.000Z"),
        ("one-digit", "2024-05-01 10:00:00.1+00", "2024-05-01T10:00:00.100Z"),
        ("six-digits", "2024-05-01 10:00:00.123456+00", T),
        ("another-zone", "2024-05-01 12:00:00.123+02", T),
        ("zone-with-minutes", "2024-05-01 15:30:00.123+05:30", T),
        ("west", "2024-05-01 05:00:00.123-05", T),
    ):  # fmt: skip
        cases(f"time-of-{name}", "The zone is told.", said(timestamp=text),
              accepted(told("PaymentSucceeded") | {"occurred_at": at}))  # fmt: skip
    for name, text in (("without-a-zone", "2024-05-01 10:00:00.123"),
                       ("that-does-not-exist", "2024-02-30 10:00:00+00"),
                       ("in-words", "today")):  # fmt: skip
        cases(f"time-{name}", "No moment.", said(timestamp=text), refused("malformed"))
    for currency, amount, minor in (("SEK", "20.00", 2000), ("JPY", "1500", 1500),
                                    ("KWD", "1.505", 1505), ("ISK", "1500", 1500),
                                    ("CLF", "1.5055", 15055)):  # fmt: skip
        cases(f"credit-in-{currency.lower()}", "Decimals as ISO counts them.",
              said(currency=currency, amount=amount),
              accepted(told("PaymentSucceeded", minor, currency)))  # fmt: skip


def main() -> None:
    cases = Signed("trustly", AT_MS, signature_algorithm="SHA1")
    rows(cases)
    good, paid = said(), told("PaymentSucceeded")
    for name in ("RS256", "RS384", "RS512"):
        pinned = {"signature_algorithm": name}
        cases(f"{name.lower()}-row", "Behind its prefix.", good, accepted(paid), settings=pinned)
        cases(f"{name.lower()}-on-an-account-of-sha1", "Pinned.", good,
              refused("bad_signature"), signing={"alg": name})  # fmt: skip
        cases(f"sha1-on-an-account-of-{name.lower()}", "Pinned.", good,
              refused("bad_signature"), settings=pinned, signing={"alg": "SHA1"})  # fmt: skip
    strong = {"signature_algorithm": "RS256"}
    cases("prefix-of-another-hash", "It is not the sender who chooses.", good,
          refused("bad_signature"), settings=strong, sent=swapped(b"RS256", b"RS384"))  # fmt: skip
    cases("prefix-left-out", "The same.", good, refused("bad_signature"), settings=strong,
          sent=swapped(b"alg=RS256;", b""))  # fmt: skip
    cases("prefix-of-sha1", "There is none.", good, refused("bad_signature"),
          sent=swapped(b'"signature": "', b'"signature": "alg=SHA1;'))  # fmt: skip
    for name, before, behind in (
        ("amount", b"902.50", b"902.51"), ("order", b"4931", b"4932"),
        ("method", b"credit", b"debit"), ("uuid", b"258a", b"258b"),
        ("name", b"enduserid", b"enduserie"),
    ):  # fmt: skip
        cases(f"{name}-changed", "Signed.", good, refused("bad_signature"),
              sent=swapped(before, behind))  # fmt: skip
    cases("order-and-time-joined", "The joined text is the same, and the order no number.", good,
          refused("malformed"),
          sent=lambda body: swapped(b'"4931"', b'"4931timestamp2024-05-01 10:00:00.123+00"')(
              swapped(b', "timestamp": "2024-05-01 10:00:00.123+00"', b"")(body)))  # fmt: skip
    cases("message-and-notification-joined", "The joined text is the same.", good,
          refused("malformed"),
          sent=lambda body: swapped(b'"M-1"', b'"M-1notificationid4653"')(
              swapped(b'"notificationid": "4653", ', b"")(body)))  # fmt: skip
    cases("signature-absent", "No proof.", good, refused("bad_signature"),
          sent=swapped(b'"signature"', b'"signatura"'))  # fmt: skip
    cases("signature-not-base64", "No proof.", good, refused("bad_signature"),
          sent=swapped(b'"signature": "', b'"signature": "!'))  # fmt: skip
    cases("data-twice", "Which counts?", good, refused("malformed"),
          sent=swapped(b'"data"', b'"data": {}, "data"'))  # fmt: skip
    cases("member-beside", "Unsigned, and not read.", good, accepted(paid),
          sent=swapped(b'"version"', b'"amount": "1", "version"'))  # fmt: skip
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
