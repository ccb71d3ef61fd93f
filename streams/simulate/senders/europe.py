"""Providers of Spain, the North and open banking."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote, urlsplit
from zoneinfo import ZoneInfo

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512

from streams.simulate.keys import AccountForm, AccountKeys, KeyForm, curve_key, private_key
from streams.simulate.messages import BOTH, Content, Ids, Payment, Refund, Signed, Simulated, major
from streams.simulate.recipes import (
    FORM,
    JSON,
    b64,
    b64url,
    iso,
    json_octets,
    numbered,
    octets,
    plain,
    shared,
)

MADRID: Final = ZoneInfo("Europe/Madrid")
WINDOW: Final = {"tolerance_seconds": "300"}


def _encrypted(cipher: "Cipher[CBC]", content: bytes) -> bytes:
    encryptor = cipher.encryptor()
    return encryptor.update(content) + encryptor.finalize()


def redsys_mac(secret: str, version: str, order: str, text: bytes) -> bytes:
    """Return the MAC under a key that is made anew for each order."""
    number = octets(order)
    if version == "HMAC_SHA256_V1":
        cipher = Cipher(TripleDES(base64.b64decode(secret)), CBC(bytes(8)))
        return hmac.digest(_encrypted(cipher, number + bytes(-len(number) % 8)), text, "sha256")
    pad = 16 - len(number) % 16
    long = Cipher(AES(secret[:16].ljust(16, "0").encode()), CBC(bytes(16)))
    # The key is the text, not what it encodes.
    derived = b64(_encrypted(long, number + bytes([pad]) * pad))
    return hmac.digest(derived.encode(), text, "sha512")


def redsys_order(content: Any) -> str:
    if isinstance(content, bytes):
        return ""
    return unquote(plain(content.get("Ds_Order", content.get("DS_ORDER", ""))), errors="replace")


def redsys_form(content: Any, secret: str, version: str, *, standard: bool = False) -> bytes:
    """Return the three fields; `standard`: in Base64's own alphabet."""
    written = b64 if standard else lambda told: base64.urlsafe_b64encode(told).decode()
    padding = "" if version.endswith("V2") else "="
    text = written(json_octets(content)).replace("=", padding)
    mac = redsys_mac(secret, version, redsys_order(content), text.encode())
    fields = {"Ds_SignatureVersion": version, "Ds_MerchantParameters": text,
              "Ds_Signature": written(mac).replace("=", padding)}  # fmt: skip
    return "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()


def sign_redsys(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    version = keys.settings["signature_versions"].split(",")[0].strip()
    return Signed((FORM,), redsys_form(content, keys.secret("verify"), version))


def redsys(kind: str, response: str, payment: Payment, minor: int, keys: AccountKeys) -> Content:
    local = datetime.fromtimestamp(payment.occurred_ms // 1000, tz=MADRID)
    # The values are percent-encoded where the browser is sent back.
    return {"Ds_Date": quote(f"{local:%d/%m/%Y}", safe=""), "Ds_SecurePayment": "1",
            "Ds_Hour": quote(f"{local:%H:%M}", safe=""), "Ds_Amount": str(minor),
            "Ds_Currency": "978", "Ds_Order": payment.id, "Ds_TransactionType": kind,
            "Ds_MerchantCode": keys.settings["merchant_code"], "Ds_MerchantData": "%C3%B1",
            "Ds_Terminal": keys.settings["terminal"].zfill(3), "Ds_Response": response,
            "Ds_AuthorisationCode": "052029"}  # fmt: skip


def redsys_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return redsys("0", "0000", payment, payment.amount_minor, keys)


def redsys_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = redsys("3", "0900", payment, refund.amount_minor, keys)
    return told | {"Ds_AuthorisationCode": refund.id}


REDSYS = Simulated(
    name="redsys",
    currency="EUR",
    form=shared(
        {
            "merchant_code": "999008881",
            "terminal": "1",
            "signature_versions": "HMAC_SHA512_V2",
        },
        "{base64_24}",
    ),
    sign=sign_redsys,
    # The merchant's order, which a refund shares.
    payment_id=lambda ids, ms: ids.digits(4) + ids.mixed(8),
    order_of=lambda own: own,
    # The code of its authorisation, in what tells it from others.
    refund_id=numbered(6),
    names_refunds=False,
    payment=redsys_paid,
    refund=redsys_refunded,
    foreign=("merchant_code", "wrong_account"),
)

TRUSTLY_HASHES: Final = {
    "SHA1": SHA1(), "RS256": SHA256(), "RS384": SHA384(), "RS512": SHA512(),
}  # fmt: skip


def trustly_joined(value: Any, flags: tuple[str, str] = ("false", "true")) -> str:
    """Return names and values without separators, names in their order; `flags`: no and yes."""
    match value:
        case dict():
            return "".join(name + trustly_joined(value[name], flags) for name in sorted(value))
        case list():
            return "".join(trustly_joined(each, flags) for each in value)
        case bool():
            return flags[value]
        case None:
            return ""
        case str():
            return value
    return json.dumps(value)


def trustly_signed(content: Any, keys: AccountKeys, name: str, flags: tuple[str, str]) -> bytes:
    """Return the call with the signature of method, uuid and data in it."""
    params = content.get("params") if isinstance(content, dict) else None
    if not isinstance(params, dict):
        return json_octets(content)
    parts = [trustly_joined(each, flags) for each in (content.get("method"), params.get("uuid"))]
    text = octets("".join([*parts, trustly_joined(params.get("data"), flags)]))
    key = private_key(keys.signing().private_pem or "")
    signature = b64(key.sign(text, PKCS1v15(), TRUSTLY_HASHES[name]))
    before = "" if name == "SHA1" else f"alg={name};"
    return json_octets(content | {"params": params | {"signature": before + signature}})


def sign_trustly(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    name = keys.settings["signature_algorithm"]
    return Signed((JSON,), trustly_signed(content, keys, name, ("false", "true")))


def trustly(method: str, own: str, payment: Payment, minor: int, ids: Ids) -> Content:
    data = {"notificationid": own, "messageid": payment.order, "orderid": payment.id,
            "enduserid": "u1", "amount": major(minor), "currency": payment.currency,
            "timestamp": iso(payment.occurred_ms, "%Y-%m-%d %H:%M:%S") + ".123+00"}  # fmt: skip
    uuid = f"{ids.hex(8)}-{ids.hex(4)}-4{ids.hex(3)}-8{ids.hex(3)}-{ids.hex(12)}"
    return {"method": method, "version": "1.1", "params": {"uuid": uuid, "data": data}}


def trustly_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return trustly("credit", numbered(10)(ids, 0), payment, payment.amount_minor, ids)


def trustly_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return trustly("payoutconfirmation", refund.id, payment, refund.amount_minor, ids)


TRUSTLY = Simulated(
    name="trustly",
    currency="EUR",
    form=AccountForm(
        {"signature_algorithm": "SHA1"},
        (KeyForm("verify", "public-key", "rsa"), KeyForm("sign", "private-key", "rsa")),
    ),
    # Only a signed answer ends it; the signature itself is not looked at here.
    accepts=lambda status, body: (
        status == 200 and b'"status":"OK"' in body and b'"signature":"' in body
    ),
    sign=sign_trustly,
    payment_id=numbered(10),
    # The number of the notification that told of it.
    refund_id=numbered(10),
    names_refunds=False,
    payment=trustly_paid,
    refund=trustly_refunded,
)


def vipps_headers(secret: str, url: str, body: bytes, date: str) -> tuple[tuple[str, str], ...]:
    """Return the headers over a request line, a date, a host and the body's digest."""
    digest = b64(hashlib.sha256(body).digest())
    host, _, path = url.removeprefix("https://").partition("/")
    text = f"POST\n/{path}\n{date};{host};{digest}"
    # The secret looks like Base64, and its text is the key.
    mac = b64(hmac.digest(secret.encode(), text.encode(), "sha256"))
    names = "SignedHeaders=x-ms-date;host;x-ms-content-sha256"
    return (("x-ms-date", date), ("x-ms-content-sha256", digest),
            ("Authorization", f"HMAC-SHA256 {names}&Signature={mac}"))  # fmt: skip


def http_date(ms: int) -> str:
    return format_datetime(datetime.fromtimestamp(ms // 1000, tz=UTC), usegmt=True)


def sign_vipps(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body, url = json_octets(content), keys.settings["notification_url"]
    return Signed(
        (JSON, *vipps_headers(keys.secret("verify"), url, body, http_date(now_ms))), body
    )


def vipps(
    name: str, own: str, payment: Payment, minor: int, ms: int, keys: AccountKeys
) -> Content:
    return {"msn": keys.settings["msn"], "reference": payment.id, "pspReference": own,
            "name": name, "amount": {"currency": payment.currency, "value": minor},
            "timestamp": iso(ms) + ".260Z", "idempotencyKey": own, "success": True}  # fmt: skip


def vipps_captured(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    own, minor, ms = "C" + payment.id, payment.amount_minor, payment.occurred_ms
    return vipps("CAPTURED", own, payment, minor, ms, keys)


def vipps_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    minor, ms = refund.amount_minor, refund.occurred_ms
    return vipps("REFUNDED", refund.id, payment, minor, ms, keys)


VIPPS_MOBILEPAY = Simulated(
    name="vipps-mobilepay",
    currency="NOK",
    form=shared(
        WINDOW
        | {
            "notification_url": "https://pay.shop.example/v1/callbacks/vipps-mobilepay/shop-1",
            "msn": "123456",
        },
        "{base64_32}",
    ),
    retry_after_s=(30, 60, 120, 240, 480, 960, 1_920, 3_840),
    sign=sign_vipps,
    signs_time=True,
    stale_code="stale",
    payment_id=lambda ids, ms: "A" + ids.digits(14),
    order_of=lambda own: own,
    refund_id=lambda ids, ms: ids.hex(32),
    payment=vipps_captured,
    refund=vipps_refunded,
    foreign=("msn", "wrong_account"),
)


def detached(header: Any, text: bytes, key: EllipticCurvePrivateKey) -> str:
    """Return a JWS of ES512 without its payload, which is `text`."""
    protected = b64url(json_octets(header))
    r, s = decode_dss_signature(key.sign(f"{protected}.{b64url(text)}".encode(), ECDSA(SHA512())))
    width = (key.curve.key_size + 7) // 8
    return f"{protected}..{b64url(r.to_bytes(width, 'big') + s.to_bytes(width, 'big'))}"


def truelayer_text(names: str, values: dict[str, str], path: str, body: bytes) -> bytes:
    """Return the request as it is written down to be signed, with the headers that are named."""
    told = {name.lower(): value for name, value in values.items()}
    lines = "".join(f"{name}: {told.get(name.lower(), '')}\n" for name in names.split(",") if name)
    return f"POST {path}\n{lines}".encode() + body


def truelayer_path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def sign_truelayer(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    body, settings, signer = json_octets(content), keys.settings, keys.signing()
    stamp, name = ("X-TL-Webhook-Timestamp", iso(now_ms) + "Z"), "X-TL-Webhook-Timestamp"
    header = {"alg": "ES512", "kid": signer.kid, "tl_version": "2", "jku": settings["jku"],
              "tl_headers": name}  # fmt: skip
    path = truelayer_path(settings["notification_url"])
    text = truelayer_text(name, dict((stamp,)), path, body)
    signature = detached(header, text, curve_key(signer.private_pem or ""))
    return Signed((JSON, stamp, ("Tl-Signature", signature)), body)


def truelayer(word: str, payment: Payment, ms: int, ids: Ids, **more: str) -> Content:
    return {"type": word, "event_version": 1, "event_id": ids.hex(32), "payment_id": payment.id,
            "settled_at": iso(ms) + ".561Z"} | more  # fmt: skip


def truelayer_settled(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return truelayer("payment_settled", payment, payment.occurred_ms, ids)


def truelayer_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return truelayer("refund_executed", payment, refund.occurred_ms, ids, refund_id=refund.id)


TRUELAYER = Simulated(
    name="truelayer",
    currency="GBP",
    form=AccountForm(
        WINDOW
        | {
            "notification_url": "https://shop.example/v1/callbacks/truelayer/shop-1",
            "jku": "https://webhooks.truelayer.com/.well-known/jwks",
        },
        (KeyForm("verify", "public-key", "jwk", "truelayer-1"),),
    ),
    retry_after_s=(60, 300, 1_800, 7_200, 21_600, 86_400),
    sign=sign_truelayer,
    signs_time=True,
    payment_id=lambda ids, ms: ids.hex(32),
    refund_id=lambda ids, ms: ids.hex(32),
    payment=truelayer_settled,
    refund=truelayer_refunded,
    # Its events hold no amount.
    weak=BOTH,
)

SENDERS: Final = (REDSYS, TRUSTLY, VIPPS_MOBILEPAY, TRUELAYER)
