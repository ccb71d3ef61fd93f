"""PayTabs cases. Run: ``python -m tests.vectors.generators.paytabs``"""

import hashlib
import hmac
from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

KEY = "MADE-HERE-SERVER-KEY"


def php_returned(fields: dict[str, str], key: str) -> bytes:
    """Return a signed browser return of PayTabs, of values that need no encoding."""
    kept = sorted((name, value) for name, value in fields.items() if value not in ("", "0"))
    text = "&".join(f"{name}={value}" for name, value in kept)
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    return "&".join(
        f"{name}={value}" for name, value in (*fields.items(), ("signature", mac))
    ).encode()


def event(kind: str, state: str = "A", previous: str | None = None, **members: Any) -> Any:
    return {"tran_ref": "T1", "previous_tran_ref": previous, "cart_id": "M-1",
            "cart_currency": "AED", "cart_amount": "100.00", "tran_type": kind,
            "payment_result": {"response_status": state,
                               "transaction_time": "2021-05-06T09:11:54Z"}} | members  # fmt: skip


def said(fact_type: str, payment: str = "T1", minor: int = 10_000, currency: str = "AED",
         **members: Any) -> Any:  # fmt: skip
    return fact(fact_type, payment, merchant_order_id="M-1", amount_minor=minor, currency=currency,
                occurred_at="2021-05-06T09:11:54.000Z", **members)  # fmt: skip


def main() -> None:
    cases = Cases("paytabs", account(key(KEY)), 1_620_292_320_000)
    good = event("Sale")
    paid = said("PaymentSucceeded")
    for name, body, expect in (
        ("auth", event("Auth"), accepted(said("PaymentAuthorized", authorization_id="T1"))),
        (
            "capture",
            event("Capture", previous="T0"),
            accepted(said("PaymentSucceeded", authorization_id="T0")),
        ),
        (
            "refund",
            event("Refund", previous="T0"),
            accepted(said("RefundCompleted", "T0", refund_id="T1")),
        ),
        (
            "refund-of-nothing",
            event("Refund"),
            accepted(fact("RefundCompleted", None, refund_id="T1")),
        ),
        ("refund-pending", event("Refund", "P", "T0"), accepted()),
        ("void", event("Void", previous="T0"), accepted(said("PaymentClosed", "T0"))),
        ("void-declined", event("Void", "D", "T0"), accepted()),
        ("sale-voided", event("Sale", "V"), accepted(said("PaymentClosed"))),
        ("sale-in-error", event("Sale", "E"), accepted(said("PaymentFailed"))),
        ("sale-expired", event("Sale", "X"), accepted(said("PaymentFailed"))),
        ("sale-in-small-letters", event("sale"), accepted(paid)),
        ("unknown-kind", event("Teleport"), unsupported("unknown_meaning")),
        ("unknown-state", event("Sale", "Z"), unsupported("unknown_meaning")),
    ):
        cases(f"{name}-row", "What was done, and what came of it.", body, expect)
    for currency, text, minor in (("KWD", "1.500", 1500), ("JPY", "1500", 1500)):
        cases(
            f"sale-in-{currency.lower()}",
            "Major units.",
            event("Sale", cart_currency=currency, cart_amount=text),
            accepted(said("PaymentSucceeded", minor=minor, currency=currency)),
        )
    cases(
        "amount-as-a-number",
        "Amounts are text.",
        event("Sale", cart_amount=100.0),
        refused("malformed"),
    )
    fields = {"cartId": "M-1", "respStatus": "A", "tranRef": "T1", "token": "", "acquirerRRN": "0"}
    back = php_returned(fields, KEY)
    cases(
        "browser-return-asks",
        "Signed, without an amount; empty fields are not signed.",
        good,
        accepted(),
        sent=back,
        only_headers=[],
    )
    cases(
        "browser-return-of-another-payment",
        "The reference is signed.",
        good,
        refused("bad_signature"),
        sent=back.replace(b"T1", b"T2"),
        only_headers=[],
    )
    cases(
        "browser-return-with-a-field-twice",
        "Which counts?",
        good,
        refused("malformed"),
        sent=back + b"&tranRef=T1",
        only_headers=[],
    )
    cases.rotation(good, "OLD-SERVER-KEY", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
