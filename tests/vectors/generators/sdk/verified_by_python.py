"""Has Python SDKs judge our cases: what we accept they accept, and the reverse.

Run: ``python -m tests.vectors.generators.sdk.verified_by_python``. Exit code 1: one judges
otherwise, and `KNOWN` does not say why.
"""

import base64
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import braintree
from adapay_core.rsa_utils import rsa_design
from Crypto.PublicKey import RSA
from joserfc import jwt
from joserfc.jwk import OctKey
from mollie.utils.webhooks.signature_validator import (
    SignatureValidator,
)
from nowpayments.ipn import verify_ipn_signature
from paytmchecksum import PaytmChecksum
from payu.resources.hasher import validate_hash
from redsys.clients import Client
from yop_python_sdk.security.encryptor.rsaencryptor import RsaEncryptor

from tests.vectors.generators.sdk.judged import Judge, report
from tests.vectors.generators.sdk.written import Json

# Cases that an SDK judges otherwise, and why we stay with ours.
KNOWN: dict[str, tuple[str, ...]] = {
    "braintree: it looks at the first signature of its key": ("garbled-pair-beside",),
    "redsys: it compares letters and digits alone": ("signature-with-inserted-punctuation",),
    "redsys: it reads texts alone": ("numbers-of-json",),
    "redsys: other kits know a second spelling, and decode the number": (
        "order-spelled-in-capitals", "order-encoded",
    ),
    "mollie: it takes one form of hex": ("signature-in-capitals",),
    "nowpayments: it writes numbers as Python does, and the provider as JavaScript does": (
        "finished", "finished-trailing-zero-number", "waiting", "rotation-second-key",
        "id-that-javascript-cannot-hold", "number-in-javascripts-form",
    ),
    "nowpayments: it escapes what is beyond ASCII, and the provider does not": (
        "letters-outside-ascii",
    ),
    "payu-india: the SDK for Node knows shares of a payment": ("split-row", "split-and-charges"),
    "payu-india: other kits sign these fields in their places": ("later-user-fields",),
    "payu-india: it takes one form of hex": ("hash-in-capitals",),
    "paytm: the SDK for Node signs it as a text": ("null-signed-as-a-text",),
    "paytm: it does not look at what fills the last block": (
        "checksum-with-another-filling",
    ),
    "paytm: a raw plus came as a blank, which its caller would have to undo": (
        "checksum-with-raw-pluses",
    ),
}  # fmt: skip


def octets(asked: Json) -> bytes:
    return base64.b64decode(asked["body"])


def text(asked: Json) -> str:
    return octets(asked).decode()


def fields(asked: Json) -> dict[str, str]:
    return dict(parse_qsl(text(asked), keep_blank_values=True))


def braintree_(asked: Json) -> Any:
    if not octets(asked):
        return None  # A challenge.
    gateway = braintree.BraintreeGateway(
        braintree.Configuration(
            braintree.Environment.Sandbox, merchant_id="m", public_key=asked["kid"],
            private_key=asked["key"],
        )
    )  # fmt: skip
    told = fields(asked)
    signature, payload = told["bt_signature"], told["bt_payload"]
    # It may fail on what is told, and then it was proven before.
    with suppress(IndexError, KeyError):
        gateway.webhook_notification.parse(signature, payload)
    return True


def redsys_(asked: Json) -> Any:
    told = fields(asked)
    if "Ds_MerchantParameters" not in told:
        return None  # SOAP.
    if told.get("Ds_SignatureVersion") not in asked["settings"]["signature_versions"].split(","):
        return None  # The account says which it accepts.
    told["Ds_MerchantParameters"] = told["Ds_MerchantParameters"].replace(" ", "+")
    Client(asked["key"]).parse_response(told)
    return True


def _2c2p(asked: Json) -> Any:
    token = json.loads(octets(asked))["payload"]
    jwt.decode(token, OctKey.import_key(asked["key"]), algorithms=["HS256"])
    return True


def adapay(asked: Json) -> Any:
    told = fields(asked)
    return rsa_design(told["sign"], told["data"], asked["key"])[0]


def yeepay(asked: Json) -> Any:
    platform = RSA.import_key(base64.b64decode(asked["key"]))
    for own in asked["own"]:
        try:
            merchant = RSA.import_key(base64.b64decode(own))
            RsaEncryptor(merchant, platform).envelope_decrypt(fields(asked)["response"])
        except Exception:  # noqa: BLE001 - it raises plain ones
            continue
        return True
    return False


def mollie(asked: Json) -> Any:
    return SignatureValidator.validate(
        text(asked), asked["key"], asked["all"]["x-mollie-signature"]
    )


def nowpayments(asked: Json) -> Any:
    return verify_ipn_signature(text(asked), asked["headers"]["x-nowpayments-sig"], asked["key"])


def payu(asked: Json) -> Any:
    body = text(asked)
    told = json.loads(body) if body.startswith("{") else fields(asked)
    return validate_hash({"key": asked["settings"]["key"], "salt": asked["key"]}, told)


def paytm(asked: Json) -> Any:
    told = fields(asked)
    return PaytmChecksum.verifySignature(told, asked["key"], told.pop("CHECKSUMHASH"))


def each(judge: Callable[[Json], Any]) -> Judge:
    def answer(asked: Json) -> Any:
        try:
            return judge(asked)
        except Exception as error:  # noqa: BLE001 - whatever it raises is no proof
            return type(error).__name__

    return lambda questions: [answer(asked) for asked in questions]


JUDGES = {
    "braintree": each(braintree_), "redsys": each(redsys_), "2c2p": each(_2c2p),
    "adapay": each(adapay), "yeepay": each(yeepay), "mollie": each(mollie),
    "nowpayments": each(nowpayments), "payu-india": each(payu), "paytm": each(paytm),
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(report(JUDGES, KNOWN))
