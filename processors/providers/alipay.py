"""Alipay (mainland), open platform 2.0: notifications of trades and messages of the gateway.

Signed:     RSA over the sorted form, values decoded once, in the charset that the form announces:
            SHA-256 (RSA2) or SHA-1 (RSA), pinned by the account. Trades leave ``sign_type`` out of
            the text, alipay.open.* notifications keep it; empty values are kept by some senders
            and left out by others. [sheet: recipes V1, V2]
Key:        none is named; public key or certificate of Alipay, any configured one may fit.
Identity:   a payment is ``trade_no``; a refund is ``out_biz_no`` of it (``out_request_no`` in
            messages); ``notify_id`` is new for a fact sent again. [sheet: Meaning]
Money:      decimal yuan. ``refund_fee`` is the sum refunded so far, not this refund. [od]
Times:      Asia/Shanghai without a zone. No window: retries go on for 25 h. [od]
Retries:    8 deliveries in 25 h, until the body is ``success``. [od]
Return URL: the browser's signed GET announces nothing. [yp]
Source:     open platform, asynchronous notification [od], SDKs [node] [java] [py] [yp].
            Vectors: tests/vectors/alipay.json.
"""

from collections.abc import Iterator
from typing import Final

from processors.account import Account
from processors.contract import Provider, Setting, no_check, plain_reply
from processors.encodings import from_base64
from processors.fields import Fields, meaning, same_account, same_if_stated
from processors.forms import announced_fields, form_pairs
from processors.json_texts import json_fields
from processors.keys import KeyForm, certificates, public_key
from processors.messages import Pairs, sorted_form
from processors.signing import Authentic, HashName, Message, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
HASHES: Final[dict[str, HashName]] = {"RSA2": "sha256", "RSA": "sha1"}
WITH_TYPE: Final = frozenset((b"sign",))
WITHOUT_TYPE: Final = frozenset((b"sign", b"sign_type"))

# TRADE_FINISHED (no refund is possible any more) repeats the payment under the same identity.
TRADES: Final[dict[str, FactType | None]] = {
    "TRADE_SUCCESS": "PaymentSucceeded",
    "TRADE_FINISHED": "PaymentSucceeded",
    "TRADE_CLOSED": "PaymentClosed",
    "WAIT_BUYER_PAY": None,
}
DEPOSITS_BACK: Final[dict[str, FactType]] = {"S": "RefundCompleted", "F": "RefundFailed"}
FREEZES: Final[dict[str, FactType | None]] = {"SUCCESS": "PaymentAuthorized", "INIT": None}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    pairs = form_pairs(callback.query if callback.method == "GET" else callback.body)
    received = dict(pairs)
    pinned = account.settings["sign_type"]
    if received.get(b"sign_type", pinned.encode()) != pinned.encode():
        raise BadSignature("the message announces another sign_type than the account's")
    return check_rsa(
        _signed_texts(pairs, pinned.encode()),
        hash=HASHES[pinned],
        signature=from_base64(received.get(b"sign", b""), error=BadSignature),
        keys=account.all_keys("verify"),
    ).then(lambda proven: announced_fields(proven, b"charset"))


def _signed_texts(pairs: Pairs, sign_type: bytes) -> Iterator[Message[Pairs]]:
    # Which text was signed is not announced. Another text under the same key is no other proof.
    yield sorted_form(pairs, exclude=WITHOUT_TYPE, keep_empty=True)
    # Some proxies cut the field that the second recipe signs; it can only be the pinned one.
    with_type = (*(pair for pair in pairs if pair[0] != b"sign_type"), (b"sign_type", sign_type))
    yield sorted_form(with_type, exclude=WITH_TYPE, keep_empty=True)
    if not all(value for _, value in pairs):
        yield sorted_form(pairs, exclude=WITHOUT_TYPE, keep_empty=False)
        yield sorted_form(with_type, exclude=WITH_TYPE, keep_empty=False)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    settings = account.settings
    same_account(app_id=(fields.optional_text("app_id"), settings["app_id"]))
    same_if_stated(seller_id=(fields.optional_text("seller_id"), settings.get("seller_id")))
    if fields.optional_text("msg_method") is not None:
        return _message(fields)
    kind = fields.optional_text("notify_type")
    if kind == "trade_status_sync" or (kind is None and "trade_status" in fields):
        return _trade(fields)
    if kind == "fund_auth_freeze":
        return _frozen(fields)
    return ()  # Service market, releases of frozen money, the browser's return: no money moved.


def _trade(fields: Fields) -> tuple[Fact, ...]:
    status = fields.text("trade_status")
    announced = meaning(TRADES, status, what="trade_status")
    if announced is None:
        return ()
    if status != "TRADE_FINISHED":
        refunded = _refunded(fields, status)
        if refunded is not None:
            return (_refund(fields, refunded),)
    closed = announced == "PaymentClosed"
    return (
        Fact(
            type=announced,
            payment_id=fields.optional_text("trade_no"),
            merchant_order_id=fields.text("out_trade_no"),
            amount=_money(fields, "total_amount"),
            payer_amount=None if closed else _money(fields, "buyer_pay_amount"),
            occurred_at_ms=_time(fields, "gmt_close" if closed else "gmt_payment"),
        ),
    )


def _refunded(fields: Fields, status: str) -> Money | None:
    """Return the sum refunded so far; None where the notification is about no refund."""
    total = _money(fields, "refund_fee")
    # Plain payments may carry refund_fee=0.00 and gmt_close: above zero counts, not presence.
    if total is not None and total.minor > 0:
        return total
    if fields.optional_text("gmt_refund") is None:
        return None
    if status == "TRADE_CLOSED" and total is None:
        return _money(fields, "total_amount")  # Closed by a refund: by the whole one.
    raise UnknownMeaning("a refund without its sum")


def _refund(fields: Fields, total: Money) -> Fact:
    return Fact(
        type="RefundTotal",
        payment_id=fields.text("trade_no"),
        merchant_order_id=fields.text("out_trade_no"),
        refund_id=fields.optional_text("out_biz_no"),
        refunded_total=total,
        occurred_at_ms=_time(fields, "gmt_refund"),
    )


def _message(fields: Fields) -> tuple[Fact, ...]:
    if fields.text("msg_method") != "alipay.trade.refund.depositback.completed":
        return ()  # Payouts and other products.
    content = json_fields(fields.text("biz_content").encode())
    return (
        Fact(
            type=meaning(DEPOSITS_BACK, content.text("dback_status"), what="dback_status"),
            payment_id=content.text("trade_no"),
            merchant_order_id=content.optional_text("out_trade_no"),
            refund_id=content.text("out_request_no"),
            merchant_refund_id=content.text("out_request_no"),
            amount=_money(content, "dback_amount"),
            occurred_at_ms=_time(content, "bank_ack_time"),
        ),
    )


def _frozen(fields: Fields) -> tuple[Fact, ...]:
    announced = meaning(FREEZES, fields.text("status"), what="status")
    if announced is None:
        return ()
    return (
        Fact(
            type=announced,
            payment_id=fields.text("auth_no"),
            authorization_id=fields.text("auth_no"),
            merchant_order_id=fields.text("out_order_no"),
            amount=_money(fields, "amount"),
            occurred_at_ms=_time(fields, "gmt_trans"),
        ),
    )


def _money(fields: Fields, name: str) -> Money | None:
    text = fields.optional_text(name)
    if text is None:
        return None
    return Money.from_major(text, fields.optional_text("trans_currency") or "CNY")


def _time(fields: Fields, name: str) -> int | None:
    return fields.optional_local_ms(name, offset_minutes=SHANGHAI_MINUTES)


PROVIDER: Final = Provider(
    name="alipay",
    title="Alipay",
    protocol="open platform 2.0",
    methods=("POST", "GET"),
    settings=(
        Setting(
            name="app_id", required=True, pinned=False, choices=(),
            meaning="application of the open platform", example="2021000000000001",
        ),
        Setting(
            name="seller_id", required=False, pinned=False, choices=(),
            meaning="the seller's 2088… number, compared where a message carries one",
            example="2088000000000002",
        ),
        Setting(
            name="sign_type", required=True, pinned=True, choices=("RSA2", "RSA"),
            meaning="RSA2 (SHA-256) or RSA (SHA-1), as the application is set up",
            example="RSA2",
        ),
    ),
    keys=(
        KeyForm(
            use="verify", kind="public-key", decode=public_key, required=True,
            chosen_by="none is named: all are tried",
            note="Alipay's public key of the application, never the application's own",
        ),
        KeyForm(
            use="verify", kind="certificate", decode=certificates, required=True,
            chosen_by="none is named: all are tried",
            note="certificate mode: alipayCertPublicKey_RSA2.crt",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"success", b"fail"),
    handshake=None,
    retry_after_s=(240, 600, 600, 3_600, 7_200, 21_600, 54_000),
)  # fmt: skip
