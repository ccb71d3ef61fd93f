"""Revolut Merchant cases. Run: ``python -m tests.vectors.generators.revolut_merchant``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, key
from tests.vectors.generators.cases import accepted, refused, unsupported


def event(word: str, **members: Any) -> dict[str, Any]:
    return {"event": word, "order_id": "ord-1", "merchant_order_ext_ref": "M-1"} | members


def main() -> None:
    cases = Cases("revolut-merchant", account(key("wsk_made_here"), tolerance_seconds="300"),
                  1_714_557_600_000)  # fmt: skip
    good = event("ORDER_COMPLETED")
    for word in ("ORDER_AUTHORISED", "ORDER_COMPLETED", "ORDER_CANCELLED", "ORDER_FAILED",
                 "ORDER_PAYMENT_FAILED", "ORDER_PAYMENT_DECLINED", "DISPUTE_ACTION_REQUIRED",
                 "DISPUTE_WON", "DISPUTE_LOST"):  # fmt: skip
        cases(
            f"{word.replace('_', '-').lower()}-asks", "Thin: a question.", event(word), accepted()
        )
    for word in ("ORDER_PAYMENT_AUTHENTICATED", "DISPUTE_UNDER_REVIEW", "PAYOUT_INITIATED"):
        cases(
            f"{word.replace('_', '-').lower()}-row", "Nothing to act on.", event(word), accepted()
        )
    cases(
        "unknown-word-row",
        "A word without a meaning.",
        event("ORDER_TELEPORTED"),
        unsupported("unknown_meaning"),
    )
    cases(
        "order-that-names-none",
        "Whom to ask about?",
        event("ORDER_COMPLETED", order_id=None),
        refused("malformed"),
    )
    cases(
        "seconds-instead-of-milliseconds",
        "Its length says what it is.",
        good,
        refused("malformed"),
        only_headers=[
            ["Revolut-Request-Timestamp", "1714557600"],
            ["Revolut-Signature", "v1=" + "00" * 32],
        ],
    )
    cases.stale(good, 300_000)
    cases.rotation(good, "wsk_old")
    cases.hostile(good)
    cases.write()


if __name__ == "__main__":
    main()
