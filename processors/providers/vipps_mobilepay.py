"""Vipps MobilePay: Webhooks API v1.

Signed:     ``Authorization``: Base64 HMAC-SHA-256 over ``POST``, path with query, and
            ``x-ms-date;host;x-ms-content-sha256``, each line but the last ended; the last value
            is Base64 SHA-256 of the body, which is counted anew. Host and path are those of the
            registered address. The secret looks like Base64 and is used as text. [doc]
Window:     the account's, around ``x-ms-date``.
Identity:   ``reference``, payment and order in one; each capture, refund and attempt is a
            ``pspReference``. [memory] Several captures of one payment are possible.
Money:      integers of minor units, of this operation. Times are RFC 3339.
Meaning:    ``success`` false turns a name into its failure; of what only closes, nothing follows.
Retries:    doubling from 30 s, for several days, until 2xx. [memory]
Source:     developer.vippsmobilepay.com; the names from memory.
            Vectors: tests/vectors/vipps-mobilepay.json.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import (
    TOLERANCE,
    Provider,
    check_tolerance,
    identity,
    plain_reply,
    tolerance_ms,
)
from processors.encodings import from_base64
from processors.fields import Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.public_address import (
    NOTIFICATION_URL,
    check_address,
    http_date_ms,
    path_and_query,
    public_address,
)
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SCHEME: Final = b"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature="
# Names, and what each announces if it came about and if it did not.
NAMES: Final[Mapping[str, tuple[FactType | None, FactType | None]]] = {
    "CREATED": (None, None),
    "AUTHORIZED": ("PaymentAuthorized", "PaymentFailed"),
    "CAPTURED": ("PaymentSucceeded", "PaymentFailed"),
    "REFUNDED": ("RefundCompleted", "RefundFailed"),
    "CANCELLED": ("PaymentClosed", None),
    "ABORTED": ("PaymentClosed", None),
    "EXPIRED": ("PaymentClosed", None),
    "TERMINATED": ("PaymentClosed", None),
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    told = callback.header("authorization", absent=BadSignature)
    if not told.startswith(SCHEME):
        raise BadSignature("a signature of another form")
    digest = base64.b64encode(hashlib.sha256(callback.body).digest())
    if callback.header("x-ms-content-sha256", absent=BadSignature) != digest:
        raise BadSignature("the digest is that of another body")
    date = callback.header("x-ms-date", absent=Malformed)
    host = public_address(account).netloc.encode()
    lines = (b"POST", path_and_query(account).encode(), b";".join((date, host, digest)))
    proof = check_hmac(
        (Message(b"\n".join(lines), callback.body),),
        hash="sha256",
        signatures=(from_base64(told[len(SCHEME) :], error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    )
    signed_ms = http_date_ms(date, what="x-ms-date")
    return proof.fresh(callback, signed_ms, within_ms=tolerance_ms(account)).then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    event = notice.content
    name = event.text("name", absent=UnknownMeaning)
    same_account(msn=(event.optional_id_text("msn"), account.settings["msn"]))
    done, failed = meaning(NAMES, name, what="name")
    announced = done if event.flag("success") else failed
    if announced is None:
        return ()
    reference, operation = event.text("reference"), event.text("pspReference")
    amount = event.child("amount")
    return (
        Fact(
            type=announced,
            payment_id=reference,
            merchant_order_id=reference,
            amount=Money.from_minor(amount.integer("value"), amount.text("currency")),
            occurred_at_ms=event.optional_rfc3339_ms("timestamp"),
            capture_id=operation if announced == "PaymentSucceeded" else None,
            attempt_id=operation if announced == "PaymentFailed" else None,
            refund_id=operation if announced.startswith("Refund") else None,
        ),
    )


def check(account: Account) -> tuple[str, ...]:
    """Find an address that could not be signed, and a window without bounds."""
    return check_address(account) + check_tolerance(account)


PROVIDER: Final = Provider(
    name="vipps-mobilepay",
    title="Vipps MobilePay",
    protocol="Webhooks API v1",
    methods=("POST",),
    settings=(NOTIFICATION_URL, identity("msn", "merchant serial number", "123456"), TOLERANCE),
    keys=(shared_secret(secret_text(), "secret of the registration, used as text"),),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(30, 60, 120, 240, 480, 960, 1_920, 3_840),
)
