"""HyperPay and the other shops of the OPPWA platform: encrypted webhooks.

Sealed:     the body is hex of AES-256-GCM, nonce and tag in ``X-Initialization-Vector`` and
            ``X-Authentication-Tag``, hex of either case; nothing else proves it, and no time is
            stated. [ppro] ``{"encryptedBody": ...}`` around it is the listener's choice. [memory]
Identity:   every operation has an ``id``; a refund, capture or reversal names what it is about
            in ``referencedId``. [aci]
Money:      decimal text in major units.
Outcome:    ``result.code`` by pattern. Codes 000.100.1 are those of a simulator: worthless on a
            live account. Some of 000.400 succeeded, but a person has to look: parked. The others
            of 000.400 are refusals of 3-D Secure, but for two. [result codes of the platform]
Time:       ``2024-05-01 10:00:00+0000``.
Retries:    until any 2xx; the schedule is not published.
Source:     PPRO and Peach Payments guides, hyperswitch aci.rs.
            Vectors: tests/vectors/hyperpay-oppwa.json.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from processors.account import Account
from processors.contract import Provider, no_check, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import KeyForm, secret_hex
from processors.messages import sealed_in_headers
from processors.moments import rfc3339_ms
from processors.sealing import open_gcm
from processors.signing import Authentic, check_opened
from schemas.callback import Callback
from schemas.errors import Malformed, UnknownMeaning, WrongAccount
from schemas.fact import Fact, FactType
from schemas.money import Money

KINDS: Final = {"PAYMENT": True, "REGISTRATION": False, "RISK": False}
# Operations, and what each announces done and refused; None: all stays as it was.
OPERATIONS: Final[Mapping[str, tuple[FactType, FactType | None]]] = {
    "DB": ("PaymentSucceeded", "PaymentFailed"),
    "CP": ("PaymentSucceeded", "PaymentFailed"),
    "RC": ("PaymentSucceeded", "PaymentFailed"),
    "PA": ("PaymentAuthorized", "PaymentFailed"),
    "RF": ("RefundCompleted", "RefundFailed"),
    "CR": ("RefundCompleted", "RefundFailed"),
    "RV": ("PaymentClosed", None),
    "CB": ("DisputeOpened", None),
}
ABOUT_ANOTHER: Final = frozenset(("RF", "CR", "RV", "CB"))
CODE: Final = re.compile(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}", re.ASCII)
DONE: Final = re.compile(r"000\.000\.|000\.100\.1|000\.[36]|000\.400\.1[12]0")
PENDING: Final = re.compile(r"000\.200|800\.400\.5|100\.400\.500")
REVIEWED: Final = re.compile(r"000\.400\.0[^3]|000\.400\.100")
SIMULATED: Final = "000.100.1"


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    sealed, nonce = sealed_in_headers(_unwrapped(callback), from_hex)
    proof = check_opened(
        sealed,
        lambda key, octets: open_gcm(key, octets, nonce=nonce, beside=b""),
        keys=account.all_keys("decrypt", "secret"),
    )
    return proof.then(json_fields)


def _unwrapped(callback: Callback) -> Callback:
    if not callback.body.startswith(b"{"):
        return callback
    wrapped = json_fields(callback.body).text("encryptedBody")
    return replace(callback, body=wrapped.encode("utf-8", "replace"))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    event = notice.content
    if not meaning(KINDS, event.text("type", absent=UnknownMeaning), what="type"):
        return ()
    if "payload" not in event:
        raise UnknownMeaning("a payment without a payload")
    payment = event.child("payload")
    kind = payment.text("paymentType", absent=UnknownMeaning)
    done, refused = meaning(OPERATIONS, kind, what="paymentType")
    code = payment.child("result").text("code")
    if code.startswith(SIMULATED) and account.mode == "live":
        raise WrongAccount("a simulated payment on a live account")
    announced = _announced(code, done, refused)
    return () if announced is None else (_fact(announced, kind, payment),)


def _announced(code: str, done: FactType, refused: FactType | None) -> FactType | None:
    if CODE.fullmatch(code) is None:
        raise Malformed("result.code is no code")
    if REVIEWED.match(code):
        raise UnknownMeaning("a success that has to be reviewed")
    if DONE.match(code):
        return done
    return None if PENDING.match(code) else refused


def _fact(announced: FactType, kind: str, payment: Fields) -> Fact:
    own_id, about = payment.text("id"), payment.optional_text("referencedId")
    stamp = payment.optional_text("timestamp")
    amount = payment.optional_text("amount")
    return Fact(
        type=announced,
        payment_id=about if kind in ABOUT_ANOTHER else own_id,
        merchant_order_id=payment.optional_text("merchantTransactionId"),
        occurred_at_ms=None
        if stamp is None
        else rfc3339_ms(stamp.replace(" ", "T", 1), what="timestamp"),
        amount=None if amount is None else Money.from_major(amount, payment.text("currency")),
        authorization_id={"PA": own_id, "CP": about}.get(kind),
        refund_id=own_id if announced.startswith("Refund") else None,
        dispute_id=own_id if announced == "DisputeOpened" else None,
    )


PROVIDER: Final = Provider(
    name="hyperpay-oppwa",
    title="HyperPay (OPPWA)",
    protocol="encrypted webhooks",
    methods=("POST",),
    settings=(),
    keys=(
        KeyForm(
            use="decrypt",
            kind="secret",
            decode=secret_hex(octets=32),
            required=True,
            chosen_by="all tried",
            note="secret of the listener, 64 hex digits; opening with it is the proof",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
