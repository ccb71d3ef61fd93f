"""Providers that seal what they say, or prove it under a chain of certificates."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from streams.simulate.keys import AccountForm, AccountKeys, KeyForm, curve_key
from streams.simulate.messages import BOTH, Content, Ids, Payment, Refund, Signed, Simulated, major
from streams.simulate.recipes import (
    FORM,
    JSON,
    Sign,
    b64,
    b64url,
    exactly_200,
    iso,
    json_octets,
    number,
    numbered,
    octets,
    plain,
    rsa,
)

TEXT: Final = ("Content-Type", "text/plain")


def sealing(written: Callable[[bytes], str], read: Callable[[str], bytes]) -> Sign:
    """Return a signer that seals everything with the account's secret; octets are `written`."""

    def sign(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
        once = bytes.fromhex(nonce[:24])
        box = AESGCM(read(keys.secret("decrypt")))
        sealed = box.encrypt(once, json_octets(content), None)
        headers = (TEXT, ("X-Initialization-Vector", written(once)),
                   ("X-Authentication-Tag", written(sealed[-16:])))  # fmt: skip
        return Signed(headers, written(sealed[:-16]).encode())

    return sign


def hyperpay(kind: str, own: str, minor: int, payment: Payment, ms: int) -> dict[str, Any]:
    return {"id": own, "paymentType": kind, "amount": major(minor), "currency": payment.currency,
            "merchantTransactionId": payment.order, "result": {"code": "000.000.000"},
            "timestamp": iso(ms, "%Y-%m-%d %H:%M:%S") + "+0000"}  # fmt: skip


def hyperpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    told = hyperpay("DB", payment.id, payment.amount_minor, payment, payment.occurred_ms)
    return {"type": "PAYMENT", "payload": told}


def hyperpay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = hyperpay("RF", refund.id, refund.amount_minor, payment, refund.occurred_ms)
    return {"type": "PAYMENT", "payload": told | {"referencedId": payment.id}}


HYPERPAY_OPPWA = Simulated(
    name="hyperpay-oppwa",
    currency="SAR",
    form=AccountForm({}, (KeyForm("decrypt", "secret", "{HEX_64}"),)),
    # Hexadecimal digits everywhere.
    sign=sealing(lambda content: content.hex().upper(), bytes.fromhex),
    payment_id=lambda ids, ms: ids.hex(32),
    refund_id=lambda ids, ms: ids.hex(32),
    payment=hyperpay_paid,
    refund=hyperpay_refunded,
    # Opening is the proof.
    proves=("decrypt",),
    forged_code="undecryptable",
)


def sibs(kind: str, own: str, minor: int, ids: Ids) -> Content:
    return {"returnStatus": {"statusCode": "000"}, "paymentStatus": "Success",
            "transactionID": own, "amount": {"currency": "EUR", "value": number(minor)},
            "paymentType": kind, "notificationID": ids.hex(32)}  # fmt: skip


def sibs_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return sibs("PURS", payment.id, payment.amount_minor, ids)


def sibs_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return sibs("RFND", refund.id, refund.amount_minor, ids)


SIBS = Simulated(
    name="sibs",
    currency="EUR",
    form=AccountForm({}, (KeyForm("decrypt", "secret", "{base64_32}"),)),
    accepts=lambda status, body: (
        status == 200 and b'"statusCode":"000"' in body.replace(b" ", b"")
    ),
    # As on the platform above, in Base64.
    sign=sealing(b64, base64.b64decode),
    payment_id=lambda ids, ms: ids.mixed(24),
    refund_id=lambda ids, ms: ids.mixed(24),
    payment=sibs_paid,
    refund=sibs_refunded,
    proves=("decrypt",),
    forged_code="undecryptable",
    # What its words mean is not settled.
    weak=BOTH,
)


def sign_computop(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """A form in Blowfish, five of its fields under a MAC."""
    small = {name.lower(): plain(value) for name, value in content.items()}
    text = "*".join(small.get(n, "") for n in ("payid", "transid", "mid", "status", "code"))
    mac = hmac.new(keys.secret("verify").encode(), octets(text), "sha256").hexdigest().upper()
    told = octets("&".join(f"{n}={plain(v)}" for n, v in (content | {"MAC": mac}).items()))
    padded = told + bytes(-len(told) % 8)
    cipher = Cipher(Blowfish(keys.secret("decrypt").encode()), ECB())
    data = cipher.encryptor().update(padded).hex().upper()
    return Signed((FORM,), f"Len={len(told)}&Data={data}".encode())


def computop_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"mid": keys.settings["merchant_id"], "PayID": payment.id, "XID": ids.hex(32),
            "TransID": payment.order, "Status": "OK", "Code": "00000000",
            "Description": "success"}  # fmt: skip


COMPUTOP = Simulated(
    name="computop",
    currency="EUR",
    form=AccountForm(
        {"merchant_id": "merchantId", "capture": "auto"},
        (KeyForm("decrypt", "secret", "{hex_16}"), KeyForm("verify", "secret", "{hex_32}")),
    ),
    accepts=exactly_200,
    sign=sign_computop,
    payment_id=lambda ids, ms: ids.hex(32),
    payment=computop_paid,
    # The amount is not under the MAC. Refunds are answered at once.
    weak=BOTH,
)

SNS_URL: Final = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"


def sign_amazon(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """The envelope's members, each with its name."""
    message = content.get("Message")
    told = content if isinstance(message, str) else content | {"Message": json.dumps(message)}
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if told.get("Type") != "Notification":
        names[2:3] = ["SubscribeURL"]
        names.insert(4, "Token")
    text = octets("".join(f"{name}\n{told[name]}\n" for name in names if name in told))
    version = told.get("SignatureVersion", "2")
    signature = rsa(keys, text, "sha1" if version == "1" else "sha256")
    outer = {"SignatureVersion": version, "Signature": signature,
             "SigningCertURL": keys.signing().kid}  # fmt: skip
    topic = ("X-Amz-Sns-Topic-Arn", plain(told.get("TopicArn", "")))
    headers = (("Content-Type", "text/plain; charset=UTF-8"), topic)
    return Signed(headers, json_octets(outer | told))


def amazon(kind: str, own: str, payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    message = {"MerchantID": keys.settings["merchant_id"], "ObjectType": kind, "ObjectId": own,
               "ChargePermissionId": payment.id[:19], "NotificationType": "STATE_CHANGE",
               "NotificationId": ids.hex(32), "NotificationVersion": "V2"}  # fmt: skip
    return {"Type": "Notification", "MessageId": ids.hex(32), "Message": message,
            "TopicArn": keys.settings["topic_arn"],
            "Timestamp": iso(payment.occurred_ms) + ".123Z"}  # fmt: skip


def amazon_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return amazon("CHARGE", payment.id, payment, keys, ids)


def amazon_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    return amazon("REFUND", refund.id, payment, keys, ids)


AMAZON_PAY = Simulated(
    name="amazon-pay",
    currency="EUR",
    form=AccountForm(
        {
            "topic_arn": "arn:aws:sns:eu-west-1:291180941288:A3EXAMPLEA2EXAMPLE",
            "merchant_id": "A2EXAMPLE",
        },
        (KeyForm("verify", "certificate", "sns.amazonaws.com", SNS_URL),),
    ),
    retry_after_s=(3_600,) * 336,
    accepts=exactly_200,
    sign=sign_amazon,
    payment_id=lambda ids, ms: f"S02-{ids.digits(7)}-{ids.digits(7)}-C{ids.digits(6)}",
    refund_id=lambda ids, ms: f"S02-{ids.digits(7)}-{ids.digits(7)}-R{ids.digits(6)}",
    payment=amazon_paid,
    refund=amazon_refunded,
    # Its messages carry no state.
    weak=BOTH,
)


def jws(content: Any, keys: AccountKeys) -> str:
    """Return a compact token by ES256 under the chain that comes with it."""
    signer = keys.signing()
    chain = load_pem_x509_certificates((signer.certificate_pem or "").encode())
    header = {"alg": "ES256", "x5c": [b64(each.public_bytes(Encoding.DER)) for each in chain]}
    text = f"{b64url(json_octets(header))}.{b64url(json_octets(content))}"
    key = curve_key(signer.private_pem or "")
    r, s = decode_dss_signature(key.sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def sign_apple(content: Content, keys: AccountKeys, nonce: str, now_ms: int) -> Signed:
    """A token, and the transaction inside it another one."""
    event = {name: value for name, value in content.items() if name != "bought"}
    if "bought" in content and isinstance(event.get("data"), dict):
        inner = jws(content["bought"], keys)
        event["data"] = event["data"] | {"signedTransactionInfo": inner}
    return Signed((JSON,), json_octets({"signedPayload": jws(event, keys)}))


def apple(word: str, payment: Payment, keys: AccountKeys, ids: Ids, **more: Any) -> Content:
    settings, ms = keys.settings, payment.occurred_ms
    environment = "Production" if keys.mode == "live" else "Sandbox"
    about = {"bundleId": settings["bundle_id"], "environment": environment}
    data = about | {"appAppleId": int(settings["app_apple_id"])}
    # Thousandths of the currency's unit.
    bought = about | {
        "transactionId": payment.id,
        "originalTransactionId": payment.id,
        "purchaseDate": ms,
        "signedDate": ms,
        "appAccountToken": payment.order,
        "price": payment.amount_minor * 10,
        "currency": payment.currency,
    }
    return {"notificationType": word, "notificationUUID": ids.hex(32), "signedDate": ms,
            "version": "2.0", "data": data, "bought": bought | more}  # fmt: skip


def apple_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return apple("ONE_TIME_CHARGE", payment, keys, ids)


def apple_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    # Thousandths of a percent, cut to the minor unit below: rounded up, so that it comes out.
    part = -(-refund.amount_minor * 100_000 // payment.amount_minor)
    return apple("REFUND", payment, keys, ids, revocationDate=refund.occurred_ms,
                 revocationReason=0, revocationPercentage=part)  # fmt: skip


APPLE_APP_STORE = Simulated(
    name="apple-app-store",
    currency="USD",
    form=AccountForm(
        {"bundle_id": "com.shop.app", "app_apple_id": "41234"},
        (KeyForm("root", "certificate", "apple"),),
    ),
    retry_after_s=(3_600, 43_200, 86_400, 172_800, 259_200),
    sign=sign_apple,
    payment_id=numbered(15),
    payment=apple_paid,
    refund=apple_refunded,
    # A refund has the id of its transaction, so there is one.
    names_refunds=False,
    refunds="one",
    foreign=("bundle_id", "wrong_account"),
    other_mode_code="wrong_account",
)


SENDERS: Final = (HYPERPAY_OPPWA, SIBS, COMPUTOP, AMAZON_PAY, APPLE_APP_STORE)
