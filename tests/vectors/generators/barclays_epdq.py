"""ePDQ cases. Run: ``python -m tests.vectors.generators.barclays_epdq``"""

import hashlib
from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped


def said(status: str = "9", **more: str) -> dict[str, str]:
    return {"orderID": "M-1", "currency": "GBP", "amount": "10.5", "PM": "CreditCard",
            "ACCEPTANCE": "a1", "STATUS": status, "CN": "J Smith", "TRXDATE": "06/01/18",
            "PAYID": "30", "NCERROR": "0", "BRAND": "VISA", "COMPLUS": ""} | more  # fmt: skip


def told(kind: str, minor: int = 1050, currency: str = "GBP", **more: Any) -> dict[str, Any]:
    return fact(kind, "30", "M-1", minor=minor, currency=currency, **more)


def derived(*values: str) -> str:
    octets = [value.encode() for value in values]
    return hashlib.sha256(b"".join(len(o).to_bytes(4, "big") + o for o in octets)).hexdigest()


def main() -> None:
    cases = Signed("barclays-epdq", 1_527_847_200_000, secret("Pass-phrase!"), hash="SHA-512")
    good, paid = said(), told("PaymentSucceeded")
    announced = {
        "1": "PaymentClosed",
        "2": "PaymentFailed",
        "5": "PaymentAuthorized",
        "6": "PaymentClosed",
        "9": "PaymentSucceeded",
        "93": "PaymentFailed",
    }
    for status, kind in announced.items():
        cases(f"status-{status}-row", "A row.", said(status), accepted(told(kind)))
    for status in ("41", "51", "52", "81", "91", "92"):
        cases(f"status-{status}-row", "Nothing yet.", said(status), accepted())
    for status, kind in (("7", "RefundCompleted"), ("8", "RefundCompleted"),
                         ("83", "RefundFailed")):  # fmt: skip
        cases(f"status-{status}-row", "A refund.", said(status, PAYIDSUB="2"),
              accepted(told(kind, refund_id="30/2")))  # fmt: skip
    cases.rows((
        ("refund-without-a-number", "Known by its signed fields.", said("8"),
         accepted(told("RefundCompleted",
                       refund_id=derived("M-1", "30", "10.5", "GBP", "06/01/18", "a1")))),
        ("status-unknown", "Parked.", said("55"), unsupported("unknown_meaning")),
        ("status-absent", "Malformed.", said(""), refused("malformed")),
        ("amount-too-fine", "Nothing is rounded.", said(amount="10.555"), refused("malformed")),
        ("amount-in-letters", "Digits.", said(amount="1e3"), refused("malformed")),
        ("own-parameter-beside", "It takes no part.", said(own="1"), accepted(paid)),
        ("names-in-small-letters", "Compared without letter case.",
         {name.lower(): value for name, value in good.items()}, accepted(paid)),
        ("value-with-equals-and-ampersand", "Hashed decoded.", said(CN="a=b&c"), accepted(paid)),
    ))  # fmt: skip
    for currency, amount, minor in (
        ("JPY", "1500", 1500),
        ("KWD", "1.505", 1505),
        ("ISK", "1500", 1500),
        ("CLF", "1.5055", 15055),
    ):
        cases(f"paid-in-{currency.lower()}", "Decimals as ISO counts them.",
              said(amount=amount, currency=currency),
              accepted(told("PaymentSucceeded", minor, currency)))  # fmt: skip
    for hash_name in ("SHA-1", "SHA-256"):
        cases(f"hash-{hash_name.lower()}", "The account's.", good, accepted(paid),
              settings={"hash": hash_name})  # fmt: skip
        cases(f"hash-{hash_name.lower()}-on-another-account", "Pinned.", good,
              refused("bad_signature"), settings={"hash": hash_name},
              settings_after={"hash": "SHA-512"})  # fmt: skip
    cases("latin-1-account", "Its letters are single octets.", said(CN="Zoë"), accepted(paid),
          settings={"charset": "ISO-8859-1"})  # fmt: skip
    cases("latin-1-on-a-utf-8-account", "None of its letters.", said(CN="Zoë"),
          refused("malformed"), settings={"charset": "ISO-8859-1"},
          settings_after={"charset": "UTF-8"})  # fmt: skip
    cases("amount-twice-in-other-letters", "Which counts?", good, refused("malformed"),
          sent=lambda body: body + b"&AMOUNT=1")  # fmt: skip
    cases("own-parameter-added", "It takes no part.", good, accepted(paid),
          sent=lambda body: body + b"&shop=7")  # fmt: skip
    cases("documented-parameter-added", "It takes part.", good, refused("bad_signature"),
          sent=lambda body: body + b"&PAYIDSUB=7")  # fmt: skip
    cases("nul-in-a-value", "It cannot be told from what stands for the pass phrase.", good,
          refused("malformed"), sent=swapped(b"J+Smith", b"J%00Smith"))  # fmt: skip
    cases("amount-changed", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"amount=10.5", b"amount=90.5"))  # fmt: skip
    cases.refusals(good, paid)
    query = Signed("barclays-epdq", 1_527_847_200_000, secret("Pass-phrase!"), method="GET",
                   hash="SHA-256")  # fmt: skip
    query("paid-by-query", "The merchant's choice.", good, accepted(paid))
    query("refunded-by-query", "The same words.", said("8", PAYIDSUB="1"),
          accepted(told("RefundCompleted", refund_id="30/1")))  # fmt: skip
    cases.made += query.made
    cases.write()


if __name__ == "__main__":
    main()
