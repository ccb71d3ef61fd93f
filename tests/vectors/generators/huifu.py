"""Huifu cases. Run: ``python -m tests.vectors.generators.huifu``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.000Z"


def said(state: str, **more: Any) -> dict[str, Any]:
    return {"req_seq_id": "M-1", "req_date": "20260301", "hf_seq_id": "H-1", "huifu_id": "6666",
            "trans_type": "T_NATIVE", "trans_amt": "80.00", "trans_stat": state,
            "trans_finish_time": "20260301100005"} | more  # fmt: skip


def main() -> None:
    cases = Signed("huifu", 1_772_330_406_000, huifu_id="6666")
    paid = fact("PaymentSucceeded", "H-1", "M-1", minor=8000, at=T)
    good = said("S")
    back = {"org_req_seq_id": "M-0", "org_hf_seq_id": "H-0"}
    refunded = {"minor": 8000, "at": T, "refund_id": "H-1", "merchant_refund_id": "M-1"}
    cases.rows((
        ("paid-row", "S.", good, accepted(paid)),
        ("failed-row", "F.", said("F"),
         accepted(fact("PaymentFailed", "H-1", "M-1", minor=8000, at=T))),
        ("initial-row", "I.", said("I"), accepted()),
        ("state-unknown", "Parked.", said("X"), UNKNOWN),
        ("refunded-row", "It names its payment.", said("S", **back),
         accepted(fact("RefundCompleted", "H-0", "M-0", **refunded))),
        ("refund-that-names-the-order-alone", "Unlinked.", said("S", org_req_seq_id="M-0"),
         accepted(fact("RefundCompleted", None, "M-0", **refunded))),
        ("refund-failed-row", "F.", said("F", **back),
         accepted(fact("RefundFailed", "H-0", "M-0", **refunded))),
        ("refund-processing-row", "P.", said("P", **back), accepted()),
        ("refund-closed", "A word of payments alone.", said("C", **back), UNKNOWN),
        ("amount-without-decimals", "Major units all the same.", said("S", trans_amt="80"),
         accepted(paid)),
        ("amount-in-arabic-digits", "ASCII.", said("S", trans_amt="٨٠.٠٠"), refused("malformed")),
        ("amount-as-a-number", "Text.", said("S", trans_amt=80), refused("malformed")),
        ("of-another-merchant", "Inside.", said("S", huifu_id="7777"), refused("wrong_account")),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "outer-code-changed",
        "Not signed and not read.",
        good,
        accepted(paid),
        sent=lambda body: b"resp_code=90000000&" + body,
    )
    cases(
        "state-changed",
        "Signed.",
        said("F"),
        refused("bad_signature"),
        sent=swapped(b"%22F%22", b"%22S%22"),
    )
    cases.write()


if __name__ == "__main__":
    main()
