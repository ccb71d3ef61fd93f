"""Trustly: JSON-RPC 1.1 notifications.

Signed:     ``params.signature``: RSA over method, uuid and the data, joined without separators:
            of objects each name and its value, sorted by name; of lists the values; null is
            empty; numbers as they are written. SHA-1, or behind ``alg=RS256;`` (RS384, RS512)
            another hash: the account says which. [sdk, connector-service] How flags are written
            is not known: both ways are tried.
            Neighbours can move without another signature; so every member that is read has to be
            there, and numbers to be digits.
Identity:   ``orderid``; ``messageid`` is the merchant's. Each happening is a ``notificationid``,
            the same when sent again: by it a refund is known, which has no id of its own.
Money:      decimal text in major units. Times with a zone of hours.
Reply:      JSON, signed with the merchant's key over what was proven. FAILED is never said.
Retries:    until the signed OK. [memory]
Source:     trustly-client-python [sdk]. Vectors: tests/vectors/trustly.json.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, no_check, pinned
from processors.encodings import from_base64
from processors.fields import Fields, Number, derived_id, meaning
from processors.json_texts import exact_json_fields
from processors.keys import KeyForm, private_key, public_key, tried_public_key
from processors.moments import rfc3339_ms
from processors.signing import Authentic, HashName, Message, check_rsa, rsa_signature
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact, FactType
from schemas.money import Money

SHA1: Final = "SHA1"
HASHES: Final[Mapping[str, HashName]] = {
    SHA1: "sha1", "RS256": "sha256", "RS384": "sha384", "RS512": "sha512",
}  # fmt: skip
PREFIX: Final = re.compile(r"alg=([^;]*);")
FLAGS: Final = (("false", "true"), ("0", "1"))
METHODS: Final[Mapping[str, FactType | None]] = {
    "credit": "PaymentSucceeded",
    "debit": "PaymentReversed",
    "cancel": "PaymentClosed",
    "pending": None,
    "account": None,
    "payoutconfirmation": "RefundCompleted",
    "payoutfailed": "RefundFailed",
}
NUMBER: Final = re.compile(r"[0-9]{1,32}", re.ASCII)
MOMENT: Final = re.compile(
    r"([0-9-]{10}) ([0-9:]{8}(?:\.[0-9]{1,9})?)([+-][0-9]{2})(?::?([0-9]{2}))?", re.ASCII
)
OK_ANSWER: Final = {"status": "OK"}


@dataclass(frozen=True, slots=True)
class Notification:
    """What one signature covers."""

    method: str
    uuid: str
    data: Fields


def authenticate(callback: Callback, account: Account) -> Authentic[Notification]:
    call = exact_json_fields(callback.body)
    params = call.child("params")
    told = Notification(call.text("method"), params.text("uuid"), params.child("data"))
    pinned_to = account.settings["signature_algorithm"]
    return check_rsa(
        _signed_texts(told, params.raw("data")),
        hash=HASHES[pinned_to],
        signature=_signature(params.text("signature", absent=BadSignature), pinned_to),
        keys=account.all_keys("verify", "public-key"),
    )


def _signature(text: str, pinned_to: str) -> bytes:
    found = PREFIX.match(text)
    if (SHA1 if found is None else found[1]) != pinned_to or (found and found[1] == SHA1):
        raise BadSignature("a signature of another algorithm than the account's")
    return from_base64(text[found.end() :] if found else text, error=BadSignature)


def _signed_texts(told: Notification, data: Any) -> Iterator[Message[Notification]]:
    for flags in FLAGS:
        text = told.method + told.uuid + "".join(_serialized(data, flags))
        yield Message(text.encode(), told)


def _serialized(value: Any, flags: tuple[str, str]) -> Iterator[str]:
    # Not deeper than the reading of JSON allows.
    if isinstance(value, dict):
        for name in sorted(value):
            yield name
            yield from _serialized(value[name], flags)
    elif isinstance(value, list):
        for each in value:
            yield from _serialized(each, flags)
    elif isinstance(value, bool):
        yield flags[value]
    elif value is not None:
        yield value.text if isinstance(value, Number) else str(value)


def interpret(notice: Authentic[Notification], account: Account) -> tuple[Fact, ...]:
    data = notice.content.data
    announced = meaning(METHODS, notice.content.method, what="method")
    if announced is None:
        return ()
    order, number = _number(data, "orderid"), _number(data, "notificationid")
    return (
        Fact(
            type=announced,
            payment_id=order,
            merchant_order_id=data.text("messageid"),
            amount=_money(data),
            occurred_at_ms=_occurred_ms(data.text("timestamp")),
            refund_id=derived_id(number) if announced.startswith("Refund") else None,
        ),
    )


def _number(data: Fields, name: str) -> str:
    text = data.id_text(name)
    if NUMBER.fullmatch(text) is None:
        raise Malformed(f"{name} is no number")
    return text


def _money(data: Fields) -> Money | None:
    # What is only cancelled may state no amount.
    if "amount" not in data and "currency" not in data:
        return None
    return Money.from_major(data.text("amount"), data.text("currency"))


def _occurred_ms(text: str) -> int:
    found = MOMENT.fullmatch(text)
    if found is None:
        raise Malformed("timestamp is no time with a zone")
    day, time, hours, minutes = found.groups()
    return rfc3339_ms(f"{day}T{time}{hours}:{minutes or '00'}", what="timestamp")


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the signed OK to what was proven; without it, or without our key, nothing."""
    keys = account.all_keys("sign", "private-key")
    if not (receipt.success and receipt.notice and keys):
        return Reply(receipt.status, "application/json", b"")
    told, algorithm = receipt.notice[0].content, account.settings["signature_algorithm"]
    text = told.method + told.uuid + "".join(_serialized(OK_ANSWER, FLAGS[0]))
    octets = rsa_signature(text.encode(), hash=HASHES[algorithm], key=keys[0])
    before = "" if algorithm == SHA1 else f"alg={algorithm};"
    result = {
        "signature": before + base64.b64encode(octets).decode(),
        "uuid": told.uuid,
        "method": told.method,
        "data": OK_ANSWER,
    }
    return Reply(200, "application/json", orjson.dumps({"result": result, "version": "1.1"}))


PROVIDER: Final = Provider(
    name="trustly",
    title="Trustly",
    protocol="JSON-RPC notifications",
    methods=("POST",),
    settings=(
        pinned("signature_algorithm", tuple(HASHES), "hash of the signatures, theirs and ours"),
    ),
    keys=(
        tried_public_key(public_key, "Trustly's public key"),
        KeyForm(
            use="sign", kind="private-key", decode=private_key, required=False,
            chosen_by="the first", note="the merchant's own key, for the answer that ends retries",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="verified",
    reply=reply,
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
