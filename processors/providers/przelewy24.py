"""Przelewy24 REST API, version 1: notifications at urlStatus.

Signed:     ``sign``: hex SHA-384 of compact JSON of nine members in a fixed order, the CRC key
            last; slashes and letters stand unescaped, as JavaScript writes them. [npm]
Confirmed:  a payment counts only after the merchant's verify call: every one is a question.
Refunds:    signed alike over other members, of which two lists are told; each is tried and only
            what it covers is read. 0 is done, 1 rejected. [memory]
Identity:   ``orderId``, an integer; ``sessionId`` is the merchant's. A refund is ``refundsUuid``
            within its payment, and the merchant's request is ``requestId``.
Money:      integers of minor units. Payments carry no time.
Retries:    several, until 200. [memory]
Source:     npm @ingameltd/node-przelewy24. Vectors: tests/vectors/przelewy24.json.
"""

import hashlib
from typing import Final

import orjson

from processors.account import Account
from processors.contract import Inquiry, Provider, identity, no_check, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, same_account
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

PAYMENT: Final = (
    "merchantId", "posId", "sessionId", "amount", "originAmount", "currency", "orderId",
    "methodId", "statement",
)  # fmt: skip
REFUND_UUID: Final = "refundsUuid"
REFUNDS: Final = (
    ("orderId", "sessionId", "merchantId", "requestId", REFUND_UUID, "amount", "currency",
     "timestamp", "status"),
    ("orderId", "sessionId", REFUND_UUID, "merchantId", "amount", "currency", "status"),
)  # fmt: skip
REFUND_STATES: Final[dict[int, FactType]] = {0: "RefundCompleted", 1: "RefundFailed"}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    received = json_fields(callback.body)
    signature = from_hex(received.text("sign", absent=BadSignature), error=BadSignature)
    lists = REFUNDS if REFUND_UUID in received else (PAYMENT,)
    complete = [names for names in lists if all(name in received for name in names)]
    if not complete:
        raise Malformed("a signed member is missing")
    return check_keyed_digest(
        (_signed(received, names) for names in complete),
        _digest,
        signatures=(signature,),
        keys=account.all_keys("verify", "secret"),
    )


def _signed(received: Fields, names: tuple[str, ...]) -> Message[Fields]:
    values = {name: received.raw(name) for name in names}
    if not all(isinstance(value, str) or type(value) is int for value in values.values()):
        raise Malformed("a signed member is neither text nor integer")
    return Message(orjson.dumps(values), Fields(values))


def _digest(key: bytes, octets: bytes) -> bytes:
    crc = orjson.dumps({"crc": key.decode()})
    return hashlib.sha384(octets[:-1] + b"," + crc[1:]).digest()


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    fields, settings = notice.content, account.settings
    same_account(merchantId=(str(fields.integer("merchantId")), settings["merchant_id"]))
    if REFUND_UUID in fields:
        return (_refund(fields),)
    same_account(posId=(str(fields.integer("posId")), settings["pos_id"]))
    return (Inquiry("transaction", fields.text("sessionId")),)


def _refund(fields: Fields) -> Fact:
    announced = REFUND_STATES.get(fields.integer("status"))
    if announced is None:
        raise UnknownMeaning("status has a value without an assigned meaning")
    return Fact(
        type=announced,
        payment_id=fields.id_text("orderId"),
        merchant_order_id=fields.text("sessionId"),
        amount=Money.from_minor(fields.integer("amount"), fields.text("currency")),
        occurred_at_ms=None,
        refund_id=fields.text(REFUND_UUID),
        merchant_refund_id=fields.optional_text("requestId"),
    )


PROVIDER: Final = Provider(
    name="przelewy24",
    title="Przelewy24",
    protocol="REST API, version 1",
    methods=("POST",),
    settings=(
        identity("merchant_id", "merchantId in decimal digits", "12345"),
        identity("pos_id", "posId in decimal digits", "12345"),
    ),
    keys=(shared_secret(secret_text(), "CRC key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"OK", b""),
    handshake=None,
    retry_after_s=(180, 900, 3_600),
)
