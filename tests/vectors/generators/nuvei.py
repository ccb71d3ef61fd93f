"""Nuvei cases. Run: ``python -m tests.vectors.generators.nuvei``"""

import hashlib

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, secret, swapped

AT_MS = 1_714_979_300_000


def said(status: str = "APPROVED", **more: str) -> dict[str, str]:
    return {"ppp_status": "OK", "Status": status, "totalAmount": "24.90", "currency": "EUR",
            "responseTimeStamp": "2024-05-06.07:08:09", "PPP_TransactionID": "9876543",
            "productId": "M-1", "TransactionID": "711", "transactionType": "Sale",
            "merchant_unique_id": "M-1", "nameOnCard": "Zoé"} | more  # fmt: skip


def without(name: str) -> dict[str, str]:
    return {other: value for other, value in said().items() if other != name}


def md5(body: bytes) -> bytes:
    text = "made-here24.90EUR2024-05-06.07:08:099876543APPROVEDM-1"
    return body[:-64] + hashlib.md5(text.encode()).hexdigest().encode()


def main() -> None:
    cases = Signed("nuvei", AT_MS, secret("made-here"))
    good = said()
    for status in ("APPROVED", "DECLINED", "ERROR"):
        for kind in ("Sale", "Auth", "Settle", "Credit", "Refund", "Void"):
            cases(f"{status.lower()}-{kind.lower()}-asks", "The type is not signed.",
                  said(status, transactionType=kind), accepted())  # fmt: skip
    cases.rows((
        ("pending-row", "Signed: nothing yet.", said("PENDING"), accepted()),
        ("status-in-small-letters", "Another word.", said("approved"),
         unsupported("unknown_meaning")),
        ("status-empty", "Malformed.", said(""), refused("malformed")),
        ("product-empty", "It is there.", said(productId=""), accepted()),
        ("transaction-empty", "What is to be asked?", said(PPP_TransactionID=""),
         refused("malformed")),
        ("amount-in-letters", "Digits.", said(totalAmount="1e3"), refused("malformed")),
        ("amount-below-zero", "Digits.", said(totalAmount="-24.90"), refused("malformed")),
        ("currency-unknown", "No such.", said(currency="XYZ"), refused("malformed")),
        ("yen", "No decimals.", said(currency="JPY", totalAmount="1500"), accepted()),
        ("yen-with-decimals", "Finer than yen.", said(currency="JPY"), refused("malformed")),
        ("dinars", "Three decimals.", said(currency="KWD", totalAmount="1.505"), accepted()),
        ("type-unknown", "It is not read.", said(transactionType="Teleport"), accepted()),
        ("letters-of-other-alphabets", "Hashed decoded.", said(productId="Æ 1+&="), accepted()),
    ))  # fmt: skip
    for name in ("totalAmount", "currency", "responseTimeStamp", "PPP_TransactionID", "Status",
                 "productId"):  # fmt: skip
        cases(f"without-{name.lower()}", "All six are there.", without(name),
              refused("malformed"))  # fmt: skip
    for name, before, behind in (
        ("amount", b"=24.90", b"=94.90"),
        ("currency", b"=EUR", b"=USD"),
        ("time", b"07%3A08", b"07%3A09"),
        ("transaction", b"=9876543", b"=9876544"),
        ("product", b"productId=M-1", b"productId=M-2"),
    ):
        cases(f"{name}-changed", "Signed.", good, refused("bad_signature"),
              sent=swapped(before, behind))  # fmt: skip
    cases("type-changed", "Not covered, and nothing is made of it.", good, accepted(),
          sent=swapped(b"=Sale", b"=Credit"))  # fmt: skip
    cases("own-transaction-changed", "Not covered, and nothing is made of it.", good, accepted(),
          sent=swapped(b"=711", b"=712"))  # fmt: skip
    cases("characters-moved", "Without separators: nothing is announced of them.", good,
          accepted(), sent=lambda body: body.replace(b"3A09&", b"3A099&")
          .replace(b"=9876543", b"=876543"))  # fmt: skip
    cases("checksum-in-capitals", "Hex of either case.", good, accepted(),
          sent=lambda body: body[:-64] + body[-64:].upper())  # fmt: skip
    cases("checksum-of-md5", "It is refused.", good, refused("bad_signature"), sent=md5)
    cases("checksum-absent", "Unsigned.", good, refused("bad_signature"),
          sent=swapped(b"advanceResponseChecksum", b"responsechecksum"))  # fmt: skip
    cases("amount-twice", "Which counts?", good, refused("malformed"),
          sent=lambda body: body + b"&totalAmount=1")  # fmt: skip
    cases("field-beside", "It takes no part.", good, accepted(),
          sent=lambda body: body + b"&custom=1")  # fmt: skip
    cases.refusals(good)
    query = Signed("nuvei", AT_MS, secret("made-here"), method="GET")
    query("by-query-asks", "The merchant's choice.", good, accepted())
    query("by-query-with-a-changed-amount", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"=24.90", b"=94.90"))  # fmt: skip
    cases.made += query.made
    cases("by-query-beside-a-body", "Which counts?", good, refused("malformed"))
    cases.made[-1]["request"] |= query.made[0]["request"] | {
        "body_base64": cases.made[-1]["request"]["body_base64"]
    }
    cases.write()


if __name__ == "__main__":
    main()
