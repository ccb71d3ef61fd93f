"""Has the SDKs that only verify judge our cases: what we accept they accept, and the reverse.

Run: ``python -m tests.vectors.generators.sdk.verified_by_node NODE_MODULES``. Exit code 1: one
judges otherwise, and `KNOWN` does not say why.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.vectors.generators.sdk.judged import report
from tests.vectors.generators.sdk.written import Json

PROVIDERS = ("razorpay", "gocardless", "cashfree", "mercadopago", "apple-app-store", "truelayer",
             "stripe", "square", "coinbase-commerce", "paddle", "polar", "alipay", "payu-india",
             "paytm", "phonepe", "midtrans")  # fmt: skip
# Cases that an SDK judges otherwise, and why we stay with ours.
KNOWN: dict[str, tuple[str, ...]] = {
    "mercadopago: it leaves small letters to its caller, and takes one form of hex": (
        "id-lower-cased-for-signing", "id-in-capitals-signed-in-small-letters",
        "signature-in-capitals", "signature-with-a-garbled-one-beside",
    ),
    "truelayer: it leaves the key set to its caller": (
        "key-set-of-another", "key-set-of-the-sandbox", "key-set-absent",
    ),
    "truelayer: it is laxer than RFC 7515, or signs without a header that it names": (
        "extension", "header-told-twice", "header-that-did-not-come",
        "header-of-another-script", "signature-padded",
    ),
    "alipay: other SDKs leave empty values out, so both readings count": (
        "made-empty-value-left-out", "made-empty-value-left-out-second-recipe",
    ),
    "alipay: it looks at no dates": ("made-certificate-expired-at-receipt",),
    "payu-india: other kits sign these fields in their places": ("later-user-fields",),
    "payu-india: it takes one form of hex": ("hash-in-capitals",),
    "paytm: the SDK for Python signs it as empty": (
        "null-text-is-signed-as-empty", "null-in-capitals",
    ),
    "paytm: a raw plus came as a blank, which its caller would have to undo": (
        "checksum-with-raw-pluses",
    ),
    "phonepe: it takes one form of hex": ("v2-token-in-capitals",),
}  # fmt: skip


def answers(questions: list[Json]) -> list[Any]:
    done = subprocess.run(
        ["node", Path(__file__).with_name("verify.js")], input=json.dumps(questions), check=True,
        text=True, capture_output=True, env={"NODE_PATH": sys.argv[1], "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    found: list[Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(report(dict.fromkeys(PROVIDERS, answers), KNOWN))
