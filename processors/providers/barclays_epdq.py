"""Barclaycard ePDQ (Ogone e-Commerce): direct feedback by form or query.

Signed:     ``SHASIGN``: hex of the account's hash over ``NAME=value`` and the SHA-OUT passphrase
            behind every pair, sorted by names in capitals, empty values left out. Of the fields
            only those of the documentation take part; where the merchant's own stand beside
            them, these alone are proven and read. [omipay] The list is from memory.
Identity:   ``PAYID``; a refund is PAYID/PAYIDSUB. A refund without PAYIDSUB is known by order,
            payment, amount, currency, day and acceptance.
Money:      decimal text in major units. ``TRXDATE`` is a day: no time is stated.
Retries:    up to 10. [memory]
Source:     omnipay-barclays-epdq. Vectors: tests/vectors/barclays-epdq.json.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from processors.account import Account
from processors.contract import Provider, Setting, no_check, pinned, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, derived_id, meaning
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.messages import Pairs
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact, FactType
from schemas.money import Money

SIGNATURE: Final = b"SHASIGN"
CHARSETS: Final = {"UTF-8": "utf-8", "ISO-8859-1": "latin-1"}
HASHES: Final = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
DOCUMENTED: Final = frozenset(
    b"AAVADDRESS AAVCHECK AAVMAIL AAVNAME AAVPHONE AAVZIP ACCEPTANCE ALIAS AMOUNT BIC BIN BRAND "
    b"CARDNO CCCTY CN COLLECTOR_BIC COLLECTOR_IBAN COMPLUS CREATION_STATUS CREDITDEBIT CURRENCY "
    b"CVCCHECK DCC_COMMPERCENTAGE DCC_CONVAMOUNT DCC_CONVCCY DCC_EXCHRATE DCC_EXCHRATESOURCE "
    b"DCC_EXCHRATETS DCC_INDICATOR DCC_MARGINPERCENTAGE DCC_VALIDHOURS DEVICEID DIGESTCARDNO ECI "
    b"ED EMAIL ENCCARDNO FXAMOUNT FXCURRENCY IP IPCTY MANDATEID MOBILEMODE NBREMAILUSAGE "
    b"NBRIPUSAGE NBRIPUSAGE_ALLTX NBRUSAGE NCERROR ORDERID PAYID PAYIDSUB PAYMENT_REFERENCE PM "
    b"SCO_CATEGORY SCORING SEQUENCETYPE SIGNDATE STATUS SUBBRAND SUBSCRIPTION_ID TICKET TRXDATE "
    b"VC".split()
)
STATES: Final[Mapping[str, FactType | None]] = {
    "1": "PaymentClosed", "2": "PaymentFailed", "5": "PaymentAuthorized", "6": "PaymentClosed",
    "7": "RefundCompleted", "8": "RefundCompleted", "9": "PaymentSucceeded", "41": None,
    "51": None, "52": None, "81": None, "83": "RefundFailed", "91": None, "92": None,
    "93": "PaymentFailed",
}  # fmt: skip


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    if callback.body and callback.query:
        raise Malformed("a body beside the query")
    pairs = [(name.upper(), value) for name, value in form_pairs(callback.body or callback.query)]
    received = dict(pairs)
    if len(received) != len(pairs):
        raise Malformed("a field stands twice, in capitals and small letters")
    name = HASHES[account.settings["hash"]]
    charset = CHARSETS[account.settings.get("charset", "UTF-8")]
    return check_keyed_digest(
        _signed(received),
        lambda passphrase, text: hashlib.new(
            name, text.replace(END, passphrase), usedforsecurity=False
        ).digest(),
        signatures=(from_hex(received.get(SIGNATURE, b""), error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    ).then(lambda proven: decoded_fields(proven, charset))


END: Final = b"\0"  # Stands for the passphrase, until it is known which; no value may hold it.


def _signed(received: Mapping[bytes, bytes]) -> Iterator[Message[Pairs]]:
    pairs = tuple(sorted(pair for pair in received.items() if pair[0] != SIGNATURE and pair[1]))
    if any(END in value or END in name for name, value in pairs):
        raise Malformed("a field holds NUL")
    for each in (pairs, tuple(pair for pair in pairs if pair[0] in DOCUMENTED)):
        yield Message(b"".join(name + b"=" + value + END for name, value in each), each)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    announced = meaning(STATES, fields.text("STATUS"), what="STATUS")
    if announced is None:
        return ()
    payment_id = fields.text("PAYID")
    refunded = announced.startswith("Refund")
    return (
        Fact(
            type=announced,
            payment_id=payment_id,
            merchant_order_id=fields.optional_text("ORDERID"),
            amount=Money.from_major(fields.text("AMOUNT"), fields.text("CURRENCY")),
            occurred_at_ms=None,
            refund_id=_refund_id(fields, payment_id) if refunded else None,
        ),
    )


def _refund_id(fields: Fields, payment_id: str) -> str:
    number = fields.optional_text("PAYIDSUB")
    if number is not None:
        return f"{payment_id}/{number}"
    named = ("ORDERID", "PAYID", "AMOUNT", "CURRENCY", "TRXDATE", "ACCEPTANCE")
    return derived_id(*(fields.optional_text(name) or "" for name in named))


PROVIDER: Final = Provider(
    name="barclays-epdq",
    title="Barclaycard ePDQ",
    protocol="direct feedback with SHA-OUT",
    methods=("POST", "GET"),
    settings=(
        pinned("hash", tuple(HASHES), "hash of the account"),
        Setting(
            name="charset", required=False, pinned=True, choices=tuple(CHARSETS),
            meaning="character set of the account, UTF-8 where it is left out", example="UTF-8",
        ),
    ),
    keys=(shared_secret(secret_text(), "SHA-OUT passphrase"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
