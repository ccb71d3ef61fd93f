"""WeChat Pay, v2 XML notifications: results of payments and of refunds.

Signed:     payment results: ``sign``, upper-case hex, over the sorted elements that are not empty,
            then ``&key=`` and the API key: MD5, or HMAC-SHA-256 with the same key; pinned by the
            account. [doc 4_3]
Sealed:     refund results carry no signature. ``req_info`` is AES-256-ECB under the MD5 of the API
            key; that it opens is all the proof there is. [doc 9_16]
XML:        flat, UTF-8; a DOCTYPE is the provider's own probe for XXE. [php]
Identity:   a payment is ``transaction_id``, a refund ``refund_id``; notifications have no id.
Money:      integers of fen or of ``fee_type``; refunds name no currency. [doc]
Times:      Asia/Shanghai without a zone. No window.
Retries:    15 in 24 h 4 min, until return_code SUCCESS. [doc]
Source:     v2 manual [doc], fixtures of the official SDK [php].
            Vectors: tests/vectors/wechatpay-v2.json.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, Setting, no_check
from processors.encodings import digits, from_base64, from_hex
from processors.fields import Fields, meaning, same_account, same_if_stated
from processors.flat_xml import flat_xml
from processors.keys import Key, KeyForm, secret_text
from processors.messages import sorted_texts
from processors.sealing import open_ecb_md5
from processors.signing import Authentic, Message, check_keyed_digest, check_opened
from schemas.callback import Callback
from schemas.currencies import EXPONENTS
from schemas.errors import BadSignature, Undecryptable, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
SIGN: Final = frozenset(("sign",))
SUCCESS: Final = (
    b"<xml><return_code><![CDATA[SUCCESS]]></return_code>"
    b"<return_msg><![CDATA[OK]]></return_msg></xml>"
)
# The same text whatever failed: it tells nobody which check it was.
FAILURE: Final = (
    b"<xml><return_code><![CDATA[FAIL]]></return_code>"
    b"<return_msg><![CDATA[FAIL]]></return_msg></xml>"
)
RESULTS: Final[dict[str, FactType]] = {"SUCCESS": "PaymentSucceeded", "FAIL": "PaymentFailed"}
REFUND_STATES: Final[dict[str, FactType]] = {
    "SUCCESS": "RefundCompleted",
    "CHANGE": "RefundFailed",
    "REFUNDCLOSE": "RefundFailed",
}


@dataclass(frozen=True, slots=True)
class Payment:
    """The signed elements of a payment result."""

    fields: Fields


@dataclass(frozen=True, slots=True)
class Refund:
    """The opened elements of a refund result; what stands outside of them is not proven."""

    fields: Fields


def _md5(key: bytes, text: bytes) -> bytes:
    return hashlib.md5(text + b"&key=" + key, usedforsecurity=False).digest()


def _hmac_sha256(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text + b"&key=" + key, "sha256")


DIGESTS: Final[dict[str, Callable[[bytes, bytes], bytes]]] = {
    "MD5": _md5,
    "HMAC-SHA256": _hmac_sha256,
}


def authenticate(callback: Callback, account: Account) -> Authentic[Payment | Refund]:
    received = flat_xml(callback.body, root="xml")
    # Not by the URL: merchants give one address for both.
    return _refund(received, account) if "req_info" in received else _payment(received, account)


def _payment(received: Fields, account: Account) -> Authentic[Payment | Refund]:
    pinned = account.settings["sign_type"]
    if received.raw("sign_type") not in (None, "", pinned):
        raise BadSignature("the message announces another sign_type than the account's")
    return check_keyed_digest(
        (sorted_texts(received, exclude=SIGN),),
        DIGESTS[pinned],
        signatures=(from_hex(received.raw("sign") or "", error=BadSignature),),
        keys=account.all_keys("verify"),
    ).then(Payment)


def _refund(received: Fields, account: Account) -> Authentic[Payment | Refund]:
    sealed = from_base64(received.text("req_info"), error=Undecryptable)
    return check_opened(
        Message(sealed, sealed, received), _open, keys=account.all_keys("decrypt")
    ).then(lambda opened: Refund(flat_xml(opened, root="root")))


def _open(key: Key, sealed: bytes) -> bytes:
    # One wrong key in 256 leaves padding that fits: the root element tells which key is right.
    opened = open_ecb_md5(key, sealed)
    if b"<root>" not in opened:
        raise Undecryptable("no key opens the sealed content")
    return opened


def interpret(notice: Authentic[Payment | Refund], account: Account) -> tuple[Fact, ...]:
    content = notice.content
    outer = content.fields if isinstance(content, Payment) else notice.unproven
    settings = account.settings
    same_account(mch_id=(outer.optional_text("mch_id"), settings["mch_id"]))
    same_if_stated(
        appid=(outer.optional_text("appid"), settings.get("appid")),
        sub_mch_id=(outer.optional_text("sub_mch_id"), settings.get("sub_mch_id")),
    )
    currency = settings.get("currency", "CNY")
    if isinstance(content, Payment):
        return _paid(content.fields, currency)
    if outer.text("return_code") != "SUCCESS":
        # Not proven, so it must not silence a proven refund; a person looks at it.
        raise UnknownMeaning("a sealed refund inside a failed transport")
    return _refunded(content.fields, currency)


def _paid(fields: Fields, currency: str) -> tuple[Fact, ...]:
    if fields.text("return_code") == "FAIL":
        return ()  # The transport failed: nothing is said about a payment.
    if "change_type" in fields or ("contract_id" in fields and "transaction_id" not in fields):
        return ()  # A contract for later payments was made or ended.
    if fields.text("return_code") != "SUCCESS":
        raise UnknownMeaning("return_code has a value without an assigned meaning")
    announced = meaning(RESULTS, fields.text("result_code"), what="result_code")
    if announced == "PaymentSucceeded" and fields.raw("trade_state") not in (None, "", "SUCCESS"):
        raise UnknownMeaning("result_code and trade_state do not agree")
    return (
        Fact(
            type=announced,
            payment_id=fields.optional_text("transaction_id"),
            merchant_order_id=fields.text("out_trade_no"),
            amount=_money(fields, "total_fee", fields.optional_text("fee_type") or currency),
            payer_amount=_money(
                fields, "cash_fee", fields.optional_text("cash_fee_type") or currency
            ),
            occurred_at_ms=_time(fields, "time_end"),
        ),
    )


def _refunded(fields: Fields, currency: str) -> tuple[Fact, ...]:
    return (
        Fact(
            type=meaning(REFUND_STATES, fields.text("refund_status"), what="refund_status"),
            payment_id=fields.optional_text("transaction_id"),
            merchant_order_id=fields.optional_text("out_trade_no"),
            refund_id=fields.text("refund_id"),
            merchant_refund_id=fields.optional_text("out_refund_no"),
            amount=_money(fields, "refund_fee", currency),
            occurred_at_ms=_time(fields, "success_time"),
        ),
    )


def _money(fields: Fields, name: str, currency: str) -> Money | None:
    text = fields.optional_text(name)
    return None if text is None else Money.from_minor(digits(text, what=name), currency)


def _time(fields: Fields, name: str) -> int | None:
    return fields.optional_local_ms(name, offset_minutes=SHANGHAI_MINUTES)


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the XML reply."""
    return Reply(receipt.status, "text/xml", SUCCESS if receipt.success else FAILURE)


PROVIDER: Final = Provider(
    name="wechatpay-v2",
    title="WeChat Pay",
    protocol="v2 (XML)",
    methods=("POST",),
    settings=(
        Setting(
            name="mch_id", required=True, pinned=False, choices=(),
            meaning="merchant number", example="10000100",
        ),
        Setting(
            name="appid", required=False, pinned=False, choices=(),
            meaning="application", example="wx2421b1c4370ec43b",
        ),
        Setting(
            name="sub_mch_id", required=False, pinned=False, choices=(),
            meaning="the one sub merchant that this account serves", example="1900000109",
        ),
        Setting(
            name="sign_type", required=True, pinned=True, choices=("MD5", "HMAC-SHA256"),
            meaning="as used in the order call: MD5 or HMAC-SHA256", example="MD5",
        ),
        Setting(
            name="currency", required=False, pinned=False, choices=tuple(EXPONENTS),
            meaning="currency of refunds, which carry none; CNY where it is left out",
            example="CNY",
        ),
    ),
    keys=(
        KeyForm(
            use="verify", kind="secret", decode=secret_text(length=32), required=True,
            chosen_by="none is named: all are tried",
            note="API key of 32 characters for payment results; keep the previous one for 25 h",
        ),
        KeyForm(
            use="decrypt", kind="secret", decode=secret_text(length=32), required=True,
            chosen_by="none is named: all are tried",
            note="the same API key once more, for req_info of refund results",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=reply,
    handshake=None,
    retry_after_s=(
        15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600,
        10_800, 10_800, 10_800, 21_600, 21_600,
    ),
)  # fmt: skip
