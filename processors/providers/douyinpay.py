"""Douyin Pay and ByteDance's platform: merchant-v1, trade-3.0 and ecpay-v1, pinned per account.

Signed:     merchant-v1 and trade-3.0: RSA-SHA-256 over time LF nonce LF raw-body LF, Base64; the
            first names a platform certificate by ``Douyinpay-Serial``, the second names no key.
            ecpay-v1: lower-case hex SHA-1 of token, time, nonce and msg, sorted and joined without
            separators; the forms of time and nonce are therefore fixed. [gopay] [tdoc] [yp]
Window:     merchant-v1 24 h 4 min, trade-3.0 24 h: retries may carry the first time. [pypi]
Sealed:     merchant-v1: ``resource``, AES-256-GCM under the interface key's text. [gopay]
Identity:   a payment is ``transaction_id`` or ``order_id``; a refund ``refund_id`` or
            ``refund_no``. Numbers of the channel behind (WeChat, Alipay) are no payments of ours.
Unsigned:   ``type`` of ecpay-v1: the members of msg decide, and it has to agree with them.
Money:      integers of fen. Times: RFC 3339, milliseconds, seconds.
Retries:    trade-3.0: 10 in 29 min. [tdoc]
Not here:   the SM2 variant of merchant-v1; the answer to the mini-game's echo.
Source:     [gopay] [pypi] [tdoc] [yp]. Vectors: tests/vectors/douyinpay.json.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from processors.account import Account
from processors.certificates import serial_fault
from processors.contract import Provider, Receipt, Reply, identity, pinned
from processors.encodings import digits, from_base64, from_hex
from processors.fields import Fields, meaning, same_account, same_if_stated
from processors.json_texts import json_fields
from processors.keys import KeyForm, certificates, public_key, secret_text
from processors.messages import stamped_lines
from processors.sealing import open_resource
from processors.signing import Authentic, Message, check_keyed_digest, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

MERCHANT, TRADE, ECPAY = "merchant-v1", "trade-3.0", "ecpay-v1"
WINDOWS_MS: Final = {MERCHANT: 86_640_000, TRADE: 86_400_000}
PREFIXES: Final = {
    MERCHANT: ("douyinpay-timestamp", "douyinpay-nonce", "douyinpay-signature"),
    TRADE: ("byte-timestamp", "byte-nonce-str", "byte-signature"),
}
CIPHER: Final = "AEAD-AES-256-GCM"
STAMP: Final = re.compile(r"[0-9]{10}", re.ASCII)
NONCE: Final = re.compile(r"[0-9]{1,32}", re.ASCII)

# merchant-v1: what each event is about, with the states that go with it; None: no payment moved.
TRANSACTION_STATES: Final[Mapping[str, FactType | None]] = {
    "SUCCESS": "PaymentSucceeded", "PAYERROR": "PaymentFailed", "CLOSED": "PaymentClosed",
    "REFUND": None, "NOTPAY": None,
}  # fmt: skip
EVENTS: Final[Mapping[str, Mapping[str, FactType | None] | None]] = {
    "TRANSACTION.SUCCESS": TRANSACTION_STATES,
    "REFUND.SUCCESS": {"SUCCESS": "RefundCompleted"},
    "REFUND.ABNORMAL": {"ABNORMAL": "RefundFailed"},
    "REFUND.CLOSED": {"CLOSED": "RefundFailed"},
    "ASYNC_SPLIT.FINISH": None,
    "SPLIT.SUCCESS": None,
    "TRANSFER.SUCCESS": None,
}
# trade-3.0 and ecpay-v1.
REFUND_STATES: Final[Mapping[str, FactType | None]] = {
    "SUCCESS": "RefundCompleted", "FAIL": "RefundFailed",
}  # fmt: skip
STATES: Final[dict[str, Mapping[str, Mapping[str, FactType | None] | None]]] = {
    TRADE: {
        "payment": {"SUCCESS": "PaymentSucceeded", "CANCEL": "PaymentClosed"},
        "refund": REFUND_STATES,
        "settle": None,
        "pre_create_refund": None,
        "sign_pay_callback": None,
    },
    ECPAY: {
        "payment": {"SUCCESS": "PaymentSucceeded"},
        "refund": REFUND_STATES,
        "settle": None,
        "withdraw": None,
    },
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notification is about, its kind in the words of the account's protocol."""

    kind: str
    about: Fields


def authenticate(callback: Callback, account: Account) -> Authentic[Notice]:
    protocol = account.settings["protocol"]
    if protocol == ECPAY:
        return _ecpay(callback, account)
    stamp_name, nonce_name, signature_name = PREFIXES[protocol]
    stamp = callback.header(stamp_name, absent=Malformed)
    nonce = callback.header(nonce_name, absent=Malformed)
    keys = account.all_keys("verify", "public-key")
    if protocol == MERCHANT:
        serial = callback.header_text("douyinpay-serial", absent=Malformed)
        keys = (account.key_named("verify", serial.upper()),)
    signature = callback.header(signature_name, absent=BadSignature)
    proof = check_rsa(
        (stamped_lines(stamp, nonce, callback.body),),
        hash="sha256",
        signature=from_base64(signature, error=BadSignature),
        keys=keys,
    ).fresh(callback, digits(stamp, what=stamp_name) * 1000, within_ms=WINDOWS_MS[protocol])
    outer = proof.then(json_fields)
    return outer.then(_trade) if protocol == TRADE else outer.then(lambda f: _opened(f, account))


def _opened(envelope: Fields, account: Account) -> Notice:
    keys = account.all_keys("decrypt")
    plain = open_resource(envelope.child("resource"), keys, algorithm=CIPHER)
    return Notice(envelope.text("event_type"), json_fields(plain))


def _trade(outer: Fields) -> Notice:
    return Notice(outer.text("type"), json_fields(outer.text("msg").encode()))


def _ecpay(callback: Callback, account: Account) -> Authentic[Notice]:
    outer = json_fields(callback.body)
    stamp, nonce, msg = outer.text("timestamp"), outer.text("nonce"), outer.text("msg")
    if not (STAMP.fullmatch(stamp) and NONCE.fullmatch(nonce) and msg.startswith("{")):
        raise Malformed("a signed part of another form: what is joined could be cut elsewhere")
    parts = [part.encode() for part in (stamp, nonce, msg)]
    given = outer.text("msg_signature", absent=BadSignature)
    return check_keyed_digest(
        (Message(parts[2], parts[2]),),
        lambda token, _: hashlib.sha1(b"".join(sorted((token, *parts)))).digest(),
        signatures=(from_hex(given, error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    ).then(lambda proven: _said(json_fields(proven), outer.raw("type")))


def _said(msg: Fields, kind: object) -> Notice:
    paid = "cp_orderno" in msg and "paid_at" in msg
    returned = "cp_refundno" in msg and "refund_amount" in msg
    # The type is not signed: it has to say what the members say.
    if not isinstance(kind, str) or (kind == "payment", kind == "refund") != (paid, returned):
        raise Malformed("type and msg do not agree")
    return Notice(kind, msg)


def interpret(notice: Authentic[Notice], account: Account) -> tuple[Fact, ...]:
    kind, about = notice.content.kind, notice.content.about
    settings = account.settings
    protocol = settings["protocol"]
    table = EVENTS if protocol == MERCHANT else STATES[protocol]
    states = meaning(table, kind, what="type")
    if protocol == MERCHANT:
        named = about.optional_text("mchid")
        if states is not None or named is not None:
            same_account(mchid=(named, settings["mchid"]))
        same_if_stated(appid=(about.optional_text("appid"), settings.get("app_id")))
    else:
        member = "app_id" if protocol == TRADE else "appid"
        same_account(app_id=(about.optional_text(member), settings["app_id"]))
    if states is None:
        return ()
    refund = "RefundCompleted" in states.values() or "RefundFailed" in states.values()
    if protocol == MERCHANT:
        return _merchant(about, states, refund)
    announced = meaning(states, about.text("status"), what="status")
    if announced is None:
        return ()
    return (_traded if protocol == TRADE else _guaranteed)(about, announced, refund)


def _merchant(
    about: Fields, states: Mapping[str, FactType | None], refund: bool
) -> tuple[Fact, ...]:
    word = "refund_status" if refund else "trade_state"
    state = about.text(word, absent=UnknownMeaning)
    announced = meaning(states, state, what=word)
    if announced is None:
        return ()
    amount = about.optional_child("amount")
    minor = None if amount is None else amount.integer("refund" if refund else "total")
    currency = (amount.optional_text("currency") if amount else None) or "CNY"
    return (
        Fact(
            type=announced,
            payment_id=about.optional_text("transaction_id"),
            merchant_order_id=about.optional_text("out_trade_no"),
            refund_id=about.text("refund_id") if refund else None,
            merchant_refund_id=about.optional_text("out_refund_no"),
            amount=None if minor is None else Money.from_minor(minor, currency),
            occurred_at_ms=about.optional_rfc3339_ms("success_time"),
        ),
    )


def _traded(msg: Fields, announced: FactType, refund: bool) -> tuple[Fact, ...]:
    return (
        Fact(
            type=announced,
            payment_id=msg.text("order_id"),
            merchant_order_id=msg.optional_text("out_order_no"),
            refund_id=msg.text("refund_id") if refund else None,
            merchant_refund_id=msg.optional_text("out_refund_no"),
            amount=_fen(msg, "refund_total_amount" if refund else "total_amount"),
            occurred_at_ms=msg.integer("event_time") if "event_time" in msg else None,
        ),
    )


def _guaranteed(msg: Fields, announced: FactType, refund: bool) -> tuple[Fact, ...]:
    return (
        Fact(
            type=announced,
            payment_id=msg.optional_id_text("order_id") if refund else msg.id_text("order_id"),
            merchant_order_id=msg.optional_text("cp_orderno"),
            refund_id=msg.id_text("refund_no") if refund else None,
            merchant_refund_id=msg.optional_text("cp_refundno"),
            amount=_fen(msg, "refund_amount" if refund else "total_amount"),
            occurred_at_ms=msg.optional_unix_seconds_ms("refunded_at" if refund else "paid_at"),
        ),
    )


def _fen(fields: Fields, name: str) -> Money:
    return Money.from_minor(fields.integer(name), "CNY")


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the JSON that the account's protocol knows."""
    merchant = account.settings["protocol"] == MERCHANT
    success = b'{"code":"SUCCESS"}' if merchant else b'{"err_no":0,"err_tips":"success"}'
    failure = (
        b'{"code":"FAIL","message":"fail"}' if merchant else b'{"err_no":1,"err_tips":"fail"}'
    )
    return Reply(receipt.status, "application/json", success if receipt.success else failure)


def check(account: Account) -> tuple[str, ...]:
    """Find what the pinned protocol lacks."""
    protocol, settings = account.settings["protocol"], account.settings
    faults = []
    if protocol == MERCHANT:
        if "mchid" not in settings:
            faults.append("merchant-v1 needs the setting mchid")
        if not account.all_keys("verify", "certificate"):
            faults.append("merchant-v1 needs the platform certificate: add a verify certificate")
        for key in account.all_keys("verify", "certificate"):
            fault = serial_fault(key, base=16)
            faults += [] if fault is None else [f"verify key {key.kid}: {fault}"]
        if not account.all_keys("decrypt"):
            faults.append("merchant-v1 needs the interface key: add a decrypt secret")
        return tuple(faults)
    if "app_id" not in settings:
        faults.append(f"{protocol} needs the setting app_id")
    kind: Final = "public-key" if protocol == TRADE else "secret"
    if not account.all_keys("verify", kind):
        faults.append(f"{protocol} needs a key to verify with: add a verify {kind}")
    return tuple(faults)


PROVIDER: Final = Provider(
    name="douyinpay",
    title="Douyin Pay",
    protocol="merchant v1, trade system 3.0, guaranteed payment v1",
    methods=("POST",),
    settings=(
        pinned("protocol", (TRADE, MERCHANT, ECPAY), "which of the three this account speaks"),
        identity("mchid", "merchant-v1: merchant number", "1230000109", required=False),
        identity("app_id", "application; optional in merchant-v1", "tt1", required=False),
    ),
    keys=(
        KeyForm(
            use="verify", kind="certificate", decode=certificates, required=False,
            chosen_by="kid = serial in upper-case hex = Douyinpay-Serial",
            note="merchant-v1: platform certificate",
        ),
        KeyForm(
            use="decrypt", kind="secret", decode=secret_text(length=32), required=False,
            chosen_by="all are tried, the tag decides",
            note="merchant-v1: interface encryption key",
        ),
        KeyForm(
            use="verify", kind="public-key", decode=public_key, required=False,
            chosen_by="all tried", note="trade-3.0: platform public key of the application",
        ),
        KeyForm(
            use="verify", kind="secret", decode=secret_text(), required=False,
            chosen_by="all tried", note="ecpay-v1: token of the console",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=reply,
    handshake=None,
    retry_after_s=(12, 12, 33, 60, 120, 180, 240, 300, 360, 420),
)  # fmt: skip
