"""Mollie cases. Run: ``python -m tests.vectors.generators.mollie``"""

from typing import Any

from tests.vectors.generators.bodies import Cases, account, key
from tests.vectors.generators.cases import accepted, refused, unsupported

SIGNED = "X-Mollie-Signature"
ASKS = (
    "payment-link.paid", "payment.authorized", "payment.paid", "payment.failed",
    "payment.canceled", "payment.expired", "refund.refunded", "refund.failed", "refund.canceled",
    "dispute.created", "dispute.updated", "dispute.resolved", "balance-transaction.created",
    "sales-invoice.paid",
)  # fmt: skip
SAYS_NOTHING = (
    "payment.pending", "refund.queued", "refund.pending", "refund.processing",
    "sales-invoice.created", "sales-invoice.issued", "sales-invoice.canceled",
    "sales-invoice.e-invoice-issued", "sales-invoice.e-invoice-failed", "payout.completed",
    "business-account-transfer.pending-review", "connect-balance-transfer.succeeded",
    "unmatched-credit-transfer.match.completed", "profile.created", "file.accepted", "hook.ping",
)  # fmt: skip


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"resource": "event", "id": "event_1", "type": kind, "entityId": "pl_1",
            "createdAt": "2024-05-06T07:08:09+00:00"} | more  # fmt: skip


def embedded(**entity: Any) -> dict[str, Any]:
    return {"_embedded": {"entity": {"resource": "payment-link", "id": "pl_1"} | entity}}


def main() -> None:
    cases = Cases("mollie", account(key("made_here_secret")), 1_714_979_291_000)
    good = event("payment-link.paid")
    for kind in ASKS:
        cases(f"{kind.replace('.', '-')}-asks", "No amount that could be told.", event(kind),
              accepted())  # fmt: skip
        cases(f"{kind.replace('.', '-')}-of-nothing", "What is to be asked?",
              event(kind, entityId=None), refused("malformed"))  # fmt: skip
    for kind in SAYS_NOTHING:
        cases(f"{kind.replace('.', '-')}-row", "Nothing to ask.", event(kind, entityId=None),
              accepted())  # fmt: skip
    cases("type-unknown", "Parked.", event("payment.teleported"), unsupported("unknown_meaning"))
    cases("type-absent", "Authentic, of another form.", {"id": "tr_1"},
          unsupported("unknown_meaning"))  # fmt: skip
    cases("embedded-in-yen", "The amount is not read.",
          good | embedded(amount={"currency": "JPY", "value": "100"}), accepted())  # fmt: skip
    cases("embedded-of-our-mode", "Compared.", good | embedded(mode="live"), accepted())
    cases("embedded-of-another-mode", "A test on a live account.", good | embedded(mode="test"),
          refused("wrong_account"))  # fmt: skip
    cases("embedded-without-an-entity", "A simple subscription.", good | {"_embedded": {}},
          accepted())  # fmt: skip

    def resent(*values: str) -> list[list[str]]:
        return [["Content-Type", "application/json"], *([SIGNED, value] for value in values)]

    signed = Cases("mollie", account(key("made_here_secret")), 1_714_979_291_000)
    signed("probe", "To learn the MAC.", good, accepted())
    mac = dict(signed.made[0]["request"]["headers"])[SIGNED]
    for name, values, expect in (
        ("prefixed", (f"sha256={mac}",), accepted()),
        ("in-capitals", (mac.upper(),), accepted()),
        ("second-of-two", ("0" * 64, f"sha256={mac}"), accepted()),
        ("first-of-two", (mac, "garbled"), accepted()),
        ("with-another-prefix", (f"sha512={mac}",), refused("bad_signature")),
        ("empty", ("",), refused("bad_signature")),
        ("prefix-alone", ("sha256=",), refused("bad_signature")),
        ("prefixed-twice", (f"sha256=sha256={mac}",), refused("bad_signature")),
    ):
        cases(f"signature-{name}", "How it may be written.", good, expect,
              only_headers=resent(*values))  # fmt: skip
    cases.hostile(good)
    cases.rotation(good, "old_secret")
    cases.write()


if __name__ == "__main__":
    main()
