"""Flutterwave cases. Run: ``python -m tests.vectors.generators.flutterwave``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

KEY = "made-here-secret-hash"
V4 = {"signature_mode": "hmac-sha256-base64", "api": "v4"}


def event(status: str, word: str = "charge.completed", **members: Any) -> dict[str, Any]:
    return {"webhook_id": "w", "timestamp": 1_739_456_704_200, "type": word,
            "data": {"id": "chg_1", "amount": 200, "currency": "KES", "status": status,
                     "reference": "M-1"} | members}  # fmt: skip


def exact(amount: str, currency: str) -> bytes:
    return (
        '{"type":"charge.completed","data":{"id":"chg_1","amount":' + amount + ',"currency":"'
        + currency + '","status":"succeeded","reference":"M-1"}}'
    ).encode()  # fmt: skip


def said(fact_type: str, minor: int = 20_000, currency: str = "KES", **members: Any) -> Any:
    return fact(fact_type, "chg_1", merchant_order_id="M-1", amount_minor=minor, currency=currency,
                **members)  # fmt: skip


def main() -> None:
    cases = Cases("flutterwave", account(key(KEY), **V4), 1_739_456_710_000)
    good = event("succeeded")
    paid = said("PaymentSucceeded", occurred_at="2025-02-13T14:25:04.200Z")
    cases("charge-succeeded-row", "Dated by its envelope.", good, accepted(paid))
    cases("charge-successful-row", "The other word for it.", event("successful"), accepted(paid))
    cases("charge-pending-row", "Completed by name alone.", event("pending"), accepted())
    refund = {"id": "ref_1", "charge_id": "chg_1"}
    for status, fact_type in (("completed", "RefundCompleted"), ("failed", "RefundFailed")):
        cases(
            f"refund-{status}-row",
            "It names its charge.",
            event(status, "refund.completed", **refund),
            accepted(said(fact_type, refund_id="ref_1")),
        )
    cases(
        "refund-that-names-no-charge",
        "It stays unlinked.",
        event("completed", "refund.completed", id="ref_1"),
        accepted(fact("RefundCompleted", None, refund_id="ref_1")),
    )
    cases(
        "subscription-cancelled-row",
        "No payment.",
        event("", "subscription.cancelled"),
        accepted(),
    )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("failed", "charge.teleported"),
        unsupported("unknown_meaning"),
    )
    cases(
        "unknown-status-row",
        "A state without a meaning.",
        event("levitating"),
        unsupported("unknown_meaning"),
    )
    for text, currency, minor in (("20000", "UGX", 20_000), ("1500", "RWF", 1500),
                                  ("150.5", "NGN", 15_050), ("1.505", "KWD", 1505)):  # fmt: skip
        cases(
            f"paid-{text.replace('.', '-')}-{currency.lower()}",
            "Major units of every currency.",
            exact(text, currency),
            accepted(said("PaymentSucceeded", minor, currency)),
        )
    for text, currency in (("20000.5", "UGX"), ("1e3", "NGN"), ("-1", "NGN"),
                           ("150.50000000000000001", "NGN")):  # fmt: skip
        cases(
            f"amount-{text.replace('.', '-').replace('--', '-')}-{currency.lower()}-refused",
            "Finer than the currency, or no plain digits.",
            exact(text, currency),
            refused("malformed"),
        )
    token = account(key(KEY), signature_mode="verif-hash", api="v3")
    charge = {"event": "charge.completed", "data": {"id": 285959875, "tx_ref": "M-1",
              "amount": 100, "currency": "NGN", "status": "successful"}}  # fmt: skip
    cases(
        "token-announces-nothing",
        "It covers nothing of what came with it.",
        charge,
        accepted(),
        account=token,
        only_headers=[["verif-hash", KEY]],
    )
    cases(
        "token-with-a-tail",
        "Equal means equal.",
        charge,
        refused("bad_signature"),
        account=token,
        only_headers=[["verif-hash", KEY + "x"]],
    )
    cases(
        "signature-on-a-token-account",
        "The account says which proof counts.",
        charge,
        refused("bad_signature"),
        account=token,
    )
    cases(
        "version-3-with-a-signature",
        "The account says how the message reads.",
        charge,
        accepted(fact("PaymentSucceeded", "285959875", merchant_order_id="M-1")),
        account=account(key(KEY), signature_mode="hmac-sha256-base64", api="v3"),
    )
    cases(
        "token-as-signature",
        "The bare secret is no signature.",
        good,
        refused("bad_signature"),
        only_headers=[["flutterwave-signature", KEY]],
    )
    cases.rotation(good, "old-secret-hash", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
