"""Yeepay cases. Run: ``python -m tests.vectors.generators.yeepay``

The merchant's key is the one of the test authority, as the platform's is.
"""

import base64
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support import authority
from tests.support.signers import public_der
from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"


def private(name: str, kid: str = "1") -> dict[str, Any]:
    der = authority.private_key(name).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    text = base64.b64encode(der).decode()
    return {"kid": kid, "use": "decrypt", "kind": "private-key", "text": text}


def payment(**more: Any) -> dict[str, Any]:
    return {"orderId": "M-1", "uniqueOrderNo": "U-1", "merchantNo": "10085525305",
            "parentMerchantNo": "10085525305", "orderAmount": "80.00", "payAmount": "80.00",
            "status": "SUCCESS", "paySuccessDate": "2026-03-01 10:00:05"} | more  # fmt: skip


def refund(status: str, **more: Any) -> dict[str, Any]:
    return {"orderId": "M-1", "uniqueOrderNo": "U-1", "merchantNo": "10085525305",
            "refundRequestId": "R-1", "uniqueRefundNo": "UR-1", "refundAmount": "12.80",
            "status": status, "refundSuccessDate": "2026-03-01 10:00:05"} | more  # fmt: skip


def main() -> None:
    cases = Signed("yeepay", 1_772_330_406_000, private("yeepay merchant"),
                   app_key="app_1", merchant_no="10085525305")  # fmt: skip
    paid = fact("PaymentSucceeded", "U-1", "M-1", minor=8000, at=T)
    failed = fact("RefundFailed", "U-1", "M-1", minor=1280, at=T, refund_id="UR-1")
    good = payment()
    cases.rows((
        ("paid-row", "With the provider's time.", good, accepted(paid)),
        ("paid-without-its-time", "Null.", payment(paySuccessDate=None),
         accepted(fact("PaymentSucceeded", "U-1", "M-1", minor=8000))),
        ("payment-in-an-unknown-state", "Parked.", payment(status="FAIL"), UNKNOWN),
        ("refunded-row", "A part.", refund("SUCCESS"),
         accepted(fact("RefundCompleted", "U-1", "M-1", minor=1280, at=T, refund_id="UR-1",
                       merchant_refund_id="R-1"))),
        ("refund-failed-row", "FAILED.", refund("FAILED"), accepted(failed)),
        ("refund-cancelled-row", "CANCEL.", refund("CANCEL"), accepted(failed)),
        ("refund-in-an-unknown-state", "Parked.", refund("PROCESSING"), UNKNOWN),
        ("amount-finer-than-a-fen", "Nothing is rounded.", payment(orderAmount="80.001"),
         refused("malformed")),
        ("amount-is-missing", "Never zero.", payment(orderAmount=None), refused("malformed")),
        ("payment-is-missing", "No payment without an id.", payment(uniqueOrderNo=None),
         refused("malformed")),
        ("of-another-merchant-row", "Inside.", payment(merchantNo="1"),
         refused("wrong_account")),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "inner-signature-of-a-stranger",
        "It opens, and another platform signed.",
        good,
        refused("bad_signature"),
        keys=lambda keys: [keys[0] | {"text": public_der("a stranger")}, keys[1]],
    )
    cases(
        "sealed-for-another-merchant",
        "No key opens it.",
        good,
        refused("undecryptable"),
        keys=lambda keys: [keys[0], private("another merchant")],
    )
    cases(
        "opened-by-the-second-key",
        "None is named.",
        good,
        accepted(paid),
        keys=lambda keys: [*keys, private("another merchant", "2")],
    )
    cases(
        "outer-app-is-missing",
        "It has to say whose it is.",
        good,
        refused("wrong_account"),
        sent=swapped(b"customerIdentification=app_1&", b""),
    )
    cases(
        "other-algorithm-named",
        "Another envelope.",
        good,
        refused("malformed"),
        sent=swapped(b"SHA256", b"SHA1"),
    )
    cases.write()


if __name__ == "__main__":
    main()
