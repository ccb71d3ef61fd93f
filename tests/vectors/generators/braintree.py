"""Braintree cases. Run: ``python -m tests.vectors.generators.braintree``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

AT = "2024-05-06T07:08:09.000Z"
UNKNOWN = unsupported("unknown_meaning")


def said(kind: str, **subject: Any) -> dict[str, Any]:
    return {"timestamp": "2024-05-06T07:08:09Z", "kind": kind, "subject": subject}


def sale(status: str = "settled", **more: str) -> dict[str, Any]:
    read = {name.replace("_", "-"): value for name, value in more.items()}
    return {"id": "t1", "status": status, "type": "sale", "currency-iso-code": "EUR",
            "amount": "12.34", "order-id": "M-1"} | read  # fmt: skip


def credit(status: str = "settled", **more: str) -> dict[str, Any]:
    return sale(status, id="r1", type="credit", refunded_transaction_id="t1", **more)


def told(kind: str, minor: int = 1234, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    return fact(kind, "t1", "M-1", minor=minor, currency=currency, at=AT, **more)


def dispute(kind: str) -> dict[str, Any]:
    return said(f"dispute_{kind}", dispute={
        "id": "d1", "amount": "10.00", "amount-disputed": "12.34", "amount-won": "5.00",
        "currency-iso-code": "EUR", "status-history": [{"status": "open"}], "evidence": [],
        "transaction": {"id": "t1", "amount": "12.34", "order-id": "M-1"},
    })  # fmt: skip


STATES = {
    "authorizing": None, "settlement_pending": None, "authorized": "PaymentAuthorized",
    "submitted_for_settlement": "PaymentSucceeded", "settling": "PaymentSucceeded",
    "settlement_confirmed": "PaymentSucceeded", "settled": "PaymentSucceeded",
    "failed": "PaymentFailed", "gateway_rejected": "PaymentFailed",
    "processor_declined": "PaymentFailed", "settlement_declined": "PaymentFailed",
    "settlement_failed": "PaymentFailed", "voided": "PaymentClosed",
    "authorization_expired": "PaymentClosed",
}  # fmt: skip
DISPUTES = {
    "opened": "DisputeOpened", "disputed": None, "under_review": None, "won": "DisputeWon",
    "lost": "DisputeLost", "accepted": "DisputeLost", "auto_accepted": "DisputeLost",
    "expired": "DisputeLost",
}  # fmt: skip
IGNORED = (
    "account_updater_daily_report", "disbursement", "disbursement_exception",
    "connected_merchant_paypal_status_changed", "granted_payment_method_revoked",
    "grantor_updated_granted_payment_method", "recipient_updated_granted_payment_method",
    "oauth_access_revoked", "partner_merchant_connected", "payment_method_revoked_by_customer",
    "sub_merchant_account_approved", "subscription_canceled", "subscription_expired",
    "subscription_went_past_due", "transaction_retried", "transaction_reviewed",
)  # fmt: skip
SAMPLE = b"""
            <notification>
                <timestamp type="datetime">2024-05-06T07:08:09Z</timestamp>
                <kind>local_payment_completed</kind>
                <source-merchant-id>merchant</source-merchant-id>
                <subject>
            <local-payment>
                <blik-aliases type='array'><blik-alias><key>k</key></blik-alias></blik-aliases>
                <payer-id>a-payer-id</payer-id>
                <payer-id>a-payer-id</payer-id>
                <payer-id>a-payer-id</payer-id>
                <payment-id>a-payment-id</payment-id>
                <transaction>
                    <id>1</id>
                    <status>settling</status>
                    <amount>10.00</amount>
                    <order-id nil="true"/>
                </transaction>
            </local-payment>
        </subject>
            </notification>
        """


def main() -> None:
    cases = Signed("braintree", 1_714_979_295_000, secret("private", "public"), currency="USD")
    good, paid = said("transaction_settled", transaction=sale()), told("PaymentSucceeded")
    declined = "transaction_settlement_declined"
    failed = sale("settlement_declined")
    for state, kind in STATES.items():
        cases(f"local-payment-{state.replace('_', '-')}-row", "As far as it came.",
              said("local_payment_completed",
                   **{"local-payment": {"payment-id": "p1", "transaction": sale(state)}}),
              accepted(*([] if kind is None else [told(kind)])))  # fmt: skip
    for word, kind in DISPUTES.items():
        cases(f"dispute-{word.replace('_', '-')}-row", "A row.", dispute(word),
              accepted(*([] if kind is None else [told(kind, dispute_id="d1")])))  # fmt: skip
    for word in IGNORED:
        cases(f"{word.replace('_', '-')}-row", "No payment.", said(word), accepted())
    charged = {"id": "s1", "transactions": [sale("settling"), sale(id="t0")]}
    cases.rows((
        ("declined-row", "After it was submitted.", said(declined, transaction=failed),
         accepted(told("PaymentFailed"))),
        ("refund-declined-row", "Of type credit.",
         said(declined, transaction=credit("settlement_declined")),
         accepted(told("RefundFailed", refund_id="r1"))),
        ("refund-settled-row", "Of type credit.",
         said("transaction_settled", transaction=credit()),
         accepted(told("RefundCompleted", refund_id="r1"))),
        ("refund-of-nothing-named", "A credit by itself.",
         said("transaction_settled", transaction=credit() | {"refunded-transaction-id": ""}),
         accepted(told("RefundCompleted", refund_id="r1") | {"payment_id": None})),
        ("refund-failed-row", "It names the refunded one.",
         said("refund_failed", transaction=credit("processor_declined")),
         accepted(told("RefundFailed", refund_id="r1"))),
        ("funded-row", "No currency: the account's.",
         said("local_payment_funded", **{"local-payment-funded": {
             "payment-id": "p1",
             "transaction": {"id": "t1", "amount": "12.34", "order-id": "M-1"}}}),
         accepted(told("PaymentSucceeded", currency="USD"))),
        ("expired-row", "It never became a transaction.",
         said("local_payment_expired", **{"local-payment-expired": {"payment-id": "p1"}}),
         accepted(fact("PaymentClosed", "p1", at=AT))),
        ("reversed-asks", "Neither transaction nor amount.",
         said("local_payment_reversed", **{"local-payment-reversed": {"payment-id": "p1"}}),
         accepted()),
        ("local-payment-not-charged", "Only a nonce yet.",
         said("local_payment_completed", **{"local-payment": {"payment-id": "p1"}}), accepted()),
        ("charged-row", "The newest stands first.",
         said("subscription_charged_successfully", subscription=charged), accepted(paid)),
        ("not-charged-row", "An attempt.",
         said("subscription_charged_unsuccessfully",
              subscription={"id": "s1", "transactions": [sale("failed")]}),
         accepted(told("PaymentFailed"))),
        ("not-charged-without-a-transaction", "Nothing names it.",
         said("subscription_charged_unsuccessfully",
              subscription={"id": "s1", "transactions": []}), accepted()),
        ("charged-without-a-transaction", "Never guessed.",
         said("subscription_charged_successfully",
              subscription={"id": "s1", "transactions": []}), refused("malformed")),
        ("settled-in-another-state", "They contradict each other.",
         said("transaction_settled", transaction=sale("voided")), UNKNOWN),
        ("not-charged-but-settled", "They contradict each other.",
         said("subscription_charged_unsuccessfully",
              subscription={"id": "s1", "transactions": [sale()]}), UNKNOWN),
        ("refund-that-is-authorized", "No such thing.",
         said("local_payment_completed", **{"local-payment": {"transaction": credit("voided")}}),
         UNKNOWN),
        ("state-unknown", "Parked.", said("transaction_settled", transaction=sale("melted")),
         UNKNOWN),
        ("type-unknown", "Parked.", said("transaction_settled", transaction=sale(type="gift")),
         UNKNOWN),
        ("type-absent", "A refund would be a payment.",
         said("transaction_settled", transaction=sale(type="")), refused("malformed")),
        ("kind-unknown", "Parked.", said("transaction_melted", transaction=sale()), UNKNOWN),
        ("kind-absent", "Malformed.", said("", transaction=sale()), refused("malformed")),
        ("amount-absent", "Never zero.",
         said("transaction_settled", transaction=sale(amount="")), refused("malformed")),
        ("amount-too-fine", "Nothing is rounded.",
         said("transaction_settled", transaction=sale(amount="12.345")), refused("malformed")),
        ("time-without-a-zone", "Malformed.", good | {"timestamp": "2024-05-06T07:08:09"},
         refused("malformed")),
        ("currency-absent", "The account's counts.",
         said("transaction_settled", transaction=sale(currency_iso_code="")),
         accepted(told("PaymentSucceeded", currency="USD"))),
    ))  # fmt: skip
    for currency, amount, minor in (
        ("JPY", "1500", 1500),
        ("KWD", "1.505", 1505),
        ("ISK", "1500", 1500),
        ("CLF", "1.5055", 15055),
    ):
        cases(f"settled-in-{currency.lower()}", "Decimals as ISO counts them.",
              said("transaction_settled", transaction=sale(amount=amount,
                                                           currency_iso_code=currency)),
              accepted(told("PaymentSucceeded", minor, currency)))  # fmt: skip
    cases("sample-with-a-repeated-element", "As the SDK's samples have it.", SAMPLE,
          accepted(fact("PaymentSucceeded", "1", minor=1000, currency="USD", at=AT)))  # fmt: skip
    xml = SAMPLE.strip()
    for name, change in (
        ("a-doctype", (b"<notification>", b"<!DOCTYPE n [<!ENTITY a 'b'>]><notification>")),
        ("another-root", (b"notification>", b"notice>")),
        ("a-comment", (b"<subject>", b"<!-- --><subject>")),
        ("text-between", (b"<subject>", b"text<subject>")),
        ("text-in-a-list", (b"<blik-alias>", b"text<blik-alias>")),
        ("an-amount-twice", (b"<amount>10.00", b"<amount>1</amount><amount>10.00")),
    ):
        cases(f"xml-of-{name}", "Signed, and not read.", xml.replace(*change),
              refused("malformed"))  # fmt: skip
    cases("no-xml", "Signed, and not read.", b"<notification>", refused("malformed"))
    cases("payload-without-its-last-line-feed", "Form parsers strip it.", good, accepted(paid),
          sent=lambda body: body.removesuffix(b"%0A"))  # fmt: skip
    cases("payload-with-carriage-returns", "Another text.", good, refused("bad_signature"),
          sent=lambda body: body.replace(b"%0A", b"%0D%0A"))  # fmt: skip
    cases("garbled-pair-beside", "Skipped.", good, accepted(paid),
          sent=swapped(b"signature=", b"signature=junk%26public%7Czz%26%7C00%26"))  # fmt: skip
    cases("key-named-in-other-letters", "Another key.", good, unsupported("unknown_key"),
          sent=swapped(b"=public%7C", b"=Public%7C"))  # fmt: skip
    cases("pair-with-two-bars", "No hex.", good, refused("bad_signature"),
          sent=swapped(b"=public%7C", b"=public%7C%7C"))  # fmt: skip
    cases("field-beside", "It is not read.", good, accepted(paid),
          sent=lambda body: body + b"&x=1")  # fmt: skip
    cases("signature-twice", "Which counts?", good, refused("malformed"),
          sent=lambda body: body + b"&bt_signature=public%7C00")  # fmt: skip
    cases.refusals(good, paid, named=True)
    cases.write()


if __name__ == "__main__":
    main()
