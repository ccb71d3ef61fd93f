"""JD Pay 1.0 cases. Run: ``python -m tests.vectors.generators.jdpay_legacy``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret

KEY, MERCHANT = "ta4E/aspLA3lgFGKmNDNRYU92RkZ4w2t", "22310318"
UNKNOWN = unsupported("unknown_meaning")
T = "2014-08-16T07:53:08.000Z"


def said(kind: str, status: str | None, code: str = "0000", **more: Any) -> dict[str, Any]:
    trade = {"TYPE": kind, "ID": "A-1", "AMOUNT": "8000", "CURRENCY": "CNY", "DATE": "20140816",
             "TIME": "155308", "NOTE": ""} | more  # fmt: skip
    if status is not None:
        trade["STATUS"] = status
    return {"merchant": MERCHANT, "TRADE": trade, "RETURN": {"CODE": code, "DESC": "x"}}


def main() -> None:
    keys = (secret("test"), secret(KEY, use="decrypt"))
    cases = Signed("jdpay-legacy", 1_408_175_600_000, *keys, merchant=MERCHANT)
    paid = fact("PaymentSucceeded", "A-1", "A-1", minor=8000, at=T)
    good = said("S", "0")
    cases.rows((
        ("purchase-row", "Status 0.", good, accepted(paid)),
        ("purchase-in-process-row", "Status 6.", said("S", "6"), accepted()),
        ("purchase-failed-row", "Status 7.", said("S", "7"),
         accepted(fact("PaymentFailed", "A-1", "A-1", minor=8000, at=T))),
        ("purchase-refunded", "A word of queries alone.", said("S", "3"), UNKNOWN),
        ("refund-row", "It names no payment.", said("R", "0"),
         accepted(fact("RefundCompleted", None, minor=8000, at=T, refund_id="A-1"))),
        ("refund-failed-row", "Status 7.", said("R", "7"),
         accepted(fact("RefundFailed", None, minor=8000, at=T, refund_id="A-1"))),
        ("refund-status-unknown", "Parked.", said("R", "9"), UNKNOWN),
        ("query-row", "An answer.", said("Q", "0"), accepted()),
        ("kind-unknown", "Parked.", said("X", "0"), UNKNOWN),
        ("code-is-a-fault", "Nothing is said.", said("S", "0", "9999"), accepted()),
        ("status-is-missing", "Nothing is said.", said("S", None), accepted()),
        ("amount-with-a-sign", "Digits.", said("S", "0", AMOUNT="+8000"), refused("malformed")),
        ("yen", "No decimals.", said("S", "0", CURRENCY="JPY"),
         accepted(fact("PaymentSucceeded", "A-1", "A-1", minor=8000, currency="JPY", at=T))),
        ("date-of-thirteen-months", "Strict times.", said("S", "0", DATE="20141316"),
         refused("malformed")),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "digest-of-another-key",
        "The data opens, the digest is a stranger's.",
        good,
        refused("bad_signature"),
        keys=lambda held: [secret("other"), held[1]],
    )
    cases(
        "sealed-for-another",
        "The digest is good, no key opens it.",
        good,
        refused("undecryptable"),
        keys=lambda held: [held[0], secret("GX/CH6HIAT2Ubtn3ZKjfYdbxa6HgSVca", "2", "decrypt")],
    )
    cases.write()


if __name__ == "__main__":
    main()
