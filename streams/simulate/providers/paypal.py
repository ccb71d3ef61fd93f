"""PayPal as a sender: REST webhooks, RSA over transmission id, time, webhook id and CRC-32."""

import base64
import json
import zlib

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from streams.simulate.keys import AccountKeys, private_key
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    always,
    any_2xx,
    major,
    zulu,
)  # fmt: skip


def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    transmission = "-".join(
        (nonce[:8], nonce[8:12], "11ef", nonce[16:20], nonce[20:])
    )  # fmt: skip
    # The checksum is of the raw octets, in unsigned decimal.
    text = "|".join(
        (transmission, zulu(now_ms), keys.settings["webhook_id"], str(zlib.crc32(body)))
    )
    signer = keys.signing()
    signature = private_key(signer.private_pem or "").sign(text.encode(), PKCS1v15(), SHA256())
    headers = (
        ("Content-Type", "application/json"),
        ("PAYPAL-TRANSMISSION-ID", transmission),
        ("PAYPAL-TRANSMISSION-TIME", zulu(now_ms)),
        ("PAYPAL-TRANSMISSION-SIG", base64.b64encode(signature).decode()),
        ("PAYPAL-AUTH-ALGO", "SHA256withRSA"),
        ("PAYPAL-CERT-URL", _of_mode(signer.kid, keys.mode)),
    )
    return Signed(headers, body)


def _of_mode(url: str, mode: str) -> str:
    """Live and sandbox differ in the host that holds the certificate."""
    plain = url.replace(".sandbox.paypal.com", ".paypal.com")
    return plain if mode == "live" else plain.replace(".paypal.com", ".sandbox.paypal.com", 1)


def _event(
    kind: str, resource_type: str, resource: Content, ms: int, ids: Ids, version: str = "2.0"
) -> Content:
    return {
        "id": f"WH-{ids.letters(17)}-{ids.letters(17)}",
        "event_version": "1.0",
        "create_time": zulu(ms).replace("Z", ".000Z"),
        "resource_type": resource_type,
        "resource_version": version,
        "event_type": kind,
        "summary": "notification",
        "resource": resource,
        "links": [],
    }


def _amount(minor: int, currency: str) -> Content:
    return {"currency_code": currency, "value": major(minor)}


def _money(payment: Payment, status: str, *, place: str) -> Content:
    moment = zulu(payment.occurred_ms)
    href = f"https://api.paypal.com/v2/payments/{place}/{payment.id}"
    return {
        "id": payment.id,
        "amount": _amount(payment.amount_minor, payment.currency),
        "invoice_id": payment.order,
        "custom_id": payment.order,
        "status": status,
        "supplementary_data": {"related_ids": {"order_id": "5O" + payment.id[:15]}},
        "links": [{"href": href, "rel": "self", "method": "GET"}],
        "create_time": moment,
        "update_time": moment,
    }


def _capture(kind: str, status: str, payment: Payment, ids: Ids) -> Content:
    resource = _money(payment, status, place="captures") | {"final_capture": True}
    return _event(kind, "capture", resource, payment.occurred_ms, ids)


def payment(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _capture("PAYMENT.CAPTURE.COMPLETED", "COMPLETED", payment, ids)


def failed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _capture("PAYMENT.CAPTURE.DENIED", "DECLINED", payment, ids)


def authorised(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    resource = _money(payment, "CREATED", place="authorizations")
    return _event(
        "PAYMENT.AUTHORIZATION.CREATED", "authorization", resource, payment.occurred_ms, ids
    )


def closed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    resource = _money(payment, "VOIDED", place="authorizations")
    return _event(
        "PAYMENT.AUTHORIZATION.VOIDED", "authorization", resource, payment.occurred_ms, ids
    )


def refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return _refund(payment, refund, ids, "COMPLETED")


def unknown(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    amount, ms = payment.amount_minor, payment.occurred_ms
    return _refund(payment, Refund(ids.letters(17), amount, amount, True, ms), ids, "ESCROWED")


def _refund(payment: Payment, refund: Refund, ids: Ids, status: str) -> Content:
    """The amount is this refund's; the sum so far stands beside it."""
    moment = zulu(refund.occurred_ms)
    base = "https://api.paypal.com/v2/payments"
    resource = {
        "id": refund.id,
        "amount": _amount(refund.amount_minor, payment.currency),
        "invoice_id": payment.order,
        "custom_id": payment.order,
        "status": status,
        "seller_payable_breakdown": {
            "gross_amount": _amount(refund.amount_minor, payment.currency),
            "total_refunded_amount": _amount(refund.total_minor, payment.currency),
        },
        "links": [
            {"href": f"{base}/refunds/{refund.id}", "rel": "self", "method": "GET"},
            {"href": f"{base}/captures/{payment.id}", "rel": "up", "method": "GET"},
        ],
        "create_time": moment,
        "update_time": moment,
    }
    return _event("PAYMENT.CAPTURE.REFUNDED", "refund", resource, refund.occurred_ms, ids)


def disputed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    moment = zulu(payment.occurred_ms)
    resource = {
        "dispute_id": "PP-D-" + ids.digits(8),
        "create_time": moment,
        "update_time": moment,
        "disputed_transactions": [
            {"seller_transaction_id": payment.id, "invoice_number": payment.order}
        ],
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": "OPEN",
        "dispute_amount": _amount(payment.amount_minor, payment.currency),
        "dispute_life_cycle_stage": "INQUIRY",
        "links": [],
    }
    return _event(
        "CUSTOMER.DISPUTE.CREATED", "dispute", resource, payment.occurred_ms, ids, version="1.0"
    )


def _tampered(body: bytes, payment: Payment) -> bytes:
    return body.replace(b'"value":"', b'"value":"1')


PAYPAL = Simulated(
    name="paypal",
    currency="USD",
    method="POST",
    # Up to 25 times in three days; the gaps are not published.
    retry_after_s=(60, 300, 900, 3_600, *(12_000,) * 21),
    accepts=any_2xx,
    sign=sign,
    signs_time=False,
    stale_code=None,
    payment_id=lambda ids, ms: ids.letters(17),
    refund_id=lambda ids, ms: ids.letters(17),
    payment=payment,
    refund=refund,
    authorised=authorised,
    failed=failed,
    closed=closed,
    disputed=disputed,
    second=payment,
    unknown=unknown,
    batch=None,
    batch_code=None,
    probe=None,
    probe_code=None,
    tampered=_tampered,
    # The webhook's id stands nowhere in the message, only under the signature.
    foreign=("webhook_id", "bad_signature"),
    other_mode_code="bad_signature",
    running_totals=False,
    unavailable=always,
)
