"""Antom and Alipay+ (AMS payments API), webhooks with a signature in the header.

Signed:     ``signature: algorithm=RSA256,keyVersion=N,signature=…``: RSA-SHA-256, percent-encoded
            Base64 (a raw plus stays one), over ``POST``, blank, path and query of the public URL,
            LF, client-id, dot, request-time, dot, raw body. [java]
Key:        of the version that is named, 1 where none is. Only RSA256: an SDK takes any hash.
Identity:   a payment is ``paymentId``, its captures too; with manual capture several are possible
            and ``captureId`` tells them apart. A refund is ``refundId`` and names no payment.
Money:      text of integers in the minor unit. Times: RFC 3339. No window: retries go on for 25 h.
Failure:    a failed capture after an automatic payment takes its success back.
Retries:    7 after the first, in 24 h 22 min, until the success JSON. [doc]
Source:     global-open-sdk-java, -python [java] [py], docs.antom.com [doc].
            Vectors: tests/vectors/antom.json.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

from processors.account import Account
from processors.contract import Provider, Setting, identity, json_reply
from processors.encodings import from_base64
from processors.fields import Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import KeyForm, public_key
from processors.messages import header_items
from processors.signing import Authentic, Message, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

ALGORITHM: Final = b"RSA256"
MANUAL: Final = "MANUAL"
RESULTS: Final[dict[str, bool | None]] = {"S": True, "F": False, "U": None}
REFUNDS: Final[dict[str, FactType]] = {"SUCCESS": "RefundCompleted", "FAIL": "RefundFailed"}
DISPUTES: Final[dict[str, FactType | None]] = {
    "DISPUTE_CREATED": "DisputeOpened",
    "DISPUTE_CANCELLED": "DisputeWon",
    "DISPUTE_ACCEPTED": "DisputeLost",
    "RDR_RESOLVED": "DisputeLost",
    "DEFENSE_SUPPLIED": None,
    "DEFENSE_DUE_ALERT": None,
}  # DISPUTE_JUDGED: for whom is not known from its word; it is parked.
NO_PAYMENT: Final = re.compile(
    r"PAYMENT_PENDING|UPDATE_AMOUNT_RESULT|OFFLINE_PAYMENT_CODE|AUTHCODE_CREATED"
    r"|(TOKEN|SUBSCRIPTION)_.+"
)


def authenticate(callback: Callback, account: Account) -> Authentic[tuple[str, Fields]]:
    items = header_items(callback.header("signature", absent=BadSignature), between=b",")
    if items.get(b"algorithm") != [ALGORITHM] or len(items.get(b"signature", ())) != 1:
        raise BadSignature("not exactly one signature of the accepted algorithm")
    versions = items.get(b"keyVersion", [b"1"])
    if len(versions) != 1:
        raise Malformed("keyVersion stands more than once")
    client = callback.header("client-id", absent=Malformed)
    time = callback.header("request-time", absent=Malformed)
    url = urlsplit(account.settings["notification_url"])
    path = url.path + ("?" + url.query if url.query else "")
    text = b"POST %b\n%b.%b.%b" % (path.encode(), client, time, callback.body)
    signature = from_base64(unquote_to_bytes(items[b"signature"][0]), error=BadSignature)
    proof = check_rsa(
        (Message(text, (client, callback.body)),),
        hash="sha256",
        signature=signature,
        keys=(account.key_named("verify", versions[0].decode("latin-1")),),
    )
    return proof.then(lambda proven: (proven[0].decode("latin-1"), json_fields(proven[1])))


def interpret(notice: Authentic[tuple[str, Fields]], account: Account) -> tuple[Fact, ...]:
    client, fields = notice.content
    same_account(client_id=(client, account.settings["client_id"]))
    disputed = fields.optional_text("disputeNotificationType")
    if disputed is not None:
        return _dispute(fields, disputed)
    kind = fields.text("notifyType")
    if NO_PAYMENT.fullmatch(kind):
        return ()
    read = meaning(KINDS, kind, what="notifyType")
    return read(fields, account.settings.get("capture_mode") == MANUAL)


def _result(fields: Fields) -> bool | None:
    return meaning(RESULTS, fields.child("result").text("resultStatus"), what="resultStatus")


def _payment(fields: Fields, manual: bool) -> tuple[Fact, ...]:
    succeeded = _result(fields)
    if succeeded is None:
        return ()
    payment = fields.text("paymentId")
    paid: FactType = "PaymentAuthorized" if manual else "PaymentSucceeded"
    return (
        Fact(
            type=paid if succeeded else "PaymentFailed",
            payment_id=payment,
            authorization_id=payment if manual and succeeded else None,
            merchant_order_id=_order(fields),
            amount=_money(fields, "paymentAmount"),
            occurred_at_ms=fields.optional_rfc3339_ms("paymentTime"),
        ),
    )


def _capture(fields: Fields, manual: bool) -> tuple[Fact, ...]:
    succeeded = _result(fields)
    if succeeded is None:
        return ()
    part = fields.text("captureId") if manual else None
    return (
        Fact(
            type="PaymentSucceeded" if succeeded else "PaymentFailed",
            payment_id=fields.text("paymentId"),
            capture_id=part if succeeded else None,
            attempt_id=None if succeeded else part,
            merchant_order_id=_order(fields),
            amount=_money(fields, "captureAmount"),
            occurred_at_ms=fields.optional_rfc3339_ms("captureTime"),
            reverses_success=not succeeded and not manual,
        ),
    )


def _refund(fields: Fields, manual: bool) -> tuple[Fact, ...]:
    # resultStatus is S whatever became of the refund.
    return (
        Fact(
            type=meaning(REFUNDS, fields.text("refundStatus"), what="refundStatus"),
            payment_id=fields.optional_text("paymentId"),
            merchant_order_id=_order(fields),
            refund_id=fields.text("refundId"),
            merchant_refund_id=fields.optional_text("refundRequestId"),
            amount=_money(fields, "refundAmount"),
            occurred_at_ms=fields.optional_rfc3339_ms("refundTime"),
        ),
    )


KINDS: Final[dict[str, Callable[[Fields, bool], tuple[Fact, ...]]]] = {
    "PAYMENT_RESULT": _payment,
    "CAPTURE_RESULT": _capture,
    "REFUND_RESULT": _refund,
}


def _dispute(fields: Fields, word: str) -> tuple[Fact, ...]:
    announced = meaning(DISPUTES, word, what="disputeNotificationType")
    if announced is None:
        return ()
    return (
        Fact(
            type=announced,
            payment_id=fields.text("paymentId", absent=UnknownMeaning),
            merchant_order_id=_order(fields),
            dispute_id=fields.text("disputeId", absent=UnknownMeaning),
            amount=_money(fields, "disputeAmount"),
            occurred_at_ms=fields.optional_rfc3339_ms("disputeTime"),
        ),
    )


def _order(fields: Fields) -> str | None:
    # paymentRequestId is of one attempt; the shop's own number is not in every notification.
    return fields.optional_text("referenceOrderId")


def _money(fields: Fields, name: str) -> Money | None:
    stated = fields.optional_child(name)
    if stated is None:
        return None
    return Money.from_minor(stated.digits("value"), stated.text("currency"))


def check(account: Account) -> tuple[str, ...]:
    """Find a URL whose path cannot be the signed one."""
    try:
        url = urlsplit(account.settings["notification_url"])
    except ValueError:
        return ("notification_url is no URL",)
    if url.scheme != "https" or not url.netloc or not url.path:
        return ("notification_url is no https URL with a path",)
    return ()


PROVIDER: Final = Provider(
    name="antom",
    title="Antom",
    protocol="AMS payments API v1",
    methods=("POST",),
    settings=(
        identity("client_id", "client id", "SANDBOX_5X00000000000000"),
        Setting(
            name="notification_url", required=True, pinned=True, choices=(),
            meaning="the public URL given to Antom; its path and query are signed",
            example="https://pay.example.com/v1/callbacks/antom/shop",
        ),
        Setting(
            name="capture_mode", required=False, pinned=True, choices=("AUTOMATIC", MANUAL),
            meaning="MANUAL: a successful payment result is an authorisation",
            example="AUTOMATIC",
        ),
    ),
    keys=(
        KeyForm(
            use="verify", kind="public-key", decode=public_key, required=True,
            chosen_by="kid = keyVersion of the signature header, 1 where it names none",
            note="Antom's public key of the client id",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=json_reply(
        b'{"result":{"resultCode":"SUCCESS","resultStatus":"S","resultMessage":"success"}}',
        b'{"result":{"resultCode":"FAIL","resultStatus":"F","resultMessage":"fail"}}',
    ),
    handshake=None,
    retry_after_s=(120, 600, 600, 3_600, 7_200, 21_600, 54_000),
)  # fmt: skip
