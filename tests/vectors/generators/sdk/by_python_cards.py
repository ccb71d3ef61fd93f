"""Cases that Python packages signed: Stripe, Braintree, Redsys.

Run: ``python -m tests.vectors.generators.sdk.by_python_cards``. What an SDK reads off the clock is
set, so that a second run writes the same.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import braintree
import braintree.webhook_testing_gateway as samples
import redsys.crypto
from braintree.util.crypto import Crypto
from stripe import WebhookSignature

from tests.vectors.generators.cases import accepted
from tests.vectors.generators.sdk.written import (
    FORM,
    JSON,
    Cases,
    Json,
    fact,
    form,
    from_pypi,
    held,
    secret,
    text_of,
)

PROGRAM = "by_python_cards.py"
AT_S = 1_772_330_406  # 2026-03-01T02:00:06Z
T, SENT = "2026-03-01T02:00:05.000Z", "2026-03-01T02:00:05Z"
LETTERS = "Zoë & 東京 – „100 %“ 😀"


def stripe() -> Cases:
    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        body, key = text_of(said), account["keys"][0]["text"]
        header = WebhookSignature.generate_signature_header(body, key, AT_S)
        return [JSON, ["Stripe-Signature", header]], body.encode()

    def event(word: str, **resource: Any) -> Json:
        return {"id": "evt_py1", "object": "event", "created": AT_S - 1, "livemode": True,
                "type": word, "data": {"object": resource}}  # fmt: skip

    cases = Cases(PROGRAM, "stripe", from_pypi("stripe", "generate_signature_header"),
                  held(secret("whsec_python_9Kq1"), order_id_metadata_key="order_id"),
                  AT_S * 1000, sign)  # fmt: skip
    intent = {"id": "pi_py1", "object": "payment_intent", "status": "succeeded", "amount": 1500,
              "amount_received": 1500, "amount_capturable": 0, "currency": "jpy",
              "latest_charge": "ch_py1", "metadata": {"order_id": "P-1"}}  # fmt: skip
    paid = fact("PaymentSucceeded", "pi_py1", "P-1", minor=1500, currency="JPY", at=T)
    cases("payment-yen", "Yen have no decimals.", event("payment_intent.succeeded", **intent),
          accepted(paid))  # fmt: skip
    cases("payment-letters", "The text is signed as UTF-8.",
          event("payment_intent.succeeded", **intent, description=LETTERS),
          accepted(paid))  # fmt: skip
    cases("refund", "A part.",
          event("refund.created", id="re_py1", object="refund", amount=500, currency="jpy",
                charge="ch_py1", payment_intent="pi_py1", status="succeeded", metadata={}),
          accepted(fact("RefundCompleted", "pi_py1", minor=500, currency="JPY", at=T,
                        refund_id="re_py1")))  # fmt: skip
    return cases


def braintree_() -> Cases:
    class Clock(datetime):
        @classmethod
        def utcnow(cls) -> datetime:
            return datetime.fromtimestamp(AT_S - 1, UTC)

    samples.datetime = Clock
    private = "python_private_key"
    gateway = braintree.BraintreeGateway(
        braintree.Configuration(
            braintree.Environment.Sandbox, merchant_id="m", public_key="python_public_key",
            private_key=private,
        )
    )  # fmt: skip

    def sign(said: tuple[str, str] | str, account: Json) -> tuple[list[list[str]], bytes]:
        if isinstance(said, tuple):
            return [FORM], form(gateway.webhook_testing.sample_notification(*said))
        payload = samples.encodebytes(said.encode())
        mac = Crypto.sha1_hmac_hash(private, payload)
        signed = {"bt_signature": f"python_public_key|{mac}", "bt_payload": payload}
        assert gateway.webhook_notification.parse(signed["bt_signature"], payload.decode())
        return [FORM], form(signed)

    def settled(**fields: str) -> str:
        told = "".join(f"<{n.replace('_', '-')}>{v}</{n.replace('_', '-')}>"
                       for n, v in fields.items())  # fmt: skip
        return (
            f'<notification><timestamp type="datetime">{SENT}</timestamp>'
            f"<kind>transaction_settled</kind><subject><transaction>{told}"
            "<status>settled</status></transaction></subject></notification>"
        )

    sale = {"id": "pyt1", "type": "sale", "currency_iso_code": "EUR", "amount": "12.34"}
    cases = Cases(PROGRAM, "braintree",
                  from_pypi("braintree", "WebhookTesting, util.crypto.sha1_hmac_hash"),
                  held(secret(private, "python_public_key"), currency="USD"), AT_S * 1000,
                  sign)  # fmt: skip
    cases("payment-letters", "UTF-8 inside of the sealed text.",
          settled(**sale, order_id="P-1 Zoë &amp; 東京"),
          accepted(fact("PaymentSucceeded", "pyt1", "P-1 Zoë & 東京", minor=1234,
                        at=T)))  # fmt: skip
    cases("refund-yen", "Yen have no decimals.",
          settled(id="pyr1", type="credit", currency_iso_code="JPY", amount="500",
                  refunded_transaction_id="pyt2", order_id="P-2"),
          accepted(fact("RefundCompleted", "pyt2", "P-2", minor=500, currency="JPY", at=T,
                        refund_id="pyr1")))  # fmt: skip
    cases("sample-dispute-won", "The SDK's own sample.", ("dispute_won", "pyd1"),
          accepted(fact("DisputeWon", "pyd1", minor=10_000, currency="USD", at=T,
                        dispute_id="pyd1")))  # fmt: skip
    return cases


def redsys_() -> Cases:
    key = "sq7HjrUOBfKmC576ILgskD5srU870gJ7"

    def sign(said: Json, account: Json) -> tuple[list[list[str]], bytes]:
        kind = account["settings"]["signature_versions"]
        signer = redsys.crypto.get_signer(key, kind)
        parameters = signer.encode_parameters(said)
        signature = signer.sign(said["Ds_Order"], parameters)
        return [FORM], form({"Ds_SignatureVersion": kind, "Ds_MerchantParameters": parameters,
                             "Ds_Signature": signature})  # fmt: skip

    def said(
        order: str, amount: str, response: str = "0000", kind: str = "0", **more: str
    ) -> Json:
        return {"Ds_Date": "01/03/2026", "Ds_Hour": "03:00", "Ds_Amount": amount,
                "Ds_Currency": "978", "Ds_Order": order, "Ds_MerchantCode": "999008881",
                "Ds_Terminal": "001", "Ds_Response": response, "Ds_MerchantData": "",
                "Ds_SecurePayment": "1", "Ds_TransactionType": kind,
                "Ds_AuthorisationCode": "052029"} | more  # fmt: skip

    def refund_id(*values: str) -> str:
        octets = [value.encode() for value in values]
        return hashlib.sha256(b"".join(len(o).to_bytes(4, "big") + o for o in octets)).hexdigest()

    cases = Cases(PROGRAM, "redsys", from_pypi("python-redsys", "redsys.crypto"),
                  held(secret(key), merchant_code="999008881", terminal="1"), AT_S * 1000,
                  sign)  # fmt: skip
    back = refund_id("999008881", "001", "2603PY000002", "3", "0900", "052029", "01/03/2026",
                     "03:00")  # fmt: skip
    for kind in ("HMAC_SHA256_V1", "HMAC_SHA512_V1", "HMAC_SHA512_V2"):
        for name, told, expected in (
            ("payment", said("2603PY000001", "4999", Ds_MerchantData="cesta%201%2F%C3%B1"),
             fact("PaymentSucceeded", "2603PY000001", "2603PY000001", minor=4999)),
            ("refund", said("2603PY000002", "1500", "0900", "3", Ds_Currency="392"),
             fact("RefundCompleted", "2603PY000002", "2603PY000002", minor=1500, currency="JPY",
                  refund_id=back)),
        ):  # fmt: skip
            cases(f"{name}-{kind[5:].lower().replace('_', '-')}", "By each of its versions.",
                  told, accepted(expected), signature_versions=kind)  # fmt: skip
    return cases


def main() -> None:
    for made in (stripe, braintree_, redsys_):
        made().write()


if __name__ == "__main__":
    main()
