"""BTCPay Server cases. Run: ``python -m tests.vectors.generators.btcpay``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported


def event(word: str, store: str = "S1", **members: Any) -> dict[str, Any]:
    return {"deliveryId": "d", "type": word, "timestamp": 1_714_557_600, "storeId": store,
            "invoiceId": "inv1", "metadata": {"orderId": "M-1"}} | members  # fmt: skip


def said(fact_type: str) -> dict[str, Any]:
    return fact(fact_type, "inv1", merchant_order_id="M-1", occurred_at="2024-05-01T10:00:00.000Z")


def main() -> None:
    cases = Cases("btcpay", account(key("made-here-secret"), store_id="S1"), 1_714_557_605_000)
    good = event("InvoiceExpired")
    cases("expired-row", "Closed without money.", good, accepted(said("PaymentClosed")))
    cases(
        "invalid-row",
        "It did not come true.",
        event("InvoiceInvalid"),
        accepted(said("PaymentFailed")),
    )
    cases(
        "expired-but-paid-in-part",
        "Money came in: a question.",
        event("InvoiceExpired", partiallyPaid=True),
        accepted(),
    )
    for word in ("InvoiceSettled", "InvoiceExpiredPaidPartial", "InvoicePaidAfterExpiration",
                 "InvoiceCreated", "InvoiceReceivedPayment", "InvoicePaymentSettled",
                 "InvoiceRefund", "PayoutUpdated", "PaymentRequestCreated"):  # fmt: skip
        cases(f"{word.lower()}-row", "A question, or nothing to act on.", event(word), accepted())
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("InvoiceTeleported"),
        unsupported("unknown_meaning"),
    )
    cases(
        "another-store",
        "Well signed, for somebody else.",
        event("InvoiceExpired", "S2"),
        refused("wrong_account"),
    )
    cases(
        "order-number-as-a-number",
        "Written by the merchant.",
        event("InvoiceExpired", metadata={"orderId": 17}),
        accepted(said("PaymentClosed") | {"merchant_order_id": "17"}),
    )
    cases(
        "time-as-text",
        "Seconds are a number.",
        event("InvoiceExpired", timestamp="now"),
        refused("malformed"),
    )
    cases(
        "mac-without-its-prefix",
        "The prefix says which hash.",
        good,
        refused("bad_signature"),
        only_headers=[["BTCPay-Sig", "00" * 32]],
    )
    cases.rotation(good, "old-secret", said("PaymentClosed"))
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
