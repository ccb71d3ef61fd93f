"""Global payment gateways that prove the raw body."""

import hmac
from typing import Any, Final

from streams.simulate.keys import AccountForm, AccountKeys, KeyForm
from streams.simulate.messages import BOTH, Content, Ids, Payment, Refund, Signed, Simulated, major
from streams.simulate.recipes import (
    JSON,
    b64,
    body_mac,
    body_rsa,
    coded,
    exactly_200,
    iso,
    json_octets,
    number,
    numbered,
    public,
    raised,
    shared,
    stamp_and_body,
)


def airwallex(word: str, resource: Content, ms: int, keys: AccountKeys, ids: Ids) -> Content:
    return {
        "id": "evt_" + ids.mixed(20),
        "name": word,
        "account_id": keys.settings["account_id"],
        "data": {"object": resource},
        "created_at": iso(ms) + "+0000",
        "version": "2024-06-14",
    }


def airwallex_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    amount = number(payment.amount_minor)
    intent = {"id": payment.id, "amount": amount, "captured_amount": amount,
              "currency": payment.currency, "merchant_order_id": payment.order,
              "request_id": ids.hex(32), "status": "SUCCEEDED"}  # fmt: skip
    return airwallex("payment_intent.succeeded", intent, payment.occurred_ms, keys, ids)


def airwallex_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    returned = {"id": refund.id, "payment_intent_id": payment.id, "status": "SETTLED",
                "amount": number(refund.amount_minor), "currency": payment.currency}  # fmt: skip
    return airwallex("refund.settled", returned, refund.occurred_ms, keys, ids)


AIRWALLEX = Simulated(
    name="airwallex",
    currency="USD",
    form=shared({"account_id": "acct_demo0000000000000001"}, "whsec_{base64_24}"),
    retry_after_s=(60, 300, 1_800, 7_200, 14_400, 28_800, 57_600, 86_400),
    accepts=exactly_200,
    # Milliseconds and the body, without anything between them.
    sign=body_mac("x-signature", text=stamp_and_body, stamp=("x-timestamp", 1)),
    signs_time=True,
    stale_code="stale",
    payment_id=coded("int_", 24),
    refund_id=coded("rfd_", 24),
    payment=airwallex_paid,
    refund=airwallex_refunded,
    tampered=raised('"captured_amount": '),
    foreign=("account_id", "wrong_account"),
)


def authorize_net(word: str, own: str, minor: int, order: str, ms: int, ids: Ids) -> Content:
    return {
        "notificationId": ids.hex(32),
        "eventType": f"net.authorize.payment.{word}",
        "eventDate": iso(ms) + ".7722007Z",
        "webhookId": "63d6fea2-aa13-4b1d-a204-f5fbc15942b7",
        "payload": {"responseCode": 1, "authCode": ids.letters(6), "avsResponse": "Y",
                    "authAmount": number(minor), "entityName": "transaction", "id": own,
                    "invoiceNumber": order},
    }  # fmt: skip


def authorize_net_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return authorize_net(
        "authcapture.created", payment.id, payment.amount_minor, payment.order,
        payment.occurred_ms, ids,
    )  # fmt: skip


def authorize_net_refunded(
    payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids
) -> Content:
    return authorize_net(
        "refund.created", refund.id, refund.amount_minor, payment.order, refund.occurred_ms, ids
    )


AUTHORIZE_NET = Simulated(
    name="authorize-net",
    currency="USD",
    form=shared({"currency": "USD"}, "{HEX_128}"),
    retry_after_s=(180, 180, 180, 28_800, 28_800, 28_800, 172_800, 172_800, 172_800),
    accepts=exactly_200,
    # The 128 characters of the key as they stand, not what they encode.
    sign=body_mac("X-ANET-Signature", name="sha512", prefix="sha512="),
    payment_id=numbered(11),
    refund_id=numbered(11),
    payment=authorize_net_paid,
    refund=authorize_net_refunded,
    # Only a query tells which transaction a refund returns.
    links_refunds=False,
    tampered=raised('"authAmount": '),
)


def checkout(word: str, payment: Payment, act: str, minor: int, ms: int, ids: Ids) -> Content:
    return {
        "id": "evt_" + ids.mixed(26),
        "type": word,
        "version": "1.0.1",
        "created_on": iso(ms + 1000) + "Z",
        "data": {"id": payment.id, "action_id": act, "amount": minor,
                 "currency": payment.currency, "reference": payment.order,
                 "processed_on": iso(ms) + "Z", "metadata": {}},
        "_links": {},
    }  # fmt: skip


def checkout_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    # One capture tells itself again under the same action.
    act, minor = "act_" + payment.id[4:], payment.amount_minor
    return checkout("payment_captured", payment, act, minor, payment.occurred_ms, ids)


def checkout_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = refund.amount_minor, refund.occurred_ms
    return checkout("payment_refunded", payment, refund.id, minor, ms, ids)


CHECKOUT = Simulated(
    name="checkout",
    currency="EUR",
    form=shared(),
    retry_after_s=(300, 600, 900, 1_800, 3_600, 14_400, 43_200, 43_200),
    sign=body_mac("Cko-Signature"),
    payment_id=coded("pay_", 26),
    refund_id=coded("act_", 26),
    payment=checkout_paid,
    refund=checkout_refunded,
    tampered=raised('"amount": '),
)


def coinbase_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    local = {"amount": major(payment.amount_minor), "currency": payment.currency}
    charge = {"id": payment.id, "code": payment.id[:8].upper(), "pricing": {"local": local},
              "metadata": {keys.settings["order_id_metadata_key"]: payment.order}}  # fmt: skip
    event = {"id": ids.hex(32), "type": "charge:confirmed", "api_version": "2018-03-22",
             "created_at": iso(payment.occurred_ms) + "Z", "data": charge}  # fmt: skip
    # The number of the attempt is part of the body.
    return {"id": int(ids.digits(6)), "attempt_number": 1, "event": event,
            "scheduled_for": iso(payment.occurred_ms) + "Z"}  # fmt: skip


COINBASE_COMMERCE = Simulated(
    name="coinbase-commerce",
    currency="USD",
    form=shared({"order_id_metadata_key": "order_id"}),
    retry_after_s=(60, 300, 900, 1_800, *(3_600,) * 70),
    accepts=exactly_200,
    sign=body_mac("X-CC-Webhook-Signature"),
    payment_id=lambda ids, ms: ids.hex(32),
    payment=coinbase_paid,
    tampered=raised('"amount": "'),
)


def square(kind: str, resource: Content, ms: int, keys: AccountKeys, ids: Ids) -> Content:
    whole = {kind: resource | {"updated_at": iso(ms) + ".037Z"}}
    return {
        "merchant_id": keys.settings["merchant_id"],
        "type": f"{kind}.updated",
        "event_id": ids.hex(32),
        "created_at": iso(ms) + ".037339943Z",
        "data": {"type": kind, "id": resource["id"], "object": whole},
    }


def square_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    money = {"amount": payment.amount_minor, "currency": payment.currency}
    paid = {"id": payment.id, "status": "COMPLETED", "amount_money": money, "total_money": money,
            "reference_id": payment.order}  # fmt: skip
    return square("payment", paid, payment.occurred_ms, keys, ids)


def square_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    money = {"amount": refund.amount_minor, "currency": payment.currency}
    returned = {"id": refund.id, "payment_id": payment.id, "status": "COMPLETED",
                "amount_money": money}  # fmt: skip
    return square("refund", returned, refund.occurred_ms, keys, ids)


def square_text(keys: AccountKeys, stamp: str, body: bytes) -> bytes:
    return keys.settings["notification_url"].encode() + body


SQUARE = Simulated(
    name="square",
    currency="USD",
    form=shared(
        {
            "notification_url": "https://shop.example/v1/callbacks/square/shop-1",
            "merchant_id": "6SSW7HV8K2ST5",
        },
        "{base64_16}",
    ),
    retry_after_s=(60, 120, 240, 480, 960, 1_920, *(3_600,) * 71),
    # The URL of the console, then the body; the key is used as its text.
    sign=body_mac("x-square-hmacsha256-signature", text=square_text, written=b64),
    payment_id=coded("", 40),
    refund_id=coded("", 44),
    payment=square_paid,
    refund=square_refunded,
    tampered=raised('"amount": '),
    foreign=("merchant_id", "wrong_account"),
)


def gocardless(kind: str, action: str, links: dict[str, str], ms: int, ids: Ids) -> Content:
    event = {"id": "EV" + ids.letters(12), "created_at": iso(ms) + ".000Z",
             "resource_type": kind, "action": action, "links": links}  # fmt: skip
    return {"events": [event], "meta": {"webhook_id": "WB" + ids.letters(12)}}


def gocardless_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return gocardless("payments", "confirmed", {"payment": payment.id}, payment.occurred_ms, ids)


def gocardless_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    links = {"refund": refund.id, "payment": payment.id}
    return gocardless("refunds", "paid", links, refund.occurred_ms, ids)


GOCARDLESS = Simulated(
    name="gocardless",
    currency="GBP",
    form=shared(),
    retry_after_s=(60, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200),
    sign=body_mac("Webhook-Signature"),
    payment_id=lambda ids, ms: "PM" + ids.letters(12),
    refund_id=lambda ids, ms: "RF" + ids.letters(12),
    payment=gocardless_paid,
    refund=gocardless_refunded,
    # Its events hold no amount.
    weak=BOTH,
)


def wise(kind: str, state: str, ms: int, **more: Any) -> Content:
    data = {"resource": {"id": 49983999, "profile_id": 1}, "current_state": state,
            "occurred_at": iso(ms) + "Z"}  # fmt: skip
    return {"data": data | more, "subscription_id": "s-1", "event_type": kind,
            "schema_version": "2.0.0", "sent_at": iso(ms + 1000) + "Z"}  # fmt: skip


def wise_credited(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    told = {"amount": number(payment.amount_minor), "currency": payment.currency}
    resource = {"id": int(payment.id), "profile_id": 1, "type": "balance-account"}
    return wise("balances#credit", "credited", payment.occurred_ms, resource=resource, **told)


def wise_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    resource = {"id": int(refund.id), "profile_id": 1, "type": "transfer"}
    return wise("transfers#state-change", "funds_refunded", refund.occurred_ms, resource=resource)


WISE = Simulated(
    name="wise",
    currency="EUR",
    form=public(),
    retry_after_s=(60, 600, 3_600, 21_600, 86_400, 86_400, 86_400),
    sign=body_rsa("X-Signature-SHA256"),
    payment_id=numbered(8),
    refund_id=numbered(8),
    payment=wise_credited,
    refund=wise_refunded,
    # Top-ups name no order, and refunds of transfers no amount.
    weak=BOTH,
)


def sign_worldpay(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body, key = json_octets(content), keys.key("verify")
    secret = key.secret or ""
    used = bytes.fromhex(secret) if keys.settings["key_encoding"] == "hex" else secret.encode()
    mac = hmac.new(used, body, "sha256").hexdigest()
    return Signed((JSON, ("Event-Signature", f"{key.kid}/SHA256/{mac}")), body)


def worldpay(kind: str, payment: Payment, own: str, minor: int, ms: int, ids: Ids) -> Content:
    details = {"classification": "payment", "transactionReference": payment.id, "type": kind,
               "reference": own, "date": iso(ms, "%Y-%m-%d"),
               "amount": {"value": minor, "currencyCode": payment.currency}}  # fmt: skip
    return {"eventId": ids.hex(32), "eventTimestamp": iso(ms) + ".407", "eventDetails": details}


def worldpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = payment.amount_minor, payment.occurred_ms
    return worldpay("sentForSettlement", payment, "C" + payment.id, minor, ms, ids)


def worldpay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = refund.amount_minor, refund.occurred_ms
    return worldpay("refunded", payment, refund.id, minor, ms, ids)


WORLDPAY = Simulated(
    name="worldpay",
    currency="GBP",
    form=AccountForm({"key_encoding": "hex"}, (KeyForm("verify", "secret", "{hex_64}", "7"),)),
    retry_after_s=(900, 1_800, 3_600, 7_200, 7_200, 7_200),
    accepts=exactly_200,
    sign=sign_worldpay,
    # The merchant's own reference.
    payment_id=lambda ids, ms: "A" + ids.digits(14),
    order_of=lambda own: own,
    refund_id=lambda ids, ms: "R" + ids.digits(14),
    payment=worldpay_paid,
    refund=worldpay_refunded,
    tampered=raised('"value": '),
)

SENDERS: Final = (
    AIRWALLEX, AUTHORIZE_NET, CHECKOUT, COINBASE_COMMERCE, SQUARE, GOCARDLESS, WISE, WORLDPAY,
)  # fmt: skip
