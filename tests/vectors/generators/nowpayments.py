"""NOWPayments cases. Run: ``python -m tests.vectors.generators.nowpayments``

What only JavaScript writes as it does was signed with Node; see the given cases.
"""

import hashlib
import hmac
import json
from typing import Any

from tests.vectors.generators.bodies import Cases, account, fact, key
from tests.vectors.generators.cases import accepted, refused, unsupported

KEY = "made-here-ipn-secret"


def event(status: str, **members: Any) -> dict[str, Any]:
    return {"payment_id": 5077125051, "payment_status": status, "price_amount": 170,
            "price_currency": "usd", "actually_paid": 155.5, "pay_currency": "mana",
            "order_id": "M-1", "updated_at": "2021-04-12T14:23:06.244Z"} | members  # fmt: skip


def said(fact_type: str, minor: int = 17_000, currency: str = "USD", **members: Any) -> Any:
    return fact(fact_type, "5077125051", merchant_order_id="M-1", amount_minor=minor,
                currency=currency, occurred_at="2021-04-12T14:23:06.244Z", **members)  # fmt: skip


def signed(text: str) -> list[list[str]]:
    mac = hmac.new(KEY.encode(), text.encode(), "sha512").hexdigest()
    return [["x-nowpayments-sig", mac]]


def signed_sorted(body: str) -> list[list[str]]:
    """Sign a body whose numbers Python writes as JavaScript does."""
    text = json.dumps(json.loads(body), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return signed(text)


def framed(*values: str) -> bytes:
    return b"".join(len(value).to_bytes(4, "big") + value.encode() for value in values)


def main() -> None:
    cases = Cases("nowpayments", account(key(KEY)), 1_618_237_390_000)
    good = event("finished")
    paid = said("PaymentSucceeded")
    cases("finished-row", "Ordinary payment.", good, accepted(paid))
    for status in ("confirming", "confirmed", "sending", "partially_paid"):
        cases(f"{status.replace('_', '-')}-row", "Not yet.", event(status), accepted())
    cases("failed-row", "An attempt.", event("failed"), accepted(said("PaymentFailed")))
    cases(
        "expired-row", "Closed without money.", event("expired"), accepted(said("PaymentClosed"))
    )
    derived = hashlib.sha256(framed("5077125051", "refunded", "155.5")).hexdigest()
    cases(
        "refunded-row",
        "Without an id of its own: known by its dedup key.",
        event("refunded"),
        accepted(said("RefundCompleted", refund_id=derived)),
    )
    cases(
        "unknown-status-row",
        "A state without a meaning.",
        event("levitating"),
        unsupported("unknown_meaning"),
    )
    cases(
        "time-in-milliseconds",
        "Either form.",
        event("finished", updated_at=1_618_237_386_244),
        accepted(paid),
    )
    cases(
        "letters-outside-ascii",
        "They are not escaped.",
        event("finished", order_description='Zoë – 日本 \u2028 / "q" \x1f'),
        accepted(paid),
    )
    cases(
        "nothing-and-yes",
        "null and true are written as they are.",
        event("finished", parent_payment_id=None, fixed=True),
        accepted(paid),
    )
    for price, currency, minor in ((1500, "jpy", 1500), (1.505, "kwd", 1505), (1500, "isk", 1500)):
        cases(
            f"finished-in-{currency}",
            "Major units.",
            event("finished", price_amount=price, price_currency=currency),
            accepted(said("PaymentSucceeded", minor, currency.upper())),
        )
    cases(
        "price-finer-than-its-currency",
        "Nothing is rounded.",
        event("finished", price_amount=1.005),
        refused("malformed"),
    )
    cases(
        "nested-member",
        "Signed as well.",
        event("finished", fee={"currency": "usd"}),
        accepted(paid),
    )
    cases(
        "list-member",
        "How it would be signed is not settled.",
        event("finished", payment_extra_ids=[1]),
        refused("malformed"),
    )
    inner = json.dumps(event("finished", fee={"depositFee": 0.1, "currency": "usd"}))
    cases(
        "nested-member-changed",
        "Inner members are signed.",
        good,
        refused("bad_signature"),
        sent=inner.replace("0.1,", "0.2,").encode(),
        only_headers=signed_sorted(inner),
    )
    cases(
        "body-in-another-order",
        "Members are sorted before they are signed.",
        good,
        accepted(paid),
        sent=json.dumps(dict(reversed(good.items()))).encode(),
    )
    cases(
        "number-changed-under-the-same-text",
        "25.50 is signed as 25.5; 25.51 is not.",
        event("finished", price_amount=25.5),
        refused("bad_signature"),
        sent=json.dumps(event("finished", price_amount=25.51)).encode(),
    )
    tail = '"payment_status":"finished","price_amount":170,"price_currency":"usd"}'
    cases(
        "id-that-javascript-cannot-hold",
        "It is signed as another number: not proven.",
        good,
        unsupported("unknown_meaning"),
        sent=('{"payment_id":9007199254740993,' + tail).encode(),
        only_headers=signed('{"payment_id":9007199254740992,' + tail),
    )
    cases(
        "number-in-javascripts-form",
        "1e21 is where exponents begin.",
        good,
        accepted(fact("PaymentSucceeded", "1")),
        sent=('{"x":1000000000000000000000,"y":1e-6,"z":-0.0,"payment_id":1,' + tail).encode(),
        only_headers=signed('{"payment_id":1,' + tail[:-1] + ',"x":1e+21,"y":0.000001,"z":0}'),
    )
    cases.rotation(good, "old-ipn-secret", paid)
    cases("no-headers", "Nothing but a body.", good, refused("bad_signature"), only_headers=[])
    cases.write()


if __name__ == "__main__":
    main()
