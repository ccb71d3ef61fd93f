"""Mollie next-generation webhooks: signed, and thin as far as money goes.

Signed:     ``X-Mollie-Signature`` is hex HMAC-SHA-256 of the raw body, keyed with the text of a
            signing secret, with or without ``sha256=`` in front. While secrets roll the header
            stands several times: any pair of value and secret counts. No time is signed. [php, py]
Thin:       simple subscriptions send an id alone, and a paid link names no payment that could be
            refunded: every word that moves money is a question to ask.
Not here:   classic webhooks, a bare ``id=tr_…`` without proof.
Mode:       an embedded entity may say it; then it is compared.
Retries:    10 in about 26 h, until 200. [memory]
Source:     mollie-api-php, mollie-api-py. Vectors: tests/vectors/mollie.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, meaning, same_if_stated
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import decodable, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact

SHA256_OCTETS: Final = 32
HEADER: Final = "x-mollie-signature"
# Types, and the resource to ask about; None: nothing has moved, or nothing of a customer's.
TYPES: Final[dict[str, str | None]] = {
    "payment-link.paid": "payment link",
    "payment.pending": None,
    "payment.authorized": "payment",
    "payment.paid": "payment",
    "payment.failed": "payment",
    "payment.canceled": "payment",
    "payment.expired": "payment",
    "refund.queued": None,
    "refund.pending": None,
    "refund.processing": None,
    "refund.refunded": "refund",
    "refund.failed": "refund",
    "refund.canceled": "refund",
    "dispute.created": "dispute",
    "dispute.updated": "dispute",
    "dispute.resolved": "dispute",
    "balance-transaction.created": "balance transaction",
    "sales-invoice.paid": "sales invoice",
    "sales-invoice.created": None,
    "sales-invoice.issued": None,
    "sales-invoice.canceled": None,
    "sales-invoice.e-invoice-issued": None,
    "sales-invoice.e-invoice-failed": None,
}
NO_PAYMENT: Final = re.compile(
    r"(payout|business-account-transfer|connect-balance-transfer|unmatched-credit-transfer"
    r"|profile|file|hook)\.[a-z.-]+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    values = [
        value.encode("latin-1") for name, value in callback.headers if name.lower() == HEADER
    ]
    texts = [value.removeprefix(b"sha256=") for value in values]
    # None is left where the header is missing: what is not signed proves nothing.
    signatures = decodable(texts, from_hex, octets=SHA256_OCTETS)
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("type", absent=UnknownMeaning)
    asked = None if NO_PAYMENT.fullmatch(word) else meaning(TYPES, word, what="type")
    embedded = event.optional_child("_embedded")
    entity = None if embedded is None else embedded.optional_child("entity")
    if entity is not None:
        same_if_stated(mode=(entity.optional_text("mode"), account.mode))
    return () if asked is None else (Inquiry(asked, event.text("entityId")),)


PROVIDER: Final = Provider(
    name="mollie",
    title="Mollie",
    protocol="next-generation webhooks",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "signing secret of the webhook subscription"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # Growing; the steps are from memory.
    retry_after_s=(60, 120, 240, 480, 960, 3_600, 7_200, 14_400, 28_800, 36_000),
)
