"""NOWPayments instant payment notifications.

Signed:     ``x-nowpayments-sig`` is hex HMAC-SHA-512 of the body written anew as JavaScript does:
            compact, members sorted by name, those of inner objects too, numbers in JavaScript's
            form (0.0000001 is 1e-7, 25.50 is 25.5). Keyed with the text of the IPN secret. [doc]
Lists:      JavaScript's example writes one as an object, the others as a list: a body with any is
            refused. [doc]
Identity:   a payment is ``payment_id``. A refund has neither id nor total: it is known by the
            dedup key (payment_id, payment_status, actually_paid). [sheet]
Money:      ``price_amount`` in ``price_currency``, a JSON number in major units; what was paid in
            crypto is not compared.
Numbers:    what JavaScript cannot hold exactly it signs as another number: ids above 2^53 are not
            proven, and parked.
Retries:    as set in the dashboard, until 200 within 3 s. [memory]
Source:     NOWPayments API collection and help pages. Vectors: tests/vectors/nowpayments.json.
"""

from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.fields import Fields, Number, derived_id, meaning
from processors.javascript import SAFE_INTEGER_MAX, sorted_json
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
STATES: Final[Mapping[str, FactType | None]] = {
    "waiting": None,
    "confirming": None,
    "confirmed": None,
    "sending": None,
    "finished": "PaymentSucceeded",
    "partially_paid": None,
    "failed": "PaymentFailed",
    "expired": "PaymentClosed",
    "refunded": "RefundCompleted",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-nowpayments-sig", prefix=b"")
    fields = exact_json_fields(callback.body)
    return check_hmac(
        (Message(sorted_json(fields), fields),),
        hash="sha512",
        signatures=signatures,
        keys=account.all_keys("verify", "secret"),
    )


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    payment = notice.content
    status = payment.text("payment_status")
    announced = meaning(STATES, status, what="payment_status")
    if announced is None:
        return ()
    payment_id = _payment(payment)
    refunded = announced == "RefundCompleted"
    paid = payment.number("actually_paid") if refunded else ""
    return (
        Fact(
            type=announced,
            payment_id=payment_id,
            merchant_order_id=payment.optional_id_text("order_id"),
            occurred_at_ms=_time(payment),
            amount=_price(payment),
            refund_id=derived_id(payment_id, status, paid) if refunded else None,
        ),
    )


def _payment(payment: Fields) -> str:
    stated = payment.raw("payment_id")
    inexact = isinstance(stated, Number) or (type(stated) is int and stated > SAFE_INTEGER_MAX)
    if inexact:
        raise UnknownMeaning("a payment id that its signature does not hold exactly")
    return payment.id_text("payment_id")


def _price(payment: Fields) -> Money:
    currency = payment.text("price_currency").upper()
    return Money.from_major(payment.number("price_amount"), currency)


def _time(payment: Fields) -> int | None:
    stated = payment.raw("updated_at")
    if type(stated) is not int:
        return payment.optional_rfc3339_ms("updated_at")
    if not 0 <= stated <= SAFE_INTEGER_MAX // 64:
        raise Malformed("updated_at is no time in milliseconds")
    return stated


PROVIDER: Final = Provider(
    name="nowpayments",
    title="NOWPayments",
    protocol="instant payment notifications",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "the IPN secret"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 300, 900, 3_600),
)
