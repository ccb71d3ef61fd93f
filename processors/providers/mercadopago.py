"""Mercado Pago webhooks, signature version 1: an id, and everything else to be asked.

Signed:     ``x-signature: ts=…,v1=<hex>``, in any order, with or without blanks between:
            HMAC-SHA-256, keyed with the application's secret, over
            ``id:<data.id>;request-id:<x-request-id>;ts:<ts>;``; what is absent is left out with
            its name. ``data.id`` is the query's, as it came or in small letters. The body is not
            covered and not read, the type neither. [py, java]
Window:     the account's; ``ts`` in milliseconds or seconds, told apart by its size. [py]
Thin:       every proven id is a question to ask, whatever the unproven type says.
Not here:   notifications of QR codes, which nobody signs. [py]
Retries:    every 15 min, until 200 or 201 within 22 s. [py]
Source:     mercadopago SDKs for Python, Node and Java. Vectors: tests/vectors/mercadopago.json.
"""

import re
from collections.abc import Iterator
from typing import Final

from processors.account import Account
from processors.contract import (
    TOLERANCE,
    Inquiry,
    Provider,
    check_tolerance,
    plain_reply,
    tolerance_ms,
)
from processors.encodings import digits, from_hex
from processors.fields import Fields
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.messages import decodable, header_items
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact

SHA256_OCTETS: Final = 32
MILLISECONDS_FROM: Final = 10**11  # As seconds it would lie beyond the year 5000.
# With other signs in it an id could be an id and a request id, which nobody could tell apart.
ID: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
# What unproven types call the resource; it is asked about in any case.
RESOURCES: Final = {
    "payment": "payment",
    "order": "order",
    "topic_merchant_order_wh": "merchant order",
    "topic_chargebacks_wh": "chargeback",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    header = callback.header("x-signature", absent=BadSignature)
    parts = (part.strip(b" \t") for part in header.split(b","))
    items = header_items(b",".join(parts), between=b",")
    stamps = items.get(b"ts", ())
    if len(stamps) != 1:
        raise BadSignature("not one time in the signature header")
    signed = digits(stamps[0], what="ts")
    proof = check_hmac(
        _messages(callback, stamps[0]),
        hash="sha256",
        signatures=decodable(items.get(b"v1", ()), from_hex, octets=SHA256_OCTETS),
        keys=account.all_keys("verify", "secret"),
    )
    signed_ms = signed if signed >= MILLISECONDS_FROM else signed * 1000
    return proof.fresh(callback, signed_ms, within_ms=tolerance_ms(account))


def _messages(callback: Callback, stamp: bytes) -> Iterator[Message[Fields]]:
    query = decoded_fields(form_pairs(callback.query), "utf-8")
    received = query.optional_text("data.id") or ""
    request = b""
    if callback.has_header("x-request-id"):
        request = callback.header("x-request-id", absent=Malformed)
    behind = (b"request-id:%b;" % request if request else b"") + b"ts:%b;" % stamp
    for own_id in dict.fromkeys((received, received.lower())):
        before = b"id:%b;" % own_id.encode() if own_id else b""
        yield Message(before + behind, Fields({"id": own_id}), query)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    own_id = notice.content.text("id", absent=UnknownMeaning)
    if ID.fullmatch(own_id) is None:
        raise Malformed("data.id is no id")
    kind = notice.unproven.optional_text("type") or ""
    return (Inquiry(RESOURCES.get(kind, "notified resource"), own_id),)


PROVIDER: Final = Provider(
    name="mercadopago",
    title="Mercado Pago",
    protocol="webhooks, signature version 1",
    methods=("POST",),
    settings=(TOLERANCE,),
    keys=(shared_secret(secret_text(), "secret signature of the application"),),
    check=check_tolerance,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(900,) * 8,
)
