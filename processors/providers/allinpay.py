"""Allinpay (vsp.allinpay.com), result notifications.

Signed:     ``sign``: RSA-SHA-1, Base64, over the sorted form without it and without empty values;
            ``signtype`` is signed and pinned by the account. [gopay] [use]
Identity:   ``trxid`` of a payment and of a refund; a refund does not name its payment.
Money:      integers of fen. Times: Asia/Shanghai. No window.
Voids:      a cancellation of the same day gives the whole amount back: a refund.
Retries:    until ``success``; schedule not published. [memory]
Not here:   signtype MD5 and SM2: no account can be set up for them.
Source:     [gopay] [use]; members and words from memory. Vectors: tests/vectors/allinpay.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Provider, identity, no_check, pinned, plain_reply
from processors.encodings import digits, from_base64
from processors.fields import Fields, meaning, same_account
from processors.forms import decoded_fields, form_pairs
from processors.keys import public_key, tried_public_key
from processors.messages import sorted_form
from processors.signing import Authentic, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
PAYMENT: Final[tuple[FactType, FactType]] = ("PaymentSucceeded", "PaymentFailed")
REFUND: Final[tuple[FactType, FactType]] = ("RefundCompleted", "RefundFailed")
# What each code announces after success and after failure.
KINDS: Final[dict[str, tuple[FactType, FactType]]] = {
    "VSP501": PAYMENT,
    "VSP505": PAYMENT,
    "VSP511": PAYMENT,
    "VSP551": PAYMENT,
    "VSP502": REFUND,
    "VSP512": REFUND,
    "VSP503": REFUND,
    "VSP513": REFUND,
}
SUCCESS: Final = "0000"
PENDING: Final = frozenset(("2000", "2008"))


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    pairs = form_pairs(callback.body)
    received = dict(pairs)
    if received.get(b"signtype") != account.settings["signtype"].encode():
        raise BadSignature("the message announces another signtype than the account's")
    return check_rsa(
        (sorted_form(pairs, exclude=frozenset((b"sign",)), keep_empty=False),),
        hash="sha1",
        signature=from_base64(received.get(b"sign", b""), error=BadSignature),
        keys=account.all_keys("verify"),
    ).then(lambda proven: decoded_fields(proven, "utf-8"))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields, settings = notice.content, account.settings
    same_account(
        cusid=(fields.optional_text("cusid"), settings["cusid"]),
        appid=(fields.optional_text("appid"), settings["appid"]),
    )
    kind = meaning(KINDS, fields.text("trxcode"), what="trxcode")
    status = fields.text("trxstatus")
    digits(status, what="trxstatus")
    if status in PENDING:
        return ()
    refund, order = kind is REFUND, fields.optional_text("cusorderid")
    return (
        Fact(
            type=kind[0] if status == SUCCESS else kind[1],
            payment_id=None if refund else fields.text("trxid"),
            merchant_order_id=None if refund else order,
            refund_id=fields.text("trxid") if refund else None,
            merchant_refund_id=order if refund else None,
            amount=Money.from_minor(fields.digits("trxamt"), "CNY"),
            occurred_at_ms=fields.optional_local_ms("paytime", offset_minutes=SHANGHAI_MINUTES),
        ),
    )


PROVIDER: Final = Provider(
    name="allinpay",
    title="Allinpay",
    protocol="apiweb notifications",
    methods=("POST",),
    settings=(
        identity("cusid", "merchant number", "990581007426001"),
        identity("appid", "application", "00000051"),
        pinned("signtype", ("RSA",), "RSA with SHA-1, fixed by the protocol"),
    ),
    keys=(tried_public_key(public_key, "Allinpay's public key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"success", b"fail"),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
