"""Has the SDKs that only verify judge our cases: what we accept they accept, and the reverse.

Run: ``python -m tests.vectors.generators.sdk.verified_by_node NODE_MODULES``. Exit code 1: one
judges otherwise, and `KNOWN` does not say why.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.vectors.generators.cases import VECTORS
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


def in_force(key: Json, at_ms: int) -> bool:
    def ms(name: str, absent: float) -> float:
        return datetime.fromisoformat(key[name]).timestamp() * 1000 if name in key else absent

    return ms("not_before", 0) <= at_ms < ms("not_after", float("inf"))


def asked(provider: str, case: Json) -> list[Json]:
    """Return one question for each key; a case is proven if one of them is answered with yes."""
    request, account = case["request"], case["account"]
    told = {
        "provider": provider, "at_ms": case["received_at_ms"], "mode": account["mode"],
        "body": request["body_base64"], "settings": account["settings"],
        "query": request["target"].partition("?")[2],
        "headers": {name.lower(): value for name, value in request["headers"]},
    }  # fmt: skip
    return [
        told | {"key": key.get("text") or key["pem"]}
        for key in account["keys"]
        if key["use"] in ("verify", "root") and in_force(key, case["received_at_ms"])
    ]


def proven(expect: Json) -> bool | None:
    """Return what an SDK that judges the proof has to say; None: it depends on more."""
    if expect["verdict"] == "accepted" or expect.get("reason") == "unknown_meaning":
        return True
    return False if expect.get("reason") == "bad_signature" else None


def answers(questions: list[Json]) -> list[Any]:
    done = subprocess.run(
        ["node", Path(__file__).with_name("verify.js")], input=json.dumps(questions), check=True,
        text=True, capture_output=True, env={"NODE_PATH": sys.argv[1], "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    found: list[Any] = json.loads(done.stdout)
    return found


def disagreements(provider: str) -> Iterator[tuple[str, str]]:
    cases = json.loads((VECTORS / f"{provider}.json").read_text("utf-8"))["cases"]
    judged = [(case, asked(provider, case)) for case in cases
              if proven(case["expect"]) is not None]  # fmt: skip
    told = iter(answers([question for _, questions in judged for question in questions]))
    agreed = others = 0
    for case, questions in judged:
        said = [next(told) for _ in questions]
        if None in said:
            others += 1
        elif (True in said) == proven(case["expect"]):
            agreed += 1
        else:
            yield case["name"], f"we expect {case['expect']['verdict']}, it says {said}"
    print(f"{provider}: {agreed} of {len(judged) - others} alike")


def main() -> int:
    whys = {(why.partition(":")[0], name): why for why, names in KNOWN.items() for name in names}
    unknown = 0
    for provider in PROVIDERS:
        for name, what in disagreements(provider):
            why = whys.pop((provider, name), None)
            unknown += why is None
            print(f"  {name}: {why or what}")
    for provider, name in whys:
        print(f"{provider}: {name} is judged alike by now")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
