"""Tap Payments webhooks, version 2: the object itself, and a hash of seven of its fields.

Signed:     ``hashstring`` is hex HMAC-SHA-256 over labelled values without separators (``x_id``,
            ``x_amount``, ``x_currency``, ``x_gateway_reference``, ``x_payment_reference``,
            ``x_status``, ``x_created``; an invoice: ``x_updated`` for the two references), keyed
            with the text of the secret API key. What is absent is empty. [doc]
Amount:     a JSON number in major units, hashed with all decimals of its currency: 1.5 KWD is
            1.500.
Unsigned:   everything else, orders and the charge of a refund among it: a refund is proven, which
            payment it returns is not, so that it stays unlinked. What kind of object it is, its id
            says.
Retries:    2; until 200. [doc]
Source:     developers.tap.company/docs/webhook; refund states from memory. Vectors:
            tests/vectors/tap.json.
"""

import re
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.encodings import digits
from processors.fields import NOTHING, Fields, meaning
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

ID: Final = re.compile(r"(chg|auth|re|inv)_[A-Za-z0-9]+", re.ASCII)
FAILED: Final = ("DECLINED", "FAILED", "RESTRICTED", "TIMEDOUT", "UNKNOWN")
CLOSED: Final = ("CANCELLED", "ABANDONED", "VOID")
UNPAID: Final[Mapping[str, FactType | None]] = {
    "INITIATED": None,
    "IN_PROGRESS": None,
    **dict.fromkeys(FAILED, "PaymentFailed"),
    **dict.fromkeys(CLOSED, "PaymentClosed"),
}
# Kinds by the beginning of their ids, and what their states announce. Any other is parked.
KINDS: Final[dict[str, Mapping[str, FactType | None]]] = {
    "chg": {**UNPAID, "CAPTURED": "PaymentSucceeded"},
    "auth": {**UNPAID, "AUTHORIZED": "PaymentAuthorized", "CAPTURED": None},
    "re": {
        "REFUNDED": "RefundCompleted",
        "PENDING": None,
        "IN_PROGRESS": None,
        "FAILED": "RefundFailed",
        "DECLINED": "RefundFailed",
    },
    "inv": {**UNPAID, "PAID": "PaymentSucceeded", "CAPTURED": "PaymentSucceeded"},
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "hashstring", prefix=b"")
    return check_hmac(
        (_message(exact_json_fields(callback.body)),),
        hash="sha256",
        signatures=signatures,
        keys=account.all_keys("verify", "secret"),
    )


def _message(resource: Fields) -> Message[Fields]:
    own_id = resource.text("id")
    # Values stand side by side: an id of another form could hold a label.
    if ID.fullmatch(own_id) is None:
        raise UnknownMeaning("an id of an unknown form")
    currency = resource.text("currency")
    money = Money.from_major(resource.number("amount"), currency)
    status = resource.text("status")
    labelled = {"id": own_id, "amount": _formatted(money), "currency": currency}
    if own_id.startswith("inv_"):
        labelled |= {"updated": _stamp(resource, "updated"), "status": status}
        labelled["created"] = _stamp(resource, "created")
    else:
        reference = resource.optional_child("reference") or NOTHING
        labelled["gateway_reference"] = reference.optional_text("gateway") or ""
        labelled["payment_reference"] = reference.optional_text("payment") or ""
        labelled["status"] = status
        labelled["created"] = _stamp(resource.child("transaction"), "created")
    text = "".join(f"x_{label}{value}" for label, value in labelled.items())
    signed = {"id": own_id, "status": status, "created": labelled["created"], "money": money}
    return Message(text.encode(), Fields(signed))


def _formatted(money: Money) -> str:
    if not money.exponent:
        return str(money.minor)
    whole, rest = divmod(money.minor, 10**money.exponent)
    return f"{whole}.{rest:0{money.exponent}d}"


def _stamp(holder: Fields, name: str) -> str:
    """Return unix milliseconds as they stand: text in a charge, a number in an invoice."""
    return holder.id_text(name)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    signed = notice.content
    own_id, money = signed.text("id"), signed.raw("money")
    states = KINDS[own_id.partition("_")[0]]
    announced = meaning(states, signed.text("status"), what="status")
    if announced is None:
        return ()
    refunded = announced.startswith("Refund")
    return (
        Fact(
            type=announced,
            payment_id=None if refunded else own_id,
            merchant_order_id=None,
            occurred_at_ms=_occurred(signed),
            amount=money,
            authorization_id=own_id if announced == "PaymentAuthorized" else None,
            refund_id=own_id if refunded else None,
        ),
    )


def _occurred(signed: Fields) -> int:
    created_ms = digits(signed.text("created"), what="created")
    if created_ms >= 10**14:
        raise Malformed("created is no time in milliseconds")
    return created_ms


PROVIDER: Final = Provider(
    name="tap",
    title="Tap Payments",
    protocol="webhooks, version 2",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "the secret API key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600),
)
