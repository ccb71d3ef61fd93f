"""Midtrans (GoTo): classic notifications, and those of SNAP-BI. An account speaks one of the two.

Signed:     classic: ``signature_key`` is hex SHA-512 over ``order_id``, ``status_code``,
            ``gross_amount`` and the server key, without separators; of a linked account over
            ``account_id``, ``account_status``, ``status_code`` and the key. [doc]
            SNAP-BI: ``X-Signature`` is RSA-SHA-256, Base64, over ``POST:path:hash:X-Timestamp``;
            the path is that of the registered URL, the hash the hex SHA-256 of the raw body or of
            its minified form. The window is the account's. [node]
Unsigned:   in the classic form state, currency and ``transaction_id``: everything is a question
            to ask, except what a pending state and the proven code 201 say together.
Identity:   SNAP-BI: ``originalReferenceNo``, and ``originalPartnerReferenceNo`` of the merchant. A
            refund's own fields are not documented: it is asked about. [node, memory]
Money:      decimal text in major units; rupiah has two decimals.
Retries:    up to 5, growing, by the class of the answer's status. [memory]
Source:     docs.midtrans.com [doc], midtrans-client [node]; words in part from memory.
            Vectors: tests/vectors/midtrans.json.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from processors.account import Account
from processors.contract import (
    TOLERANCE,
    Inquiry,
    Provider,
    Receipt,
    Reply,
    check_tolerance,
    identity,
    json_reply,
    pinned,
    plain_reply,
    tolerance_ms,
)
from processors.encodings import from_hex
from processors.fields import Fields, meaning, same_account, same_if_stated
from processors.javascript import minified
from processors.json_texts import json_fields
from processors.keys import public_key, secret_text, shared_secret, tried_public_key
from processors.messages import base64_header
from processors.moments import rfc3339_ms
from processors.public_address import NOTIFICATION_URL, check_address, public_address
from processors.signing import Authentic, Message, check_keyed_digest, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact, FactType
from schemas.money import Money

CLASSIC, SNAP = "classic", "snap-bi"
RUPIAH: Final = "IDR"
PAYMENT: Final = ("order_id", "status_code", "gross_amount")
LINKED: Final = ("account_id", "account_status", "status_code")
PENDING_CODE: Final = "201"
# Classic: whether a state is still open. An unlisted one is parked.
OPEN: Final[dict[str, bool]] = {
    "pending": True,
    "capture": True,  # Under review, if its code says so; else it is asked about.
    **dict.fromkeys(("settlement", "authorize", "deny", "failure", "cancel", "expire"), False),
    **dict.fromkeys(("refund", "partial_refund", "chargeback", "partial_chargeback"), False),
}
REFUNDED: Final = "04"
# SNAP-BI; None: nothing a consumer could act on, and what is refunded is asked about. [memory]
STATES: Final[dict[str, FactType | None]] = {
    "00": "PaymentSucceeded",
    "03": None,
    REFUNDED: None,
    "05": "PaymentClosed",
    "06": "PaymentFailed",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    return (_classic if account.settings["api"] == CLASSIC else _snap)(callback, account)


def _classic(callback: Callback, account: Account) -> Authentic[Fields]:
    received = json_fields(callback.body)
    signature = from_hex(received.text("signature_key", absent=BadSignature), error=BadSignature)
    is_linked = "account_id" in received and "order_id" not in received
    signed = {name: received.text(name) for name in (LINKED if is_linked else PAYMENT)}
    message = Message("".join(signed.values()).encode(), Fields(signed), received)
    proof = check_keyed_digest(
        (message,),
        lambda key, text: hashlib.sha512(text + key).digest(),
        signatures=(signature,),
        keys=account.all_keys("verify", "secret"),
    )
    merchant = (received.optional_text("merchant_id"), account.settings["merchant_id"])
    (same_if_stated if is_linked else same_account)(merchant_id=merchant)
    return proof


def _snap(callback: Callback, account: Account) -> Authentic[Fields]:
    (signature,) = base64_header(callback, "x-signature")
    stamp = callback.header("x-timestamp", absent=Malformed)
    path = public_address(account).path.encode()

    def messages() -> Iterator[Message[bytes]]:
        for read in (bytes, minified):
            digest = hashlib.sha256(read(callback.body)).hexdigest().encode()
            yield Message(b":".join((b"POST", path, digest, stamp)), callback.body)

    proof = check_rsa(
        messages(),
        hash="sha256",
        signature=signature,
        keys=account.all_keys("verify", "public-key"),
    )
    signed_ms = rfc3339_ms(stamp.decode("latin-1"), what="X-Timestamp")
    notice = proof.fresh(callback, signed_ms, within_ms=tolerance_ms(account)).then(json_fields)
    merchant = notice.content.optional_text("merchantId")
    same_account(merchantId=(merchant, account.settings["merchant_id"]))
    return notice


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    fields = notice.content
    if account.settings["api"] == CLASSIC:
        return _question(fields, notice.unproven) if "order_id" in fields else ()
    state = fields.text("latestTransactionStatus")
    announced = meaning(STATES, state, what="latestTransactionStatus")
    payment_id = fields.text("originalReferenceNo")
    if state == REFUNDED:
        return (Inquiry("payment", payment_id),)
    if announced is None:
        return ()
    amount = fields.child("amount")
    return (
        Fact(
            type=announced,
            payment_id=payment_id,
            merchant_order_id=fields.optional_text("originalPartnerReferenceNo"),
            occurred_at_ms=None,
            amount=Money.from_major(amount.text("value"), amount.text("currency")),
        ),
    )


def _question(proven: Fields, received: Fields) -> tuple[Inquiry, ...]:
    # Nothing is made of the amount here, but one that could not be read is no notification.
    Money.from_major(proven.text("gross_amount"), received.optional_text("currency") or RUPIAH)
    is_open = meaning(OPEN, received.text("transaction_status"), what="transaction_status")
    if is_open and proven.text("status_code") == PENDING_CODE:
        return ()
    return (Inquiry("payment of order", proven.text("order_id")),)


def check(account: Account) -> tuple[str, ...]:
    """Find what the account's form needs missing: its key, and what a SNAP-BI text is made of."""
    if account.settings["api"] == CLASSIC:
        held = account.all_keys("verify", "secret")
        return () if held else ("classic needs the server key, a secret",)
    faults = [] if account.all_keys("verify", "public-key") else ["snap-bi needs a public key"]
    for setting, fault in ((NOTIFICATION_URL, check_address), (TOLERANCE, check_tolerance)):
        if setting.name in account.settings:
            faults += fault(account)
        else:
            faults.append(f"snap-bi needs {setting.name}")
    return tuple(faults)


_CLASSIC_REPLY: Final = plain_reply(b"", b"")
_SNAP_REPLY: Final = json_reply(
    b'{"responseCode":"2005600","responseMessage":"Successful"}',
    b'{"responseCode":"5005600","responseMessage":"General Error"}',
)


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Answer in the form of the account's API."""
    form: Callable[[Callback, Receipt, Account], Reply] = (
        _CLASSIC_REPLY if account.settings["api"] == CLASSIC else _SNAP_REPLY
    )
    return form(callback, receipt, account)


PROVIDER: Final = Provider(
    name="midtrans",
    title="Midtrans",
    protocol="HTTP notifications; SNAP-BI 1.0",
    methods=("POST",),
    settings=(
        pinned("api", (CLASSIC, SNAP), "which of the two forms this account receives"),
        identity("merchant_id", "merchant id; classic signatures do not cover it", "G141532850"),
        replace(NOTIFICATION_URL, required=False),
        replace(TOLERANCE, required=False),
    ),
    keys=(
        replace(shared_secret(secret_text(), "classic: the server key"), required=False),
        replace(tried_public_key(public_key, "snap-bi: Midtrans' public key"), required=False),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=reply,
    handshake=None,
    retry_after_s=(60, 300, 900, 3_600, 10_800),
)
