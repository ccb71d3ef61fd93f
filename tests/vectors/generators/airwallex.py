"""Airwallex cases. Run: ``python -m tests.vectors.generators.airwallex``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

AT = "2024-05-06T07:08:09+0000"
OCCURRED = "2024-05-06T07:08:09.000Z"


def event(word: str, **members: Any) -> dict[str, Any]:
    resource = {"id": "int_1", "amount": 10.01, "captured_amount": 10.01, "currency": "USD",
                "merchant_order_id": "M-1"}  # fmt: skip
    return {"id": "evt_1", "name": word, "account_id": "acct_1", "created_at": AT,
            "data": {"object": resource | members}}  # fmt: skip


def said(fact_type: str, minor: int = 1001, currency: str = "USD", **members: Any) -> Any:
    return fact(fact_type, "int_1", amount_minor=minor, currency=currency, occurred_at=OCCURRED,
                **members)  # fmt: skip


def exact(amount: str, currency: str) -> bytes:
    return (
        '{"name":"payment_intent.succeeded","account_id":"acct_1","created_at":"' + AT + '","data"'
        ':{"object":{"id":"int_1","captured_amount":'
        + amount
        + ',"currency":"'
        + currency
        + '"}}}'
    ).encode()


def main() -> None:
    cases = Cases("airwallex", account(key("whsec_made_here"), account_id="acct_1"),
                  1_714_979_290_000)  # fmt: skip
    good = event("payment_intent.succeeded")
    paid = said("PaymentSucceeded", merchant_order_id="M-1")
    cases(
        "captured-in-part",
        "What was captured, not what was asked for.",
        event("payment_intent.succeeded", captured_amount=4.5),
        accepted(said("PaymentSucceeded", 450)),
    )
    cases("camel-case-members", "The spelling is the subscription's.",
          {"name": "payment_intent.cancelled", "accountId": "acct_1", "createdAt": AT,
           "data": {"object": {"id": "int_1"}}},
          accepted(fact("PaymentClosed", "int_1", occurred_at=OCCURRED)))  # fmt: skip
    for word in ("authorization_failed", "authentication_failed", "capture_failed",
                 "failed_to_process", "risk_declined", "expired", "cancelled"):  # fmt: skip
        cases(
            f"attempt-{word.replace('_', '-')}-row",
            "An attempt, never final.",
            event(f"payment_attempt.{word}", id="att_1", payment_intent_id="int_1"),
            accepted(said("PaymentFailed")),
        )
    cases(
        "attempt-authorized-row",
        "The same fact as the intent's.",
        event("payment_attempt.authorized", id="att_1", payment_intent_id="int_1"),
        accepted(said("PaymentAuthorized")),
    )
    for word in (
        "payment_intent.requires_payment_method",
        "payment_attempt.paid",
        "payment_attempt.settled",
        "refund.accepted",
        "payment_consent.created",
    ):
        cases(word.replace(".", "-").replace("_", "-") + "-row", "Nothing to announce.",
              event(word), accepted())  # fmt: skip
    refund = {"id": "rfd_1", "payment_intent_id": "int_1", "amount": 4.35}
    for word in ("settled", "succeeded"):
        cases(
            f"refund-{word}-row",
            "One word of each API version.",
            event(f"refund.{word}", **refund),
            accepted(said("RefundCompleted", 435, refund_id="rfd_1")),
        )
    cases(
        "dispute-row",
        "It names its payment.",
        event("payment_dispute.lost", id="dis_1", payment_intent_id="int_1"),
        accepted(said("DisputeLost", dispute_id="dis_1")),
    )
    for text, currency, minor in (("1500", "JPY", 1500), ("1.505", "KWD", 1505),
                                  ("1500", "ISK", 1500), ("0.1234", "CLF", 1234),
                                  ("70368744177.01", "EUR", 7036874417701)):  # fmt: skip
        cases(
            f"succeeded-{text.replace('.', '-')}-{currency.lower()}",
            "Major units, exactly.",
            exact(text, currency),
            accepted(said("PaymentSucceeded", minor, currency)),
        )
    for text, currency in (("1500.5", "JPY"), ("10.010", "USD"), ("1e3", "USD"), ("-1", "USD"),
                           ("10.00999999999999999999", "USD")):  # fmt: skip
        cases(
            f"amount-{text.replace('.', '-')}-{currency.lower()}-refused".replace("--", "-minus-"),
            "Finer than the currency, or no plain digits.",
            exact(text, currency),
            refused("malformed"),
        )
    cases(
        "success-without-what-was-captured",
        "Parked, not guessed.",
        event("payment_intent.succeeded", captured_amount=None),
        unsupported("unknown_meaning"),
    )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("payment_intent.teleported"),
        unsupported("unknown_meaning"),
    )
    cases("no-account", "Nobody's message.", good | {"account_id": None}, refused("wrong_account"))
    cases.stale(good, 300_000, paid)
    cases.rotation(good, "whsec_old", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
