"""Bambora Online (ePay): the callback in the query of a GET.

Signed:     ``hash``: hex MD5 of all other values, decoded, in the order received, and behind them
            the key. Neither names nor borders are covered: characters can move between
            neighbours, so that the shop compares order and amount with its own. [epay.rb]
Identity:   ``txnid``, ``orderid``. Money: integers of minor units, currency in ISO numbers.
Meaning:    a callback is a success: captured where the account captures at once.
Time:       ``date`` and ``time`` (to the minute) in Danish local time.
Retries:    for some days, until 200. [memory]
Source:     activemerchant/offsite_payments. Vectors: tests/vectors/bambora-epay.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Provider, no_check, pinned, plain_reply
from processors.currency_numbers import currency_code
from processors.encodings import from_hex
from processors.fields import Fields
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.local_times import central_european_ms
from processors.messages import Pairs
from processors.signing import Authentic, Message, check_keyed_digest, digest_hex
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact
from schemas.money import Money

HASH: Final = b"hash"


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    if callback.body:
        raise Malformed("a body beside the query")
    pairs = form_pairs(callback.query)
    signed: Pairs = tuple(pair for pair in pairs if pair[0] != HASH)
    return check_keyed_digest(
        (Message(b"".join(value for _, value in signed), signed),),
        lambda key, values: bytes.fromhex(digest_hex("md5", values + key)),
        signatures=(from_hex(dict(pairs).get(HASH, b""), error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    ).then(lambda proven: decoded_fields(proven, "utf-8"))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    captured = account.settings["instant_capture"] == "true"
    currency = currency_code(fields.text("currency"))
    return (
        Fact(
            type="PaymentSucceeded" if captured else "PaymentAuthorized",
            payment_id=str(fields.digits("txnid")),
            merchant_order_id=fields.text("orderid"),
            amount=Money.from_minor(fields.digits("amount"), currency),
            occurred_at_ms=_occurred_ms(fields),
        ),
    )


def _occurred_ms(fields: Fields) -> int | None:
    if "date" not in fields or "time" not in fields:
        return None
    stamp = f"{fields.digits('date'):08d}{fields.digits('time'):04d}00"
    return central_european_ms(stamp, what="date and time")


PROVIDER: Final = Provider(
    name="bambora-epay",
    title="Bambora Online (ePay)",
    protocol="callback with MD5",
    methods=("GET",),
    settings=(pinned("instant_capture", ("true", "false"), "whether a callback means captured"),),
    keys=(shared_secret(secret_text(), "MD5 key of the account"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(300, 3_600, 21_600, 86_400),
)
