"""PayTabs PT2: server notifications (IPN) and signed browser returns.

Signed:     an IPN by ``Signature``, hex HMAC-SHA-256 of the raw body; a browser return by its
            field ``signature``, the same over the other fields, sorted and encoded as PHP does,
            without those that are empty or "0". Both are keyed with the text of the profile's
            server key. [php]
Identity:   a payment is ``tran_ref``; a refund has one of its own and names the payment in
            ``previous_tran_ref``, as a capture names its authorisation. [php]
Money:      decimal text in major units; a browser return states none and is a question to ask.
Outcome:    A approved, H on hold, P pending, V voided, E error, D declined, X expired. [memory]
Retries:    not published; until 200.
Source:     paytabs-woocommerce paytabs_core.php, paytabs_pt2. Vectors: tests/vectors/paytabs.json.
"""

from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, meaning
from processors.forms import decoded_fields, form_pairs
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import Pairs, encoded_form, hex_header, whole_body
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import BadSignature, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SIGNATURE: Final = b"signature"
RETURNED: Final = "tranRef"
DROPPED: Final = frozenset((b"", b"0"))

# Kinds of transactions in small letters, and what each announces approved, voided, and refused.
KINDS: Final[Mapping[str, tuple[FactType, FactType | None, FactType | None]]] = {
    "sale": ("PaymentSucceeded", "PaymentClosed", "PaymentFailed"),
    "capture": ("PaymentSucceeded", "PaymentClosed", "PaymentFailed"),
    "auth": ("PaymentAuthorized", "PaymentClosed", "PaymentFailed"),
    "refund": ("RefundCompleted", "RefundFailed", "RefundFailed"),
    "void": ("PaymentClosed", "PaymentClosed", None),
}
# Places in these: approved, voided, refused; None: nothing is decided yet.
STATES: Final[Mapping[str, int | None]] = {
    "A": 0, "V": 1, "E": 2, "D": 2, "X": 2, "H": None, "P": None,
}  # fmt: skip


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    keys = account.all_keys("verify", "secret")
    if callback.has_header("signature"):
        proof = check_hmac(
            (whole_body(callback),),
            hash="sha256",
            signatures=hex_header(callback, "signature", prefix=b""),
            keys=keys,
        )
        return proof.then(json_fields)
    pairs = dict(form_pairs(callback.body))
    signature = pairs.pop(SIGNATURE, b"")
    if not signature:
        raise BadSignature("neither a header nor a field holds a signature")
    returned = check_hmac(
        (_returned(pairs),),
        hash="sha256",
        signatures=(from_hex(signature, error=BadSignature),),
        keys=keys,
    )
    return returned.then(lambda signed: decoded_fields(signed, "utf-8"))


def _returned(pairs: Mapping[bytes, bytes]) -> Message[Pairs]:
    signed = tuple(pair for pair in pairs.items() if pair[1] not in DROPPED)
    return Message(encoded_form(signed, dropped=DROPPED), signed)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    transaction = notice.content
    if RETURNED in transaction:
        return (Inquiry("transaction", transaction.text(RETURNED)),)
    result = transaction.child("payment_result")
    kinds = meaning(KINDS, transaction.text("tran_type").lower(), what="tran_type")
    place = meaning(STATES, result.text("response_status"), what="response_status")
    announced = None if place is None else kinds[place]
    return () if announced is None else (_fact(announced, transaction, result),)


def _fact(announced: FactType, transaction: Fields, result: Fields) -> Fact:
    own_id = transaction.text("tran_ref", absent=UnknownMeaning)
    previous = transaction.optional_text("previous_tran_ref")
    kind = transaction.text("tran_type").lower()
    refunded = kind == "refund"
    return Fact(
        type=announced,
        payment_id=previous if refunded else (kind == "void" and previous) or own_id,
        merchant_order_id=transaction.optional_text("cart_id"),
        occurred_at_ms=result.rfc3339_ms("transaction_time"),
        amount=Money.from_major(
            transaction.text("cart_amount"), transaction.text("cart_currency")
        ),
        authorization_id={"capture": previous, "auth": own_id}.get(kind),
        refund_id=own_id if refunded else None,
    )


PROVIDER: Final = Provider(
    name="paytabs",
    title="PayTabs",
    protocol="PT2 notifications and browser returns",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "server key of the profile"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
