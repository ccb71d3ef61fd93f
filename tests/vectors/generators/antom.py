"""Antom cases. Run: ``python -m tests.vectors.generators.antom``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"
AT = "2026-03-01T10:00:05+08:00"
MANUAL = {"capture_mode": "MANUAL"}


def money(value: str = "8000", currency: str = "HKD") -> dict[str, str]:
    return {"value": value, "currency": currency}


def said(kind: str, status: str = "S", **more: Any) -> dict[str, Any]:
    return {"notifyType": kind, "result": {"resultCode": "X", "resultStatus": status}} | more


def payment(status: str = "S", **more: Any) -> dict[str, Any]:
    return said("PAYMENT_RESULT", status, **{"paymentId": "P-1", "paymentRequestId": "PR-1",
                "paymentAmount": money(), "paymentTime": AT} | more)  # fmt: skip


def capture(status: str = "S") -> dict[str, Any]:
    return said("CAPTURE_RESULT", status, paymentId="P-1", captureId="C-1",
                captureAmount=money("5000"), captureTime=AT)  # fmt: skip


def refund(status: str) -> dict[str, Any]:
    return said("REFUND_RESULT", refundStatus=status, refundId="R-1", refundRequestId="RR-1",
                refundAmount=money("1280"), refundTime=AT)  # fmt: skip


def dispute(word: str, **more: Any) -> dict[str, Any]:
    return {"disputeNotificationType": word, "disputeId": "D-1", "paymentId": "P-1",
            "disputeAmount": money(), "disputeTime": AT} | more  # fmt: skip


def main() -> None:
    cases = Signed("antom", 1_772_330_406_000, client_id="CLIENT-1",
                   notification_url="https://pay.example.com/hooks/antom?shop=1")  # fmt: skip
    hkd = {"currency": "HKD", "at": T}
    paid = fact("PaymentSucceeded", "P-1", minor=8000, **hkd)
    good = payment()
    disputed = {"minor": 8000, "dispute_id": "D-1", **hkd}
    cases.rows((
        ("paid-row", "Path and query of the public URL are signed.", good, accepted(paid)),
        ("paid-with-the-shops-number", "Where it is told.", payment(referenceOrderId="M-1"),
         accepted(fact("PaymentSucceeded", "P-1", "M-1", minor=8000, **hkd))),
        ("failed-row", "F.", payment("F"),
         accepted(fact("PaymentFailed", "P-1", minor=8000, **hkd))),
        ("undecided-row", "U.", payment("U"), accepted()),
        ("result-unknown", "Parked.", payment("Z"), UNKNOWN),
        ("pending-row", "PAYMENT_PENDING.", said("PAYMENT_PENDING"), accepted()),
        ("captured-row", "The same payment.", capture(),
         accepted(fact("PaymentSucceeded", "P-1", minor=5000, capture_id=None, **hkd))),
        ("capture-undecided-row", "U.", capture("U"), accepted()),
        ("capture-failed-row", "F.", capture("F"),
         accepted(fact("PaymentFailed", "P-1", minor=5000, **hkd))),
        ("refund-row", "SUCCESS.", refund("SUCCESS"),
         accepted(fact("RefundCompleted", None, minor=1280, refund_id="R-1", **hkd))),
        ("refund-status-unknown", "Parked.", refund("PROCESSING"), UNKNOWN),
        ("kind-unknown", "Parked.", said("GIFT_RESULT"), UNKNOWN),
        ("subscription-row", "No payment.", said("SUBSCRIPTION_STATUS"), accepted()),
        ("amount-updated-row", "No payment.", said("UPDATE_AMOUNT_RESULT"), accepted()),
        ("offline-code-row", "No payment.", said("OFFLINE_PAYMENT_CODE"), accepted()),
        ("code-created-row", "No payment.", said("AUTHCODE_CREATED"), accepted()),
        ("dispute-opened-row", "DISPUTE_CREATED.", dispute("DISPUTE_CREATED"),
         accepted(fact("DisputeOpened", "P-1", **disputed))),
        ("dispute-cancelled-row", "DISPUTE_CANCELLED.", dispute("DISPUTE_CANCELLED"),
         accepted(fact("DisputeWon", "P-1", **disputed))),
        ("dispute-accepted-row", "DISPUTE_ACCEPTED.", dispute("DISPUTE_ACCEPTED"),
         accepted(fact("DisputeLost", "P-1", **disputed))),
        ("dispute-defended-row", "DEFENSE_SUPPLIED.", dispute("DEFENSE_SUPPLIED"), accepted()),
        ("dispute-judged", "For whom is not known.", dispute("DISPUTE_JUDGED"), UNKNOWN),
        ("dinars", "Three decimals.", payment(paymentAmount=money("8000", "KWD")),
         accepted(fact("PaymentSucceeded", "P-1", minor=8000, currency="KWD", at=T))),
        ("amount-as-decimal", "Minor units.", payment(paymentAmount=money("80.00")),
         refused("malformed")),
        ("currency-unknown", "ISO 4217.", payment(paymentAmount=money("1", "QQQ")),
         refused("malformed")),
        ("time-without-a-zone", "RFC 3339.", payment(paymentTime="2026-03-01T10:00:05"),
         refused("malformed")),
    ))  # fmt: skip
    cases(
        "authorised-row",
        "Manual capture.",
        good,
        accepted(fact("PaymentAuthorized", "P-1", minor=8000, authorization_id="P-1", **hkd)),
        settings=MANUAL,
    )
    cases(
        "captured-of-several",
        "Its own part.",
        capture(),
        accepted(fact("PaymentSucceeded", "P-1", minor=5000, capture_id="C-1", **hkd)),
        settings=MANUAL,
    )
    cases.refusals(good, paid, named=True)
    cases.without_headers(good, "signature")
    cases(
        "without-request-time",
        "It is signed.",
        good,
        refused("malformed"),
        headers=lambda pairs: [p for p in pairs if p[0] != "request-time"],
    )
    cases("amount-changed", "Signed.", good, refused("bad_signature"), sent=swapped(b"8000", b"9"))
    cases(
        "another-path",
        "The query is signed as well.",
        good,
        refused("bad_signature"),
        settings_after={"notification_url": "https://pay.example.com/hooks/antom?shop=2"},
    )
    cases(
        "of-another-client",
        "Signed with the name of another.",
        good,
        refused("wrong_account"),
        settings_after={"client_id": "CLIENT-2"},
    )
    cases("two-signatures", "Which counts?", good, refused("bad_signature"),
          headers=lambda pairs: [[n, v + ",signature=AA==" if n == "signature" else v]
                                 for n, v in pairs])  # fmt: skip
    cases(
        "version-left-out",
        "It means 1.",
        good,
        accepted(paid),
        headers=lambda pairs: [[n, v.replace("keyVersion=1,", "")] for n, v in pairs],
    )
    cases.write()


if __name__ == "__main__":
    main()
