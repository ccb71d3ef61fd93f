"""Revolut Merchant webhooks, signature version 1.

Signed:     ``Revolut-Signature: v1=<hex>[,v1=<hex>]`` is HMAC-SHA-256 over ``v1.``,
            ``Revolut-Request-Timestamp`` (ms), a dot and the raw body, keyed with the whole text
            of the secret, ``wsk_`` included. Several while a secret is rolled: any counts. [doc]
Window:     the account's; the documentation says 5 minutes.
Thin:       an event names an order and no amount, and a completed refund is an order as well:
            every word that moves money is a question to ask. [memory]
Retries:    3, 10 min apart, until any 2xx. [memory]
Source:     developer.revolut.com, connector-service. Vectors: tests/vectors/revolut-merchant.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import (
    TOLERANCE,
    Inquiry,
    Provider,
    check_tolerance,
    plain_reply,
    tolerance_ms,
)
from processors.encodings import from_hex
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import decodable, framed, header_items
from processors.moments import unix_ms
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact

# Words, and what to ask about; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, str | None]] = {
    "ORDER_AUTHORISED": "order",
    "ORDER_PAYMENT_AUTHENTICATED": None,
    "ORDER_COMPLETED": "order",
    "ORDER_CANCELLED": "order",
    "ORDER_FAILED": "order",
    "ORDER_PAYMENT_FAILED": "order",
    "ORDER_PAYMENT_DECLINED": "order",
    "DISPUTE_ACTION_REQUIRED": "dispute",
    "DISPUTE_UNDER_REVIEW": None,
    "DISPUTE_WON": "dispute",
    "DISPUTE_LOST": "dispute",
}
# Payouts, and the events of Revolut Business under the same signature.
NO_PAYMENT: Final = re.compile(r"(PAYOUT|SUBSCRIPTION)_[A-Z_]+|(Transaction|PayoutLink)[A-Za-z]+")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    header = callback.header("revolut-signature", absent=BadSignature)
    items = header_items(header, between=b",")
    signatures = decodable(items.get(b"v1", ()), from_hex, octets=32)
    stamp = callback.header("revolut-request-timestamp", absent=Malformed)
    signed_ms = unix_ms(stamp, what="Revolut-Request-Timestamp")
    message = framed(b"v1.", stamp, b".", callback.body, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    return proof.fresh(callback, signed_ms, within_ms=tolerance_ms(account)).then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("event", absent=UnknownMeaning)
    asked = None if NO_PAYMENT.fullmatch(word) else meaning(EVENTS, word, what="event")
    if asked is None:
        return ()
    named = f"{asked}_id"
    return (Inquiry(asked, event.text(named if named in event else "order_id")),)


PROVIDER: Final = Provider(
    name="revolut-merchant",
    title="Revolut Merchant",
    protocol="webhooks, signature version 1",
    methods=("POST",),
    settings=(TOLERANCE,),
    keys=(shared_secret(secret_text(), "signing secret, the whole wsk_... text"),),
    check=check_tolerance,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(600, 600, 600),
)
