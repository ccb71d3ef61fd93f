"""PayU India cases. Run: ``python -m tests.vectors.generators.payu_india``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2024-05-01T09:59:58.000Z"


def said(status: str = "success", **more: Any) -> dict[str, Any]:
    told = {"mihpayid": "403", "mode": "UPI", "status": status, "unmappedstatus": "captured",
            "key": "K1", "txnid": "M-1", "amount": "499.50", "addedon": "2024-05-01 15:29:58",
            "productinfo": "Shoes", "firstname": "A", "email": "a@shop.example", "udf1": "x",
            "udf5": "y"} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def told(kind: str, minor: int = 49950, at: str | None = T) -> dict[str, Any]:
    return fact(kind, "M-1", "M-1", minor=minor, currency="INR", at=at)


def main() -> None:
    cases = Signed("payu-india", 1_714_557_600_000, secret("salt-1"), key="K1")
    good, paid, failed = said(), told("PaymentSucceeded"), told("PaymentFailed")
    cases.rows((
        ("captured-row", "Paid; India's clock.", good, accepted(paid)),
        ("failure-row", "One attempt.", said("failure", unmappedstatus="userCancelled"),
         accepted(failed)),
        ("pending-row", "Nothing yet.", said("pending", unmappedstatus="in progress"),
         accepted()),
        ("in-progress-row", "Nothing yet.", said("in progress"), accepted()),
        ("auth-asks", "Only authorised, and the word is not proven.",
         said(unmappedstatus="auth"), accepted()),
        ("refund-asks", "What makes it a refund is not proven.",
         said(action="refund", request_id="R-1"), accepted()),
        ("refund-failure-asks", "The same.", said("failure", action="refund"), accepted()),
        ("refund-of-another-account", "Never asked about.", said(action="refund", key="K2"),
         refused("wrong_account")),
        ("status-unknown", "Parked.", said("teleported"), UNKNOWN),
        ("status-in-capitals", "Another word.", said("SUCCESS"), UNKNOWN),
        ("status-absent", "Never guessed.", said(status=None), refused("malformed")),
        ("success-that-is-bounced", "Two words that contradict.",
         said(unmappedstatus="bounced"), UNKNOWN),
        ("success-without-the-unproven-word", "The signed word counts.",
         said(unmappedstatus=None), accepted(paid)),
        ("key-of-another", "Signed with our salt.", said(key="K2"), refused("wrong_account")),
        ("key-absent", "Who is meant?", said(key=None), refused("wrong_account")),
        ("order-absent", "What was paid?", said(txnid=None), refused("malformed")),
        ("amount-absent", "Never zero.", said(amount=None), refused("malformed")),
        ("amount-too-fine", "Nothing is rounded.", said(amount="1.005"), refused("malformed")),
        ("amount-in-letters", "Digits.", said(amount="1e3"), refused("malformed")),
        ("amount-with-a-comma", "Digits and a point.", said(amount="1,000.00"),
         refused("malformed")),
        ("amount-without-decimals", "Whole rupees.", said(amount="499"),
         accepted(told("PaymentSucceeded", 49900))),
        ("time-absent", "Not told.", said(addedon=None), accepted(paid | {"occurred_at": None})),
        ("time-without-colons", "Blanks stand for them.", said(addedon="2024-05-01 15 29 58"),
         accepted(paid)),
        ("time-that-is-none", "Unproven, and it may refuse.", said(addedon="yesterday"),
         refused("malformed")),
        ("later-user-fields", "Signed in their places.", said(udf6="6", udf10="10"),
         accepted(paid)),
        ("charges-row", "In front of the salt; the amount is the price.",
         said(additionalCharges="12.50"), accepted(paid)),
        ("split-row", "Behind the status.", said(splitInfo='{"type":"absolute"}'),
         accepted(paid)),
        ("split-and-charges", "Both.", said(splitInfo="s", additionalCharges="1.00"),
         accepted(paid)),
        ("bar-in-a-free-text", "It moves its neighbours alone, and none of them is read.",
         said(productinfo="Shoes|red", udf1="a|b"), accepted(paid)),
        ("bar-in-the-order", "It could be read in two ways.", said(txnid="M|1"),
         refused("malformed")),
        ("bar-in-the-status", "The same.", said("success|"), refused("malformed")),
        ("letters-of-another-script", "UTF-8.", said(firstname="अमित"), accepted(paid)),
        ("json-row", "As the dashboard may choose.", said() | {"as_json": True}, accepted(paid)),
        ("json-failure", "The same.", said("failure", as_json=True), accepted(failed)),
        ("json-number-keeps-its-digits", "The amount's text is signed.",
         said(amount=499.5, as_json=True), accepted(paid)),
        ("json-amount-is-a-flag", "No text.", said(amount=True, as_json=True),
         refused("malformed")),
    ))  # fmt: skip
    cases("split-told-and-not-signed", "An account without that option.",
          said(splitInfo="s"), accepted(paid), signing={"split_unsigned": True})  # fmt: skip
    for name, before, behind in (("amount", b"499.50", b"999.50"), ("order", b"M-1", b"M-2"),
                                 ("status", b"=success", b"=failure"),
                                 ("user-field", b"udf5=y", b"udf5=z")):  # fmt: skip
        cases(f"{name}-changed", "Signed.", good, refused("bad_signature"),
              sent=swapped(before, behind))  # fmt: skip
    cases("payment-number-changed", "PayU's number is not proven and makes nothing.", good,
          accepted(paid), sent=swapped(b"mihpayid=403", b"mihpayid=404"))  # fmt: skip
    cases("bar-moved-into-the-amount", "Both ends are read where no bar may stand.",
          good, refused("malformed"),
          sent=swapped(b"amount=499.50", b"amount=9.00%7C499.50"))  # fmt: skip
    cases("hash-in-capitals", "Hex of either letter case.", good, accepted(paid),
          sent=lambda body: body[:-128] + body[-128:].upper())  # fmt: skip
    cases("hash-absent", "No proof.", good, refused("bad_signature"),
          sent=lambda body: body[:-129 - len("hash")])  # fmt: skip
    cases("amount-twice", "Which counts?", good, refused("malformed"),
          sent=lambda body: body + b"&amount=1.00")  # fmt: skip
    cases("not-utf-8", "No text.", good, refused("malformed"),
          sent=lambda body: body + b"&city=%FF")  # fmt: skip
    cases("second-salt", "Two can be active.", good, accepted(paid),
          keys=lambda keys: [secret("salt-0", "0"), *keys])  # fmt: skip
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
