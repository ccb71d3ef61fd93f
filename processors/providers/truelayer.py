"""TrueLayer: Payments v3 webhooks.

Signed:     ``Tl-Signature`` is a detached JWS, ES512 on P-521 and nothing else, over the header's
            text as received and ``POST <path>``, a line ``<name>: <value>`` for each of
            ``tl_headers`` in its spelling, and the body. The path is that of the registered
            address; a slash at its end may be there or not. [signing v2]
            ``tl_version`` is 2, ``jku`` the account's, and no other is ever asked; the key is
            named by ``kid``. ``X-TL-Webhook-Timestamp`` has to be among the signed headers.
Window:     the account's, around that time.
Identity:   ``payment_id``, ``refund_id``; the merchant's number is not told. ``event_id`` is the
            event's.
Thin:       no amount is told: what moves money is a question to ask.
Retries:    growing, for up to 72 h, until 2xx. [memory]
Source:     truelayer-signing, request-signing-v2; words beside executed and failed from memory.
            Vectors: tests/vectors/truelayer.json.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from processors.account import Account
from processors.contract import (
    TOLERANCE,
    Inquiry,
    Provider,
    check_tolerance,
    pinned,
    plain_reply,
    tolerance_ms,
)
from processors.fields import Fields, meaning
from processors.jose import detached_jws, signing_input
from processors.json_texts import json_fields
from processors.jwk import jwk_public_key, on_curve
from processors.keys import KeyForm
from processors.moments import rfc3339_ms
from processors.public_address import NOTIFICATION_URL, check_address, path_and_query
from processors.signing import Authentic, Message, check_ecdsa
from schemas.callback import Callback
from schemas.errors import BadSignature, UnknownMeaning
from schemas.fact import Fact, FactType

ALGORITHM, VERSION, CURVE = "ES512", "2", "P-521"
STAMP: Final = "x-tl-webhook-timestamp"
KEY_SETS: Final = (
    "https://webhooks.truelayer.com/.well-known/jwks",
    "https://webhooks.truelayer-sandbox.com/.well-known/jwks",
)
# What is failed names no amount anyway. Of everything else the amount is asked, by this id.
FAILED: Final[Mapping[str, FactType]] = {
    "payment_failed": "PaymentFailed",
    "refund_failed": "RefundFailed",
}
ASKED: Final[Mapping[str, str | None]] = {
    "payment_authorized": "payment_id",
    "payment_executed": None,
    "payment_settled": "payment_id",
    "payment_creditable": "payment_id",
    "payment_reversed": "payment_id",
    "refund_executed": "refund_id",
    "external_payment_received": None,
}
NO_PAYMENT: Final = re.compile(r"payout_[a-z_]+", re.ASCII)


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    token = callback.header_text("tl-signature", absent=BadSignature)
    header, protected, signature = detached_jws(token, algorithm=ALGORITHM)
    if header.raw("tl_version") != VERSION or header.raw("jku") != account.settings["jku"]:
        raise BadSignature("another version or key set than the account's")
    names = _signed_names(header)
    key = account.key_named("verify", header.text("kid", absent=BadSignature))
    signed = "".join(f"{name}: {_value(callback, name)}\n" for name in names).encode("latin-1")
    proof = check_ecdsa(
        _signed_texts(account, protected, signed, callback.body),
        hash="sha512",
        signature=signature,
        keys=on_curve((key,), CURVE),
    )
    sent_ms = rfc3339_ms(_value(callback, STAMP), what=STAMP)
    return proof.fresh(callback, sent_ms, within_ms=tolerance_ms(account)).then(json_fields)


def _signed_names(header: Fields) -> list[str]:
    text = header.optional_text("tl_headers") or ""
    names = text.split(",")
    # Each once: a long header told a thousand times would be a text of its own size.
    if not text.isascii() or len({name.lower() for name in names}) != len(names):
        raise BadSignature("signed headers that are not told in one way")
    if STAMP not in (name.lower() for name in names):
        raise BadSignature("the time is not signed")
    return names


def _value(callback: Callback, name: str) -> str:
    return callback.header_text(name.lower(), absent=BadSignature)


def _signed_texts(
    account: Account, protected: bytes, signed: bytes, body: bytes
) -> Iterator[Message[bytes]]:
    path = path_and_query(account)
    for each in (path, path[:-1] if path.endswith("/") else path + "/"):
        payload = f"POST {each}\n".encode() + signed + body
        yield Message(signing_input(protected, payload), body)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("type", absent=UnknownMeaning)
    if NO_PAYMENT.fullmatch(word):
        return ()
    announced = FAILED.get(word)
    if announced is None:
        name = meaning(ASKED, word, what="type")
        return () if name is None else (Inquiry(name.removesuffix("_id"), event.text(name)),)
    refunded = announced == "RefundFailed"
    return (
        Fact(
            type=announced,
            payment_id=event.text("payment_id"),
            merchant_order_id=None,
            occurred_at_ms=event.optional_rfc3339_ms("failed_at"),
            refund_id=event.text("refund_id") if refunded else None,
        ),
    )


def check(account: Account) -> tuple[str, ...]:
    """Find an address that could not be signed, and a window without bounds."""
    return check_address(account) + check_tolerance(account)


PROVIDER: Final = Provider(
    name="truelayer",
    title="TrueLayer",
    protocol="Payments v3 webhooks",
    methods=("POST",),
    settings=(
        NOTIFICATION_URL,
        pinned("jku", KEY_SETS, "the one key set whose keys are trusted"),
        TOLERANCE,
    ),
    keys=(
        KeyForm(
            use="verify", kind="public-key", decode=jwk_public_key, required=True,
            chosen_by="kid of the JWS header",
            note="one entry of the key set as JSON text; only those on P-521 verify",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 300, 1_800, 7_200, 21_600, 86_400),
)  # fmt: skip
