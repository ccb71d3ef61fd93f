"""SIBS cases. Run: ``python -m tests.vectors.generators.sibs``"""

import base64
from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, secret

KEY = base64.b64encode(b"0123456789abcdef" * 2).decode()


def main() -> None:
    cases = Signed("sibs", 1_714_557_605_000, secret(KEY, use="decrypt"))
    good: dict[str, Any] = {
        "returnStatus": {"statusCode": "000"}, "paymentStatus": "Success",
        "transactionID": "tx-1", "amount": {"currency": "EUR", "value": 10.05},
        "paymentType": "PURS", "notificationID": "n-1",
    }  # fmt: skip
    cases.rows((
        ("purchase-asks", "Its meaning is not settled.", good, accepted()),
        ("refund-asks", "The same.", good | {"paymentType": "RFND"}, accepted()),
        ("declined-asks", "The same.", good | {"paymentStatus": "Declined"}, accepted()),
        ("without-a-transaction", "What to ask about?", {"paymentStatus": "Success"},
         unsupported("unknown_meaning")),
        ("sealed-array", "Opened, and no object.", b"[1]", refused("malformed")),
        ("sealed-name-twice", "Which counts?", b'{"transactionID":"a","transactionID":"b"}',
         refused("malformed")),
    ))  # fmt: skip
    cases(
        "body-is-hex",
        "Base64 is expected; this one opens under no key.",
        good,
        refused("undecryptable"),
        sent=lambda body: b"00112233445566778899aabbccddeeff",
    )
    cases(
        "tag-absent",
        "A header is needed.",
        good,
        refused("malformed"),
        headers=lambda pairs: [p for p in pairs if p[0] != "X-Authentication-Tag"],
    )
    cases("octets-moved-from-the-tag-to-the-body", "Together they are the same.", good,
          refused("undecryptable"), headers=shortened)  # fmt: skip
    cases.refusals(good, use="decrypt")
    cases.write()


def shortened(pairs: list[list[str]]) -> list[list[str]]:
    return [[name, text[4:] if name.startswith("X-A") else text] for name, text in pairs]


if __name__ == "__main__":
    main()
