"""Platforms whose callbacks have a form of their own, and thin ones."""

import base64
import hashlib
import hmac
from typing import Any, Final
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from streams.simulate.keys import AccountForm, AccountKeys, KeyForm
from streams.simulate.messages import BOTH, Content, Ids, Payment, Refund, Signed, Simulated, major
from streams.simulate.recipes import (
    FORM,
    JSON,
    b64,
    body_mac,
    coded,
    exactly_200,
    form,
    iso,
    json_octets,
    number,
    numbered,
    octets,
    plain,
    shared,
)


def rails(name: str, value: Any) -> str:
    """Return XML as Ruby on Rails writes it."""
    if isinstance(value, dict):
        inner = "".join(rails(each, below) for each, below in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, list):
        return f'<{name} type="array">{"".join(rails("item", each) for each in value)}</{name}>'
    return f"<{name}>{escape(plain(value))}</{name}>"


def sign_braintree(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """XML in lines of Base64, line feeds and all; the key is a hash of the private key."""
    xml = content if isinstance(content, bytes) else octets(rails("notification", content))
    payload, key = base64.encodebytes(xml), keys.key("verify")
    hashed = hashlib.sha1((key.secret or "").encode(), usedforsecurity=False).digest()
    mac = hmac.new(hashed, payload, "sha1").hexdigest()
    # The public key says which private key it is.
    pair = quote_plus(f"{key.kid}|{mac}")
    return Signed((FORM,), f"bt_signature={pair}&bt_payload={quote_plus(payload)}".encode())


def braintree(kind: str, payment: Payment, minor: int, ms: int, **more: str) -> Content:
    transaction = {"id": payment.id, "status": "settled", "type": "sale",
                   "currency-iso-code": payment.currency, "amount": major(minor),
                   "order-id": payment.order}  # fmt: skip
    return {"timestamp": iso(ms) + "Z", "kind": kind,
            "subject": {"transaction": transaction | more}}  # fmt: skip


def braintree_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return braintree("transaction_settled", payment, payment.amount_minor, payment.occurred_ms)


def braintree_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    credit = {"id": refund.id, "type": "credit", "refunded-transaction-id": payment.id}
    return braintree(
        "transaction_settled", payment, refund.amount_minor, refund.occurred_ms, **credit
    )


BRAINTREE = Simulated(
    name="braintree",
    currency="EUR",
    form=AccountForm(
        {"currency": "EUR"}, (KeyForm("verify", "secret", "{hex_32}", "demo0public0key0"),)
    ),
    retry_after_s=(3_600,) * 24,
    sign=sign_braintree,
    payment_id=coded("", 8),
    refund_id=coded("", 8),
    payment=braintree_paid,
    refund=braintree_refunded,
)


def mollie(kind: str, entity: str, ms: int, ids: Ids) -> Content:
    return {"resource": "event", "id": "event_" + ids.mixed(20), "type": kind, "entityId": entity,
            "createdAt": iso(ms) + "+00:00"}  # fmt: skip


def mollie_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return mollie("payment-link.paid", payment.id, payment.occurred_ms, ids)


def mollie_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return mollie("refund.refunded", refund.id, refund.occurred_ms, ids)


MOLLIE = Simulated(
    name="mollie",
    currency="EUR",
    form=shared(),
    retry_after_s=(60, 120, 240, 480, 960, 3_600, 7_200, 14_400, 28_800, 36_000),
    accepts=exactly_200,
    sign=body_mac("X-Mollie-Signature"),
    payment_id=coded("pl_", 20),
    refund_id=coded("re_", 20),
    payment=mollie_paid,
    refund=mollie_refunded,
    # Its events hold no amount that could be told.
    weak=BOTH,
)


def sign_rapyd(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """Five texts without separators before the body, the key among them; Base64 over hex."""
    body, settings, key = json_octets(content), keys.settings, keys.secret("verify")
    stamp, salt = str(now_ms // 1000), nonce[:16]
    before = f"{settings['notification_url']}{salt}{stamp}{settings['access_key']}{key}"
    mac = hmac.new(key.encode(), before.encode() + body, "sha256").hexdigest()
    headers = (("salt", salt), ("timestamp", stamp), ("signature", b64(mac.encode())))
    return Signed((JSON, *headers), body)


def rapyd(kind: str, about: Content, ms: int, ids: Ids) -> Content:
    return {"id": "wh_" + ids.hex(32), "type": kind, "data": about, "status": "NEW",
            "created_at": ms // 1000}  # fmt: skip


def rapyd_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    about = {"id": payment.id, "amount": number(payment.amount_minor), "status": "CLO",
             "currency_code": payment.currency,
             "merchant_reference_id": payment.order}  # fmt: skip
    return rapyd("PAYMENT_COMPLETED", about, payment.occurred_ms, ids)


def rapyd_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    about = {"id": refund.id, "payment": payment.id, "amount": number(refund.amount_minor),
             "currency": payment.currency, "status": "Completed",
             "merchant_reference_id": "R" + payment.order}  # fmt: skip
    return rapyd("REFUND_COMPLETED", about, refund.occurred_ms, ids)


RAPYD = Simulated(
    name="rapyd",
    currency="USD",
    form=shared(
        {
            "access_key": "9A7B3C5D1E2F40516273",
            "notification_url": "https://shop.example/v1/callbacks/rapyd/shop-1",
        },
        "rsk_{hex_32}",
    ),
    retry_after_s=(60, 300, 900, 3_600, 14_400, 43_200, 86_400),
    sign=sign_rapyd,
    signs_time=True,
    payment_id=lambda ids, ms: "payment_" + ids.hex(32),
    refund_id=lambda ids, ms: "refund_" + ids.hex(32),
    payment=rapyd_paid,
    refund=rapyd_refunded,
)


def mercadopago_signature(key: str, stamp: str, data_id: str, request_id: str) -> str:
    """Return the header: an id of the query, an id of the request, a time, and no body."""
    named = (("id", data_id), ("request-id", request_id), ("ts", stamp))
    text = "".join(f"{name}:{value};" for name, value in named if value)
    return f"ts={stamp},v1={hmac.new(key.encode(), octets(text), 'sha256').hexdigest()}"


def sign_mercadopago(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    own = content["data"]["id"]
    signature = mercadopago_signature(keys.secret("verify"), str(now_ms), own, nonce)
    headers = (("x-signature", signature), ("x-request-id", nonce))
    return Signed((JSON, *headers), json_octets(content), f"data.id={own}&type=payment")


def mercadopago_updated(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"id": int(numbered(11)(ids, 0)), "type": "payment", "action": "payment.updated",
            "live_mode": True, "date_created": iso(payment.occurred_ms) + "Z",
            "data": {"id": payment.id}}  # fmt: skip


def mercadopago_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    """A refund changes its payment, and that is all that is told."""
    return mercadopago_updated(payment, keys, ids)


MERCADOPAGO = Simulated(
    name="mercadopago",
    currency="BRL",
    form=shared({"tolerance_seconds": "300"}),
    retry_after_s=(900,) * 8,
    accepts=lambda status, body: status in (200, 201),
    sign=sign_mercadopago,
    signs_time=True,
    payment_id=numbered(11),
    payment=mercadopago_updated,
    refund=mercadopago_refunded,
    # An id is all that is signed.
    weak=BOTH,
)

NUVEI_FIELDS: Final = (
    "totalAmount", "currency", "responseTimeStamp", "PPP_TransactionID", "Status", "productId",
)  # fmt: skip


def sign_nuvei(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The secret and six values of a form."""
    text = keys.secret("verify") + "".join(plain(content.get(n, "")) for n in NUVEI_FIELDS)
    checksum = hashlib.sha256(octets(text)).hexdigest()
    return Signed((FORM,), form(content | {"advanceResponseChecksum": checksum}))


def nuvei(kind: str, own: str, minor: int, payment: Payment) -> Content:
    return {"ppp_status": "OK", "Status": "APPROVED", "totalAmount": major(minor),
            "currency": "EUR", "PPP_TransactionID": own, "productId": payment.order,
            "responseTimeStamp": iso(payment.occurred_ms, "%Y-%m-%d.%H:%M:%S"),
            "TransactionID": own, "transactionType": kind, "merchant_unique_id": payment.order,
            "nameOnCard": "Zoé"}  # fmt: skip


def nuvei_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return nuvei("Sale", payment.id, payment.amount_minor, payment)


def nuvei_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = nuvei("Refund", refund.id, refund.amount_minor, payment)
    return told | {"relatedTransactionId": payment.id}


NUVEI = Simulated(
    name="nuvei",
    currency="EUR",
    form=shared(),
    accepts=exactly_200,
    sign=sign_nuvei,
    payment_id=numbered(9),
    refund_id=numbered(9),
    payment=nuvei_paid,
    refund=nuvei_refunded,
    # What was done is not under the checksum.
    weak=BOTH,
)

SENDERS: Final = (BRAINTREE, MOLLIE, RAPYD, MERCADOPAGO, NUVEI)
