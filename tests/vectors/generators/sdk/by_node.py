"""Cases that npm packages signed: Stripe, Adyen, the Standard Webhooks, Square, Shopify, Coinbase
Commerce, Paddle.

Run: ``python -m tests.vectors.generators.sdk.by_node NODE_MODULES``; it needs no package itself.
"""

from typing import Any

from tests.vectors.generators.cases import accepted
from tests.vectors.generators.sdk.node import AT_S, Signed, cases_by_npm, key_of, signature
from tests.vectors.generators.sdk.written import JSON, Cases, Json, fact, held, secret, text_of

PROGRAM = "by_node.py"
T, SENT = "2026-03-01T02:00:05.000Z", "2026-03-01T02:00:05Z"
LETTERS = "Zoë & 東京 – „100 %“ 😀"
KEY = "5D1A0C4E7F2B39680D1C2B3A495867768594A3B2C1D0EFFEDCBA987654321002"
URL = "https://shop.example/v1/callbacks/square/shop"


def stripe() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        body = text_of(said)
        header = signature("stripe", body=body, key=key_of(account), at=AT_S)
        return [JSON, ["Stripe-Signature", header]], body.encode()

    def event(word: str, **resource: Any) -> Json:
        return {"id": "evt_js1", "object": "event", "created": AT_S - 1, "livemode": True,
                "type": word, "data": {"object": resource}}  # fmt: skip

    cases = cases_by_npm(PROGRAM, "stripe", "stripe", "webhooks.generateTestHeaderString",
                     held(secret("whsec_node_4Hd8"), order_id_metadata_key="order_id"),
                     sign)  # fmt: skip
    cases("payment-dinar", "Three decimals; letters in UTF-8.",
          event("payment_intent.succeeded", id="pi_js1", object="payment_intent", amount=1500,
                status="succeeded", amount_received=1500, amount_capturable=0, currency="kwd",
                latest_charge="ch_js1", metadata={"order_id": "J-1"}, description=LETTERS),
          accepted(fact("PaymentSucceeded", "pi_js1", "J-1", minor=1500, currency="KWD",
                        at=T)))  # fmt: skip
    cases("refund", "A part.",
          event("refund.created", id="re_js1", object="refund", amount=505, currency="eur",
                charge="ch_js2", payment_intent="pi_js2", status="succeeded", metadata={}),
          accepted(fact("RefundCompleted", "pi_js2", minor=505, at=T,
                        refund_id="re_js1")))  # fmt: skip
    return cases


def adyen() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        mac = signature("@adyen/api-library", item=said, key=KEY)
        item = said | {"additionalData": {"hmacSignature": mac}}
        return [JSON], text_of({"live": "true", "notificationItems": [
            {"NotificationRequestItem": item}]}).encode()  # fmt: skip

    def said(code: str, reference: str, value: int, currency: str, **more: str) -> Json:
        return {"pspReference": "JSPAYMENT0000001", "merchantAccountCode": "ShopEU",
                "merchantReference": reference, "amount": {"value": value, "currency": currency},
                "eventCode": code, "eventDate": "2026-03-01T03:00:05+01:00",
                "success": "true"} | more  # fmt: skip

    cases = cases_by_npm(PROGRAM, "adyen", "@adyen/api-library", "hmacValidator.calculateHmac",
                     held(secret(KEY), webhook_type="standard", merchant_account_code="ShopEU",
                          capture_delay="immediate"), sign)  # fmt: skip
    for name, reference in (("letters", LETTERS), ("backslash", "J\\1")):
        cases(f"payment-{name}", "Texts are joined as they stand.",
              said("AUTHORISATION", reference, 1500, "JPY"),
              accepted(fact("PaymentSucceeded", "JSPAYMENT0000001", reference, minor=1500,
                            currency="JPY", at=T)))  # fmt: skip
    cases("refund", "It names its payment.",
          said("REFUND", "J-1", 505, "EUR", pspReference="JSREFUND00000001",
               originalReference="JSPAYMENT0000002"),
          accepted(fact("RefundCompleted", "JSPAYMENT0000002", "J-1", minor=505, at=T,
                        refund_id="JSREFUND00000001")))  # fmt: skip
    return cases


def standard_webhooks() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        body = text_of(said)
        mac = signature("standardwebhooks", id="msg_js1", at=AT_S, body=body, key=key_of(account))
        return [JSON, ["webhook-id", "msg_js1"], ["webhook-timestamp", str(AT_S)],
                ["webhook-signature", mac]], body.encode()  # fmt: skip

    cases = cases_by_npm(PROGRAM, "standard-webhooks", "standardwebhooks", "Webhook.sign",
                     held(secret("whsec_bm9kZSBzZGssIHRocm93LWF3YXkhIQ=="),
                          secret_encoding="base64", header_prefix="webhook"), sign)  # fmt: skip
    for name, data in (("letters", {"name": LETTERS}), ("empty", {})):
        cases(name, "The scheme gives no meaning.",
              {"type": "thing.happened", "timestamp": SENT, "data": data}, accepted())  # fmt: skip
    return cases


def square() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        body = text_of(said)
        mac = signature("square", url=URL, body=body, key=key_of(account))
        return [JSON, ["x-square-hmacsha256-signature", mac]], body.encode()

    def event(word: str, kind: str, **resource: Any) -> Json:
        return {"merchant_id": "ML1", "type": word, "event_id": "e-js1", "created_at": T,
                "data": {"type": kind, "id": "D1", "object": {kind: resource}}}  # fmt: skip

    yen = {"amount": 1500, "currency": "JPY"}
    cases = cases_by_npm(PROGRAM, "square", "square", "core/crypto createHmacOverride",
                     held(secret("nodeSignatureKey"), notification_url=URL, merchant_id="ML1"),
                     sign)  # fmt: skip
    cases("payment-yen", "Yen have no decimals; letters in UTF-8.",
          event("payment.updated", "payment", id="PJS1", status="COMPLETED", total_money=yen,
                amount_money=yen, reference_id="J-1", updated_at=T, note=LETTERS),
          accepted(fact("PaymentSucceeded", "PJS1", "J-1", minor=1500, currency="JPY",
                        at=T)))  # fmt: skip
    cases("refund", "It names its payment.",
          event("refund.updated", "refund", id="PJS1_r", payment_id="PJS1", status="COMPLETED",
                amount_money=yen | {"amount": 500}, updated_at=T),
          accepted(fact("RefundCompleted", "PJS1", minor=500, currency="JPY", at=T,
                        refund_id="PJS1_r")))  # fmt: skip
    return cases


def shopify() -> Cases:
    shop = "node-sdk.myshopify.com"

    def sign(said: tuple[str, Json], account: Json) -> Signed:
        body = text_of(said[1])
        mac = signature("@shopify/shopify-api", body=body, key=key_of(account))
        return [JSON, ["X-Shopify-Topic", said[0]], ["X-Shopify-Shop-Domain", shop],
                ["X-Shopify-Hmac-Sha256", mac]], body.encode()  # fmt: skip

    cases = cases_by_npm(PROGRAM, "shopify", "@shopify/shopify-api",
                         "runtime/crypto createSHA256HMAC",
                         held(secret("shpss_node"), shop_domain=shop, payment_topics="orders"),
                         sign)  # fmt: skip
    cases("payment-yen", "Yen have no decimals; letters in UTF-8.",
          ("orders/paid", {"id": 8209901, "name": "#1001", "currency": "JPY", "test": False,
                           "total_price": "1500", "financial_status": "paid",
                           "processed_at": SENT, "note": LETTERS}),
          accepted(fact("PaymentSucceeded", "8209901", "#1001", minor=1500, currency="JPY",
                        at=T)))  # fmt: skip
    cases("refund", "A transaction of it.",
          ("refunds/create", {"id": 1, "order_id": 8209902, "transactions": [
              {"id": 71, "order_id": 8209902, "kind": "refund", "status": "success",
               "amount": "5.05", "currency": "EUR", "test": False, "processed_at": SENT,
               "parent_id": 3800}]}),
          accepted(fact("RefundCompleted", "8209902", "8209902", minor=505, at=T,
                        refund_id="71")))  # fmt: skip
    return cases


def coinbase_commerce() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        body = text_of(said)
        mac = signature("coinbase-commerce-node", body=body, key=key_of(account))
        return [JSON, ["X-CC-Webhook-Signature", mac]], body.encode()

    def event(word: str, amount: str, currency: str) -> Json:
        charge = {"id": "ch-js1", "code": "66BEOV2B", "metadata": {"order_id": "J-1"},
                  "name": LETTERS,
                  "pricing": {"local": {"amount": amount, "currency": currency}}}  # fmt: skip
        told = {"id": "e-js1", "type": word, "created_at": SENT, "data": charge}
        return {"id": 1, "attempt_number": 1, "event": told}

    cases = cases_by_npm(PROGRAM, "coinbase-commerce", "coinbase-commerce-node",
                         "Webhook.computeSignature",
                         held(secret("node-shared-secret"), order_id_metadata_key="order_id"),
                         sign)  # fmt: skip
    cases("payment-yen", "Yen have no decimals; letters in UTF-8.",
          event("charge:confirmed", "1500", "JPY"),
          accepted(fact("PaymentSucceeded", "ch-js1", "J-1", minor=1500, currency="JPY",
                        at=T)))  # fmt: skip
    cases("pending", "Nothing to announce.", event("charge:pending", "5.05", "EUR"),
          accepted())  # fmt: skip
    return cases


def paddle() -> Cases:
    def sign(said: Json, account: Json) -> Signed:
        body = text_of(said)
        mac = signature("@paddle/paddle-node-sdk", body=body, key=key_of(account), at=AT_S)
        return [JSON, ["Paddle-Signature", f"ts={AT_S};h1={mac}"]], body.encode()

    def event(word: str, **resource: Any) -> Json:
        return {"event_id": "evt_js1", "event_type": word, "occurred_at": T, "data": resource}

    cases = cases_by_npm(PROGRAM, "paddle", "@paddle/paddle-node-sdk",
                         "crypto.computeHmac, which its WebhooksValidator uses",
                         held(secret("pdl_ntfset_node"), order_id_custom_data_key="order_id"),
                         sign)  # fmt: skip
    cases("payment-yen", "Yen have no decimals; letters in UTF-8.",
          event("transaction.completed", id="txn_js1", currency_code="JPY", note=LETTERS,
                custom_data={"order_id": "J-1"}, details={"totals": {"grand_total": "1500"}}),
          accepted(fact("PaymentSucceeded", "txn_js1", "J-1", minor=1500, currency="JPY",
                        at=T)))  # fmt: skip
    cases("refund", "An adjustment.",
          event("adjustment.updated", id="adj_js1", action="refund", transaction_id="txn_js1",
                status="approved", currency_code="EUR", totals={"total": "505"}),
          accepted(fact("RefundCompleted", "txn_js1", minor=505, at=T,
                        refund_id="adj_js1")))  # fmt: skip
    return cases


def main() -> None:
    for made in (stripe, adyen, standard_webhooks, square, shopify, coinbase_commerce, paddle):
        made().write()


if __name__ == "__main__":
    main()
