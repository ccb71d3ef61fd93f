"""WeChat Pay, APIv3 notifications: direct, partner, combined and global.

Signed:     RSA-SHA-256 over timestamp LF nonce LF raw-body LF, Base64; ``Wechatpay-Serial`` names
            a platform certificate or a public key, and no other key is tried. [go] [java]
Window:     less than 300 s on both sides. [go]
Encrypted:  ``resource``: AES-256-GCM, the 32 characters of the APIv3 key, tag appended. [doc]
Identity:   a payment is ``transaction_id`` (global: ``id``), a refund ``refund_id``; a combined
            payment is one item per sub order. ``id`` outside is the notification's. [skit]
Money:      integers of the minor unit; refunds carry no currency: CNY. [doc]
Times:      RFC 3339 with +08:00, seconds or milliseconds. [doc]
Probe:      a signature that begins with ``WECHATPAY/SIGNTEST/`` must get the failure form.
Retries:    15 in 24 h 4 min, signed anew each time, until 200 or 204. [doc]
Source:     official SDKs [go] [java], merchant manual [doc], samples [skit].
            Vectors: tests/vectors/wechatpay-v3.json.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from processors.account import Account
from processors.certificates import serial_fault
from processors.contract import Provider, Receipt, Reply, Setting
from processors.encodings import digits, from_base64
from processors.fields import Fields, meaning, same_account, same_if_stated
from processors.json_texts import json_fields
from processors.keys import Key, KeyForm, certificates, public_key, secret_text
from processors.messages import stamped_lines
from processors.sealing import open_resource
from processors.signing import Authentic, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, Probe, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

TOLERANCE_MS: Final = 299_999  # [go]: 300 s and more are refused
SIGNATURE_TYPE: Final = "WECHATPAY2-SHA256-RSA2048"
CIPHER: Final = "AEAD_AES_256_GCM"
PROBE: Final = "WECHATPAY/SIGNTEST/"
PUBLIC_KEY_ID: Final = "PUB_KEY_ID_"
MERCHANT_SYSTEM: Final = "微信商户系统"  # organisation in the subject of merchants' certificates
SUCCESS: Final = '{"code":"SUCCESS","message":"成功"}'.encode()
FAILURE: Final = '{"code":"FAIL","message":"失败"}'.encode()

PAYMENT: Final = "TRANSACTION.SUCCESS"  # The state inside decides.
PAYMENT_STATES: Final[dict[str, FactType | None]] = {
    "SUCCESS": "PaymentSucceeded",
    "PAYERROR": "PaymentFailed",
    "CLOSED": "PaymentClosed",
    "REVOKED": "PaymentClosed",
    "REFUND": None,
    "NOTPAY": None,
    "USERPAYING": None,
    "ACCEPT": None,
}
# The state that each type must go with, and what both announce. After ABNORMAL, SUCCESS may come.
REFUNDS: Final[dict[str, tuple[str, FactType]]] = {
    "REFUND.SUCCESS": ("SUCCESS", "RefundCompleted"),
    "REFUND.CLOSED": ("CLOSED", "RefundFailed"),
    "REFUND.ABNORMAL": ("ABNORMAL", "RefundFailed"),
}
# Authentic, and no money of a payment moved. [skit EventSamples]
OTHER_PRODUCTS: Final = re.compile(
    r"TRANSACTION\.(PAY_BACK|ACCEPTED)"
    r"|(PAYSCORE|COMPLAINT|VIOLATION|COUPON|MCHTRANSFER|PROFITSHARING)\..+"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """An opened notification; of a combined one a single sub order with what stands around it."""

    event_type: str
    resource: Fields
    order: Fields


def authenticate(
    callback: Callback, account: Account
) -> Authentic[Notice] | tuple[Authentic[Notice], ...]:
    stamp = callback.header("wechatpay-timestamp", absent=Malformed)
    nonce = callback.header("wechatpay-nonce", absent=Malformed)
    serial = callback.header_text("wechatpay-serial", absent=Malformed)
    kind = _optional_header(callback, "wechatpay-signature-type") or SIGNATURE_TYPE
    signature = _optional_header(callback, "wechatpay-signature")
    signed_ms = digits(stamp, what="wechatpay-timestamp") * 1000
    if not serial:
        raise Malformed("wechatpay-serial is empty")
    if signature.startswith(PROBE):
        raise Probe("the provider tests whether signatures are verified")
    key = account.key_named("verify", serial.upper())
    if kind != SIGNATURE_TYPE:
        raise BadSignature("the message announces another signature type than the account's")
    proof = check_rsa(
        # Over the received bytes: re-serialised JSON would reorder members and never match.
        (stamped_lines(stamp, nonce, callback.body),),
        hash="sha256",
        signature=from_base64(signature, error=BadSignature),
        keys=(key,),
    )
    proof = proof.fresh(callback, signed_ms, within_ms=TOLERANCE_MS)
    notice = proof.then(json_fields).then(_opened(account))
    return notice.each(_sub_orders) if "sub_orders" in notice.content.resource else notice


def _optional_header(callback: Callback, name: str) -> str:
    return callback.header_text(name, absent=Malformed) if callback.has_header(name) else ""


def _opened(account: Account) -> Callable[[Fields], Notice]:
    def read(envelope: Fields) -> Notice:
        plain = open_resource(
            envelope.child("resource"), account.all_keys("decrypt"), algorithm=CIPHER
        )
        resource = json_fields(plain)
        return Notice(envelope.text("event_type"), resource, resource)

    return read


def _sub_orders(notice: Notice) -> Iterable[Notice]:
    resource = notice.resource
    for order in resource.children("sub_orders"):
        yield Notice(notice.event_type, resource, order)


def interpret(notice: Authentic[Notice], account: Account) -> tuple[Fact, ...]:
    content = notice.content
    word = content.event_type
    refund = REFUNDS.get(word)
    about_money = word == PAYMENT or refund is not None
    _same_merchant(content, account, required=about_money)
    if word == PAYMENT:
        return _payment(content.order)
    if refund is not None:
        return _refund(content.order, *refund)
    if OTHER_PRODUCTS.fullmatch(word):
        return ()
    raise UnknownMeaning("event_type has a value without an assigned meaning")


def _same_merchant(notice: Notice, account: Account, *, required: bool) -> None:
    settings = account.settings
    merchant = _first(notice.resource, "combine_mchid", "sp_mchid", "mchid")
    if merchant is not None or required:
        same_account(mchid=(merchant, settings["mchid"]))
    application = _first(notice.resource, "combine_appid", "sp_appid", "appid")
    served = notice.order.optional_text("sub_mchid")
    same_if_stated(
        appid=(application, settings.get("appid")), sub_mchid=(served, settings.get("sub_mchid"))
    )


def _payment(order: Fields) -> tuple[Fact, ...]:
    # Type and content must agree; where they do not, nobody knows what happened.
    if "refund_status" in order:
        raise UnknownMeaning("a payment's notification holds a refund")
    state = order.text("trade_state", absent=UnknownMeaning)
    announced = meaning(PAYMENT_STATES, state, what="trade_state")
    if announced is None:
        return ()
    amount = order.optional_child("amount")
    return (
        Fact(
            type=announced,
            payment_id=_first(order, "transaction_id", "id"),
            merchant_order_id=order.text("out_trade_no"),
            amount=_money(amount, "currency", "total", "total_amount"),
            payer_amount=_money(amount, "payer_currency", "payer_total", "payer_amount"),
            occurred_at_ms=order.optional_rfc3339_ms("success_time"),
        ),
    )


def _refund(refund: Fields, state: str, announced: FactType) -> tuple[Fact, ...]:
    if "trade_state" in refund or refund.optional_text("refund_status") != state:
        raise UnknownMeaning("event_type and refund_status do not agree")
    return (
        Fact(
            type=announced,
            payment_id=_first(refund, "transaction_id", "id"),
            merchant_order_id=refund.optional_text("out_trade_no"),
            refund_id=refund.text("refund_id"),
            merchant_refund_id=refund.optional_text("out_refund_no"),
            amount=_money(refund.optional_child("amount"), "currency", "refund"),
            occurred_at_ms=refund.optional_rfc3339_ms("success_time"),
        ),
    )


def _first(fields: Fields, *names: str) -> str | None:
    for name in names:
        text = fields.optional_text(name)
        if text is not None:
            return text
    return None


def _money(amount: Fields | None, currency: str, *names: str) -> Money | None:
    for name in names:
        if amount is not None and name in amount:
            stated = _first(amount, currency, "currency")
            return Money.from_minor(amount.integer(name), stated or "CNY")
    return None


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the JSON reply; a probe gets the failure form although it was stored."""
    status = 401 if receipt.success and _is_probe(callback) else receipt.status
    body = SUCCESS if status == 200 else FAILURE
    return Reply(status, "application/json", body)


def _is_probe(callback: Callback) -> bool:
    return any(
        name.lower() == "wechatpay-signature" and value.startswith(PROBE)
        for name, value in callback.headers
    )


def check(account: Account) -> tuple[str, ...]:
    """Find keys that would make every genuine callback look forged."""
    faults = []
    for key in account.all_keys("verify"):
        named_id = key.kid.startswith(PUBLIC_KEY_ID)
        if key.kind == "public-key" and not named_id:
            faults.append(
                (key, f"copy the id beside the public key, {PUBLIC_KEY_ID}…, as its kid")
            )
        elif key.kind == "certificate" and named_id:
            faults.append((key, 'this kid names a public key; say kind = "public-key"'))
        elif key.kind == "certificate":
            faults += [(key, fault) for fault in _faults(key, account.settings["mchid"])]
    return tuple(f"verify key {key.kid}: {fault}" for key, fault in faults)


def _faults(key: Key, mchid: str) -> Iterable[str]:
    fault = serial_fault(key, base=16)
    if fault is not None:
        yield fault
    subject = key.certificates.leaf.subject.rfc4514_string()
    if MERCHANT_SYSTEM in subject or f"CN={mchid}" in subject.split(","):
        yield (
            "this is the merchant's own certificate; enter the platform certificate or the public"
            " key of WeChat Pay"
        )


PROVIDER: Final = Provider(
    name="wechatpay-v3",
    title="WeChat Pay",
    protocol="APIv3",
    methods=("POST",),
    settings=(
        Setting(
            name="mchid", required=True, pinned=False, choices=(),
            meaning="merchant number; for service providers the sp_mchid, for combined payments"
            " the combine_mchid",
            example="1230000109",
        ),
        Setting(
            name="appid", required=False, pinned=False, choices=(),
            meaning="appid, sp_appid or combine_appid", example="wxd678efh567hg6787",
        ),
        Setting(
            name="sub_mchid", required=False, pinned=False, choices=(),
            meaning="the one sub merchant that this account serves", example="1900000109",
        ),
        Setting(
            name="signature_type", required=False, pinned=True, choices=(SIGNATURE_TYPE,),
            meaning="how notifications are signed; an absent header means the same",
            example=SIGNATURE_TYPE,
        ),
    ),
    keys=(
        KeyForm(
            use="verify", kind="certificate", decode=certificates, required=True,
            chosen_by="kid = serial in upper-case hex = Wechatpay-Serial",
            note="platform certificate, never the merchant's own",
        ),
        KeyForm(
            use="verify", kind="public-key", decode=public_key, required=True,
            chosen_by="kid = PUB_KEY_ID_… = Wechatpay-Serial",
            note="public key of WeChat Pay; both kinds may stand side by side",
        ),
        KeyForm(
            use="decrypt", kind="secret", decode=secret_text(length=32), required=True,
            chosen_by="all are tried, the tag decides",
            note="APIv3 key of 32 characters; keep the previous one after a change",
        ),
    ),
    check=check,
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
