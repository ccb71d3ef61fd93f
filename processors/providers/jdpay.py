"""JD Pay, merchant API V2.0: XML sealed in XML.

Sealed:     ``encrypt``: Base64 of hex of triple-DES-ECB under the desKey, behind a length of four
            octets. [jar] Opened first, because the signature lies inside.
Signed:     ``sign`` inside: RSA (type 1 padding, no name of a hash) of the lower-case hex SHA-256
            of the text without that element, untouched or with its lines trimmed and joined. The
            key is JD's, of 1024 bits, the same for every merchant. [jar] [rb]
Unsigned:   the envelope: its merchant may refuse, and nothing else of it counts.
Identity:   JD gives none: a payment is ``tradeNum``, the merchant's own, a refund ``tradeNum`` of
            the payment ``oTradeNum``. Several ``pay`` entries are one payment.
Money:      integers of fen. Times: Asia/Shanghai. No window.
Retries:    taken from the older protocol: 1, 3, 10 and 120 minutes, until ``success``. [off1]
Source:     [jar] [phpd] [rb] [off1]. Vectors: tests/vectors/jdpay.json.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from processors.account import Account
from processors.contract import Provider, identity, no_check, plain_reply
from processors.encodings import digits, from_base64, from_hex
from processors.fields import Fields, meaning, same_account
from processors.keys import (
    Key,
    KeyForm,
    secret_base64,
    short_public_key,
    tried_public_key,
)
from processors.sealing import open_des3_framed, open_with_any
from processors.signing import Authentic, Message, check_rsa_recovered
from processors.xml_trees import nested_xml
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, Undecryptable, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
DONE: Final = "000000"

# Numbers change their meaning between payments and refunds; None: no decision yet.
PAYMENTS: Final[dict[str, FactType | None]] = {
    "0": None,
    "1": None,
    "2": "PaymentSucceeded",
    "3": "PaymentFailed",
    "4": "PaymentClosed",
}
REFUNDS: Final[dict[str, FactType | None]] = {
    "0": None,
    "1": "RefundCompleted",
    "2": "RefundFailed",
}
REVOKED: Final = "2"


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    envelope = nested_xml(callback.body, root="jdpay", repeated=frozenset())
    encoded = "".join(envelope.text("encrypt").split())
    sealed = from_hex(from_base64(encoded, error=Undecryptable), error=Undecryptable)
    opened = open_with_any(account.all_keys("decrypt"), lambda key: _opened(key, sealed))
    rest, signature = _cut(opened)
    return check_rsa_recovered(
        _signed_texts(rest, envelope),
        signature=from_base64(b"".join(signature.split()), error=BadSignature),
        keys=account.all_keys("verify"),
    ).then(lambda text: nested_xml(text, root="jdpay", repeated=frozenset(("pay",))))


def _opened(key: Key, sealed: bytes) -> bytes:
    opened = open_des3_framed(key, sealed)
    if not opened.lstrip().startswith((b"<?xml", b"<jdpay")):
        raise Undecryptable("no key opens the sealed content")
    return opened


def _cut(text: bytes) -> tuple[bytes, bytes]:
    """Return the text without its signature element, and the signature."""
    count = text.count(b"<sign>")
    if count == 0 and b"</sign>" not in text:
        raise BadSignature("the sealed text holds no signature")
    if count != 1 or text.count(b"</sign>") != 1:
        raise Malformed("the sealed text holds not exactly one signature")
    before, _, behind = text.partition(b"<sign>")
    signature, closed, after = behind.partition(b"</sign>")
    if not closed:
        raise Malformed("the signature ends before it begins")
    return before + after, signature


def _signed_texts(rest: bytes, envelope: Fields) -> Iterator[Message[bytes]]:
    trimmed = b"".join(line.strip() for line in rest.replace(b"\t", b"\n").splitlines())
    for text in (rest, trimmed):
        declared = text if text.startswith(b"<?xml") else DECLARATION + text
        signed = hashlib.sha256(declared).hexdigest().encode()
        yield Message(signed, text, envelope)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    merchant = account.settings["merchant"]
    same_account(
        sealed=(fields.optional_text("merchant"), merchant),
        envelope=(notice.unproven.optional_text("merchant"), merchant),
    )
    if fields.child("result").text("code") != DONE:
        return ()
    kind = fields.text("tradeType")
    if kind == "0":
        return _payment(fields)
    if kind == "1":
        return _refund(fields)
    if kind == REVOKED:
        return ()
    raise UnknownMeaning("tradeType has a value without an assigned meaning")


def _payment(fields: Fields) -> tuple[Fact, ...]:
    announced = meaning(PAYMENTS, fields.text("status"), what="status")
    if announced is None:
        return ()
    amount = _money(fields, "CNY")
    entries = fields.child("payList").children("pay") if _has_entries(fields) else ()
    parts = [_money(entry, entry.text("currency")) for entry in entries]
    if parts and (sum(part.minor for part in parts), {part.currency for part in parts}) != (
        amount.minor,
        {amount.currency},
    ):
        raise UnknownMeaning("the entries do not make the payment's amount")
    number = fields.text("tradeNum")
    return (
        Fact(
            type=announced,
            payment_id=number,
            merchant_order_id=number,
            amount=amount,
            occurred_at_ms=_time(entries[0]) if entries else None,
        ),
    )


def _has_entries(fields: Fields) -> bool:
    return isinstance(fields.raw("payList"), dict)


def _refund(fields: Fields) -> tuple[Fact, ...]:
    announced = meaning(REFUNDS, fields.text("status"), what="status")
    if announced is None:
        return ()
    number = fields.text("tradeNum")
    return (
        Fact(
            type=announced,
            payment_id=fields.text("oTradeNum"),
            merchant_order_id=fields.text("oTradeNum"),
            refund_id=number,
            merchant_refund_id=number,
            amount=_money(fields, fields.optional_text("currency") or "CNY"),
            occurred_at_ms=_time(fields),
        ),
    )


def _money(fields: Fields, currency: str) -> Money:
    return Money.from_minor(digits(fields.text("amount"), what="amount"), currency)


def _time(fields: Fields) -> int | None:
    return fields.optional_local_ms("tradeTime", offset_minutes=SHANGHAI_MINUTES)


PROVIDER: Final = Provider(
    name="jdpay",
    title="JD Pay",
    protocol="merchant API V2.0",
    methods=("POST",),
    settings=(identity("merchant", "merchant number", "110148035005"),),
    keys=(
        tried_public_key(short_public_key, "JD's platform key, shared by all merchants"),
        KeyForm(
            use="decrypt",
            kind="secret",
            decode=secret_base64(prefix="", octets=24),
            required=True,
            chosen_by="all are tried: the length and the XML inside tell which fits",
            note="desKey",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"success", b"fail"),
    handshake=None,
    retry_after_s=(60, 120, 420, 6_600),
)
