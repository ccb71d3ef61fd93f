"""PayPal cases: every word and state, certificates and their URLs, currencies.

PayPal publishes no signer, so a throw-away authority stands in for its own; each run makes a new
one, and other bytes with it. Run: ``python -m tests.vectors.generators.paypal``
"""

import base64
import json
import zlib
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support import authority
from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

WEBHOOK = "7MADEHERE1234567X"
NAME = "messageverificationcerts.paypal.com"
SANDBOX_NAME = "messageverificationcerts.sandbox.paypal.com"
PATH = "/v1/notifications/certs/CERT-0011aabb-2233ccdd-4455eeff"
URL = "https://api.paypal.com" + PATH
AT_MS = 1_750_000_001_000
OCCURRED = "2025-06-15T15:06:40.000Z"
CAPTURE_ID = "9MADE000CAPTURE1X"
REFUND_ID = "9MADE0000REFUND1X"


def account(
    *, url: str = URL, name: str = NAME, mode: str = "live", until: datetime = authority.UNTIL
) -> dict[str, Any]:
    chain = authority.leaf(name, until=until) + authority.issuing()
    return {
        "mode": mode,
        "settings": {"webhook_id": WEBHOOK},
        "keys": [
            {"kid": url, "use": "verify", "kind": "certificate", "pem": chain},
            {"kid": "1", "use": "root", "kind": "certificate", "pem": authority.root()},
        ],
    }


def headers(body: bytes, *, url: str = URL, name: str = NAME) -> list[list[str]]:
    transmission, time = "0ade0000-0001-11f0-8000-000000000001", "2025-06-15T15:06:40Z"
    text = f"{transmission}|{time}|{WEBHOOK}|{zlib.crc32(body)}".encode()
    signature = authority.private_key(name).sign(text, PKCS1v15(), SHA256())
    return [
        ["PAYPAL-TRANSMISSION-ID", transmission],
        ["PAYPAL-TRANSMISSION-TIME", time],
        ["PAYPAL-TRANSMISSION-SIG", base64.b64encode(signature).decode()],
        ["PAYPAL-CERT-URL", url],
        ["PAYPAL-AUTH-ALGO", "SHA256withRSA"],
    ]


def event(word: str, resource: dict[str, Any], resource_type: str = "capture") -> bytes:
    whole = {
        "id": "WH-MADE0000000000001", "event_version": "1.0", "create_time": OCCURRED,
        "resource_type": resource_type, "event_type": word, "resource": resource,
    }  # fmt: skip
    return json.dumps({k: v for k, v in whole.items() if v is not None}).encode()


def link(path: str, rel: str) -> dict[str, str]:
    return {"href": f"https://api.paypal.com/{path}", "rel": rel, "method": "GET"}


UP = link(f"v2/payments/captures/{CAPTURE_ID}", "up")


def capture(
    status: str, value: str = "30.00", currency: str = "USD", **more: Any
) -> dict[str, Any]:
    return {
        "id": CAPTURE_ID, "status": status, "invoice_id": "M-1",
        "amount": {"currency_code": currency, "value": value},
        "links": [link(f"v2/payments/captures/{CAPTURE_ID}", "self")],
    } | more  # fmt: skip


def refund(status: str, *links: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "id": REFUND_ID, "status": status, "custom_id": "M-1",
        "amount": {"currency_code": "USD", "value": "10.01"}, "links": list(links),
    } | more  # fmt: skip


def sale(state: str, total: str = "4.99", **more: Any) -> dict[str, Any]:
    return {
        "id": "9MADE00000SALE01X", "state": state, "amount": {"total": total, "currency": "USD"},
        "invoice_number": "M-1", "parent_payment": "PAY-1",
    } | more  # fmt: skip


def dispute(outcome: str | None = None, *captures: str) -> dict[str, Any]:
    ids = captures or (CAPTURE_ID,)
    return {
        "dispute_id": "PP-D-1",
        "disputed_transactions": [
            {"seller_transaction_id": each, "invoice_number": "M-1"} for each in ids
        ],
        "dispute_amount": {"currency_code": "USD", "value": "30.00"},
        "dispute_outcome": None if outcome is None else {"outcome_code": outcome},
    }


def fact(fact_type: str, payment_id: str | None = CAPTURE_ID, **members: Any) -> dict[str, Any]:
    return {
        "type": fact_type, "payment_id": payment_id, "merchant_order_id": "M-1",
        "occurred_at": OCCURRED,
    } | members  # fmt: skip


def money(
    fact_type: str, minor: int, currency: str = "USD", payment_id: str | None = CAPTURE_ID,
    **members: Any,
) -> dict[str, Any]:  # fmt: skip
    return fact(fact_type, payment_id, amount_minor=minor, currency=currency, **members)


SALE_ID = "9MADE00000SALE01X"
AUTHORIZATION = {"id": "9MADE00000AUTH01X", "links": []}
WON, LOST, OPENED = (
    accepted(fact(each, dispute_id="PP-D-1"))
    for each in ("DisputeWon", "DisputeLost", "DisputeOpened")
)
PARKED = unsupported("unknown_meaning")
MEANINGS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("capture-completed-with-another-status", "PAYMENT.CAPTURE.COMPLETED", capture("DECLINED"),
     PARKED),
    ("capture-denied", "PAYMENT.CAPTURE.DENIED", capture("DENIED"),
     accepted(fact("PaymentFailed"))),
    ("capture-declined", "PAYMENT.CAPTURE.DECLINED", capture("DECLINED"),
     accepted(fact("PaymentFailed"))),
    ("capture-failed", "PAYMENT.CAPTURE.DECLINED", capture("FAILED"),
     accepted(fact("PaymentFailed"))),
    ("capture-of-an-authorisation", "PAYMENT.CAPTURE.COMPLETED",
     capture("COMPLETED", supplementary_data={"related_ids": {"authorization_id": "9AUTH"}}),
     accepted(money("PaymentSucceeded", 3000, authorization_id="9AUTH"))),
    ("capture-reversed", "PAYMENT.CAPTURE.REVERSED", refund("COMPLETED", UP),
     accepted(money("PaymentReversed", 1001))),
    ("capture-reversed-itself", "PAYMENT.CAPTURE.REVERSED", capture("REVERSED"),
     accepted(money("PaymentReversed", 3000))),
    ("refund-that-names-no-capture", "PAYMENT.CAPTURE.REFUNDED", refund("COMPLETED"),
     accepted(money("RefundCompleted", 1001, payment_id=None, refund_id=REFUND_ID))),
    ("refund-of-something-else", "PAYMENT.CAPTURE.REFUNDED",
     refund("COMPLETED", link("v2/vault/1", "up")), PARKED),
    ("refund-word-pending", "PAYMENT.REFUND.PENDING", refund("PENDING", UP), accepted()),
    ("refund-word-failed", "PAYMENT.REFUND.FAILED", refund("FAILED", UP),
     accepted(money("RefundFailed", 1001, refund_id=REFUND_ID))),
    ("authorisation-created", "PAYMENT.AUTHORIZATION.CREATED", capture("CREATED", **AUTHORIZATION),
     accepted(money("PaymentAuthorized", 3000, payment_id="9MADE00000AUTH01X",
                    authorization_id="9MADE00000AUTH01X"))),
    ("authorisation-pending", "PAYMENT.AUTHORIZATION.CREATED",
     capture("PENDING", **AUTHORIZATION), accepted()),
    ("authorisation-voided", "PAYMENT.AUTHORIZATION.VOIDED", capture("VOIDED", **AUTHORIZATION),
     accepted(fact("PaymentClosed", "9MADE00000AUTH01X"))),
    ("order-approved", "CHECKOUT.ORDER.APPROVED", {"id": "5O1", "status": "APPROVED"},
     accepted()),
    ("order-completed", "CHECKOUT.ORDER.COMPLETED", {"id": "5O1", "status": "COMPLETED"},
     accepted()),
    ("approval-reversed", "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
     {"order_id": "5O1", "purchase_units": [{"invoice_id": "M-1"}]},
     accepted(fact("PaymentClosed", None))),
    ("sale-completed", "PAYMENT.SALE.COMPLETED", sale("completed"),
     accepted(money("PaymentSucceeded", 499, payment_id=SALE_ID))),
    ("sale-pending", "PAYMENT.SALE.PENDING", sale("pending"), accepted()),
    ("sale-denied", "PAYMENT.SALE.DENIED", sale("denied"),
     accepted(fact("PaymentFailed", SALE_ID))),
    ("sale-refunded-with-a-minus", "PAYMENT.SALE.REFUNDED",
     sale("completed", "-0.01", id=REFUND_ID, sale_id=SALE_ID),
     accepted(money("RefundCompleted", 1, payment_id=SALE_ID, refund_id=REFUND_ID))),
    ("sale-reversed-that-names-no-sale", "PAYMENT.SALE.REVERSED",
     sale("completed", "-0.49", links=[link("v1/payments/refund/77", "self")]), PARKED),
    ("sale-reversed-linked", "PAYMENT.SALE.REVERSED",
     sale("completed", "-0.49", id=REFUND_ID,
          links=[link(f"v1/payments/sale/{SALE_ID}", "sale")]),
     accepted(money("PaymentReversed", 49, payment_id=SALE_ID))),
    ("sale-with-a-minus", "PAYMENT.SALE.COMPLETED", sale("completed", "-4.99"),
     refused("malformed")),
    ("dispute-created", "CUSTOMER.DISPUTE.CREATED", dispute(), OPENED),
    ("dispute-created-as-a-risk", "RISK.DISPUTE.CREATED", dispute(), OPENED),
    ("dispute-updated", "CUSTOMER.DISPUTE.UPDATED", dispute(), accepted()),
    ("dispute-won", "CUSTOMER.DISPUTE.RESOLVED", dispute("RESOLVED_SELLER_FAVOUR"), WON),
    ("dispute-lost", "CUSTOMER.DISPUTE.RESOLVED", dispute("RESOLVED_BUYER_FAVOUR"), LOST),
    ("dispute-taken-back", "CUSTOMER.DISPUTE.RESOLVED", dispute("CANCELED_BY_BUYER"), WON),
    ("dispute-paid-out", "CUSTOMER.DISPUTE.RESOLVED", dispute("RESOLVED_WITH_PAYOUT"),
     accepted()),
    ("dispute-outcome-of-the-future", "CUSTOMER.DISPUTE.RESOLVED", dispute("TELEPORTED"), PARKED),
    ("dispute-about-two-payments", "CUSTOMER.DISPUTE.CREATED",
     dispute(None, CAPTURE_ID, "9MADE000CAPTURE2X"),
     accepted(fact("DisputeOpened"), fact("DisputeOpened", "9MADE000CAPTURE2X"))),
    ("subscription-activated", "BILLING.SUBSCRIPTION.ACTIVATED", {"id": "I-1"}, accepted()),
    ("vaulted", "VAULT.PAYMENT-TOKEN.CREATED", {"id": "8kk"}, accepted()),
    ("invoice-paid", "INVOICING.INVOICE.PAID", {"id": "INV2"}, accepted()),
    ("payment-created", "PAYMENTS.PAYMENT.CREATED", {"id": "PAY-1"}, accepted()),
    ("word-of-the-future", "PAYMENT.CAPTURE.TELEPORTED", capture("COMPLETED"), PARKED),
    ("jpy-no-decimals", "PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", "500", "JPY"),
     accepted(money("PaymentSucceeded", 500, "JPY"))),
    ("jpy-with-decimals", "PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", "500.00", "JPY"),
     refused("malformed")),
    ("huf-no-decimals", "PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", "500", "HUF"),
     accepted(money("PaymentSucceeded", 50_000, "HUF"))),
    ("twd-with-decimals", "PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", "500.50", "TWD"),
     refused("malformed")),
    ("amount-as-a-number", "PAYMENT.CAPTURE.COMPLETED",
     capture("COMPLETED", amount={"currency_code": "USD", "value": 30.0}), refused("malformed")),
    ("amount-missing", "PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", amount=None),
     refused("malformed")),
]  # fmt: skip


def made(
    name: str,
    note: str,
    body: bytes,
    expect: dict[str, Any],
    *,
    of: dict[str, Any] | None = None,
    sent: list[list[str]] | None = None,
    received_at_ms: int = AT_MS,
) -> dict[str, Any]:
    return case(
        f"made-{name}", note, account=of or account(), provider="paypal", body=body,
        headers=sent or headers(body), received_at_ms=received_at_ms, expect=expect,
    )  # fmt: skip


def proofs() -> list[dict[str, Any]]:
    body = event("PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED"))
    good = accepted(money("PaymentSucceeded", 3000))
    bad = refused("bad_signature")
    other = "https://api-m.paypal.com" + PATH
    sandbox = "https://api-m.sandbox.paypal.com" + PATH
    ended = datetime(2025, 6, 1, tzinfo=UTC)
    urls = [
        ("http", "http://api.paypal.com" + PATH),
        ("query", URL + "?x=1"),
        ("fragment", URL + "#x"),
        ("path-climbing", URL + "/../x"),
        ("upper-case-host", "https://API.paypal.com" + PATH),
        ("line-end", URL + "\n"),
        ("sandbox-in-mode-live", sandbox),
    ]
    twice = [*headers(body), ["paypal-cert-url", URL]]
    return [
        *(made(f"certificate-url-{name}", "Refused before any lookup, though the key is held.",
               body, bad, of=account(url=url), sent=headers(body, url=url))
          for name, url in urls),
        made("certificate-of-the-other-host", "api-m is PayPal's as well.", body, good,
             of=account(url=other), sent=headers(body, url=other)),
        made("certificate-allowed-but-not-held", "Ours to fetch: nothing is refused.", body,
             unsupported("unknown_key"), sent=headers(body, url=other)),
        made("sandbox-certificate-in-mode-test", "The mode decides the hosts.", body, good,
             of=account(url=sandbox, name=SANDBOX_NAME, mode="test"),
             sent=headers(body, url=sandbox, name=SANDBOX_NAME)),
        made("certificate-of-a-name-that-only-ends-well", "Another of PayPal's certificates.",
             body, bad, of=account(name="www.paypal.com"),
             sent=headers(body, name="www.paypal.com")),
        made("certificate-of-a-name-that-only-begins-well", "Anybody may own this name.", body,
             bad, of=account(name="messageverificationcerts.paypal.com.example"),
             sent=headers(body, name="messageverificationcerts.paypal.com.example")),
        made("certificate-ended-before-the-receipt", "Judged at the receive time.", body, bad,
             of=account(until=ended)),
        made("certificate-ended-after-the-receipt", "Good then, and so for ever.", body, good,
             of=account(until=ended), received_at_ms=1_748_000_000_000),
        made("header-twice", "Nobody can say which one counts.", body, refused("malformed"),
             sent=twice),
        made("type-missing", "Authentic, and nobody can say what it means.",
             event(None, capture("COMPLETED")), PARKED),  # type: ignore[arg-type]
    ]  # fmt: skip


def main() -> None:
    meanings = [
        made(name, f"{word}: what the table says of it.",
             event(word, resource, "sale" if "SALE" in word else "capture"), expect)
        for name, word, resource, expect in MEANINGS
    ]  # fmt: skip
    replace_generated("paypal", [*meanings, *proofs()])


if __name__ == "__main__":
    main()
