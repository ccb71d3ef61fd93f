"""Authorize.Net cases. Run: ``python -m tests.vectors.generators.authorize_net``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

KEY, OLD = "5A0F" * 32, "B17E" * 32


def event(word: str, code: int = 1, **members: Any) -> dict[str, Any]:
    payload = {"responseCode": code, "authAmount": 12.34, "invoiceNumber": "M-1", "id": "6002"}
    return {
        "notificationId": "n",
        "eventType": f"net.authorize.{word}",
        "eventDate": "2024-05-06T07:08:09.1234567Z",
        "payload": payload | members,
    }


def exact(amount: str) -> bytes:
    return (
        '{"eventType":"net.authorize.payment.authcapture.created","eventDate":"2024-05-06T07:08:09Z"'
        ',"payload":{"responseCode":1,"authAmount":' + amount + ',"id":"6002"}}'
    ).encode()


def said(fact_type: str, payment: str | None = "6002", **members: Any) -> dict[str, Any]:
    return fact(fact_type, payment, merchant_order_id="M-1", amount_minor=1234, currency="USD",
                occurred_at="2024-05-06T07:08:09.123Z", **members)  # fmt: skip


def main() -> None:
    cases = Cases("authorize-net", account(key(KEY), currency="USD"), 1_714_979_291_000)
    good = event("payment.authcapture.created")
    paid = said("PaymentSucceeded")
    for word, code, expect in (
        ("authcapture.created", 2, accepted(said("PaymentFailed"))),
        ("authcapture.created", 3, accepted(said("PaymentFailed"))),
        ("authcapture.created", 4, accepted()),
        ("authcapture.created", 0, unsupported("unknown_meaning")),
        ("authorization.created", 2, accepted(said("PaymentFailed"))),
        ("priorAuthCapture.created", 1, accepted(paid)),
        ("capture.created", 1, accepted(paid)),
        ("void.created", 1, accepted(said("PaymentClosed"))),
        ("void.created", 2, accepted()),
        ("refund.created", 3, accepted(said("RefundFailed", None, refund_id="6002"))),
        ("fraud.held", 4, accepted()),
        ("fraud.declined", 2, accepted(said("PaymentFailed"))),
        ("teleported", 1, unsupported("unknown_meaning")),
    ):
        cases(
            f"{word.replace('.', '-').lower()}-{code}-row",
            "The word, and whether it succeeded.",
            event(f"payment.{word}", code),
            expect,
        )
    cases(
        "fraud-approved-asks",
        "A payment or an authorisation? The message does not say.",
        event("payment.fraud.approved"),
        accepted(),
    )
    cases(
        "family-without-a-meaning",
        "Parked.",
        event("dreams.created"),
        unsupported("unknown_meaning"),
    )
    for text, currency, minor in (("1500", "JPY", 1500), ("1.505", "KWD", 1505),
                                  ("4.350", "USD", 0),
                                  ("12.340000000000000001", "USD", 0), ("1e1", "USD", 0),
                                  ("-1", "USD", 0)):  # fmt: skip
        said_amount = fact("PaymentSucceeded", "6002", amount_minor=minor, currency=currency)
        cases(
            f"amount-{text.replace('.', '-').replace('--', '-')}-{currency.lower()}",
            "A number in major units, exactly, and nothing finer.",
            exact(text),
            accepted(said_amount) if minor else refused("malformed"),
            account=account(key(KEY), currency=currency),
        )
    lower = event("payment.authcapture.created")
    cases("lower-case-hex", "Either letter case.", lower, accepted(paid))
    cases(
        "mac-without-its-prefix",
        "The prefix says which hash.",
        good,
        refused("bad_signature"),
        only_headers=[["X-ANET-Signature", "00" * 64]],
    )
    cases.rotation(good, OLD, paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
