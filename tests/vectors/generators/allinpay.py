"""Allinpay cases. Run: ``python -m tests.vectors.generators.allinpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"


def said(code: str = "VSP501", status: str = "0000", **more: str) -> dict[str, Any]:
    return {"appid": "00000051", "cusid": "9905", "trxid": "T-1", "cusorderid": "M-1",
            "trxcode": code, "trxamt": "8000", "initamt": "8000", "trxstatus": status,
            "paytime": "20260301100005", "signtype": "RSA", "trxreserved": ""} | more  # fmt: skip


def main() -> None:
    cases = Signed("allinpay", 1_772_330_406_000, cusid="9905", appid="00000051", signtype="RSA")
    paid = fact("PaymentSucceeded", "T-1", "M-1", minor=8000, at=T)
    back = {"minor": 8000, "at": T, "refund_id": "T-1", "merchant_refund_id": "M-1"}
    good = said()
    for code in ("VSP501", "VSP505", "VSP511", "VSP551"):
        cases(f"payment-{code.lower()}-row", "A payment.", said(code), accepted(paid))
    for code in ("VSP502", "VSP512", "VSP503", "VSP513"):
        cases(
            f"refund-{code.lower()}-row",
            "Money goes back.",
            said(code),
            accepted(fact("RefundCompleted", None, **back)),
        )
    cases.rows((
        ("payment-failed-row", "Any other status.", said(status="3045"),
         accepted(fact("PaymentFailed", "T-1", "M-1", minor=8000, at=T))),
        ("refund-failed-row", "Any other status.", said("VSP503", "3045"),
         accepted(fact("RefundFailed", None, **back))),
        ("payment-pending-row", "2000.", said(status="2000"), accepted()),
        ("code-unknown", "Parked.", said("VSP999"), UNKNOWN),
        ("status-is-no-number", "Digits.", said(status="OK"), refused("malformed")),
        ("amount-as-decimal", "Fen.", said(trxamt="80.00"), refused("malformed")),
        ("of-another-merchant", "cusid.", said(cusid="1"), refused("wrong_account")),
        ("other-signtype-announced", "Pinned.", said(signtype="MD5"), refused("bad_signature")),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "status-changed",
        "Signed.",
        said(status="3045"),
        refused("bad_signature"),
        sent=swapped(b"3045", b"0000"),
    )
    cases(
        "empty-field-dropped",
        "Empty fields are not signed.",
        good,
        accepted(paid),
        sent=swapped(b"&trxreserved=", b""),
    )
    cases(
        "field-added",
        "Unknown fields are signed.",
        good,
        refused("bad_signature"),
        sent=lambda body: body + b"&added=1",
    )
    cases.write()


if __name__ == "__main__":
    main()
