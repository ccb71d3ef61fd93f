"""UnionPay cases: every transaction type and code, certificates, methods, times, rotation.

UnionPay gives no signer away, so none of these cases is an SDK's: a throw-away authority stands in
for its own; each run makes a new one, and other bytes with it.
Run: ``python -m tests.vectors.generators.unionpay``
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_from_bytes

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SM3, Hash

from tests.support import authority
from tests.vectors.generators.cases import (
    accepted,
    case,
    refused,
    replace_generated,
    unsupported,
)

AT_MS = 1_772_330_406_000  # 2026-03-01 10:00:06 in Shanghai
COMPANY = "041@8310000000083040@中国银联股份有限公司@00016494"
TEST_COMPANY = "041@Z2017-11-1@00040000:SIGN@00000001"
STRANGER = "041@1@某某科技有限公司@00000001"
QUERY, ORIGINAL = "792603011000006528777", "792602281000006528111"
FORM = [["Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"]]
SECURE_KEY = "madeHereSecureKey777"
SERIAL = "4711"
Signed = dict[str, str]


def root_key(kid: str, pem: str, **dates: str) -> dict[str, Any]:
    return {"kid": kid, "use": "root", "kind": "certificate", "pem": pem, **dates}


def account(*keys: dict[str, Any], mode: str = "live", **settings: str) -> dict[str, Any]:
    shown = {"mer_id": "777290058110048", "sign_method": "01", "version": "5.1.0"} | settings
    chain = [root_key("root", authority.root()), root_key("middle", authority.issuing())]
    return {"mode": mode, "settings": shown, "keys": list(keys) or chain}


def named(**dates: str) -> dict[str, Any]:
    pem = authority.leaf(COMPANY)
    return {"kid": SERIAL, "use": "verify", "kind": "certificate", "pem": pem, **dates}


def shared(text: str = SECURE_KEY, kid: str = "1") -> dict[str, Any]:
    return {"kid": kid, "use": "verify", "kind": "secret", "text": text}


def fields(**more: str | None) -> Signed:
    whole: dict[str, str | None] = {
        "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "certId": SERIAL,
        "merId": "777290058110048", "orderId": "M1", "txnType": "01", "txnSubType": "01",
        "bizType": "000201", "accessType": "0", "txnAmt": "8000", "currencyCode": "156",
        "txnTime": "20260301095959", "traceTime": "0301100005", "traceNo": "652877",
        "queryId": QUERY, "respCode": "00", "respMsg": "成功[0000000]",
    } | more  # fmt: skip
    return {name: text for name, text in whole.items() if text is not None}


def text_of(message: Signed) -> bytes:
    pairs = sorted((n, v) for n, v in message.items() if v)
    return "&".join(f"{n}={v}" for n, v in pairs).encode(charset_of(message))


def charset_of(message: Signed) -> str:
    return "gbk" if message.get("encoding") == "GBK" else "utf-8"


def form(message: Signed) -> bytes:
    charset = charset_of(message)
    pairs = ((n, quote_from_bytes(v.encode(charset), safe="")) for n, v in message.items())
    return "&".join(f"{n}={v}" for n, v in pairs).encode()


def signed(
    message: Signed, *, pem: str | None = None, name: str = COMPANY, old: bool = False
) -> bytes:
    """Return the form signed by the key `name`; `old` is version 5.0.0: SHA-1 twice, no pem."""
    if not old:
        pem = authority.leaf(COMPANY) if pem is None else pem
        message = message | {"signPubKeyCert": pem.replace("\n", "\r\n")}
    octets = text_of(message)
    digest = hashlib.sha1(octets, usedforsecurity=False) if old else hashlib.sha256(octets)
    hash_type = SHA1() if old else SHA256()
    private = authority.private_key(name)
    signature = private.sign(digest.hexdigest().encode(), PKCS1v15(), hash_type)
    return form(message | {"signature": base64.b64encode(signature).decode()})


def keyed(message: Signed, *, method: str = "11", key: str = SECURE_KEY) -> bytes:
    message = message | {"signMethod": method}
    inner = text_of(message) + b"&" + _hex(method, key.encode()).encode()
    return form(message | {"signature": _hex(method, inner)})


def _hex(method: str, octets: bytes) -> str:
    if method == "11":
        return hashlib.sha256(octets).hexdigest()
    sm3 = Hash(SM3())
    sm3.update(octets)
    return sm3.finalize().hex()


def fact(fact_type: str, minor: int | None = 8000, **more: Any) -> dict[str, Any]:
    stated = {} if minor is None else {"amount_minor": minor, "currency": "CNY"}
    whole = {"type": fact_type, "payment_id": QUERY, "occurred_at": "2026-03-01T02:00:05.000Z"}
    return whole | stated | more


def taken_back(fact_type: str = "RefundCompleted") -> dict[str, Any]:
    return accepted(fact(fact_type, payment_id=ORIGINAL, refund_id=QUERY))


GOOD = accepted(fact("PaymentSucceeded", merchant_order_id="M1"))
BACK = {"origQryId": ORIGINAL, "orderId": "R1"}
MEANINGS: list[tuple[str, str, Signed, dict[str, Any]]] = [
    ("payment-unknown-04", "asked for by query, nothing to announce", fields(respCode="04"),
     accepted()),
    ("payment-failed", "one attempt", fields(respCode="61"),
     accepted(fact("PaymentFailed", merchant_order_id="M1"))),
    ("payment-failed-without-an-id", "known by its order", fields(respCode="10", queryId=None),
     accepted(fact("PaymentFailed", payment_id=None, merchant_order_id="M1"))),
    ("authorised", "its own id is payment and authorisation", fields(txnType="02"),
     accepted(fact("PaymentAuthorized", authorization_id=QUERY))),
    ("authorised-with-a-defect", "A6 is success", fields(txnType="02", respCode="A6"),
     accepted(fact("PaymentAuthorized"))),
    ("authorisation-unknown", "pending", fields(txnType="02", respCode="05"), accepted()),
    ("completed", "its own id, the authorisation apart", fields(txnType="03", origQryId=ORIGINAL),
     accepted(fact("PaymentSucceeded", authorization_id=ORIGINAL, merchant_order_id="M1"))),
    ("refunded-partly", "a refund has an order number of its own",
     fields(txnType="04", txnAmt="2000", **BACK),
     accepted(fact("RefundCompleted", 2000, payment_id=ORIGINAL, refund_id=QUERY,
                   merchant_order_id=None))),
    ("refunded-naming-the-order", "newer versions name the payment's order",
     fields(txnType="04", origOrderId="M1", **BACK),
     accepted(fact("RefundCompleted", payment_id=ORIGINAL, merchant_order_id="M1"))),
    ("refund-with-a-defect", "A6 is success", fields(txnType="04", respCode="A6", **BACK),
     taken_back()),
    ("refund-unknown", "pending", fields(txnType="04", respCode="03", **BACK), accepted()),
    ("refund-failed", "it did not happen", fields(txnType="04", respCode="36", **BACK),
     taken_back("RefundFailed")),
    ("refund-that-names-no-payment", "announced, linked to nothing",
     fields(txnType="04", **BACK | {"origQryId": None}),
     accepted(fact("RefundCompleted", payment_id=None, refund_id=QUERY))),
    ("void-of-a-payment", "same day, the whole amount", fields(txnType="31", **BACK),
     taken_back()),
    ("void-unknown", "pending", fields(txnType="31", respCode="05", **BACK), accepted()),
    ("void-of-an-authorisation", "released: final and unpaid", fields(txnType="32", **BACK),
     accepted(fact("PaymentClosed", payment_id=ORIGINAL))),
    ("void-of-an-authorisation-failed", "nothing has changed",
     fields(txnType="32", respCode="34", **BACK), accepted()),
    ("void-of-a-completion", "the whole amount", fields(txnType="33", respCode="A6", **BACK),
     taken_back()),
    ("card-opened", "no payment", fields(txnType="79", txnAmt=None, queryId=None), accepted()),
    ("card-bound", "no payment", fields(txnType="72"), accepted()),
    ("query-answer", "what an answer to a query states is not a callback's to tell",
     fields(txnType="00", origRespCode="00"), accepted()),
    ("type-of-the-future", "others move no payment", fields(txnType="98"), accepted()),
    ("traced-behind-new-year", "ordered in December, traced in January",
     fields(txnTime="20251231235958", traceTime="0101000003"),
     accepted(fact("PaymentSucceeded", occurred_at="2025-12-31T16:00:03.000Z"))),
    ("traced-before-new-year", "the merchant's clock was ahead",
     fields(txnTime="20260101000002", traceTime="1231235959"),
     accepted(fact("PaymentSucceeded", occurred_at="2025-12-31T15:59:59.000Z"))),
    ("traced-on-no-leap-day", "29 February 2026", fields(traceTime="0229100005"),
     refused("malformed")),
    ("not-traced", "no provider time: txnTime is the merchant's own", fields(traceTime=None),
     accepted(fact("PaymentSucceeded", occurred_at=None))),
    ("in-yen", "currencies go by ISO number", fields(currencyCode="392", txnAmt="500"),
     accepted(fact("PaymentSucceeded", amount_minor=500, currency="JPY"))),
    ("in-no-currency", "no number of ISO 4217", fields(currencyCode="000"), refused("malformed")),
    ("without-a-currency", "CNY where none is stated", fields(currencyCode=None), GOOD),
    ("without-an-amount", "absent is an error, never zero", fields(txnAmt=None),
     refused("malformed")),
    ("without-an-id", "nothing to know it by", fields(queryId=None), refused("malformed")),
    ("without-a-code", "absent is an error", fields(respCode=None), refused("malformed")),
    ("gbk", "the encoding field names the charset", fields(encoding="GBK"), GOOD),
    ("unknown-encoding", "no charset of this provider", fields(encoding="UTF-7"),
     refused("malformed")),
    ("braces-in-a-value", "percent-encoded like the rest", fields(tokenPayData="{a=1&b=2}"), GOOD),
    ("empty-value-not-signed", "empty fields are not in the text", fields(reqReserved=""), GOOD),
    ("another-merchant", "well signed for somebody else", fields(merId="777290058110049"),
     refused("wrong_account")),
    ("no-merchant", "the message does not say", fields(merId=None), refused("wrong_account")),
]  # fmt: skip


def cases() -> list[dict[str, Any]]:
    good = signed(fields())
    other = authority.certificate(COMPANY, "Other Root", serial=9)
    no_authority = authority.certificate("No Authority", authority.ROOT, serial=8)
    by_no_authority = authority.certificate(COMPANY, "No Authority", serial=7)
    expired = authority.certificate(
        authority.ISSUING, authority.ROOT, authority=True, serial=2,
        until=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    old = {"version": "5.0.0"}
    keyed_with_11, keyed_with_12 = {"sign_method": "11"}, {"sign_method": "12"}
    at = "2026-03-01T02:00:06Z"
    made = [
        (f"made-{name}", note, account(), signed(each), expect)
        for name, note, each, expect in MEANINGS
    ]
    made += [
        ("made-test-name-in-live", "the test name counts in mode test alone", account(),
         signed(fields(), pem=authority.leaf(TEST_COMPANY), name=TEST_COMPANY),
         refused("bad_signature")),
        ("made-real-name-in-test", "the company name counts in both modes",
         account(mode="test"), good, GOOD),
        ("made-stranger-in-test", "a merchant's certificate of the same authority",
         account(mode="test"), signed(fields(), pem=authority.leaf(STRANGER), name=STRANGER),
         refused("bad_signature")),
        ("made-leaf-of-another-authority", "right name, other issuer", account(),
         signed(fields(), pem=other), refused("bad_signature")),
        ("made-issuer-is-no-authority", "an intermediate that may not sign",
         account(root_key("root", authority.root()), root_key("middle", no_authority)),
         signed(fields(), pem=by_no_authority), refused("bad_signature")),
        ("made-intermediate-expired", "every link is judged at the receive time",
         account(root_key("root", authority.root()), root_key("middle", expired)), good,
         refused("bad_signature")),
        ("made-intermediate-sent-along", "intermediates of the message are not used", account(),
         signed(fields(), pem=authority.leaf(COMPANY) + authority.issuing()),
         refused("bad_signature")),
        ("made-bundle-of-both", "root and intermediate in one file",
         account(root_key("both", authority.root() + authority.issuing())), good, GOOD),
        ("made-certificate-garbled", "no certificate in the field", account(),
         signed(fields(), pem="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
         refused("bad_signature")),
        ("made-signature-missing", "no proof", account(), form(fields()),
         refused("bad_signature")),
        ("made-field-added", "unknown fields are signed too", account(), good + b"&extra=1",
         refused("bad_signature")),
        ("made-method-missing", "not the pinned one", account(), signed(fields(signMethod=None)),
         refused("bad_signature")),
        ("made-old-version", "5.0.0 where it is pinned", account(named(), **old),
         signed(fields(**old), old=True), GOOD),
        ("made-old-version-without-certificate-id", "a needed field",
         account(named(), **old), signed(fields(**old, certId=None), old=True),
         refused("malformed")),
        ("made-old-certificate-retired", "out of force: the key is not there",
         account(named(not_after=at), **old), signed(fields(**old), old=True),
         unsupported("unknown_key")),
        ("made-new-version-when-old-is-pinned", "the sender does not choose",
         account(named(), **old), good, refused("bad_signature")),
        ("made-shared-key", "method 11", account(shared(), **keyed_with_11), keyed(fields()),
         GOOD),
        ("made-shared-key-rotated", "all keys are tried",
         account(shared("another"), shared(kid="2"), **keyed_with_11), keyed(fields()), GOOD),
        ("made-sm3-when-sha256-is-pinned", "the sender does not choose",
         account(shared(), **keyed_with_11), keyed(fields(), method="12"),
         refused("bad_signature")),
        ("made-sm3-with-another-key", "method 12", account(shared(), **keyed_with_12),
         keyed(fields(), method="12", key="stranger"), refused("bad_signature")),
        ("made-shared-key-signature-no-hex", "undecodable", account(shared(), **keyed_with_11),
         form(fields(signMethod="11", signature="*")), refused("bad_signature")),
        ("made-empty-body", "nothing", account(), b"", refused("bad_signature")),
    ]  # fmt: skip
    return [
        case(name, note, account=given, provider="unionpay", headers=FORM, body=body,
             received_at_ms=AT_MS, expect=expect)
        for name, note, given, body, expect in made
    ]  # fmt: skip


if __name__ == "__main__":
    replace_generated("unionpay", cases())
