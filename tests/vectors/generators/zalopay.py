"""ZaloPay cases. Run: ``python -m tests.vectors.generators.zalopay``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused
from tests.vectors.generators.signed import Signed, fact, secret, swapped

T = "2026-03-01T02:00:05.000Z"


def said(kind: Any = 1, **more: Any) -> dict[str, Any]:
    data = {"app_id": 2553, "app_trans_id": "260301_1", "app_time": 1_772_330_400_000,
            "app_user": "u", "amount": 80000, "embed_data": "{}", "item": "[]",
            "zp_trans_id": 260301000000175, "server_time": 1_772_330_405_000}  # fmt: skip
    return {"type": kind, "data": data | more}


def main() -> None:
    cases = Signed("zalopay", 1_772_330_406_000, secret("key2"), app_id="2553")
    told: dict[str, Any] = {"minor": 80_000, "currency": "VND", "at": T}
    paid = fact("PaymentSucceeded", "260301000000175", "260301_1", **told)
    good = said()
    agreement = {"type": 2, "data": {"app_id": 2553, "app_trans_id": "260301_1",
                                     "binding_id": "b"}}  # fmt: skip
    cases.rows((
        ("paid-row", "With the time of the server.", good, accepted(paid)),
        ("agreement-row", "No payment.", agreement, accepted()),
        ("order-called-an-agreement", "The type is not signed.", said(2), refused("malformed")),
        ("agreement-called-an-order", "The type is not signed.", agreement | {"type": 1},
         refused("malformed")),
        ("type-is-missing", "It has to agree.", said(None), refused("malformed")),
        ("type-as-text", "A number.", said("1"), refused("malformed")),
        ("id-beyond-64-bits", "Digit by digit.", said(zp_trans_id=29383937493038367292),
         accepted(fact("PaymentSucceeded", "29383937493038367292", "260301_1", **told))),
        ("amount-with-decimals", "Whole dong.", said(amount=80000.5), refused("malformed")),
        ("amount-is-missing", "Never zero.", said(amount=None), refused("malformed")),
        ("amount-is-negative", "Bounded.", said(amount=-1), refused("malformed")),
        ("app-as-text", "The same app.", said(app_id="2553"), accepted(paid)),
        ("of-another-app", "Inside.", said(app_id=2554), refused("wrong_account")),
        ("without-its-time", "Null.", said(server_time=None),
         accepted(fact("PaymentSucceeded", "260301000000175", "260301_1", minor=80_000,
                       currency="VND"))),
    ))  # fmt: skip
    cases.refusals(good, paid)
    cases(
        "amount-changed",
        "Signed.",
        good,
        refused("bad_signature"),
        sent=swapped(b"80000", b"90000"),
    )
    cases(
        "signed-with-key1",
        "key1 never verifies.",
        good,
        refused("bad_signature"),
        keys=lambda _: [secret("key1")],
    )
    cases(
        "member-added-outside",
        "Not signed and not read.",
        good,
        accepted(paid),
        sent=swapped(b'{"type"', b'{"amount": 1, "type"'),
    )
    cases.write()


if __name__ == "__main__":
    main()
