"""Adyen as a sender: standard notifications, an HMAC in every item over eight of its values."""

import base64
import hmac
import json
from collections.abc import Mapping

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import (
    Content,
    Ids,
    Payment,
    Refund,
    Signed,
    Simulated,
    any_2xx,
    shanghai,
)  # fmt: skip

_SIGNED = ("pspReference", "originalReference", "merchantAccountCode", "merchantReference")


def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    secret = bytes.fromhex(keys.secret("verify"))
    items = [_item_signed(item, secret) for item in content["items"]]
    members = {"live": content["live"], "notificationItems": items}
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    return Signed((("Content-Type", "application/json; charset=utf-8"),), body)


def _item_signed(item: Content, secret: bytes) -> Content:
    item = dict(item)
    damaged = item.pop("damaged", False)
    amount = item["amount"]
    # Nothing is escaped, and an absent value leaves its colons.
    values = [str(item.get(name, "")) for name in _SIGNED]
    values += [str(amount["value"] + damaged), amount["currency"]]
    values += [item["eventCode"], item["success"]]
    mac = hmac.new(secret, ":".join(values).encode(), "sha256").digest()
    more = item.get("additionalData", {}) | {"hmacSignature": base64.b64encode(mac).decode()}
    return {"NotificationRequestItem": item | {"additionalData": more}}


def _item(
    code: str, reference: str, payment: Payment, keys: AccountKeys, *, minor: int, ms: int,
    original: str | None = None, success: str = "true",
) -> Content:  # fmt: skip
    item = {
        "pspReference": reference,
        "merchantAccountCode": keys.settings["merchant_account_code"],
        "merchantReference": payment.order,
        "amount": {"currency": payment.currency, "value": minor},
        "eventCode": code,
        "eventDate": f"{shanghai(ms):%Y-%m-%dT%H:%M:%S}+08:00",
        "success": success,
        "paymentMethod": "visa",
        "reason": "012345:1111:03/2030",
        "additionalData": {"cardSummary": "1111", "expiryDate": "03/2030"},
    }
    return item if original is None else item | {"originalReference": original}


def _one(item: Content, keys: AccountKeys) -> Content:
    return {"live": "true" if keys.mode == "live" else "false", "items": [item]}


def _payment_item(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    """With immediate capture the authorisation is the payment, else its capture is."""
    minor, ms = payment.amount_minor, payment.occurred_ms
    if keys.settings["capture_delay"] == "immediate":
        return _item("AUTHORISATION", payment.id, payment, keys, minor=minor, ms=ms)
    # A second notice of the same capture names the same capture.
    capture = "C" + payment.id[:0:-1]
    return _item("CAPTURE", capture, payment, keys, minor=minor, ms=ms, original=payment.id)


def payment(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _one(_payment_item(payment, keys, ids), keys)


def authorised(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = payment.amount_minor, payment.occurred_ms
    return _one(_item("AUTHORISATION", payment.id, payment, keys, minor=minor, ms=ms), keys)


def failed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = payment.amount_minor, payment.occurred_ms
    item = _item(
        "AUTHORISATION", payment.id, payment, keys, minor=minor, ms=ms, success="false"
    )  # fmt: skip
    return _one(item, keys)


def _modification(code: str, payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms, reference = payment.amount_minor, payment.occurred_ms, ids.letters(16)
    item = _item(code, reference, payment, keys, minor=minor, ms=ms, original=payment.id)
    return _one(item, keys)


def closed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _modification("CANCELLATION", payment, keys, ids)


def disputed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return _modification("NOTIFICATION_OF_CHARGEBACK", payment, keys, ids)


def unknown(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    """A code that does not exist, close to one that does (REFUNDED_REVERSED)."""
    return _modification("REFUND_REVERSED", payment, keys, ids)


def refund(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    item = _item(
        "REFUND", refund.id, payment, keys, minor=refund.amount_minor, ms=refund.occurred_ms,
        original=payment.id,
    )  # fmt: skip
    return _one(item, keys)


def batch(payments: tuple[Payment, ...], keys: AccountKeys, ids: Ids) -> Content:
    """Several items in one request; the second is damaged."""
    items = [_payment_item(each, keys, ids) for each in payments]
    items[1]["damaged"] = True
    return _one(items[0], keys) | {"items": items}


def _tampered(body: bytes, payment: Payment) -> bytes:
    return body.replace(b'"value":', b'"value":1')


def _unavailable(scenario: str, settings: Mapping[str, str]) -> bool:
    if settings["webhook_type"] != "standard":
        return True  # Platform webhooks have no payment meaning.
    return scenario == "authorised" and settings["capture_delay"] == "immediate"


ADYEN = Simulated(
    name="adyen",
    currency="EUR",
    method="POST",
    # Three at once, then the queue; every eight hours for thirty days, of which two days here.
    retry_after_s=(0, 0, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, *(28_800,) * 88),
    accepts=any_2xx,
    sign=sign,
    signs_time=False,
    stale_code=None,
    payment_id=lambda ids, ms: ids.letters(16),
    refund_id=lambda ids, ms: ids.letters(16),
    payment=payment,
    refund=refund,
    authorised=authorised,
    failed=failed,
    closed=closed,
    disputed=disputed,
    second=None,
    unknown=unknown,
    batch=batch,
    batch_code="bad_signature",
    probe=None,
    probe_code=None,
    tampered=_tampered,
    foreign=("merchant_account_code", "wrong_account"),
    other_mode_code="wrong_account",
    running_totals=False,
    unavailable=_unavailable,
)  # fmt: skip
