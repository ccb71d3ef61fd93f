"""Toss Payments webhooks: the signed ones, of payouts and sellers.

Signed:     ``tosspayments-webhook-signature: v1:<Base64>[,<Base64>]`` is HMAC-SHA-256 over the raw
            body, a colon and ``tosspayments-webhook-transmission-time``, keyed with the text of
            the security key; two while keys change, any counts. [doc] The comma is assumed.
Meaning:    neither is a payment.
Unsigned:   PAYMENT_STATUS_CHANGED proves nothing, and the secret in DEPOSIT_CALLBACK is one of
            the payment, which no account holds: both are refused, and the payments are asked for.
Window:     none is published.
Retries:    up to 7 within 3 days 19 h, until 200. [memory]
Source:     docs.tosspayments.com. Vectors: tests/vectors/toss-payments.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Provider, no_check, plain_reply
from processors.encodings import from_base64
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import decodable, framed
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact

VERSION: Final = b"v1:"
SIGNATURE_BYTES: Final = 32
# A payment's word under a good signature would be news: parked.
EVENTS: Final = {"payout.changed": None, "seller.changed": None}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    header = callback.header("tosspayments-webhook-signature", absent=BadSignature)
    if not header.startswith(VERSION):
        raise BadSignature("a signature of another version")
    texts = [text.strip().removeprefix(VERSION) for text in header.split(b",")]
    stamp = callback.header("tosspayments-webhook-transmission-time", absent=Malformed)
    signatures = decodable(texts, from_base64, octets=SIGNATURE_BYTES)
    message = framed(callback.body, b":", stamp, proves=callback.body)
    proof = check_secret_hmac(message, account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    meaning(EVENTS, notice.content.text("eventType", absent=UnknownMeaning), what="eventType")
    return ()


PROVIDER: Final = Provider(
    name="toss-payments",
    title="Toss Payments",
    protocol="signed webhooks, version 1",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "security key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 240, 960, 3_840, 15_360, 61_440, 245_760),
)
