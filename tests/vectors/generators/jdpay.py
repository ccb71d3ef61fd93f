"""JD Pay cases. Run: ``python -m tests.vectors.generators.jdpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

MERCHANT = "110025845001"
KEY = "ta4E/aspLA3lgFGKmNDNRYU92RkZ4w2t"
OTHER_KEY = "GX/CH6HIAT2Ubtn3ZKjfYdbxa6HgSVca"
UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"


def entry(amount: str, **more: str) -> dict[str, Any]:
    return {"payType": "0", "amount": amount, "currency": "CNY",
            "tradeTime": "20260301100005"} | more  # fmt: skip


def payment(status: str, *entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    tree = {"version": "V2.0", "merchant": MERCHANT, "result": {"code": "000000", "desc": "x"},
            "tradeNum": "M-1", "tradeType": "0", "note": "", "amount": "8000", "status": status,
            "payList": {"pay": list(entries or (entry("8000"),))}}  # fmt: skip
    return tree | more


def refund(status: str, **more: Any) -> dict[str, Any]:
    return {"version": "V2.0", "merchant": MERCHANT, "result": {"code": "000000", "desc": "x"},
            "tradeNum": "R-1", "oTradeNum": "M-1", "tradeType": "1", "amount": "1280",
            "currency": "CNY", "tradeTime": "20260301100005", "status": status} | more  # fmt: skip


def main() -> None:
    cases = Signed("jdpay", 1_772_330_406_000, secret(KEY, use="decrypt"), merchant=MERCHANT)
    paid = fact("PaymentSucceeded", "M-1", "M-1", minor=8000, at=T)
    good = payment("2")
    other = {"result": {"code": "100001", "desc": "x"}}
    cases.rows((
        ("paid-row", "Status 2.", good, accepted(paid)),
        ("paid-by-two-entries", "One payment.", payment("2", entry("5000"), entry("3000")),
         accepted(paid)),
        ("entries-do-not-add-up", "Nobody knows what was paid.",
         payment("2", entry("5000"), entry("2999")), UNKNOWN),
        ("entries-of-two-currencies", "Nobody knows what was paid.",
         payment("2", entry("5000"), entry("3000", currency="USD")), UNKNOWN),
        ("in-process-row", "Status 1 of a payment.", payment("1"), accepted()),
        ("failed-row", "Status 3.", payment("3"),
         accepted(fact("PaymentFailed", "M-1", "M-1", minor=8000, at=T))),
        ("status-unknown", "Parked.", payment("5"), UNKNOWN),
        ("refunded-row", "Status 1 of a refund.", refund("1"),
         accepted(fact("RefundCompleted", "M-1", "M-1", minor=1280, at=T, refund_id="R-1"))),
        ("refund-pending-row", "Status 0.", refund("0"), accepted()),
        ("refund-status-unknown", "3 means nothing of a refund.", refund("3"), UNKNOWN),
        ("revoked", "No payment moved that was announced.", payment("2", tradeType="2"),
         accepted()),
        ("kind-unknown", "Parked.", payment("2", tradeType="9"), UNKNOWN),
        ("result-is-a-fault", "The call failed: nothing is said.", payment("2", **other),
         accepted()),
        ("amount-as-decimal", "Fen.", payment("2", amount="80.00"), refused("malformed")),
        ("amount-is-missing", "Never zero.", payment("2", amount=""), refused("malformed")),
        ("of-another-merchant-inside", "The key is everybody's.",
         payment("2", merchant="110025845002"), refused("wrong_account")),
        ("day-that-does-not-exist", "Strict times.",
         payment("2", entry("8000", tradeTime="20260230100005")), refused("malformed")),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "envelope-of-another-merchant",
        "Not signed, it may refuse.",
        good,
        refused("wrong_account"),
        sent=swapped(MERCHANT.encode(), b"110025845009"),
    )
    cases(
        "opened-by-the-second-key",
        "The length and the XML tell which.",
        good,
        accepted(paid),
        keys=lambda keys: [secret(OTHER_KEY, "2", "decrypt"), *keys],
    )
    cases(
        "sealed-for-another",
        "No key opens it.",
        good,
        refused("undecryptable"),
        keys=lambda keys: [keys[0], secret(OTHER_KEY, "2", "decrypt")],
    )
    cases(
        "envelope-with-a-doctype",
        "No declarations.",
        good,
        refused("malformed"),
        sent=lambda body: b"<!DOCTYPE jdpay>" + body,
    )
    cases(
        "envelope-result-changed",
        "Not signed and not read.",
        good,
        accepted(paid),
        sent=swapped(b"000000", b"999999"),
    )
    cases.write()


if __name__ == "__main__":
    main()
