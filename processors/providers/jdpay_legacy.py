"""JD Pay's older protocol 1.0 (CHINABANK): sealed data beside its digest.

Signed:     ``SIGN``: lower-case hex MD5 of VERSION, MERCHANT, TERMINAL, DATA and the md5Key,
            without separators; the forms of the first three are fixed, so that nothing moves from
            one to the next. DATA counts as it stands, line feeds included. [off1]
Sealed:     ``DATA``: Base64 of single DES, ECB, under the first eight octets of the desKey; the
            document's sample proves it against its own table. Opened after the digest. [off1]
Identity:   JD gives none: a payment is the merchant's ``ID``, and so is a refund, which names no
            payment.
Money:      integers of fen. Times: Asia/Shanghai, date and time apart. No window.
Retries:    1, 3, 10 and 120 minutes after the payment, until ``success``. [off1]
Source:     [off1] [h]. Vectors: tests/vectors/jdpay-legacy.json.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from processors.account import Account
from processors.contract import Provider, identity, no_check, plain_reply
from processors.encodings import from_base64, from_hex
from processors.fields import Fields, meaning, same_account
from processors.flat_xml import flat_xml
from processors.forms import form_pairs
from processors.keys import Key, KeyForm, secret_base64, secret_text, shared_secret
from processors.moments import local_ms
from processors.sealing import open_des, open_with_any
from processors.signing import Authentic, Message, check_keyed_digest
from processors.xml_trees import nested_xml
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, Undecryptable
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
VERSION: Final = "1.0.0"
MERCHANT: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
TERMINAL: Final = re.compile(r"[0-9]{8}", re.ASCII)
DONE: Final = "0000"

# Kinds of trades, and what their states announce; None: no money of a payment is meant.
PURCHASES: Final[dict[str, FactType | None]] = {
    "0": "PaymentSucceeded",
    "6": None,
    "7": "PaymentFailed",
}
REFUNDS: Final[dict[str, FactType | None]] = {
    "0": "RefundCompleted",
    "6": None,
    "7": "RefundFailed",
}
KINDS: Final[dict[str, dict[str, FactType | None] | None]] = {
    "S": PURCHASES,
    "R": REFUNDS,
    "V": None,
    "Q": None,
}


@dataclass(frozen=True, slots=True)
class Notice:
    """The merchant that the digest covers, and the opened data."""

    merchant: str
    trade: Fields
    result: Fields


def authenticate(callback: Callback, account: Account) -> Authentic[Notice]:
    encoded = dict(form_pairs(callback.body)).get(b"resp")
    if not encoded:
        raise Malformed("the field resp is missing")
    outer = flat_xml(from_base64(b"".join(encoded.split()), error=Malformed), root="CHINABANK")
    version, merchant, terminal, sealed = (
        outer.text(name) for name in ("VERSION", "MERCHANT", "TERMINAL", "DATA")
    )
    if version != VERSION or not (MERCHANT.fullmatch(merchant) and TERMINAL.fullmatch(terminal)):
        raise Malformed("a signed part of another form: what is joined could be cut elsewhere")
    return check_keyed_digest(
        (Message("".join((version, merchant, terminal, sealed)).encode(), (merchant, sealed)),),
        lambda key, text: hashlib.md5(text + key, usedforsecurity=False).digest(),
        signatures=(from_hex(outer.text("SIGN", absent=BadSignature), error=BadSignature),),
        keys=account.all_keys("verify"),
    ).then(lambda proven: _notice(*proven, account))


def _notice(merchant: str, sealed: str, account: Account) -> Notice:
    octets = from_base64("".join(sealed.split()), error=Undecryptable)
    opened = open_with_any(account.all_keys("decrypt"), lambda key: _opened(key, octets))
    content = nested_xml(opened, root="DATA", repeated=frozenset())
    return Notice(merchant, content.child("TRADE"), content.child("RETURN"))


def _opened(key: Key, sealed: bytes) -> bytes:
    opened = open_des(key, sealed)
    # One wrong key in 256 leaves padding that fits: the root element tells which key is right.
    if b"<DATA>" not in opened:
        raise Undecryptable("no key opens the sealed content")
    return opened


def interpret(notice: Authentic[Notice], account: Account) -> tuple[Fact, ...]:
    trade = notice.content.trade
    same_account(merchant=(notice.content.merchant, account.settings["merchant"]))
    states = meaning(KINDS, trade.text("TYPE"), what="TYPE")
    status = trade.optional_text("STATUS")
    if states is None or status is None or notice.content.result.text("CODE") != DONE:
        return ()
    announced = meaning(states, status, what="STATUS")
    return () if announced is None else (_fact(announced, trade, states is REFUNDS),)


def _fact(announced: FactType, trade: Fields, refund: bool) -> Fact:
    number = trade.text("ID")
    return Fact(
        type=announced,
        payment_id=None if refund else number,
        merchant_order_id=None if refund else number,
        refund_id=number if refund else None,
        merchant_refund_id=number if refund else None,
        amount=Money.from_minor(trade.digits("AMOUNT"), trade.optional_text("CURRENCY") or "CNY"),
        occurred_at_ms=local_ms(
            trade.text("DATE") + trade.text("TIME"),
            offset_minutes=SHANGHAI_MINUTES,
            what="DATE and TIME",
        ),
    )


PROVIDER: Final = Provider(
    name="jdpay-legacy",
    title="JD Pay",
    protocol="1.0 (CHINABANK)",
    methods=("POST",),
    settings=(identity("merchant", "merchant number", "22310318"),),
    keys=(
        shared_secret(secret_text(), "md5Key"),
        KeyForm(
            use="decrypt",
            kind="secret",
            decode=secret_base64(prefix="", octets=24),
            required=True,
            chosen_by="all are tried: the XML inside tells which fits",
            note="desKey; its first eight octets are used",
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
