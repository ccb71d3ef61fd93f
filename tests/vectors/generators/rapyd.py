"""Rapyd cases. Run: ``python -m tests.vectors.generators.rapyd``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

AT, AT_S = "2024-05-06T07:08:09.000Z", 1_714_979_289
UNKNOWN = unsupported("unknown_meaning")
ROWS = {
    "PAYMENT_COMPLETED": ("CLO", "PaymentSucceeded"),
    "PAYMENT_CAPTURED": ("CLO", "PaymentSucceeded"),
    "PAYMENT_FAILED": ("ERR", "PaymentFailed"),
    "PAYMENT_EXPIRED": ("EXP", "PaymentClosed"),
    "PAYMENT_CANCELED": ("CAN", "PaymentClosed"),
}
DISPUTES = {
    "ACT": "DisputeOpened", "RVW": None, "PRA": None, "ARB": None, "WIN": "DisputeWon",
    "LOS": "DisputeLost",
}  # fmt: skip


def said(kind: str = "PAYMENT_COMPLETED", status: str = "CLO", **more: Any) -> dict[str, Any]:
    payment = {"id": "payment_1", "amount": 10.5, "currency_code": "USD", "currency": "USD",
               "status": status, "merchant_reference_id": "M-1"}  # fmt: skip
    return {"id": "wh_1", "type": kind, "data": payment | more, "status": "NEW",
            "created_at": AT_S}  # fmt: skip


def refund(kind: str = "REFUND_COMPLETED", **more: Any) -> dict[str, Any]:
    return {"id": "wh_1", "type": kind, "created_at": AT_S, "data": {
        "id": "refund_1", "amount": 10.5, "currency": "USD", "status": "Completed",
        "payment": "payment_1", "merchant_reference_id": "R-1"} | more}  # fmt: skip


def dispute(kind: str, status: str, **more: Any) -> dict[str, Any]:
    return {"id": "wh_1", "type": kind, "created_at": AT_S, "data": {
        "id": "0c9f", "token": "dispute_1", "status": status, "amount": 10.5, "currency": "USD",
        "original_transaction_id": "payment_1"} | more}  # fmt: skip


def told(kind: str, minor: int = 1050, currency: str = "USD", **more: Any) -> dict[str, Any]:
    order = "M-1" if kind.startswith("Payment") else None
    return fact(kind, "payment_1", order, minor=minor, currency=currency, at=AT, **more)


def main() -> None:
    cases = Signed("rapyd", 1_714_979_291_000, secret("rsk_made_here"), access_key="9A7B",
                   notification_url="https://shop.example/v1/callbacks/rapyd/shop")  # fmt: skip
    good, paid = said(), told("PaymentSucceeded")
    for kind, (status, announced) in ROWS.items():
        cases(f"{kind.lower().replace('_', '-')}-row", "A row.", said(kind, status),
              accepted(told(announced)))  # fmt: skip
        cases(f"{kind.lower().replace('_', '-')}-still-active", "It may have become that since.",
              said(kind, "ACT"), accepted(told(announced)))  # fmt: skip
    for kind, announced in (
        ("REFUND_COMPLETED", "RefundCompleted"),
        ("PAYMENT_REFUND_FAILED", "RefundFailed"),
        ("PAYMENT_REFUND_REJECTED", "RefundFailed"),
    ):
        cases(f"{kind.lower().replace('_', '-')}-row", "A row.", refund(kind), accepted(
            told(announced, refund_id="refund_1", merchant_refund_id="R-1")))  # fmt: skip
    cases("dispute-created-row", "A row.", dispute("PAYMENT_DISPUTE_CREATED", "ACT"),
          accepted(told("DisputeOpened", dispute_id="dispute_1")))  # fmt: skip
    for status, announced in DISPUTES.items():
        cases(f"dispute-updated-{status.lower()}-row", "A row.",
              dispute("PAYMENT_DISPUTE_UPDATED", status),
              accepted(*([] if announced is None
                         else [told(announced, dispute_id="dispute_1")])))  # fmt: skip
    cases.rows((
        ("dispute-updated-state-unknown", "Parked.", dispute("PAYMENT_DISPUTE_UPDATED", "MOL"),
         UNKNOWN),
        ("dispute-without-a-token", "Its id.",
         dispute("PAYMENT_DISPUTE_CREATED", "ACT", token=None),
         accepted(told("DisputeOpened", dispute_id="0c9f"))),
        ("refund-of-a-payment-not-named", "By itself.", refund(payment=None),
         accepted(told("RefundCompleted", refund_id="refund_1") | {"payment_id": None})),
        ("refund-without-an-id", "Which?", refund(id=None), refused("malformed")),
        ("type-unknown", "Parked.", said("PAYMENT_TELEPORTED"), UNKNOWN),
        ("state-unknown", "Parked.", said(status="MOL"), UNKNOWN),
        ("completed-but-expired", "They contradict each other.", said(status="EXP"), UNKNOWN),
        ("failed-but-closed", "They contradict each other.", said("PAYMENT_FAILED"), UNKNOWN),
        ("state-absent", "The type tells.", said(status=""), accepted(paid)),
        ("order-absent", "Not told.", said(merchant_reference_id=""),
         accepted(paid | {"merchant_order_id": None})),
        ("time-absent", "Not told.", good | {"created_at": None},
         accepted(paid | {"occurred_at": None})),
        ("amount-absent", "Never zero.", said(amount=None), refused("malformed")),
        ("amount-as-text", "A number.", said(amount="10.50"), refused("malformed")),
        ("amount-too-fine", "Nothing is rounded.", said(amount=10.505), refused("malformed")),
        ("amount-below-zero", "No amount.", said(amount=-1), refused("malformed")),
        ("currency-absent", "Which?", said(currency_code=None, currency=None),
         refused("malformed")),
        ("currency-unknown", "No such.", said(currency_code="ABC"), refused("malformed")),
        ("letters-of-other-alphabets", "As they came.", said(merchant_reference_id="Æ 订单"),
         accepted(paid | {"merchant_order_id": "Æ 订单"})),
    ))  # fmt: skip
    for currency, amount, minor in (
        ("JPY", 1500, 1500),
        ("KWD", 1.505, 1505),
        ("ISK", 1500, 1500),
        ("CLF", 1.5055, 15055),
    ):
        cases(f"paid-in-{currency.lower()}", "Decimals as ISO counts them.",
              said(amount=amount, currency_code=currency),
              accepted(told("PaymentSucceeded", minor, currency)))  # fmt: skip
    cases("amount-with-a-zero-behind", "The same money.", b'{"type":"PAYMENT_COMPLETED","data":'
          b'{"id":"payment_1","amount":10.50,"currency":"USD"}}',
          accepted(fact("PaymentSucceeded", "payment_1", minor=1050, currency="USD")))  # fmt: skip
    cases("amount-with-an-exponent", "No plain digits.", b'{"type":"PAYMENT_COMPLETED","data":'
          b'{"id":"payment_1","amount":1e3,"currency":"USD"}}', refused("malformed"))  # fmt: skip
    cases("amount-changed", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"10.5", b"90.5"))  # fmt: skip
    cases("other-url", "Part of the text.", good, refused("bad_signature"),
          settings_after={"notification_url": "https://shop.example/other"})  # fmt: skip
    for name, value, reason in (
        ("timestamp", "17149792911", "bad_signature"),
        ("timestamp", "yesterday", "malformed"),
        ("salt", "salt-2", "bad_signature"),
    ):
        cases(f"{name}-of-{value}", "Signed.", good, refused(reason),
              headers=lambda pairs, name=name, value=value: [
                  [n, value if n == name else v] for n, v in pairs])  # fmt: skip
    cases("digits-moved-into-the-salt", "No separators: neither is read.", good, accepted(paid),
          headers=lambda pairs: [[n, {"salt": "salt-11", "timestamp": "714979291"}.get(n, v)]
                                 for n, v in pairs])  # fmt: skip
    cases("timestamp-missing", "Part of the text.", good, refused("malformed"),
          headers=lambda pairs: [p for p in pairs if p[0] != "timestamp"])  # fmt: skip
    cases.without_headers(good, "signature")
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
