"""Coinbase Commerce cases. Run: ``python -m tests.vectors.generators.coinbase_commerce``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported


def event(word: str, amount: str = "25.00", currency: str = "USD", **members: Any) -> Any:
    charge = {"id": "ch-1", "code": "66BEOV2B", "metadata": {"order_id": "M-1"},
              "pricing": {"local": {"amount": amount, "currency": currency}}}  # fmt: skip
    return {"id": 1, "attempt_number": 1,
            "event": {"id": "e-1", "type": word, "created_at": "2024-05-06T07:08:09Z",
                      "data": charge | members}}  # fmt: skip


def said(fact_type: str, minor: int = 2500, currency: str = "USD", **members: Any) -> Any:
    return fact(fact_type, "ch-1", amount_minor=minor, currency=currency,
                occurred_at="2024-05-06T07:08:09.000Z", **members)  # fmt: skip


def main() -> None:
    held = account(key("made-here-secret"), order_id_metadata_key="order_id")
    cases = Cases("coinbase-commerce", held, 1_714_979_291_000)
    good = event("charge:confirmed")
    paid = said("PaymentSucceeded", merchant_order_id="M-1")
    cases("confirmed-row", "Ordinary payment.", good, accepted(paid))
    cases("resolved-row", "By the operator.", event("charge:resolved"), accepted(paid))
    for word in ("created", "pending", "delayed"):
        cases(f"{word}-row", "Nothing to announce.", event(f"charge:{word}"), accepted())
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("charge:teleported"),
        unsupported("unknown_meaning"),
    )
    for amount, currency, minor in (("1500", "JPY", 1500), ("1.500", "KWD", 1500),
                                    ("1500", "ISK", 1500), ("0.1234", "CLF", 1234)):  # fmt: skip
        cases(
            f"confirmed-in-{currency.lower()}",
            "Major units.",
            event("charge:confirmed", amount, currency),
            accepted(said("PaymentSucceeded", minor, currency)),
        )
    cases(
        "price-finer-than-its-currency",
        "Nothing is rounded.",
        event("charge:confirmed", "25.001"),
        refused("malformed"),
    )
    cases(
        "charge-without-a-price",
        "A donation of any amount: parked.",
        event("charge:confirmed", pricing=None),
        unsupported("unknown_meaning"),
    )
    cases(
        "metadata-of-another-form",
        "The shop's own entries cannot be wrong.",
        event("charge:confirmed", metadata="M-1"),
        accepted(said("PaymentSucceeded", merchant_order_id=None)),
    )
    cases("no-event", "An envelope alone.", {"id": 1}, refused("malformed"))
    cases.rotation(good, "old-secret", paid)
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
