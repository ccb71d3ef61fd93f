"""Paytm Payment Gateway: callbacks and server notifications by form.

Signed:     ``CHECKSUMHASH``: Base64 of AES-128-CBC, keyed with the merchant key's text and a
            public IV, over the hex SHA-256 of values and salt, and the salt. The values are those
            of all other fields by the order of their names, joined with bars; ``null`` counts as
            empty at one SDK, as a text at the other. A raw plus came as a blank. [py, node, rb]
Names:      only values are signed, and a name can be another that keeps the order. So no value
            holds a bar, from ``MID`` on every name is one of those below, which leaves what a
            success has to tell (merchant, order, code, status, amount, date, id) one reading, and
            status and code have to say together what it is.
Identity:   ``TXNID``, and ``ORDERID`` of the merchant; a refund is ``REFUNDID``, the merchant's
            ``REFID``. Refunds are from memory: without their own amount, or failed, they are
            asked about.
Money:      decimal text of rupees, INR. Times: India, +05:30.
Retries:    several within hours. [memory]
Source:     paytmchecksum for Python [py] and Node [node], offsite_payments [rb]. Vectors:
            tests/vectors/paytm.json.
"""

from collections.abc import Iterator
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, identity, no_check, plain_reply
from processors.encodings import from_base64
from processors.fields import Fields, meaning, same_account
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.messages import decodable
from processors.sealing import sealed_checksum
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

KEY_CHARACTERS: Final = 16
IV: Final = b"@@@@&&&&####$$$$"
SEALED_OCTETS: Final = 80  # A hash in hex, the salt, and what fills the last block.
INDIA_MINUTES: Final = 330
CHECKSUM: Final = "CHECKSUMHASH"
CURRENCY: Final = "INR"
FIRST_KNOWN: Final = "MID"
KNOWN: Final = frozenset((
    "MID", "ORDERID", "PAYMENTMODE", "PREPAIDCARD", "REFID", "REFUNDAMOUNT", "REFUNDID",
    "RESPCODE", "RESPMSG", "STATUS", "SUBS_ID", "TOTALREFUNDAMT", "TXNAMOUNT", "TXNDATE",
    "TXNDATETIME", "TXNID",
))  # fmt: skip
PAID_CODE, REFUNDED_CODE = "01", "10"
# What each status announces of a payment; None: not yet.
STATES: Final[dict[str, FactType | None]] = {
    "TXN_SUCCESS": "PaymentSucceeded",
    "TXN_FAILURE": "PaymentFailed",
    "PENDING": None,
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    received = decoded_fields(form_pairs(callback.body), "utf-8")
    checksum = received.text(CHECKSUM, absent=BadSignature).replace(" ", "+")
    (sealed,) = decodable((checksum.encode(),), from_base64, octets=SEALED_OCTETS)
    proof = check_keyed_digest(
        _messages(received),
        lambda key, text: sealed_checksum(key, text, sealed, iv=IV),
        signatures=(sealed,),
        keys=account.all_keys("verify", "secret"),
    )
    same_account(MID=(proof.content.optional_text("MID"), account.settings["mid"]))
    return proof


def _messages(received: Fields) -> Iterator[Message[Fields]]:
    told = {
        name: received.optional_text(name) or "" for name in sorted(received) if name != CHECKSUM
    }
    if any("|" in value for value in told.values()):
        raise Malformed("a value with the bar that stands between values")
    # What two texts share a signature proves is the weaker one: nothing.
    proven = {name: "" if value.lower() == "null" else value for name, value in told.items()}
    for values in (proven, told):
        yield Message("|".join(values.values()).encode(), Fields(proven))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    payment = notice.content
    if any(name >= FIRST_KNOWN and name not in KNOWN for name in payment):
        raise UnknownMeaning("a field of another name, which could be that of any")
    announced = meaning(STATES, payment.text("STATUS"), what="STATUS")
    if announced is None:
        return ()
    refund_id, code = payment.optional_text("REFUNDID"), payment.optional_text("RESPCODE")
    failed = announced == "PaymentFailed"
    expected = PAID_CODE if refund_id is None else REFUNDED_CODE
    if failed == (code in (PAID_CODE, REFUNDED_CODE)) or (not failed and code != expected):
        raise UnknownMeaning("status, code and refund contradict each other")
    if refund_id is None:
        return (_payment(announced, payment),)
    if failed or payment.optional_text("REFUNDAMOUNT") is None:
        return (Inquiry("refund", refund_id),)
    return (_refund(refund_id, payment),)


def _payment(announced: FactType, payment: Fields) -> Fact:
    if announced == "PaymentSucceeded":
        payment.text("TXNDATE")  # Between amount and id it keeps the two in their places.
    return Fact(
        type=announced,
        payment_id=payment.optional_text("TXNID"),
        merchant_order_id=payment.text("ORDERID"),
        occurred_at_ms=payment.optional_local_ms("TXNDATE", offset_minutes=INDIA_MINUTES),
        amount=_money(payment, "TXNAMOUNT"),
    )


def _refund(refund_id: str, payment: Fields) -> Fact:
    return Fact(
        type="RefundCompleted",
        payment_id=payment.text("TXNID"),
        merchant_order_id=payment.optional_text("ORDERID"),
        occurred_at_ms=payment.optional_local_ms("TXNDATE", offset_minutes=INDIA_MINUTES),
        amount=_money(payment, "REFUNDAMOUNT"),
        refund_id=refund_id,
        merchant_refund_id=payment.optional_text("REFID"),
    )


def _money(payment: Fields, name: str) -> Money | None:
    if payment.optional_text(name) is None:
        return None  # `Fact.check` knows who must have one.
    if payment.text("CURRENCY") != CURRENCY:
        raise UnknownMeaning("an amount in another currency than rupees")
    return Money.from_major(payment.text(name), CURRENCY)


PROVIDER: Final = Provider(
    name="paytm",
    title="Paytm",
    protocol="Payment Gateway callbacks, CHECKSUMHASH",
    methods=("POST",),
    settings=(identity("mid", "merchant id, MID", "WorldP64425807474247"),),
    keys=(shared_secret(secret_text(length=KEY_CHARACTERS), "merchant key, 16 characters"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600, 10_800),
)
