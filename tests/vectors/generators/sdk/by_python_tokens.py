"""Cases that Python packages signed: 2C2P, TrueLayer, Polar, the Standard Webhooks, Mollie.

Run: ``python -m tests.vectors.generators.sdk.by_python_tokens``. What an SDK draws by chance is
set, so that a second run writes the same.
"""

import base64
import json
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import truelayer_signing
import truelayer_signing.crypto
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import OctKey
from mollie.utils.webhooks.signature_validator import SignatureValidator
from standardwebhooks.webhooks import Webhook

from tests.vectors.generators.cases import accepted
from tests.vectors.generators.sdk.written import (
    JSON,
    Cases,
    Json,
    fact,
    from_pypi,
    held,
    secret,
    text_of,
)

PROGRAM = "by_python_tokens.py"
AT_S = 1_772_330_406  # 2026-03-01T02:00:06Z
T, SENT = "2026-03-01T02:00:05.000Z", "2026-03-01T02:00:05Z"
LETTERS = "Zoë & 東京 – „100 %“ 😀"


def _2c2p() -> Cases:
    key = "8B" * 32

    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        token = jwt.encode({"alg": "HS256"}, said, OctKey.import_key(key))
        return [JSON], text_of({"payload": token}).encode()

    def said(currency: str, amount: str, code: str = "0000", **more: str) -> Json:
        return {"merchantID": "JT01", "invoiceNo": "P-1", "amount": amount, "tranRef": "2801",
                "currencyCode": currency, "referenceNo": "2701", "respCode": code,
                "transactionDateTime": "20260301090005"} | more  # fmt: skip

    cases = Cases(PROGRAM, "2c2p", from_pypi("joserfc", "jwt.encode"),
                  held(secret(key), merchant_id="JT01"), AT_S * 1000, sign)  # fmt: skip
    for name, told, expected in (
        ("payment-letters", said("THB", "230.87", respDesc=LETTERS),
         fact("PaymentSucceeded", "2801", "P-1", minor=23087, currency="THB")),
        ("payment-dinar", said("KWD", "1.505"),
         fact("PaymentSucceeded", "2801", "P-1", minor=1505, currency="KWD")),
        ("failed", said("SGD", "10.00", "4005"),
         fact("PaymentFailed", "2801", "P-1", minor=1000, currency="SGD")),
    ):  # fmt: skip
        cases(name, "A compact token of the library.", told, accepted(expected))
    return cases


def webhooks(provider: str, text: str, **settings: str) -> Cases:
    """Return what the reference library signs; Polar takes its secret's own octets as the key."""

    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        key = text if settings["secret_encoding"] == "base64" else text.encode()
        body = text_of(said)
        mac = Webhook(key).sign("msg_py1", datetime.fromtimestamp(AT_S, UTC), body)
        return [JSON, ["webhook-id", "msg_py1"], ["webhook-timestamp", str(AT_S)],
                ["webhook-signature", mac]], body.encode()  # fmt: skip

    return Cases(PROGRAM, provider, from_pypi("standardwebhooks", "Webhook.sign"),
                 held(secret(text), **settings), AT_S * 1000, sign)  # fmt: skip


def polar() -> Cases:
    cases = webhooks("polar", "polar_whs_python", secret_encoding="raw",
                     order_id_metadata_key="order_id")  # fmt: skip
    order = {"id": "ord-py1", "status": "paid", "total_amount": 1500, "currency": "jpy",
             "metadata": {"order_id": "P-1"}, "description": LETTERS}  # fmt: skip
    refund = {"id": "ref-py1", "order_id": "ord-py1", "status": "succeeded", "amount": 500,
              "currency": "jpy", "metadata": {}}  # fmt: skip
    cases("payment-yen", "Yen have no decimals.",
          {"type": "order.paid", "timestamp": SENT, "data": order},
          accepted(fact("PaymentSucceeded", "ord-py1", "P-1", minor=1500, currency="JPY",
                        at=T)))  # fmt: skip
    cases("refund", "A part.", {"type": "refund.updated", "timestamp": SENT, "data": refund},
          accepted(fact("RefundCompleted", "ord-py1", minor=500, currency="JPY", at=T,
                        refund_id="ref-py1")))  # fmt: skip
    return cases


def standard_webhooks() -> Cases:
    cases = webhooks("standard-webhooks", "whsec_" + "cHl0aG9uIHNkaywgdGhyb3ctYXdheQ==",
                     secret_encoding="base64", header_prefix="webhook")  # fmt: skip
    for name, data in (("letters", {"name": LETTERS}), ("empty", {})):
        cases(name, "The scheme gives no meaning.",
              {"type": "thing.happened", "timestamp": SENT, "data": data}, accepted())  # fmt: skip
    return cases


def truelayer() -> Cases:
    # By RFC 6979, so that a second run signs the same.
    steady = {"ECDSA": partial(ec.ECDSA, deterministic_signing=True)}
    truelayer_signing.crypto.ec = SimpleNamespace(**vars(ec) | steady)
    key = ec.derive_private_key(0x7E57_1234_5678_9ABC_DEF0, ec.SECP521R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    numbers = key.public_key().public_numbers()
    told = {"kty": "EC", "alg": "ES512", "kid": "tl-py1", "crv": "P-521"}
    told |= {"x": written(numbers.x), "y": written(numbers.y)}
    jku = "https://webhooks.truelayer.com/.well-known/jwks"
    account = held(
        {"kid": "tl-py1", "use": "verify", "kind": "public-key", "text": json.dumps(told)},
        jku=jku, notification_url="https://shop.example/hooks/tl", tolerance_seconds="300",
    )  # fmt: skip

    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        body, stamp = text_of(said), "2026-03-01T02:00:06Z"
        signer = truelayer_signing.sign_with_pem("tl-py1", pem).set_jku(jku)
        signer.set_path("/hooks/tl").set_body(body).add_header("X-Tl-Webhook-Timestamp", stamp)
        headers = [["X-Tl-Webhook-Timestamp", stamp], ["Tl-Signature", signer.sign()]]
        return [JSON, *headers], body.encode()

    def said(word: str, **more: Any) -> Json:
        return {"type": word, "event_version": 1, "event_id": "e-py1", "payment_id": "p-py1",
                "failed_at": T} | more  # fmt: skip

    cases = Cases(PROGRAM, "truelayer", from_pypi("truelayer-signing", "sign_with_pem"), account,
                  AT_S * 1000, sign)  # fmt: skip
    cases("payment-failed-letters", "The octets of the text are signed.",
          said("payment_failed", failure_reason="rejected", metadata={"note": LETTERS}),
          accepted(fact("PaymentFailed", "p-py1", at=T)))  # fmt: skip
    cases("refund-failed", "The money stays.", said("refund_failed", refund_id="r-py1"),
          accepted(fact("RefundFailed", "p-py1", at=T, refund_id="r-py1")))  # fmt: skip
    cases("payment-settled", "No amount is told: asked.", said("payment_settled"),
          accepted())  # fmt: skip
    return cases


def mollie() -> Cases:
    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        body = text_of(said)
        mac = SignatureValidator.create_signature(body, account["keys"][0]["text"])
        return [JSON, ["X-Mollie-Signature", f"sha256={mac}"]], body.encode()

    def event(word: str, **entity: Any) -> Json:
        told = {"resource": "event", "id": "event_py1", "type": word, "entityId": entity["id"],
                "createdAt": "2026-03-01T02:00:05+00:00"}  # fmt: skip
        return told | {"_embedded": {"entity": {"mode": "live"} | entity}}

    cases = Cases(PROGRAM, "mollie",
                  from_pypi("mollie-api-py", "SignatureValidator.create_signature"),
                  held(secret("python_webhook_secret")), AT_S * 1000, sign)  # fmt: skip
    cases("payment-asks", "Thin: asked. Letters in UTF-8.",
          event("payment-link.paid", resource="payment-link", id="pl_py1", description=LETTERS,
                amount={"currency": "JPY", "value": "1500"}), accepted())  # fmt: skip
    cases("refund-asks", "Thin: asked.",
          event("refund.refunded", resource="refund", id="re_py1",
                amount={"currency": "EUR", "value": "5.05"}), accepted())  # fmt: skip
    return cases


def written(number: int) -> str:
    """Return a number of a key as a key set tells it."""
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def main() -> None:
    for made in (_2c2p, polar, standard_webhooks, truelayer, mollie):
        made().write()


if __name__ == "__main__":
    main()
