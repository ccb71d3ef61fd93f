"""Flutterwave webhooks, versions 3 and 4.

Signed:     version 4: ``flutterwave-signature`` is Base64 HMAC-SHA-256 of the raw body, keyed with
            the text of the secret hash. [memory] The account says which proof it takes, and takes
            no other.
Token:      a secret hash that is only sent along (version 3: ``verif-hash``; some of version 4:
            ``flutterwave-signature``) covers nothing: what came with it is a question to ask.
            [doc]
Identity:   a payment is ``data.id``, number or text; the merchant's number ``tx_ref`` (version 3)
            or ``reference`` (version 4). ``charge.completed`` says only that it ended: the status
            says how.
Money:      JSON numbers in major units, read as decimals, of every currency.
Retries:    3, 30 min apart, where the dashboard's switch is on. [memory]
Source:     developer.flutterwave.com; refund states from memory. Vectors:
            tests/vectors/flutterwave.json.
"""

import re
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import base64_header, whole_body
from processors.moments import UNIX_SECONDS_MAX
from processors.signing import Authentic, check_hmac, check_token
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

TOKEN: Final = "verif-hash"
TOKEN_HEADERS: Final = {"v3": "verif-hash", "v4": "flutterwave-signature"}
WORDS: Final = {"v3": "event", "v4": "type"}
ORDERS: Final = {"v3": "tx_ref", "v4": "reference"}

# Words, and what the states of their resource announce. An unlisted one is parked.
EVENTS: Final[dict[str, Mapping[str, FactType | None]]] = {
    "charge.completed": {
        "successful": "PaymentSucceeded",
        "succeeded": "PaymentSucceeded",
        "failed": "PaymentFailed",
        "pending": None,
    },
    "refund.completed": {
        "completed": "RefundCompleted",
        "succeeded": "RefundCompleted",
        "failed": "RefundFailed",
        "pending": None,
    },
}
NO_PAYMENT: Final = re.compile(r"(transfer\.[a-z_.]+|subscription\.cancelled)")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    keys = account.all_keys("verify", "secret")
    if account.settings["signature_mode"] == TOKEN:
        header = TOKEN_HEADERS[account.settings["api"]]
        token = callback.header(header, absent=BadSignature)
        return check_token(token, beside=exact_json_fields(callback.body), keys=keys)
    proof = check_hmac(
        (whole_body(callback),),
        hash="sha256",
        signatures=base64_header(callback, "flutterwave-signature"),
        keys=keys,
    )
    return proof.then(exact_json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    api = account.settings["api"]
    proven = account.settings["signature_mode"] != TOKEN
    event = notice.content if proven else notice.unproven
    word = event.text(WORDS[api], absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word):
        return ()
    states = meaning(EVENTS, word, what=WORDS[api])
    resource = event.child("data")
    if not proven:
        return (Inquiry(word.partition(".")[0], resource.id_text("id")),)
    announced = meaning(states, resource.text("status"), what="status")
    return () if announced is None else (_fact(announced, event, resource, api),)


def _fact(announced: FactType, event: Fields, resource: Fields, api: str) -> Fact:
    refunded = announced.startswith("Refund")
    own_id = resource.id_text("id")
    return Fact(
        type=announced,
        payment_id=resource.optional_id_text("charge_id") if refunded else own_id,
        merchant_order_id=resource.optional_text(ORDERS[api]),
        occurred_at_ms=resource.optional_rfc3339_ms("created_at") or _sent_ms(event),
        amount=Money.from_major(resource.number("amount"), resource.text("currency")),
        refund_id=own_id if refunded else None,
    )


def _sent_ms(event: Fields) -> int | None:
    """Return the time of version 4's envelope, in milliseconds."""
    if "timestamp" not in event:
        return None
    sent_ms = event.integer("timestamp")
    if not 0 <= sent_ms <= UNIX_SECONDS_MAX * 1000:
        raise Malformed("timestamp is no time in milliseconds")
    return sent_ms


PROVIDER: Final = Provider(
    name="flutterwave",
    title="Flutterwave",
    protocol="webhooks, versions 3 and 4",
    methods=("POST",),
    settings=(
        Setting(
            name="signature_mode",
            required=True,
            pinned=True,
            choices=("verif-hash", "hmac-sha256-base64"),
            meaning="the one proof that is taken: a token, which by itself announces nothing, or "
            "a signature",
            example="hmac-sha256-base64",
        ),
        Setting(
            name="api",
            required=True,
            pinned=True,
            choices=("v3", "v4"),
            meaning="version of the messages",
            example="v4",
        ),
    ),
    keys=(shared_secret(secret_text(), "the secret hash of the dashboard"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(1_800, 1_800, 1_800),
)
