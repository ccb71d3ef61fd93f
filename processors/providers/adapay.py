"""Adapay (Huifu), asynchronous notifications.

Signed:     ``sign``: RSA-SHA-1, Base64, over the decoded text of the form's ``data`` as it came;
            hash and the platform key of 1024 bits are fixed by the protocol. Nothing else of the
            form is signed, ``type`` and the outer ``id`` neither: they are not read. [py]
Identity:   ``id`` inside; a refund names its payment in ``payment_id``.
Money:      decimal yuan.
Times:      payments Asia/Shanghai, refunds seconds since 1970. No window.
Retries:    several, until 200. [memory]
Source:     adapay, adapay-core [py]; members in part from memory.
            Vectors: tests/vectors/adapay.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Provider, identity, no_check, plain_reply
from processors.encodings import digits, from_base64
from processors.fields import Fields, meaning, same_account, same_if_stated
from processors.json_texts import json_fields
from processors.keys import short_public_key, tried_public_key
from processors.messages import signed_field
from processors.moments import UNIX_SECONDS_MAX
from processors.signing import Authentic, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
MODES: Final = {"true": "live", "false": "test"}
PAYMENTS: Final[dict[str, FactType | None]] = {
    "succeeded": "PaymentSucceeded",
    "failed": "PaymentFailed",
    "pending": None,
}
REFUNDS: Final[dict[str, FactType | None]] = {
    "succeeded": "RefundCompleted",
    "failed": "RefundFailed",
    "pending": None,
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    message, signature = signed_field(callback, b"data", b"sign")
    octets = from_base64(signature, error=BadSignature)
    proof = check_rsa((message,), hash="sha1", signature=octets, keys=account.all_keys("verify"))
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    same_account(app_id=(fields.optional_text("app_id"), account.settings["app_id"]))
    mode = MODES.get(str(fields.raw("prod_mode")).lower())
    same_if_stated(mode=(mode, account.mode))
    if "refund_amt" in fields:
        return _refund(fields)
    if "pay_amt" in fields:
        return _payment(fields)
    raise UnknownMeaning("neither a payment nor a refund")


def _payment(fields: Fields) -> tuple[Fact, ...]:
    announced = meaning(PAYMENTS, fields.text("status"), what="status")
    if announced is None:
        return ()
    return (
        Fact(
            type=announced,
            payment_id=fields.text("id"),
            merchant_order_id=fields.text("order_no"),
            amount=Money.from_major(fields.text("pay_amt"), "CNY"),
            occurred_at_ms=fields.optional_local_ms("end_time", offset_minutes=SHANGHAI_MINUTES),
        ),
    )


def _refund(fields: Fields) -> tuple[Fact, ...]:
    announced = meaning(REFUNDS, fields.text("status"), what="status")
    if announced is None:
        return ()
    seconds = fields.optional_id_text("succeed_time")
    return (
        Fact(
            type=announced,
            payment_id=fields.optional_text("payment_id"),
            merchant_order_id=None,
            refund_id=fields.text("id"),
            merchant_refund_id=fields.optional_text("refund_order_no"),
            amount=Money.from_major(fields.text("refund_amt"), "CNY"),
            occurred_at_ms=None if seconds is None else _unix_ms(seconds),
        ),
    )


def _unix_ms(text: str) -> int:
    seconds = digits(text, what="succeed_time")
    if seconds > UNIX_SECONDS_MAX:
        raise Malformed("succeed_time is no time in seconds")
    return seconds * 1000


PROVIDER: Final = Provider(
    name="adapay",
    title="Adapay",
    protocol="asynchronous notifications",
    methods=("POST",),
    settings=(identity("app_id", "application", "app_1"),),
    keys=(tried_public_key(short_public_key, "platform key, RSA of 1024 bits"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"success", b"fail"),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
