"""Binance Pay, merchant webhooks.

Signed:     RSA-SHA-256 over time LF nonce LF raw-body LF, Base64; ``BinancePay-Certificate-SN``
            names the key. The time is milliseconds; the account says how far it may lie off. [py]
Identity:   a payment is ``bizIdStr`` (``bizId`` is beyond 64 bits); a refund has no id of
            Binance's: the merchant's ``refundRequestId``.
Money:      JSON numbers of eight decimals in major units, read digit by digit. Currencies without
            an ISO 4217 minor unit (the crypto ones) are parked.
Reply:      HTTP 200 and ``returnCode``; FAIL is retried. [doc]
Retries:    6. [doc]
Source:     binance-pay-signature-examples [py], order and refund notifications [doc].
            Vectors: tests/vectors/binance-pay.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import TOLERANCE, Provider, check_tolerance, json_reply, tolerance_ms
from processors.fields import Fields, meaning
from processors.json_texts import exact_json_fields, json_fields
from processors.keys import KeyForm, public_key
from processors.messages import base64_header, stamped_lines
from processors.moments import unix_ms
from processors.signing import Authentic, check_rsa
from schemas.callback import Callback
from schemas.currencies import EXPONENTS
from schemas.errors import Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

DECIMALS: Final = 8
PAYMENTS: Final[dict[str, FactType]] = {
    "PAY_SUCCESS": "PaymentSucceeded",
    "PAY_CLOSED": "PaymentClosed",
}
REFUNDS: Final[dict[str, FactType]] = {
    "REFUND_SUCCESS": "RefundCompleted",
    "REFUND_REJECTED": "RefundFailed",
}
NO_PAYMENT: Final = re.compile(r"PAYOUT.*|DIRECT_DEBIT_CT.*")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    stamp = callback.header("binancepay-timestamp", absent=Malformed)
    nonce = callback.header("binancepay-nonce", absent=Malformed)
    serial = callback.header_text("binancepay-certificate-sn", absent=Malformed)
    signed_ms = unix_ms(stamp, what="binancepay-timestamp")
    (signature,) = base64_header(callback, "binancepay-signature")
    proof = check_rsa(
        (stamped_lines(stamp, nonce, callback.body),),
        hash="sha256",
        signature=signature,
        keys=(account.key_named("verify", serial),),
    )
    return proof.fresh(callback, signed_ms, within_ms=tolerance_ms(account)).then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    event = notice.content
    kind = event.text("bizType")
    if NO_PAYMENT.fullmatch(kind):
        return ()
    table = meaning({"PAY": PAYMENTS, "PAY_REFUND": REFUNDS}, kind, what="bizType")
    announced = meaning(table, event.text("bizStatus"), what="bizStatus")
    order = exact_json_fields(event.text("data").encode())
    refund = order.child("refundInfo") if table is REFUNDS else None
    return (
        Fact(
            type=announced,
            payment_id=event.text("bizIdStr"),
            merchant_order_id=order.optional_id_text("merchantTradeNo"),
            refund_id=None if refund is None else refund.id_text("refundRequestId"),
            merchant_refund_id=None if refund is None else refund.id_text("refundRequestId"),
            amount=_money(order, "totalFee", order)
            if refund is None
            else _money(refund, "refundAmount", order),
            occurred_at_ms=_time(order),
        ),
    )


def _money(stated: Fields, name: str, order: Fields) -> Money:
    currency = order.text("currency")
    if currency not in EXPONENTS:
        raise UnknownMeaning("a currency without a minor unit of ISO 4217")
    value = stated.raw(name)
    text = value if isinstance(value, str) else stated.number(name)
    return Money.from_major(text, currency, {currency: DECIMALS})


def _time(order: Fields) -> int | None:
    if "transactTime" not in order:
        return None
    return unix_ms(str(order.integer("transactTime")), what="transactTime")


PROVIDER: Final = Provider(
    name="binance-pay",
    title="Binance Pay",
    protocol="merchant webhooks",
    methods=("POST",),
    settings=(TOLERANCE,),
    keys=(
        KeyForm(
            use="verify",
            kind="public-key",
            decode=public_key,
            required=True,
            chosen_by="kid = BinancePay-Certificate-SN",
            note="certPublic of the certificate query",
        ),
    ),
    check=check_tolerance,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=json_reply(
        b'{"returnCode":"SUCCESS","returnMessage":null}',
        b'{"returnCode":"FAIL","returnMessage":null}',
    ),
    handshake=None,
    retry_after_s=(60, 120, 300, 600, 1_800, 3_600),
)
