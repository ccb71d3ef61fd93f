"""PayU India: hosted checkout response and webhook, reverse SHA-512 hash.

Signed:     ``hash``: hex SHA-512 over ``salt|status|udf10|...|udf1|email|firstname|productinfo|
            amount|txnid|key``, values as received; ``additionalCharges|`` in front where charges
            are told; ``splitInfo|`` behind the status where the account splits. The SDKs leave
            udf10 to udf6 empty whatever came, another kit signs them: either counts. No HMAC, no
            escaping: a bar in a free text moves its neighbours, so that only both ends are read,
            where none may stand. [websdk, offsite_payments]
Unsigned:   everything else, ``mihpayid`` and ``action`` among it: it makes no identity and no
            type. ``unmappedstatus`` and ``action`` can only hold an item back, ``addedon`` dates.
Identity:   ``txnid``, payment and order in one; PayU's own number is not proven.
Money:      decimal text of rupees. Times: India, +05:30; their colons can be lost. [fixture]
Refunds:    a notice whose ``action`` is refund is a question to ask.
Retries:    not published; until 200. [memory]
Source:     payu-websdk, offsite_payments. Vectors: tests/vectors/payu-india.json.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, identity, no_check, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, Number, meaning, same_account
from processors.forms import decoded_fields, form_pairs
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import joined
from processors.moments import local_ms
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact, FactType
from schemas.money import Money

INDIA_MINUTES: Final = 330
DAY_LENGTH: Final = len("yyyy-MM-dd ")
BAR: Final = "|"
READ: Final = ("status", "amount", "txnid", "key")
LATER: Final = ("udf10", "udf9", "udf8", "udf7", "udf6")
SIGNED: Final = (
    "udf5", "udf4", "udf3", "udf2", "udf1", "email", "firstname", "productinfo", "amount",
    "txnid", "key",
)  # fmt: skip
STATES: Final[Mapping[str, FactType | None]] = {
    "success": "PaymentSucceeded",
    "failure": "PaymentFailed",
    "pending": None,
    "in progress": None,
}
# What the unproven word beside a success lets pass: what was only authorised is asked about.
CAPTURED: Final = {"captured": True, "auth": False}
REFUND: Final = "refund"


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    fields = _received(callback.body)
    if any(BAR in (_text(fields, name) or "") for name in READ):
        raise Malformed("a value that is read holds the separator")
    charges = _text(fields, "additionalCharges")
    before = joined((charges, ""), BAR) if charges else b""
    return check_keyed_digest(
        _signed_texts(fields),
        lambda salt, text: hashlib.sha512(before + salt + text).digest(),
        signatures=(from_hex(fields.optional_text("hash") or "", error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    )


def _received(body: bytes) -> Fields:
    # Form or JSON, as the dashboard says; no form begins with a brace.
    if body.lstrip().startswith(b"{"):
        return exact_json_fields(body)
    return decoded_fields(form_pairs(body), "utf-8")


def _text(fields: Fields, name: str) -> str | None:
    number = isinstance(fields.raw(name), int | Number)
    return fields.number(name) if number else fields.optional_text(name)


def _signed_texts(fields: Fields) -> Iterator[Message[Fields]]:
    proven = Fields({name: _text(fields, name) for name in READ})
    status, rest = _text(fields, "status"), [_text(fields, name) for name in SIGNED]
    split, later = _text(fields, "splitInfo"), [_text(fields, name) for name in LATER]
    for behind in ((split,), ()) if split else ((),):
        for between in (later, [None] * len(LATER)) if any(later) else (later,):
            yield Message(joined((None, status, *behind, *between, *rest), BAR), proven, fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    fields, beside = notice.content, notice.unproven
    same_account(key=(fields.optional_text("key"), account.settings["key"]))
    announced = meaning(STATES, fields.text("status"), what="status")
    number = fields.text("txnid")
    if beside.optional_text("action") == REFUND:
        return (Inquiry("refund", number),)
    if announced is None:
        return ()
    if announced == "PaymentSucceeded" and not _captured(beside):
        return (Inquiry("payment", number),)
    return (
        Fact(
            type=announced,
            payment_id=number,
            merchant_order_id=number,
            amount=Money.from_major(fields.text("amount"), "INR"),
            occurred_at_ms=_added_ms(beside.optional_text("addedon")),
        ),
    )


def _captured(beside: Fields) -> bool:
    word = beside.optional_text("unmappedstatus")
    return word is None or meaning(CAPTURED, word, what="unmappedstatus")


def _added_ms(text: str | None) -> int | None:
    if text is None:
        return None
    spelled = text[:DAY_LENGTH] + text[DAY_LENGTH:].replace(" ", ":")
    return local_ms(spelled, offset_minutes=INDIA_MINUTES, what="addedon")


PROVIDER: Final = Provider(
    name="payu-india",
    title="PayU India",
    protocol="checkout response and webhook, reverse hash",
    methods=("POST",),
    settings=(identity("key", "merchant key", "merchant_id"),),
    keys=(shared_secret(secret_text(), "salt; two can be active"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
