"""Wise webhooks, schema 2.0.0: thin events of transfers and balances.

Signed:     ``X-Signature-SHA256``: RSA-SHA-256, Base64, over the raw body; one key of Wise for
            each environment, none is named, no time is signed. [gh]
Thin:       a refunded transfer carries no amount, and a credit of a balance names no order: every
            word that moves money towards us is a question to ask. Outgoing transfers are none of a
            customer's.
Identity:   ``data.resource.id``; ``X-Delivery-Id`` is of the delivery.
Retries:    for about two weeks, until 2xx. [memory]
Source:     digital-signatures-examples [gh]; words in part from memory.
            Vectors: tests/vectors/wise.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import public_key, tried_public_key
from processors.messages import base64_header, whole_body
from processors.signing import Authentic, check_rsa
from schemas.callback import Callback
from schemas.fact import Fact

TRANSFERS: Final = "transfers#state-change"
# States of outgoing transfers, and what is to be asked about.
STATES: Final[dict[str, str | None]] = {
    "incoming_payment_waiting": None,
    "incoming_payment_initiated": None,
    "waiting_recipient_input_to_proceed": None,
    "processing": None,
    "funds_converted": None,
    "outgoing_payment_sent": None,
    "bounced_back": None,
    "charged_back": None,
    "cancelled": None,
    "funds_refunded": "transfer",
}
# What the other events are about.
RESOURCES: Final[dict[str, str]] = {
    "balances#credit": "balance",
    "balances#update": "balance",
    "account-details-payment#state-change": "account details payment",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    (signature,) = base64_header(callback, "x-signature-sha256")
    proof = check_rsa(
        (whole_body(callback),),
        hash="sha256",
        signature=signature,
        keys=account.all_keys("verify"),
    )
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    kind, about = event.text("event_type"), event.child("data")
    asked = (
        meaning(STATES, about.text("current_state"), what="current_state")
        if kind == TRANSFERS
        else meaning(RESOURCES, kind, what="event_type")
    )
    return () if asked is None else (Inquiry(asked, about.child("resource").id_text("id")),)


PROVIDER: Final = Provider(
    name="wise",
    title="Wise",
    protocol="webhooks 2.0.0",
    methods=("POST",),
    settings=(),
    keys=(tried_public_key(public_key, "Wise's public key of the environment"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600, 21_600, 86_400, 86_400, 86_400),
)
