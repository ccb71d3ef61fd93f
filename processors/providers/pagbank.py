"""PagBank (PagSeguro): notifications of orders and charges.

Signed:     ``x-authenticity-token``: hex SHA-256 of the account's token, a dash and the raw body.
            The secret in front lets whoever has one digest add octets behind the body: nothing
            may follow the JSON object. [doc] The dash is from memory.
Identity:   a payment is a charge, ``CHAR_...``; an order holds any number of them, none before it
            is paid. Orders and charges carry the merchant's ``reference_id``.
Money:      integers of minor units. ``summary.refunded`` is the sum so far: refunds have no id.
Outcome:    CANCELED is a refund where money was paid back, else the end of the charge.
Legacy:     a form with a notification code proves nothing and is refused.
Retries:    several, growing, until 2xx. [memory]
Source:     developer.pagbank.com.br. Vectors: tests/vectors/pagbank.json.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from processors.account import Account
from processors.contract import Provider, no_check, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.signing import Authentic, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

ORDER: Final = "ORDE_"
CANCELED: Final = "CANCELED"
STATES: Final[Mapping[str, FactType | None]] = {
    "AUTHORIZED": "PaymentAuthorized",
    "PAID": "PaymentSucceeded",
    "AVAILABLE": "PaymentSucceeded",
    "IN_ANALYSIS": None,
    "WAITING": None,
    "DECLINED": "PaymentFailed",
    CANCELED: "PaymentClosed",
}


def authenticate(callback: Callback, account: Account) -> tuple[Authentic[Fields], ...]:
    proof = check_keyed_digest(
        (whole_body(callback),),
        lambda token, body: hashlib.sha256(token + b"-" + body).digest(),
        signatures=hex_header(callback, "x-authenticity-token", prefix=b""),
        keys=account.all_keys("verify", "secret"),
    )
    return proof.then(json_fields).each(lambda message: tuple(_charges(message)))


def _charges(message: Fields) -> Iterator[Fields]:
    charges = message.children("charges") if "charges" in message else ()
    if not charges:
        yield message
    reference = message.raw("reference_id")
    for charge in charges:
        members = {name: charge.raw(name) for name in charge}
        yield Fields({**members, "reference_id": members.get("reference_id") or reference})


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    charge = notice.content
    payment_id = charge.text("id")
    if payment_id.startswith(ORDER):
        return ()  # Without a charge nothing is paid.
    state = charge.text("status")
    announced = meaning(STATES, state, what="status")
    if announced is None:
        return ()
    money = charge.child("amount")
    refunded = _refunded(money)
    if state == CANCELED and refunded is None:
        raise UnknownMeaning("a cancellation that does not say what was paid back")
    total = () if not refunded else (_total(charge, payment_id, refunded, money),)
    if state == CANCELED and total:
        return total
    return (_fact(announced, charge, payment_id, money), *total)


def _refunded(money: Fields) -> int | None:
    summary = money.optional_child("summary")
    return summary.integer("refunded") if summary is not None and "refunded" in summary else None


def _fact(announced: FactType, charge: Fields, payment_id: str, money: Fields) -> Fact:
    closed = announced == "PaymentClosed"
    return Fact(
        type=announced,
        payment_id=payment_id,
        merchant_order_id=charge.optional_text("reference_id"),
        # A charge is paid or refused as it is made; when it was given up is not said.
        occurred_at_ms=None
        if closed
        else charge.optional_rfc3339_ms("paid_at") or charge.optional_rfc3339_ms("created_at"),
        amount=Money.from_minor(money.integer("value"), money.text("currency")),
    )


def _total(charge: Fields, payment_id: str, refunded: int, money: Fields) -> Fact:
    return Fact(
        type="RefundTotal",
        payment_id=payment_id,
        merchant_order_id=charge.optional_text("reference_id"),
        occurred_at_ms=None,
        refunded_total=Money.from_minor(refunded, money.text("currency")),
    )


PROVIDER: Final = Provider(
    name="pagbank",
    title="PagBank",
    protocol="orders and charges",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "token of the account"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600, 14_400, 86_400),
)
