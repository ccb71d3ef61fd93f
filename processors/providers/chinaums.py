"""China UMS, open platform: notifications of H5, app, mini program and QR bills.

Signed:     ``sign``: upper-case hex of SHA-256 or MD5 over the sorted form without it and without
            empty values, the communication key directly behind. A form without ``signType`` means
            MD5, so that the account pins which. [use]
Identity:   a payment is ``merOrderId``, of a QR bill ``billNo`` (with its date a bill of its own
            day); both begin with four characters of the source, the merchant's order behind.
Money:      integers of fen. Times: Asia/Shanghai. No window.
Refunds:    a QR bill's refund states its amount, or is looked at by a person; TRADE_REFUND states
            none that is known: parked.
Retries:    not published; until ``SUCCESS``.
Source:     [use]; words of refunds from memory. Vectors: tests/vectors/chinaums.json.
"""

import hashlib
from typing import Final

from processors.account import Account
from processors.contract import Provider, identity, no_check, pinned, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, derived_id, meaning, same_account
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.messages import sorted_form
from processors.signing import Authentic, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
SOURCE_CHARACTERS: Final = 4
HASHES: Final = {"SHA256": "sha256", "MD5": "md5"}
STATES: Final[dict[str, FactType | None]] = {
    "TRADE_SUCCESS": "PaymentSucceeded",
    "TRADE_CLOSED": "PaymentClosed",
    "WAIT_BUYER_PAY": None,
}
BILL_STATES: Final[dict[str, FactType]] = {
    "PAID": "PaymentSucceeded",
    "REFUND": "RefundCompleted",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    pairs = form_pairs(callback.body)
    received = dict(pairs)
    pinned_type = account.settings["sign_type"]
    if received.get(b"signType", b"MD5") != pinned_type.encode():
        raise BadSignature("the message announces another signType than the account's")
    name = HASHES[pinned_type]
    return check_keyed_digest(
        (sorted_form(pairs, exclude=frozenset((b"sign",)), keep_empty=False),),
        lambda key, text: hashlib.new(name, text + key, usedforsecurity=False).digest(),
        signatures=(from_hex(received.get(b"sign", b""), error=BadSignature),),
        keys=account.all_keys("verify"),
    ).then(lambda proven: decoded_fields(proven, "utf-8"))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields, settings = notice.content, account.settings
    same_account(
        mid=(fields.optional_text("mid"), settings["mid"]),
        tid=(fields.optional_text("tid"), settings.get("tid")),
    )
    if "billStatus" in fields:
        return (_bill(fields),)
    announced = meaning(STATES, fields.text("status"), what="status")
    if announced is None:
        return ()
    number = fields.text("merOrderId")
    return (
        Fact(
            type=announced,
            payment_id=number,
            merchant_order_id=number[SOURCE_CHARACTERS:] or None,
            amount=Money.from_minor(fields.digits("totalAmount"), "CNY"),
            occurred_at_ms=_time(fields, "payTime"),
        ),
    )


def _bill(fields: Fields) -> Fact:
    announced = meaning(BILL_STATES, fields.text("billStatus"), what="billStatus")
    number, date = fields.text("billNo"), fields.optional_text("billDate") or ""
    order = number[SOURCE_CHARACTERS:] or None
    if announced == "PaymentSucceeded":
        return Fact(
            type=announced,
            payment_id=number,
            merchant_order_id=order,
            amount=Money.from_minor(fields.digits("totalAmount"), "CNY"),
            occurred_at_ms=_time(fields, "payTime"),
        )
    amount = fields.text("refundAmount", absent=UnknownMeaning)
    named = fields.optional_text("refundOrderId")
    time = fields.optional_text("refundPayTime") or ""
    return Fact(
        type=announced,
        payment_id=number,
        merchant_order_id=order,
        refund_id=named or derived_id(number, date, amount, time),
        merchant_refund_id=named,
        amount=Money.from_minor(fields.digits("refundAmount"), "CNY"),
        occurred_at_ms=_time(fields, "refundPayTime"),
    )


def _time(fields: Fields, name: str) -> int | None:
    return fields.optional_local_ms(name, offset_minutes=SHANGHAI_MINUTES)


PROVIDER: Final = Provider(
    name="chinaums",
    title="China UMS",
    protocol="netpay notifications",
    methods=("POST",),
    settings=(
        identity("mid", "merchant number", "898000000000001"),
        identity("tid", "terminal number", "00000001", required=False),
        pinned("sign_type", ("SHA256", "MD5"), "SHA256 or MD5, as the merchant is set up"),
    ),
    keys=(shared_secret(secret_text(), "communication key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"SUCCESS", b"FAILED"),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
