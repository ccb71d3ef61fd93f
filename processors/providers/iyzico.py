"""iyzico webhooks, signature version 3.

Signed:     ``X-IYZ-SIGNATURE-V3``: hex HMAC-SHA-256, keyed with the secret key, over that key and
            then, without separators, event type, payment id, conversation id and status; of a
            hosted page the token stands behind the payment id. [php]
            Subscriptions sign merchant, key, event and three references. [memory]
Thin:       no amount is stated, and characters may move between neighbours: every word that
            moves money is a question to ask.
Identity:   ids are JSON numbers and keep their digits. ``merchantId`` is not signed: it refuses.
Retries:    after 10 to 15 s, then every 15 min, 3 attempts, until any 2xx. [doc]
Source:     docs.iyzico.com, iyzipay-php. Vectors: tests/vectors/iyzico.json.
"""

import hmac
from collections.abc import Callable
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, identity, no_check, plain_reply
from processors.fields import Fields, meaning, same_account
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.fact import Fact

DIRECT: Final = ("iyziEventType", "paymentId", "paymentConversationId", "status")
HOSTED: Final = ("iyziEventType", "iyziPaymentId", "token", "paymentConversationId", "status")
SUBSCRIBED: Final = (
    "iyziEventType", "subscriptionReferenceCode", "orderReferenceCode", "customerReferenceCode",
)  # fmt: skip
OPTIONAL: Final = "paymentConversationId"  # The merchant's own, who may have given none.
# Event types, and what to ask about; None: nothing has moved yet. An unlisted one is parked.
EVENTS: Final[dict[str, str | None]] = {
    **dict.fromkeys(
        (
            "API_AUTH", "PAYMENT_API", "CHECKOUT_FORM_AUTH", "THREE_DS_AUTH", "BKM_AUTH",
            "BANK_TRANSFER_AUTH", "BALANCE", "CREDIT_PAYMENT_AUTH",
        ),
        "payment",
    ),
    **dict.fromkeys(("CONTACTLESS_REFUND", "REFUND_RETRY_SUCCESS"), "refund"),
}  # fmt: skip
PENDING: Final = (
    "INIT_THREEDS", "CALLBACK_THREEDS", "INIT_APM", "INIT_BANK_TRANSFER", "INIT_CREDIT",
    "PENDING_CREDIT", "BKM_POS_SELECTED", "INIT_CONTACTLESS",
)  # fmt: skip
# Pending words come as a status, and as an event type beside a success.
STATES: Final = {"SUCCESS": True, "FAILURE": True} | dict.fromkeys(PENDING, False)
ASKED: Final = EVENTS | dict.fromkeys(PENDING, None)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-iyz-signature-v3", prefix=b"")
    received = exact_json_fields(callback.body)
    message, digest = _signed(received)
    proof = check_keyed_digest(
        (message,), digest, signatures=signatures, keys=account.all_keys("verify", "secret")
    )
    merchant = received.optional_id_text("merchantId")
    same_account(merchantId=(merchant, account.settings["merchant_id"]))
    return proof


def _signed(received: Fields) -> tuple[Message[Fields], Callable[[bytes, bytes], bytes]]:
    names: tuple[str, ...] = DIRECT
    if "token" in received:
        names = HOSTED
    elif "subscriptionReferenceCode" in received:
        names = SUBSCRIBED
    before = received.id_text("merchantId") if names is SUBSCRIBED else ""
    values = {
        name: (received.optional_id_text(name) or "")
        if name == OPTIONAL
        else received.id_text(name)
        for name in names
    }

    def digest(key: bytes, octets: bytes) -> bytes:
        return hmac.digest(key, before.encode() + key + octets, "sha256")

    return Message("".join(values.values()).encode(), Fields(values)), digest


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    if "subscriptionReferenceCode" in event:
        return (Inquiry("subscription order", event.text("orderReferenceCode")),)
    asked = meaning(ASKED, event.text("iyziEventType"), what="iyziEventType")
    if not meaning(STATES, event.text("status"), what="status") or asked is None:
        return ()
    named = "iyziPaymentId" if "token" in event else "paymentId"
    return (Inquiry(asked, event.text(named)),)


PROVIDER: Final = Provider(
    name="iyzico",
    title="iyzico",
    protocol="webhooks, signature version 3",
    methods=("POST",),
    settings=(identity("merchant_id", "merchantId in decimal digits", "3382172"),),
    keys=(shared_secret(secret_text(), "secret key of the API pair"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(900, 900),
)
