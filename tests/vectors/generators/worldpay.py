"""Worldpay cases. Run: ``python -m tests.vectors.generators.worldpay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
T = "2026-03-01T02:00:05.120Z"
HEX = "00112233445566778899aabbccddeeff"


def event(kind: str, classification: str = "payment", **more: Any) -> dict[str, Any]:
    details = {"classification": classification, "transactionReference": "M-1", "type": kind,
               "reference": "REF-1", "amount": {"value": 8000, "currencyCode": "GBP"}}  # fmt: skip
    return {"eventId": "e-1", "eventTimestamp": "2026-03-01T02:00:05.120",
            "eventDetails": details | more}  # fmt: skip


def main() -> None:
    cases = Signed("worldpay", 1_772_330_406_000, secret(HEX, "7"), key_encoding="hex")
    stated = {"minor": 8000, "currency": "GBP", "at": T}
    paid = fact("PaymentSucceeded", "M-1", "M-1", **stated)
    good = event("sentForSettlement")
    for kind, fact_type in (
        ("authorized", "PaymentAuthorized"), ("sentForSettlement", "PaymentSucceeded"),
        ("settled", "PaymentSucceeded"), ("refused", "PaymentFailed"), ("error", "PaymentFailed"),
        ("settlementFailed", "PaymentFailed"), ("cancelled", "PaymentClosed"),
        ("expired", "PaymentClosed"), ("refunded", "RefundCompleted"),
        ("refundFailed", "RefundFailed"), ("informationRequested", "DisputeOpened"),
        ("chargedBack", "DisputeOpened"), ("chargebackReversed", "DisputeWon"),
    ):  # fmt: skip
        part = {
            "Refund": {"refund_id": "REF-1"}, "Disput": {"dispute_id": "REF-1"}
        }.get(fact_type[:6], {})  # fmt: skip
        cases(
            f"{kind.lower()}-row",
            "A word of the list.",
            event(kind),
            accepted(fact(fact_type, "M-1", "M-1", **stated, **part)),
        )
    for kind in ("sentForAuthorization", "sentForRefund", "informationSupplied", "tokenCreated"):
        cases(f"{kind.lower()}-row", "Nothing to announce.", event(kind), accepted())
    cases.rows((
        ("type-unknown", "Parked.", event("teleported"), UNKNOWN),
        ("payout-row", "No payment.", event("settled", "payout"), accepted()),
        ("dinars", "Three decimals.",
         event("settled", amount={"value": 1500, "currencyCode": "KWD"}),
         accepted(fact("PaymentSucceeded", "M-1", "M-1", minor=1500, currency="KWD", at=T))),
        ("amount-as-text", "A number.",
         event("settled", amount={"value": "1", "currencyCode": "GBP"}), refused("malformed")),
        ("amount-is-missing", "Never zero.", event("settled", amount=None),
         refused("malformed")),
        ("refund-without-a-reference", "No refund without an id.",
         event("refunded", reference=None), refused("malformed")),
    ))  # fmt: skip
    cases.refusals(good, paid, named=True)
    cases.without_headers(good, "Event-Signature")
    cases("amount-raised", "Signed.", good, refused("bad_signature"), sent=swapped(b"8000", b"9"))

    def header(change: Any) -> Any:
        return lambda pairs: [
            [n, change(v) if n == "Event-Signature" else v] for n, v in pairs
        ]  # fmt: skip

    cases(
        "garbled-item-beside-a-good-one",
        "Functions are added, keys rotate.",
        good,
        accepted(paid),
        headers=header(lambda v: f"8/SHA512/00, {v},x"),
    )
    cases(
        "other-function-under-our-key",
        "Only SHA256.",
        good,
        refused("bad_signature"),
        headers=header(lambda v: v.replace("SHA256", "SHA1")),
    )
    cases(
        "upper-case-hex",
        "Letter case of hex says nothing.",
        good,
        accepted(paid),
        headers=header(lambda v: v[:9] + v[9:].upper()),
    )
    cases(
        "mac-of-another-key",
        "A stranger's.",
        good,
        refused("bad_signature"),
        keys=lambda keys: [keys[0] | {"text": HEX[::-1]}],
    )
    cases(
        "text-taken-as-hex",
        "The setting says how the key is read.",
        good,
        refused("bad_signature"),
        settings_after={"key_encoding": "utf8"},
    )
    cases.write()


if __name__ == "__main__":
    main()
