"""HyperPay cases. Run: ``python -m tests.vectors.generators.hyperpay_oppwa``"""

import json
from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret

UNKNOWN = unsupported("unknown_meaning")
T = "2024-05-01T10:00:00.000Z"
KEY = "0f" * 32


def said(kind: str = "DB", code: str = "000.000.000", **more: Any) -> dict[str, Any]:
    payload = {"id": "op-1", "paymentType": kind, "amount": "12.50", "currency": "SAR",
               "merchantTransactionId": "M-1", "result": {"code": code},
               "timestamp": "2024-05-01 10:00:00+0000"} | more  # fmt: skip
    return {"type": "PAYMENT", "payload": {k: v for k, v in payload.items() if v is not None}}


def told(kind: str, payment: str = "op-1", minor: int = 1250, **more: Any) -> dict[str, Any]:
    stated: dict[str, Any] = {"currency": "SAR", "at": T} | more
    return fact(kind, payment, "M-1", minor=minor, **stated)


def main() -> None:
    cases = Signed("hyperpay-oppwa", 1_714_557_620_000, secret(KEY, use="decrypt"))
    about = {"referencedId": "op-0"}
    good = said()
    paid = told("PaymentSucceeded")
    captured = told("PaymentSucceeded", authorization_id="op-0")
    cases.rows(
        (
            ("capture-row", "Its own id; that before is the authorisation.",
             said("CP", **about), accepted(captured)),
            ("recurring-row", "As a debit.", said("RC"), accepted(paid)),
            ("credit-row", "Money to the payer that returns none.", said("CR"),
             accepted(fact("RefundCompleted", None, "M-1", minor=1250, currency="SAR", at=T,
                           refund_id="op-1"))),
            ("reversal-row", "Closed before capture.", said("RV", **about),
             accepted(told("PaymentClosed", "op-0"))),
            ("reversal-refused", "It stays as it was.", said("RV", "800.100.152", **about),
             accepted()),
            ("chargeback-row", "Opened.", said("CB", **about),
             accepted(told("DisputeOpened", "op-0", dispute_id="op-1"))),
            ("chargeback-refused", "Nothing came of it.", said("CB", "800.100.152", **about),
             accepted()),
            ("debit-refused", "An attempt.", said(code="800.100.152"),
             accepted(told("PaymentFailed"))),
            ("authorisation-refused", "An attempt.", said("PA", "100.100.700"),
             accepted(told("PaymentFailed"))),
            ("refund-pending", "Nothing yet.", said("RF", "000.200.000", **about), accepted()),
            ("registration", "No payment.", {"type": "REGISTRATION", "payload": {}}, accepted()),
            ("risk", "No payment.", {"type": "RISK", "payload": {}}, accepted()),
            ("kind-unknown", "Parked.", {"type": "SCHEDULE", "payload": {}}, UNKNOWN),
            ("payment-without-a-payload", "Parked.", {"type": "PAYMENT"}, UNKNOWN),
            ("operation-unknown", "Parked.", said("XX"), UNKNOWN),
            ("to-be-reviewed", "A person looks at it.", said(code="000.400.010"), UNKNOWN),
            ("code-is-no-code", "Three numbers.", said(code="000.000"), refused("malformed")),
            ("amount-finer-than-its-currency", "Nothing is rounded.", said(amount="12.505"),
             refused("malformed")),
            ("amount-absent", "Never zero.", said(amount=None), refused("malformed")),
            ("time-absent", "Not told.", said(timestamp=None),
             accepted(told("PaymentSucceeded", at=None))),
            ("time-with-another-zone", "Three hours earlier in UTC.",
             said(timestamp="2024-05-01 13:00:00+0300"), accepted(paid)),
            ("simulated-on-a-live-account", "Worthless there.", said(code="000.100.112"),
             refused("wrong_account")),
        )
    )  # fmt: skip
    for code in ("000.000.100", "000.100.105", "000.300.000", "000.600.000", "000.400.110",
                 "000.400.120"):  # fmt: skip
        mode = "test" if code.startswith("000.100.1") else "live"
        cases(f"done-{code}", "A pattern of successes.", said(code=code), accepted(paid),
              mode=mode)  # fmt: skip
    for code in ("000.400.000", "000.400.020", "000.400.100"):
        cases(f"to-be-reviewed-{code}", "A person looks at it.", said(code=code), UNKNOWN)
    for code in ("000.400.030", "000.400.101", "000.400.108", "000.400.200", "900.100.100"):
        cases(
            f"refused-{code}", "No success, though it may look like one.", said(code=code),
            accepted(told("PaymentFailed")),
        )  # fmt: skip
    for code in ("000.200.100", "800.400.500", "100.400.500"):
        cases(f"pending-{code}", "A pattern of what is undecided.", said(code=code), accepted())
    for currency, amount, minor in (("JPY", "1250", 1250), ("KWD", "1.255", 1255),
                                    ("ISK", "1250", 1250), ("CLF", "1.2505", 12505)):  # fmt: skip
        cases(f"paid-in-{currency.lower()}", "Decimals as ISO counts them.",
              said(amount=amount, currency=currency),
              accepted(told("PaymentSucceeded", minor=minor, currency=currency)))  # fmt: skip
    cases("wrapped-in-json", "A choice of the listener.", good, accepted(paid),
          sent=lambda body: json.dumps({"encryptedBody": body.decode()}).encode())  # fmt: skip
    cases("octets-moved-from-the-tag-to-the-body", "Together they are the same.", good,
          refused("undecryptable"), headers=shortened)  # fmt: skip
    cases(
        "nonce-is-no-hex",
        "Unreadable.",
        good,
        refused("malformed"),
        headers=lambda pairs: [[n, "zz" if n.startswith("X-I") else v] for n, v in pairs],
    )
    cases("body-is-base64", "Hex is expected.", good, refused("malformed"),
          sent=lambda body: b"A+/=")  # fmt: skip
    cases.refusals(good, paid, use="decrypt")
    for name, content in (("array", b"[1]"), ("name-twice", b'{"type":"RISK","type":"RISK"}')):
        cases(f"sealed-{name}", "Opened, and no object.", content, refused("malformed"))
    cases.write()


def shortened(pairs: list[list[str]]) -> list[list[str]]:
    return [[name, text[8:] if name.startswith("X-A") else text] for name, text in pairs]


if __name__ == "__main__":
    main()
