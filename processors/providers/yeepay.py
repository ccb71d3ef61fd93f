"""Yeepay, YOP platform: the RSA envelope of callbacks.

Sealed:     ``response`` is four parts between ``$``: an AES key wrapped with RSA (PKCS#1 v1.5) for
            the merchant's key, the content in AES-ECB, ``AES``, ``SHA256``; URL-safe Base64
            without padding. [java] [py]
Signed:     inside: content, ``$``, signature, split at the last ``$``: RSA-SHA-256 of the platform
            over the content. [py]
Unsigned:   ``customerIdentification`` outside may refuse, and nothing else.
Identity:   a payment is ``uniqueOrderNo``, a refund ``uniqueRefundNo``; no notification id.
Money:      decimal yuan. Times: Asia/Shanghai. No window.
Not here:   the SM4 envelope and the SM2 header: no account can be set up for them.
Retries:    not published; until ``SUCCESS``.
Source:     yop-java-sdk [java], yop-python-sdk [py]. Vectors: tests/vectors/yeepay.json.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error
from typing import Final

from processors.account import Account
from processors.contract import Provider, identity, no_check, plain_reply
from processors.fields import Fields, meaning, same_account
from processors.forms import decoded_fields, form_pairs
from processors.json_texts import json_fields
from processors.keys import Key, KeyForm, private_key, public_key, tried_public_key
from processors.sealing import open_rsa_wrapped, open_with_any
from processors.signing import Authentic, Message, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, CallbackError, Malformed, Undecryptable
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
ALGORITHMS: Final = ["AES", "SHA256"]
URL_SAFE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
PAYMENTS: Final[dict[str, FactType]] = {"SUCCESS": "PaymentSucceeded"}
REFUNDS: Final[dict[str, FactType]] = {
    "SUCCESS": "RefundCompleted",
    "FAILED": "RefundFailed",
    "CANCEL": "RefundFailed",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    body = callback.body
    outer = (
        json_fields(body)
        if body.lstrip().startswith(b"{")
        else decoded_fields(form_pairs(body), "utf-8")
    )
    parts = outer.text("response").split("$")
    if len(parts) != 4 or parts[2:] != ALGORITHMS:
        raise Malformed("the envelope has not the four parts that are known")
    wrapped, sealed = (_octets(part, Undecryptable) for part in parts[:2])

    def opened(key: Key) -> bytes:
        return open_rsa_wrapped(key, wrapped, sealed)

    content, found, signature = open_with_any(account.all_keys("decrypt"), opened).rpartition(b"$")
    if not found:
        raise BadSignature("the sealed content holds no signature")
    return check_rsa(
        (Message(content, content, outer),),
        hash="sha256",
        signature=_octets(signature.strip().decode("latin-1"), BadSignature),
        keys=account.all_keys("verify"),
    ).then(json_fields)


def _octets(text: str, error: type[CallbackError]) -> bytes:
    stripped = text.rstrip("=")
    if URL_SAFE.fullmatch(stripped) is None:
        raise error("text that is not URL-safe Base64")
    try:
        return urlsafe_b64decode(stripped + "=" * (-len(stripped) % 4))
    except (Error, ValueError) as cause:
        raise error("text that is not URL-safe Base64") from cause


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields, settings = notice.content, account.settings
    same_account(
        customer=(notice.unproven.optional_text("customerIdentification"), settings["app_key"]),
        merchant=(fields.optional_id_text("merchantNo"), settings["merchant_no"]),
    )
    refund = fields.optional_id_text("uniqueRefundNo")
    table = PAYMENTS if refund is None else REFUNDS
    time = "paySuccessDate" if refund is None else "refundSuccessDate"
    amount = fields.id_text("orderAmount" if refund is None else "refundAmount")
    return (
        Fact(
            type=meaning(table, fields.text("status"), what="status"),
            payment_id=fields.optional_id_text("uniqueOrderNo"),
            merchant_order_id=fields.optional_id_text("orderId"),
            refund_id=refund,
            merchant_refund_id=fields.optional_id_text("refundRequestId"),
            amount=Money.from_major(amount, "CNY"),
            occurred_at_ms=fields.optional_local_ms(time, offset_minutes=SHANGHAI_MINUTES),
        ),
    )


PROVIDER: Final = Provider(
    name="yeepay",
    title="Yeepay",
    protocol="YOP callbacks, RSA envelope",
    methods=("POST",),
    settings=(
        identity("app_key", "application key", "app_10085525305"),
        identity("merchant_no", "merchant number", "10085525305"),
    ),
    keys=(
        tried_public_key(public_key, "YOP platform key for the signature inside"),
        KeyForm(
            use="decrypt",
            kind="private-key",
            decode=private_key,
            required=True,
            chosen_by="none is named: all are tried",
            note="the merchant's RSA key, which opens the envelope",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"SUCCESS", b"FAIL"),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
