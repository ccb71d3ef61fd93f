"""App Store cases. Run: ``python -m tests.vectors.generators.apple_app_store``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, swapped

T, MS = "2024-05-06T07:08:09.000Z", 1_714_979_289_000
SHORT = (("leaf", "root"), ("issuer", "root"), ("root", "root"))
QUIET = ("REFUND_DECLINED", "REVOKE", "CONSUMPTION_REQUEST", "TEST", "DID_CHANGE_RENEWAL_PREF",
         "DID_CHANGE_RENEWAL_STATUS", "PRICE_INCREASE", "RENEWAL_EXTENDED", "RENEWAL_EXTENSION",
         "EXTERNAL_PURCHASE_TOKEN", "RESCIND_CONSENT", "METADATA_UPDATE", "MIGRATION",
         "PRICE_CHANGE")  # fmt: skip


def said(word: str, app: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    data = {"bundleId": "com.shop", "environment": "Production", "appAppleId": 41} | (app or {})
    bought = {"transactionId": "20", "originalTransactionId": "10", "bundleId": "com.shop",
              "purchaseDate": MS, "appAccountToken": "M-1", "environment": "Production",
              "signedDate": MS, "price": 9990, "currency": "USD"} | more  # fmt: skip
    return {"notificationType": word, "notificationUUID": "n-1", "signedDate": MS, "data": data,
            "bought": {n: v for n, v in bought.items() if v is not None}}  # fmt: skip


def told(kind: str, minor: int = 999, currency: str = "USD", **more: Any) -> dict[str, Any]:
    stated: dict[str, Any] = {"at": T} | more
    return fact(kind, "20", "M-1", minor=minor, currency=currency, **stated)


def main() -> None:
    cases = Signed("apple-app-store", MS + 2_000, bundle_id="com.shop", app_apple_id="41")
    good, paid = said("ONE_TIME_CHARGE"), told("PaymentSucceeded")
    back: dict[str, Any] = {"revocationDate": MS}
    for word in ("SUBSCRIBED", "DID_RENEW", "OFFER_REDEEMED"):
        cases(f"{word.lower().replace('_', '-')}-row", "Paid.", said(word), accepted(paid))
    for word in QUIET:
        cases(f"{word.lower().replace('_', '-')}-row", "No money moves.", said(word), accepted())
    lapsed = fact("PaymentFailed", None, "M-1", at=T)
    cases.rows((
        ("renewal-failed-row", "It names the last that was paid.", said("DID_FAIL_TO_RENEW"),
         accepted(lapsed)),
        ("expired-row", "Ended, and no payment is named.", said("EXPIRED"),
         accepted(lapsed | {"type": "PaymentClosed"})),
        ("grace-period-expired-row", "Ended.", said("GRACE_PERIOD_EXPIRED"),
         accepted(lapsed | {"type": "PaymentClosed"})),
        ("renewal-failed-of-nobody", "Nothing names what failed.",
         said("DID_FAIL_TO_RENEW", appAccountToken=None), accepted()),
        ("refund-row", "All of it.", said("REFUND", **back),
         accepted(told("RefundCompleted", refund_id="20"))),
        ("refund-of-a-third", "Cut to the minor unit below.",
         said("REFUND", **back, revocationPercentage=33_333),
         accepted(told("RefundCompleted", 332, refund_id="20"))),
        ("refund-reversed-row", "The refund is undone.", said("REFUND_REVERSED"),
         accepted(told("RefundFailed", at=None, refund_id="20"))),
        ("refund-of-more-than-all", "No part of a whole.",
         said("REFUND", **back, revocationPercentage=100_001), refused("malformed")),
        ("refund-of-nothing", "No part of a whole.",
         said("REFUND", **back, revocationPercentage=0), refused("malformed")),
        ("type-unknown", "Parked.", said("TELEPORTED"), unsupported("unknown_meaning")),
        ("price-absent-asks", "Older transactions state none.",
         said("DID_RENEW", price=None), accepted()),
        ("price-finer-than-its-currency", "Parked.", said("DID_RENEW", price=9995),
         unsupported("unknown_meaning")),
        ("price-of-nothing", "A free trial.", said("SUBSCRIBED", price=0),
         accepted(told("PaymentSucceeded", 0))),
        ("price-below-zero", "Out of bounds.", said("DID_RENEW", price=-1000),
         refused("malformed")),
        ("app-of-another", "Signed by the same authority.",
         said("DID_RENEW", {"bundleId": "com.evil"}), refused("wrong_account")),
        ("transaction-of-another-app", "Signed by the same authority.",
         said("DID_RENEW", bundleId="com.evil"), refused("wrong_account")),
        ("transaction-of-the-sandbox", "Free.", said("DID_RENEW", environment="Sandbox"),
         refused("wrong_account")),
        ("app-number-of-another", "Compared in production.",
         said("DID_RENEW", {"appAppleId": 42}), refused("wrong_account")),
        ("transaction-absent", "What was paid?",
         {n: v for n, v in good.items() if n != "bought"}, refused("malformed")),
        ("time-in-seconds", "Its length says what it is.",
         said("DID_RENEW", purchaseDate=MS // 1000), refused("malformed")),
    ))  # fmt: skip
    for currency, price, minor in (
        ("JPY", 1_500_000, 1500),
        ("KWD", 1505, 1505),
        ("ISK", 1_500_000, 1500),
        ("CLF", 1505, 15050),
    ):
        cases(f"paid-in-{currency.lower()}", "Thousandths of a unit.",
              said("DID_RENEW", price=price, currency=currency),
              accepted(told("PaymentSucceeded", minor, currency)))  # fmt: skip
    sandbox = said("DID_RENEW", {"environment": "Sandbox"}, environment="Sandbox")
    cases("sandbox-on-a-test-account", "As it should be.", sandbox, accepted(paid), mode="test")
    cases("production-on-a-test-account", "The other way round.", good,
          refused("wrong_account"), mode="test")  # fmt: skip
    for name, how in (
        ("leaf-without-its-mark", {"unmarked": ("leaf",)}),
        ("intermediate-without-its-mark", {"unmarked": ("issuer",)}),
        ("leaf-that-another-issued", {"chain": SHORT}),
    ):
        for place in ("outer", "inner"):
            cases(f"{name}-{place}", "Any certificate of Apple's would do.", good,
                  refused("bad_signature"), apple={place: how})  # fmt: skip
    two = {"chain": (("leaf", "issuer"), ("issuer", "root"))}
    cases("two-certificates", "Exactly three.", good, refused("malformed"), apple={"outer": two})
    cases("payload-cut", "Half a token.", good, {"verdict": "refused"},
          sent=swapped(b'"}', b'.AA"}'))  # fmt: skip
    cases("token-absent", "Nothing to read.", good, refused("malformed"), sent=lambda _: b"{}")
    cases.refusals(good, paid, use="root")
    cases.write()


if __name__ == "__main__":
    main()
