"""VNPay cases. Run: ``python -m tests.vectors.generators.vnpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T03:00:05.000Z"


def said(response: str = "00", status: str = "00", **more: str) -> dict[str, Any]:
    return {"vnp_Amount": "8000000", "vnp_BankCode": "NCB", "vnp_OrderInfo": "M-1",
            "vnp_PayDate": "20260301100005", "vnp_ResponseCode": response,
            "vnp_TmnCode": "TMN1", "vnp_TransactionNo": "1500", "vnp_TransactionStatus": status,
            "vnp_TxnRef": "M-1"} | more  # fmt: skip


def main() -> None:
    cases = Signed("vnpay", 1_772_334_006_000, secret("hash secret"), method="GET",
                   tmn_code="TMN1", secure_hash_type="HMACSHA512")  # fmt: skip
    told: dict[str, Any] = {"minor": 80_000, "currency": "VND", "at": T}
    paid = fact("PaymentSucceeded", "1500", "M-1", **told)
    good = said()
    cases.rows((
        ("paid-row", "00 and 00.", good, accepted(paid)),
        ("pending-row", "00 and 01.", said("00", "01"), accepted()),
        ("failed-behind-a-good-response", "00 and 02.", said("00", "02"),
         accepted(fact("PaymentFailed", "1500", "M-1", **told))),
        ("state-unknown", "Parked.", said("00", "42"), UNKNOWN),
        ("suspicious", "A person looks at it.", said("07", "07"), UNKNOWN),
        ("cancelled-row", "24.", said("24", "02", vnp_TransactionNo="0"),
         accepted(fact("PaymentClosed", None, "M-1", **told))),
        ("expired-row", "11.", said("11", "02", vnp_TransactionNo="0"),
         accepted(fact("PaymentClosed", None, "M-1", **told))),
        ("refused-row", "51, and no money moved.", said("51", "02", vnp_TransactionNo="0"),
         accepted(fact("PaymentFailed", None, "M-1", **told))),
        ("response-is-no-number", "Digits.", said("OK"), refused("malformed")),
        ("status-is-missing", "Both are needed.", said(vnp_TransactionStatus=""),
         refused("malformed")),
        ("amount-finer-than-a-dong", "Nothing is rounded.", said(vnp_Amount="8000050"),
         refused("malformed")),
        ("amount-with-decimals", "Digits.", said(vnp_Amount="80000.00"), refused("malformed")),
        ("punctuation", "Encoded anew as a form is.",
         said(vnp_OrderInfo="a b&c=d%e+f~g*h(i)ế"), accepted(paid)),
        ("of-another-terminal", "vnp_TmnCode.", said(vnp_TmnCode="TMN2"),
         refused("wrong_account")),
        ("other-hash-announced", "Pinned.", said(vnp_SecureHashType="SHA256"),
         refused("bad_signature")),
        ("hash-announced-rightly", "It says the same.", said(vnp_SecureHashType="HMACSHA512"),
         accepted(paid)),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "amount-changed",
        "Signed.",
        good,
        refused("bad_signature"),
        sent=swapped(b"8000000", b"9000000"),
    )
    cases(
        "hash-in-capitals",
        "Letter case of hex says nothing.",
        good,
        accepted(paid),
        sent=lambda query: query[:-128] + query[-128:].upper(),
    )
    cases(
        "foreign-parameter-added",
        "Not signed and not read.",
        good,
        accepted(paid),
        sent=lambda query: query + b"&amount=1",
    )
    cases(
        "parameter-added",
        "Every vnp_ parameter is signed.",
        good,
        refused("bad_signature"),
        sent=lambda query: query + b"&vnp_New=1",
    )
    cases.write()


if __name__ == "__main__":
    main()
