"""Midtrans cases. Run: ``python -m tests.vectors.generators.midtrans``"""

import json
from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
AT_MS = 1_728_290_730_000
URL = "https://shop.example/v1.0/debit/notify"
STATES = {
    "capture": "200", "settlement": "200", "pending": "201", "authorize": "200", "deny": "202",
    "failure": "202", "cancel": "200", "expire": "407", "refund": "200", "partial_refund": "200",
    "chargeback": "200", "partial_chargeback": "200",
}  # fmt: skip


def told(state: str = "settlement", code: str = "200", **more: Any) -> dict[str, Any]:
    return {"transaction_time": "2024-01-09 18:27:19", "transaction_status": state,
            "transaction_id": "57d5", "status_code": code, "payment_type": "qris",
            "order_id": "M-1", "merchant_id": "G1", "gross_amount": "100000.00",
            "fraud_status": "accept", "currency": "IDR"} | more  # fmt: skip


def linked(**more: Any) -> dict[str, Any]:
    return {"account_id": "a1", "account_status": "ENABLED", "status_code": "200",
            "merchant_id": "G1"} | more  # fmt: skip


def said(state: str = "00", **more: Any) -> dict[str, Any]:
    return {"originalPartnerReferenceNo": "M-1", "originalReferenceNo": "A1", "merchantId": "G1",
            "amount": {"value": "102800.00", "currency": "IDR"},
            "latestTransactionStatus": state, "transactionStatusDesc": "a {b} , : c",
            "additionalInfo": {"refundHistory": []}} | more  # fmt: skip


def classic() -> Signed:
    cases = Signed("midtrans", AT_MS, secret("server-key"), api="classic", merchant_id="G1")
    good = told()
    for state, code in STATES.items():
        cases(f"classic-{state.replace('_', '-')}-row", "Unproven: asked about, or open.",
              told(state, code), accepted())  # fmt: skip
    cases.rows((
        ("classic-pending-with-the-code-of-success", "The proven word counts: it is asked about.",
         told("pending"), accepted()),
        ("classic-state-unknown", "Parked.", told("teleported"), UNKNOWN),
        ("classic-state-absent", "Malformed.", told(""), refused("malformed")),
        ("classic-dollars", "Another currency.", told(currency="SGD"), accepted()),
        ("classic-currency-absent", "Rupiah.", told(currency=None), accepted()),
        ("classic-amount-too-fine", "Of what is nothing announced.", told(gross_amount="1.005"),
         refused("malformed")),
        ("classic-amount-in-yen-with-decimals", "Finer than yen.", told(currency="JPY"),
         refused("malformed")),
        ("classic-amount-absent", "It is signed.", told(gross_amount=""), refused("malformed")),
        ("classic-order-absent", "It is signed.", told(order_id=""), refused("malformed")),
        ("classic-merchant-absent", "Who is meant?", told(merchant_id=None),
         refused("wrong_account")),
        ("linked-account-row", "No payment.", linked(), accepted()),
        ("linked-account-of-another-merchant", "Refused.", linked(merchant_id="G2"),
         refused("wrong_account")),
        ("linked-account-without-a-state", "It is signed.", linked(account_status=None),
         refused("malformed")),
    ))  # fmt: skip
    cases("classic-characters-moved", "Without separators: nothing is announced of them.", good,
          accepted(), sent=lambda body: json.dumps(
              json.loads(body) | {"order_id": "M-12", "status_code": "00100",
                                  "gross_amount": "000.00"}).encode())  # fmt: skip
    for name, before, behind in (
        ("order", b'"M-1"', b'"M-2"'),
        ("code", b'"200"', b'"201"'),
        ("amount", b"100000.00", b"100000.0"),
    ):
        cases(f"classic-{name}-changed", "Signed.", good, refused("bad_signature"),
              sent=swapped(before, behind))  # fmt: skip
    for name, before, behind in (
        ("state", b'"settlement"', b'"capture"'),
        ("transaction", b'"57d5"', b'"57d6"'),
    ):
        cases(f"classic-{name}-changed", "Not covered, and nothing is made of it.", good,
              accepted(), sent=swapped(before, behind))  # fmt: skip
    cases("classic-signature-in-capitals", "Hex of either case.", good, accepted(),
          sent=lambda body: body[:-130] + body[-130:-2].upper() + body[-2:])  # fmt: skip
    cases("classic-signature-cut", "Half of it.", good, refused("bad_signature"),
          sent=lambda body: body[:-66] + body[-2:])  # fmt: skip
    cases("classic-on-a-snap-account", "An account speaks one form.", good,
          refused("bad_signature"), settings_after={"api": "snap-bi", "notification_url": URL,
                                                    "tolerance_seconds": "300"},
          keys=lambda _: snap_keys())  # fmt: skip
    cases.refusals(good)
    return cases


def snap_keys() -> list[dict[str, Any]]:
    snap = snap_cases()
    snap("probe", "To learn the key.", said(), accepted())
    keys: list[dict[str, Any]] = snap.made[0]["account"]["keys"]
    return keys


def snap_cases() -> Signed:
    return Signed("midtrans", AT_MS, api="snap-bi", merchant_id="G1", notification_url=URL,
                  tolerance_seconds="300")  # fmt: skip


def snap() -> Signed:
    cases = snap_cases()
    good = said()
    paid = fact("PaymentSucceeded", "A1", "M-1", minor=10280000, currency="IDR")
    cases.rows((
        ("snap-success-row", "A row.", good, accepted(paid)),
        ("snap-pending-row", "Nothing yet.", said("03"), accepted()),
        ("snap-refunded-asks", "How much is not documented.", said("04"), accepted()),
        ("snap-cancelled-row", "A row.", said("05"), accepted(paid | {"type": "PaymentClosed"})),
        ("snap-failed-row", "A row.", said("06"), accepted(paid | {"type": "PaymentFailed"})),
        ("snap-state-unknown", "Parked.", said("99"), UNKNOWN),
        ("snap-state-absent", "Malformed.", said(""), refused("malformed")),
        ("snap-payment-absent", "Which?", said(originalReferenceNo=""), refused("malformed")),
        ("snap-order-absent", "Not told.", said(originalPartnerReferenceNo=""),
         accepted(paid | {"merchant_order_id": None})),
        ("snap-amount-absent", "Never zero.", said(amount=None), refused("malformed")),
        ("snap-amount-as-a-number", "Text.", said(amount={"value": 1, "currency": "IDR"}),
         refused("malformed")),
        ("snap-amount-too-fine", "Nothing is rounded.",
         said(amount={"value": "1.005", "currency": "IDR"}), refused("malformed")),
        ("snap-merchant-of-another", "Well signed.", said(merchantId="G2"),
         refused("wrong_account")),
        ("snap-merchant-absent", "Who is meant?", said(merchantId=None),
         refused("wrong_account")),
    ))  # fmt: skip
    for currency, amount, minor in (
        ("JPY", "1500", 1500),
        ("KWD", "1.505", 1505),
        ("ISK", "1500", 1500),
        ("CLF", "1.5055", 15055),
        ("SGD", "10.50", 1050),
    ):
        cases(f"snap-paid-in-{currency.lower()}", "Decimals as ISO counts them.",
              said(amount={"value": amount, "currency": currency}),
              accepted(paid | {"amount_minor": minor, "currency": currency}))  # fmt: skip
    compact = json.dumps(good, separators=(",", ":")).encode()
    spaced = json.dumps(good | {"transactionStatusDesc": 'a \\ "b'}, indent="\t").encode()
    cases("snap-minified-and-sent-with-blanks", "Those between tokens.", compact, accepted(paid),
          sent=lambda body: body.replace(b'":', b'" : ').replace(b',"', b',\r\n\t"'))  # fmt: skip
    cases("snap-signed-with-its-blanks", "As it came.", spaced, accepted(paid))
    cases("snap-blank-in-a-string", "It is a sign like any other.", compact,
          refused("bad_signature"), sent=swapped(b"a {b}", b"a{b}"))  # fmt: skip
    cases("snap-signed-with-blanks-and-sent-without", "Not the other way round.", spaced,
          refused("bad_signature"), sent=lambda body: body.replace(b"\n\t", b""))  # fmt: skip
    for name, skew_ms, expect in (
        ("oldest-in-the-window", -300_000, accepted(paid)),
        ("too-old", -301_000, refused("stale")),
        ("newest-in-the-window", 300_000, accepted(paid)),
        ("too-new", 301_000, refused("stale")),
    ):
        cases(f"snap-{name}", "An end of the window.", good, expect,
              signed_ms=AT_MS + skew_ms)  # fmt: skip
    cases("snap-of-another-path", "It is signed.", good, refused("bad_signature"),
          settings_after={"notification_url": "https://shop.example/v1.0/qr/notify"})  # fmt: skip
    cases("snap-on-a-classic-account", "An account speaks one form.", good,
          refused("bad_signature"), settings_after={"api": "classic"},
          keys=lambda _: [secret("server-key")])  # fmt: skip
    cases("snap-time-missing", "It is signed.", good, refused("malformed"),
          headers=lambda pairs: [p for p in pairs if p[0] != "X-Timestamp"])  # fmt: skip
    cases.without_headers(good, "X-Signature")
    cases.refusals(good, paid)
    for made in cases.made:
        made["name"] = "snap-" + made["name"].removeprefix("snap-")
    return cases


def main() -> None:
    cases = classic()
    for made in cases.made:
        if not made["name"].startswith("linked-"):
            made["name"] = "classic-" + made["name"].removeprefix("classic-")
    cases.made += snap().made
    cases.write()


if __name__ == "__main__":
    main()
