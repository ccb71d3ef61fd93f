"""Paytm cases. Run: ``python -m tests.vectors.generators.paytm``"""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote_plus

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
KEY = "made-here-key-16"
AT = "2024-01-01T06:30:00.000Z"


def said(status: str = "TXN_SUCCESS", code: str = "01", **more: str) -> dict[str, str]:
    return {"ORDERID": "M-1", "MID": "Shop1", "TXNID": "T1", "TXNAMOUNT": "199.00",
            "PAYMENTMODE": "UPI", "CURRENCY": "INR", "TXNDATE": "2024-01-01 12:00:00.0",
            "STATUS": status, "RESPCODE": code, "RESPMSG": "Txn Success", "BANKTXNID": "4",
            "BANKNAME": ""} | more  # fmt: skip


def refund(code: str = "10", **more: str) -> dict[str, str]:
    return said(code=code, REFUNDID="R1", REFID="MR-1", REFUNDAMOUNT="9.50") | more


def without(name: str, tree: dict[str, str]) -> dict[str, str]:
    return {other: value for other, value in tree.items() if other != name}


def told(kind: str, minor: int = 19900, currency: str = "INR", **more: Any) -> dict[str, Any]:
    return fact(kind, "T1", "M-1", minor=minor, currency=currency, at=AT, **more)


def resealed(change: Callable[[bytes], bytes], iv: bytes = b"@@@@&&&&####$$$$") -> Any:
    """Return what seals the checksum anew, its padded text changed."""

    def sent(body: bytes) -> bytes:
        checksum = parse_qs(body.decode())["CHECKSUMHASH"][0]
        cipher = Cipher(AES(KEY.encode()), CBC(b"@@@@&&&&####$$$$")).decryptor()
        opened = cipher.update(base64.b64decode(checksum))
        sealed = Cipher(AES(KEY.encode()), CBC(iv)).encryptor().update(change(opened))
        text = quote_plus(base64.b64encode(sealed))
        return body.partition(b"CHECKSUMHASH=")[0] + f"CHECKSUMHASH={text}".encode()

    return sent


def renamed(changes: dict[str, str]) -> Callable[[bytes], bytes]:
    def sent(body: bytes) -> bytes:
        pairs = [pair.split("=") for pair in body.decode().split("&")]
        return "&".join(f"{changes.get(name, name)}={value}" for name, value in pairs).encode()

    return sent


def hash_of(text: str) -> Callable[[bytes], bytes]:
    digest = hashlib.sha256(f"{text}|s4Lt".encode()).hexdigest().encode()
    return lambda opened: digest + opened[64:]


def main() -> None:
    cases = Signed("paytm", 1_704_090_605_000, secret(KEY), mid="Shop1")
    good, paid = said(), told("PaymentSucceeded")
    failed = told("PaymentFailed")
    cases.rows((
        ("success-row", "A row.", good, accepted(paid)),
        ("failure-row", "A row.", said("TXN_FAILURE", "227"), accepted(failed)),
        ("failure-without-a-payment", "The order names it.",
         said("TXN_FAILURE", "810", TXNID=""), accepted(failed | {"payment_id": None})),
        ("failure-without-an-amount", "Not told.",
         without("TXNAMOUNT", said("TXN_FAILURE", "227")),
         accepted(fact("PaymentFailed", "T1", "M-1", at=AT))),
        ("pending-400-row", "Nothing yet.", said("PENDING", "400"), accepted()),
        ("pending-402-row", "Nothing yet.", said("PENDING", "402"), accepted()),
        ("refund-pending-row", "Nothing yet.", refund("601", STATUS="PENDING"), accepted()),
        ("refund-row", "It has an amount of its own.", refund(),
         accepted(told("RefundCompleted", 950, refund_id="R1", merchant_refund_id="MR-1"))),
        ("refund-without-its-amount-asks", "That of the payment is another.",
         without("REFUNDAMOUNT", refund()), accepted()),
        ("refund-failed-asks", "Not documented.", refund("629", STATUS="TXN_FAILURE"),
         accepted()),
        ("refund-with-the-code-of-a-payment", "They contradict each other.", refund("01"),
         UNKNOWN),
        ("payment-with-the-code-of-a-refund", "They contradict each other.", said(code="10"),
         UNKNOWN),
        ("success-with-another-code", "They contradict each other.", said(code="227"), UNKNOWN),
        ("success-without-a-code", "Half of what tells.", said(code=""), UNKNOWN),
        ("failure-with-the-code-of-success", "They contradict each other.",
         said("TXN_FAILURE", "01"), UNKNOWN),
        ("status-unknown", "Parked.", said("TXN_TELEPORTED"), UNKNOWN),
        ("status-in-small-letters", "Another word.", said("txn_success"), UNKNOWN),
        ("status-absent", "Malformed.", said(""), refused("malformed")),
        ("order-absent", "Malformed.", said(ORDERID=""), refused("malformed")),
        ("payment-absent", "Which?", said(TXNID=""), refused("malformed")),
        ("amount-absent", "Never zero.", said(TXNAMOUNT=""), refused("malformed")),
        ("amount-too-fine", "Nothing is rounded.", said(TXNAMOUNT="1.005"), refused("malformed")),
        ("amount-in-letters", "Digits.", said(TXNAMOUNT="1e3"), refused("malformed")),
        ("amount-without-decimals", "The same money.", said(TXNAMOUNT="199"), accepted(paid)),
        ("amount-null", "Empty.", said(TXNAMOUNT="NULL"), refused("malformed")),
        ("currency-absent", "Which?", said(CURRENCY=""), refused("malformed")),
        ("currency-of-others", "Rupees.", said(CURRENCY="JPY"), UNKNOWN),
        ("time-absent", "It keeps amount and id apart.", without("TXNDATE", good),
         refused("malformed")),
        ("failure-without-a-time", "Not told.", without("TXNDATE", said("TXN_FAILURE", "227")),
         accepted(failed | {"occurred_at": None})),
        ("time-that-does-not-exist", "Malformed.", said(TXNDATE="2024-02-30 12:00:00.0"),
         refused("malformed")),
        ("time-behind-midnight-in-india", "The day before, in UTC.",
         said(TXNDATE="2024-01-01 00:00:00.0"),
         accepted(paid | {"occurred_at": "2023-12-31T18:30:00.000Z"})),
        ("merchant-of-another", "Well signed.", said(MID="Shop2"), refused("wrong_account")),
        ("merchant-absent", "Who is meant?", without("MID", good), refused("wrong_account")),
        ("null-in-capitals", "Empty.", said(BANKNAME="NULL"), accepted(paid)),
        ("bar-in-a-value", "It could be read in two ways.", said(RESPMSG="a|b"),
         refused("malformed")),
        ("field-beside-before-the-merchant", "It takes part.", said(CUSTID="1", EXTRA="2"),
         accepted(paid)),
        ("field-beside-behind-the-id", "Names are not signed: which is the id?", said(VPA="1"),
         UNKNOWN),
        ("field-beside-before-the-order", "Names are not signed: which is the order?",
         said(NEW="1"), UNKNOWN),
        ("letters-of-other-alphabets", "Hashed decoded.", said(ORDERID="Æ 1+&="),
         accepted(paid | {"merchant_order_id": "Æ 1+&="})),
    ))  # fmt: skip
    null = said(BANKNAME="null")
    values = [null[name] for name in sorted(null)]
    cases("null-signed-as-a-text", "As the other SDK has it.", null, accepted(paid),
          sent=resealed(hash_of("|".join(values))))  # fmt: skip
    for name, change, expect in (
        ("made-anew", bytes, accepted(paid)),
        ("with-another-hash", hash_of("x"), refused("bad_signature")),
        ("with-a-hash-in-capitals", lambda opened: opened[:64].upper() + opened[64:],
         refused("bad_signature")),
        ("with-another-salt", lambda opened: opened[:64] + b"salt" + opened[68:],
         refused("bad_signature")),
        ("with-another-filling", lambda opened: opened[:68] + b"x" * 11 + b"\x0c",
         refused("bad_signature")),
        ("with-a-filling-of-nothing", lambda opened: opened[:79] + b"\0",
         refused("bad_signature")),
        ("longer-by-a-block", lambda opened: opened + b"\x10" * 16, refused("bad_signature")),
        ("shorter-by-a-block", lambda opened: opened[:64], refused("bad_signature")),
    ):  # fmt: skip
        cases(f"checksum-{name}", "What is sealed is compared.", good, expect,
              sent=resealed(change))  # fmt: skip
    cases("checksum-under-another-iv", "It is a constant.", good, refused("bad_signature"),
          sent=resealed(bytes, b"0" * 16))  # fmt: skip
    cases("checksum-with-raw-pluses", "They came as blanks.", good, accepted(paid),
          sent=lambda body: body.replace(b"%2B", b"+"))  # fmt: skip
    cases("checksum-empty", "Unsigned.", good, refused("bad_signature"),
          sent=lambda body: body.partition(b"CHECKSUMHASH=")[0] + b"CHECKSUMHASH=")  # fmt: skip
    cases("checksum-absent", "Unsigned.", good, refused("bad_signature"),
          sent=lambda body: body.partition(b"&CHECKSUMHASH=")[0])  # fmt: skip
    cases("checksum-twice", "Which counts?", good, refused("malformed"),
          sent=lambda body: body + b"&CHECKSUMHASH=1")  # fmt: skip
    cases("order-changed", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"ORDERID=M-1", b"ORDERID=M-2"))  # fmt: skip
    cases("field-taken-away", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"&BANKNAME=", b""))  # fmt: skip
    cases("fields-in-another-order", "They are sorted.", good, accepted(paid),
          sent=lambda body: b"&".join(body.split(b"&")[::-1]))  # fmt: skip
    dated = said(TXNDATETIME="2024-01-01 12:00:01.0")
    cases("two-dates", "As published.", dated, accepted(paid))
    for name, given, changes, expect in (
        ("refund-of-a-mode", good, {"PAYMENTMODE": "REFUNDID"}, UNKNOWN),
        ("id-of-a-date", dated, {"TXNID": "UDF_1", "TXNDATETIME": "TXNID"}, UNKNOWN),
        ("amount-of-a-status", good, {"TXNAMOUNT": "TXNDATE", "TXNDATE": "TXNDATETIME"},
         refused("malformed")),
        ("order-of-a-mode", good, {"ORDERID": "MIDX", "PAYMENTMODE": "ORDERID"}, UNKNOWN),
        ("bank-of-another", good, {"BANKNAME": "BANKNAMF"}, accepted(paid)),
    ):  # fmt: skip
        cases(f"renamed-{name}", "Names are not signed.", given, expect,
              sent=renamed(changes))  # fmt: skip
    cases.refusals(good, paid)
    cases.write()


if __name__ == "__main__":
    main()
