"""TrueLayer cases. Run: ``python -m tests.vectors.generators.truelayer``"""

from typing import Any

from tests.support.signers import Tree
from tests.support.signers_more.truelayer import KID, curve_jwk, public_jwk
from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact

UNKNOWN = unsupported("unknown_meaning")
T = "2024-05-01T09:59:59.561Z"
AT_MS = 1_714_557_610_000
URL = "https://shop.example/hooks/tl?shop=1"
KEY_SET = "https://webhooks.truelayer.com/.well-known/jwks"
SANDBOX = "https://webhooks.truelayer-sandbox.com/.well-known/jwks"


def said(word: str | None = "payment_failed", **more: Any) -> Tree:
    told = {"type": word, "event_version": 1, "event_id": "e-1", "payment_id": "p-1",
            "failure_reason": "rejected", "failed_at": T} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def jwk(text: str, kid: str = KID) -> dict[str, str]:
    return {"kid": kid, "use": "verify", "kind": "public-key", "text": text}


def altered(change: Any) -> Any:
    return lambda pairs: [[n, change(v) if n == "Tl-Signature" else v] for n, v in pairs]


def rows(cases: Signed) -> None:
    lost = fact("PaymentFailed", "p-1", at=T)
    kept = fact("RefundFailed", "p-1", at=T, refund_id="r-1")
    cases.rows((
        ("payment-failed-row", "No amount is needed.", said(), accepted(lost)),
        ("refund-failed-row", "The money stays.", said("refund_failed", refund_id="r-1"),
         accepted(kept)),
        ("payment-executed-row", "The bank has taken the order.", said("payment_executed"),
         accepted()),
        ("external-payment-row", "Of no payment of ours.", said("external_payment_received"),
         accepted()),
        ("payout-executed-row", "No payment.", said("payout_executed"), accepted()),
        ("payout-failed-row", "No payment.", said("payout_failed"), accepted()),
        ("payout-of-an-odd-word", "Parked.", said("payout_2"), UNKNOWN),
        ("refund-executed-asks", "No amount is told.", said("refund_executed", refund_id="r-1"),
         accepted()),
        ("refund-executed-without-an-id", "Nothing to ask about.", said("refund_executed"),
         refused("malformed")),
        ("refund-failed-without-an-id", "Which?", said("refund_failed"), refused("malformed")),
        ("payment-absent", "Which?", said(payment_id=None), refused("malformed")),
        ("payment-as-number", "Text.", said(payment_id=1), refused("malformed")),
        ("time-absent", "Not told.", said(failed_at=None), accepted(lost | {"occurred_at": None})),
        ("time-in-words", "No moment.", said(failed_at="today"), refused("malformed")),
        ("type-unknown", "Parked.", said("payment_teleported"), UNKNOWN),
        ("type-in-capitals", "Another word.", said("PAYMENT_FAILED"), UNKNOWN),
        ("type-absent", "Parked.", said(None), UNKNOWN),
        ("signed-array", "No object.", b"[1]", refused("malformed")),
        ("signed-nothing", "No object.", b"", refused("malformed")),
        ("signed-name-twice", "Which counts?", b'{"type":"a","type":"b"}', refused("malformed")),
    ))  # fmt: skip
    for word in ("payment_authorized", "payment_settled", "payment_creditable",
                 "payment_reversed"):  # fmt: skip
        cases(f"{word.replace('_', '-')}-asks", "No amount is told.", said(word), accepted())
        cases(f"{word.replace('_', '-')}-of-nothing", "Nothing to ask about.",
              said(word, payment_id=None), refused("malformed"))  # fmt: skip


def tokens(cases: Signed, good: Tree, lost: Tree) -> None:
    for name, changes, reason in (
        ("alg-none", {"alg": "none"}, "bad_signature"),
        ("alg-es256", {"alg": "ES256"}, "bad_signature"),
        ("alg-absent", {"alg": None}, "bad_signature"),
        ("version-absent", {"tl_version": None}, "bad_signature"),
        ("version-as-number", {"tl_version": 2}, "bad_signature"),
        ("key-set-of-another", {"jku": "https://evil.example/jwks"}, "bad_signature"),
        ("key-set-of-the-sandbox", {"jku": SANDBOX}, "bad_signature"),
        ("key-set-absent", {"jku": None}, "bad_signature"),
        ("key-absent", {"kid": None}, "bad_signature"),
        ("extension", {"crit": ["exp"]}, "bad_signature"),
        ("header-told-twice", {"tl_headers": "X-TL-Webhook-Timestamp,x-tl-webhook-timestamp"},
         "bad_signature"),
        ("header-that-did-not-come", {"tl_headers": "X-TL-Webhook-Timestamp,X-Other"},
         "bad_signature"),
        ("header-names-absent", {"tl_headers": None}, "bad_signature"),
        ("time-not-signed", {"tl_headers": "Content-Type"}, "bad_signature"),
        ("header-of-another-script", {"tl_headers": "X-TL-Webhook-Timestamp,\u212a"},
         "bad_signature"),
    ):  # fmt: skip
        cases(name, "The header is what the account says.", good, refused(reason),
              signing={"jws": changes})  # fmt: skip
    cases("two-headers-signed", "In their order and spelling.", good, accepted(lost),
          signing={"jws": {"tl_headers": "x-tl-webhook-timestamp,content-type"}})  # fmt: skip
    cases("member-beside", "The header's own text is signed.", good, accepted(lost),
          signing={"jws": {"zzz": "1"}})  # fmt: skip
    cases("header-changed", "Signed.", good, {"verdict": "refused"},
          headers=altered(lambda text: text[:20] + "A" + text[21:]))  # fmt: skip
    cases("payload-inside", "It stands elsewhere.", good, refused("malformed"),
          headers=altered(lambda text: text.replace("..", ".e30.")))  # fmt: skip
    cases("signature-as-der", "Two numbers side by side.", good, refused("bad_signature"),
          headers=altered(lambda text: text[:-4]))  # fmt: skip
    cases("signature-padded", "JOSE does not pad.", good, refused("bad_signature"),
          headers=altered(lambda text: text + "="))  # fmt: skip


def keys(cases: Signed, good: Tree, lost: Tree) -> None:
    cases("key-of-another-name", "Held under another one.", good, unsupported("unknown_key"),
          keys=lambda held: [key | {"kid": "other"} for key in held])  # fmt: skip
    cases("key-of-the-set-beside", "Entries of other types.", good, accepted(lost),
          keys=lambda held: [jwk(public_jwk(), "rsa"), *held])  # fmt: skip
    cases("rsa-key-under-the-name", "It cannot verify.", good, refused("bad_signature"),
          keys=lambda _: [jwk(public_jwk())])  # fmt: skip
    cases("key-of-another-curve", "P-521 alone.", good, refused("bad_signature"),
          signing={"curve": "P-256"})  # fmt: skip
    cases("another-key-under-the-name", "It does not fit.", good, refused("bad_signature"),
          signing={"signed_by": "other"})  # fmt: skip
    cases("key-that-says-its-use", "More members are no fault.", good, accepted(lost),
          keys=lambda _: [jwk(curve_jwk(use="sig"))])  # fmt: skip


def main() -> None:
    cases = Signed("truelayer", AT_MS, notification_url=URL, jku=KEY_SET,
                   tolerance_seconds="300")  # fmt: skip
    good, lost = said(), fact("PaymentFailed", "p-1", at=T)
    for part in (tokens, keys):
        part(cases, good, lost)
    rows(cases)
    for name, moved, expect in (
        ("oldest-in-the-window", -300_000, accepted(lost)), ("newest-in-the-window", 300_000,
        accepted(lost)), ("too-old", -301_000, refused("stale")), ("too-new", 301_000,
        refused("stale")),
    ):  # fmt: skip
        cases(name, "An end of the window.", good, expect, signed_ms=AT_MS + moved)
    cases("stamp-in-words", "Signed, and no time.", good, refused("malformed"),
          signing={"stamp": "today"})  # fmt: skip
    for name, path, expect in (
        ("slash-at-the-end", "/hooks/tl/", accepted(lost)), ("other", "/hooks/other",
        refused("bad_signature")), ("without-its-query", "/hooks/tl", accepted(lost)),
    ):  # fmt: skip
        cases(f"path-{name}", "The registered one, with or without a slash.", good, expect,
              settings={"notification_url": "https://shop.example/hooks/tl"},
              signing={"path": path})  # fmt: skip
    cases("query-left-out", "It is signed.", good, refused("bad_signature"),
          signing={"path": "/hooks/tl"})  # fmt: skip
    cases("address-that-ends-in-a-slash", "Signed without it.", good, accepted(lost),
          settings={"notification_url": "https://shop.example/tl/"},
          signing={"path": "/tl"})  # fmt: skip
    cases("sandbox-row", "Its own key set.", good, accepted(lost), settings={"jku": SANDBOX},
          mode="test")  # fmt: skip
    cases("body-changed", "Signed.", good, refused("bad_signature"),
          sent=lambda body: body.replace(b"p-1", b"p-2"))  # fmt: skip
    cases.without_headers(good, "Tl-Signature")
    cases("without-the-stamp", "It is signed.", good, refused("bad_signature"),
          headers=lambda pairs: [p for p in pairs if not p[0].startswith("X-TL")])  # fmt: skip
    cases.refusals(good, lost, named=True)
    cases.write()


if __name__ == "__main__":
    main()
