"""Toss Payments cases. Run: ``python -m tests.vectors.generators.toss_payments``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, secret, swapped

NAME = "tosspayments-webhook-signature"
OTHER = "A" * 43 + "="


def said(word: str = "payout.changed") -> dict[str, Any]:
    return {"eventType": word, "createdAt": "2024-09-05T12:19:21.000000", "data": {"id": "p-1"}}


def main() -> None:
    cases = Signed("toss-payments", 1_725_506_365_000, secret("security key"))
    good = said()
    cases.rows((
        ("payout-row", "Money of ours, and no payment.", good, accepted()),
        ("seller-row", "No money.", said("seller.changed"), accepted()),
        ("payment-under-a-good-signature", "That would be news: parked.",
         said("PAYMENT_STATUS_CHANGED"), unsupported("unknown_meaning")),
        ("word-absent", "Parked.", {"data": {}}, unsupported("unknown_meaning")),
        ("signed-array", "No object.", b"[1]", refused("malformed")),
        ("signed-name-twice", "Which counts?", b'{"eventType":"a","eventType":"b"}',
         refused("malformed")),
    ))  # fmt: skip
    for name, value, expect in (
        ("two-signatures-first-is-right", "{}," + OTHER, accepted()),
        ("two-signatures-each-with-its-version", "v1:" + OTHER + ",{}", accepted()),
        ("two-signatures-with-a-blank", "v1:" + OTHER + ", {}", accepted()),
        ("other-version", "v2:" + OTHER, refused("bad_signature")),
        ("signature-empty", "", refused("bad_signature")),
    ):
        cases(name, "The header's form.", good, expect,
              headers=lambda pairs, value=value: [[n, value.format(v) if n == NAME else v]
                                                  for n, v in pairs])  # fmt: skip
    cases("payment-without-a-signature", "It proves nothing.", said("PAYMENT_STATUS_CHANGED"),
          refused("bad_signature"), headers=lambda pairs: pairs[:1])  # fmt: skip
    cases("deposit-with-its-secret", "That of the payment, which nobody holds here.",
          {"secret": "ps_1", "status": "DONE", "orderId": "M-1"}, refused("bad_signature"),
          headers=lambda pairs: pairs[:1])  # fmt: skip
    cases("time-absent", "It is signed.", good, refused("malformed"),
          headers=lambda pairs: [p for p in pairs if "time" not in p[0]])  # fmt: skip
    cases("body-changed", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"p-1", b"p-2"))  # fmt: skip
    cases.refusals(good)
    cases.write()


if __name__ == "__main__":
    main()
