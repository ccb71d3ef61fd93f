"""2C2P cases. Run: ``python -m tests.vectors.generators._2c2p``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret

UNKNOWN = unsupported("unknown_meaning")


def said(code: str = "0000", **more: Any) -> dict[str, Any]:
    told = {"merchantID": "JT01", "invoiceNo": "M-1", "amount": "230.87", "currencyCode": "THB",
            "tranRef": "28", "referenceNo": "27", "transactionDateTime": "20200528080508",
            "respCode": code} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def told(kind: str, minor: int = 23087, currency: str = "THB", **more: Any) -> dict[str, Any]:
    return fact(kind, "28", "M-1", minor=minor, currency=currency, **more)


def main() -> None:
    cases = Signed("2c2p", 1_590_653_120_000, secret("AB" * 32), merchant_id="JT01")
    good, paid = said(), told("PaymentSucceeded")
    for code, kind in (("0000", "PaymentSucceeded"), ("0003", "PaymentClosed"),
                       ("0999", "PaymentFailed"), ("4005", "PaymentFailed"),
                       ("5009", "PaymentFailed"), ("9999", "PaymentFailed")):  # fmt: skip
        cases(f"code-{code}-row", "A row.", said(code), accepted(told(kind)))
    for code in ("0001", "2001", "1005"):
        cases(f"code-{code}-row", "Nothing yet.", said(code), accepted())
    cases.rows((
        ("code-2000-asks", "Finished: ask what came of it.", said("2000"), accepted()),
        ("code-1999-unknown", "Of a family that is not decided: parked.", said("1999"), UNKNOWN),
        ("code-2999-unknown", "Of a family that is not decided: parked.", said("2999"), UNKNOWN),
        ("code-absent", "Parked.", said("0000", respCode=None), UNKNOWN),
        ("code-is-no-code", "Four of them.", said("00"), refused("malformed")),
        ("merchant-of-another", "Signed with our key.", said(merchantID="JT02"),
         refused("wrong_account")),
        ("merchant-absent", "Who is meant?", said(merchantID=None), refused("wrong_account")),
        ("amount-as-number", "Its digits as they stand.", said(amount=230.87), accepted(paid)),
        ("amount-with-an-exponent", "Digits.", said(amount=1e30), refused("malformed")),
        ("amount-too-fine", "Nothing is rounded.", said(amount="230.875"), refused("malformed")),
        ("amount-absent", "Never zero.", said(amount=None), refused("malformed")),
        ("failed-before-it-had-a-number", "Known by its order.", said("4005", tranRef=""),
         accepted(told("PaymentFailed") | {"payment_id": None})),
        ("paid-without-a-number", "What was paid?", said(tranRef=""), refused("malformed")),
        ("claims-of-a-list", "No object.", b"[1]", refused("malformed")),
        ("claim-twice", "Which counts?", b'{"respCode":"0000","respCode":"4005"}',
         refused("malformed")),
    ))  # fmt: skip
    for currency, amount, minor in (
        ("JPY", "1500", 1500),
        ("KWD", "1.505", 1505),
        ("ISK", "1500", 1500),
        ("CLF", "1.5055", 15055),
    ):
        cases(f"paid-in-{currency.lower()}", "Decimals as ISO counts them.",
              said(amount=amount, currencyCode=currency),
              accepted(told("PaymentSucceeded", minor, currency)))  # fmt: skip
    for name, header, reason in (
        ("alg-hs384", {"alg": "HS384"}, "bad_signature"),
        ("alg-in-small-letters", {"alg": "hs256"}, "bad_signature"),
        ("alg-absent", {"typ": "JWT"}, "bad_signature"),
        ("alg-as-number", {"alg": 256}, "bad_signature"),
        ("extension-that-has-to-be-understood", {"alg": "HS256", "crit": ["x"]}, "bad_signature"),
        ("payload-not-encoded", {"alg": "HS256", "b64": False}, "bad_signature"),
        ("header-of-a-list", [], "malformed"),
    ):
        cases(name, "The account accepts one algorithm.", good, refused(reason),
              jws_header=header)  # fmt: skip
    cases("padding-in-the-signature", "JOSE has none.", good, refused("bad_signature"),
          sent=lambda body: body[:-2] + b'="}')  # fmt: skip
    cases("fourth-part", "Three of them.", good, refused("malformed"),
          sent=lambda body: body[:-2] + b'.AA"}')  # fmt: skip
    cases("token-absent", "Nothing to read.", good, refused("malformed"), sent=lambda _: b"{}")
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
