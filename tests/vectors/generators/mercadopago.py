"""Mercado Pago cases. Run: ``python -m tests.vectors.generators.mercadopago``"""

from typing import Any

from tests.support.signers_more.gateways import JSON, mercadopago_header
from tests.vectors.generators.bodies import account, key
from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

AT_MS = 1_742_505_640_683
SECRET = "made_here_secret"
ENDED, FUTURE = "2001-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
BODY = b'{"id":1,"live_mode":true,"type":"payment","data":{"id":"987"}}'
Made = dict[str, Any]


class Cases:
    """The cases; each call signs an id, a request id and a time, and may send others."""

    def __init__(self) -> None:
        self.made: list[Made] = []

    def __call__(self, name: str, note: str, expect: Made, **how: Any) -> None:
        signed_id, request = how.get("signed_id", "123"), how.get("request", "r-1")
        header = mercadopago_header(SECRET, str(how.get("stamp", AT_MS)), signed_id, request)
        if "spelled" in how:
            header = ["x-signature", how["spelled"](header[1])]
        sent = how.get("sent_request", request)
        headers = [JSON, header, *([["x-request-id", sent]] if sent is not None else [])]
        keys = how.get("keys", [key(SECRET)])
        made = case(
            name, note, account=account(*keys, tolerance_seconds="300"),
            provider="mercadopago", headers=headers + how.get("more", []),
            body=how.get("body", BODY), received_at_ms=AT_MS, expect=expect,
        )  # fmt: skip
        made["request"]["target"] += how.get("query", f"?data.id={signed_id}&type=payment")
        self.made.append(made)


def main() -> None:
    cases = Cases()
    for kind in ("payment", "order", "topic_merchant_order_wh", "topic_chargebacks_wh",
                 "subscription_authorized_payment"):  # fmt: skip
        cases(f"{kind.replace('_', '-')}-asks", "The type is not signed: it is asked about.",
              accepted(), query=f"?data.id=123&type={kind}")  # fmt: skip
    cases("type-absent", "It is asked about.", accepted(), query="?data.id=123")
    cases("body-of-nothing", "It is not covered, and not read.", accepted(), body=b"")
    cases("body-of-another-payment", "It is not covered, and not read.", accepted(),
          body=b'{"data":{"id":"1"},"live_mode":false}')  # fmt: skip
    cases("body-of-noise", "It is not covered, and not read.", accepted(), body=b"\xff\x00")
    cases("id-of-another", "Signed.", refused("bad_signature"), query="?data.id=124&type=payment")
    cases("id-in-capitals-and-signed-so", "As it came.", accepted(), signed_id="ORD01JQ")
    cases("id-in-capitals-signed-in-small-letters", "Then in small letters.", accepted(),
          signed_id="ord01jq", query="?data.id=ORD01JQ")  # fmt: skip
    cases("id-in-small-letters-signed-in-capitals", "Not the other way round.",
          refused("bad_signature"), signed_id="ORD01JQ", query="?data.id=ord01jq")  # fmt: skip
    cases("id-in-escapes", "Decoded once.", accepted(), query="?data.id=%31%32%33")
    cases("id-twice", "Which counts?", refused("malformed"), query="?data.id=123&data.id=124")
    cases("id-and-request-id-in-one", "One text, two readings.", refused("malformed"),
          query="?data.id=123;request-id:r-1", sent_request=None)  # fmt: skip
    cases("id-that-is-a-path", "It would be asked for.", refused("malformed"), signed_id="1/../2",
          query="?data.id=1/../2")  # fmt: skip
    cases("id-not-in-utf-8", "No text.", refused("malformed"), query="?data.id=%FF")
    cases("id-absent", "Authentic, and it names nothing.", unsupported("unknown_meaning"),
          signed_id="", query="?type=payment")  # fmt: skip
    cases("id-taken-away", "Signed.", refused("bad_signature"), query="?type=payment")
    cases("legacy-query", "The id of another name is not signed.", refused("bad_signature"),
          query="?topic=payment&id=123")  # fmt: skip
    cases("request-id-absent", "Its pair is left out.", accepted(), request="",
          sent_request=None)  # fmt: skip
    cases("request-id-empty", "Its pair is left out.", accepted(), request="", sent_request="")
    cases("request-id-taken-away", "Signed.", refused("bad_signature"), sent_request=None)
    cases("request-id-twice", "Which counts?", refused("malformed"),
          more=[["X-Request-Id", "r-1"]])  # fmt: skip
    for name, stamp, expect in (
        ("milliseconds-at-the-oldest", AT_MS - 300_000, accepted()),
        ("milliseconds-too-old", AT_MS - 300_001, refused("stale")),
        ("milliseconds-at-the-newest", AT_MS + 300_000, accepted()),
        ("milliseconds-too-new", AT_MS + 300_001, refused("stale")),
        ("seconds", 1_742_505_641, accepted()),
        ("seconds-too-old", 1_742_505_340, refused("stale")),
        ("microseconds", AT_MS * 1_000, refused("stale")),
        ("zero", 0, refused("stale")),
        ("below-zero", -1, refused("malformed")),
        ("yesterday", "yesterday", refused("malformed")),
    ):
        cases(f"time-in-{name}", "Told apart by its size.", expect, stamp=stamp)
    for name, spelled, expect in (
        ("v1-first", lambda text: ",".join(text.split(",")[::-1]), accepted()),
        ("with-blanks", lambda text: f" {text.replace(',', ' , ')} ", accepted()),
        ("in-capitals", lambda text: text[:-64] + text[-64:].upper(), accepted()),
        ("with-another-version", lambda text: f"v2=00,{text}", accepted()),
        ("with-a-garbled-one-beside", lambda text: f"{text},v1=zz", accepted()),
        ("of-another-version-alone", lambda text: text.replace("v1", "v2"),
         refused("bad_signature")),
        ("with-two-times", lambda text: f"{text},ts=1", refused("bad_signature")),
        ("of-half-a-mac", lambda text: text[:-32], refused("bad_signature")),
        ("of-nothing", lambda _: "", refused("bad_signature")),
    ):  # fmt: skip
        cases(f"signature-{name}", "How it may be written.", expect, spelled=spelled)
    for name, keys, expect in (
        ("second-key-verifies", [key("other"), key(SECRET, "2")], accepted()),
        ("key-out-of-force", [key(SECRET, not_after=ENDED)], refused("bad_signature")),
        ("key-not-yet-in-force", [key(SECRET, not_before=FUTURE)], refused("bad_signature")),
        ("key-of-another", [key("other")], refused("bad_signature")),
    ):
        cases(name, "Keys count while they are in force.", expect, keys=keys)
    replace_generated("mercadopago", cases.made)


if __name__ == "__main__":
    main()
