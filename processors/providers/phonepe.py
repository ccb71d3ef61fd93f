"""PhonePe: callbacks of API v1 and webhooks of Standard Checkout (v2).

Signed:     v1: ``X-VERIFY: <hex SHA-256 of the text of response, then the salt>###<salt index>``.
            No path stands between the two: that is the rule of requests. [pypi phonepe]
Token:      v2: ``Authorization`` is the hex SHA-256 of ``username:password``. It covers nothing:
            what came with it is a question to ask. [sdk] The account says which proof it takes.
Identity:   v1: ``transactionId``; ``merchantTransactionId`` is the merchant's.
Money:      integers of paise. Times: v1 tells none.
Words:      v2 spells each word in two ways: PG_ORDER_FAILED as ``type``, pg.order.failed as
            ``event``. [sdk] Of one failed attempt nothing is told: the order lives on.
Retries:    not published; until 2xx. [memory]
Source:     pg-sdk-node [sdk], phonepe (PyPI). Vectors: tests/vectors/phonepe.json.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, pinned, plain_reply
from processors.encodings import from_base64, from_hex
from processors.fields import NOTHING, Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import KeyForm, secret_text
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

BEFORE_INDEX: Final = b"###"
# v1: what a code and a state say. Where both are told they say the same.
STATES: Final[Mapping[str, FactType | None]] = {
    "PAYMENT_SUCCESS": "PaymentSucceeded", "COMPLETED": "PaymentSucceeded",
    "SUCCESS": "PaymentSucceeded", "PAYMENT_PENDING": None, "PENDING": None,
    "PAYMENT_ERROR": "PaymentFailed", "PAYMENT_DECLINED": "PaymentFailed",
    "TIMED_OUT": "PaymentFailed", "FAILED": "PaymentFailed",
}  # fmt: skip
# v2: what a word asks about, and by which id.
ORDER, REFUND = ("order", "merchantOrderId"), ("refund", "merchantRefundId")
TYPES: Final[Mapping[str, tuple[str, str] | None]] = {
    "CHECKOUT_ORDER_COMPLETED": ORDER, "PG_ORDER_COMPLETED": ORDER,
    "CHECKOUT_ORDER_FAILED": ORDER, "PG_ORDER_FAILED": ORDER,
    "CHECKOUT_TRANSACTION_ATTEMPT_FAILED": None, "PG_TRANSACTION_ATTEMPT_FAILED": None,
    "PG_REFUND_ACCEPTED": None, "PG_REFUND_COMPLETED": REFUND, "PG_REFUND_FAILED": REFUND,
}  # fmt: skip
WORDS: Final = {**TYPES, **{word.lower().replace("_", "."): TYPES[word] for word in TYPES}}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    if account.settings["api"] == "v1":
        return _signed(callback, account)
    token = callback.header("authorization", absent=BadSignature)
    user = account.settings["webhook_username"].encode()
    return check_keyed_digest(
        (Message(user + b":", NOTHING, json_fields(callback.body)),),
        lambda password, before: hashlib.sha256(before + password).digest(),
        signatures=(from_hex(token, error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    )


def _signed(callback: Callback, account: Account) -> Authentic[Fields]:
    text = callback.header("x-verify", absent=BadSignature)
    digest, found, index = text.partition(BEFORE_INDEX)
    if not found:
        raise BadSignature("X-VERIFY names no salt")
    response = json_fields(callback.body).text("response").encode()
    proof = check_keyed_digest(
        (Message(response, response),),
        lambda salt, octets: hashlib.sha256(octets + salt).digest(),
        signatures=(from_hex(digest, error=BadSignature),),
        keys=(account.key_named("verify", index.decode("latin-1")),),
    )
    return proof.then(lambda sealed: json_fields(from_base64(sealed, error=Malformed)))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    if account.settings["api"] == "v2":
        return _questions(notice.unproven)
    payment = notice.content.child("data")
    merchant = payment.optional_text("merchantId")
    same_account(merchantId=(merchant, account.settings["merchant_id"]))
    announced = _announced(notice.content, payment)
    if announced is None:
        return ()
    return (
        Fact(
            type=announced,
            payment_id=payment.text("transactionId"),
            merchant_order_id=payment.optional_text("merchantTransactionId"),
            amount=Money.from_minor(payment.integer("amount"), "INR"),
            occurred_at_ms=None,
        ),
    )


def _announced(notice: Fields, payment: Fields) -> FactType | None:
    told = (("code", notice.optional_text("code")), ("state", payment.optional_text("state")))
    said = {meaning(STATES, word, what=name) for name, word in told if word is not None}
    if len(said) != 1:
        raise UnknownMeaning("code and state are absent or contradict each other")
    return said.pop()


def _questions(event: Fields) -> tuple[Inquiry, ...]:
    word = event.optional_text("event") or event.text("type", absent=UnknownMeaning)
    asked = meaning(WORDS, word, what="event")
    if asked is None:
        return ()
    resource, name = asked
    return (Inquiry(resource, event.child("payload").text(name)),)


NEEDED: Final = {"v1": "merchant_id", "v2": "webhook_username"}


def check(account: Account) -> tuple[str, ...]:
    """Find the setting that the account's API needs missing."""
    api = account.settings["api"]
    return () if NEEDED[api] in account.settings else (f"{NEEDED[api]} is needed with api {api}",)


PROVIDER: Final = Provider(
    name="phonepe",
    title="PhonePe",
    protocol="v1 callbacks, v2 webhooks",
    methods=("POST",),
    settings=(
        pinned("api", ("v1", "v2"), "version of the messages, and with it their proof"),
        Setting(
            name="merchant_id", required=False, pinned=False, choices=(),
            meaning="merchantId of v1, needed there", example="PGTESTPAYUAT",
        ),
        Setting(
            name="webhook_username", required=False, pinned=True, choices=(),
            meaning="user name chosen in the dashboard, needed with v2", example="merchant_user",
        ),
    ),
    keys=(
        KeyForm(
            use="verify", kind="secret", decode=secret_text(), required=True,
            chosen_by="v1: salt index; v2: all tried",
            note="v1: salt key; v2: password chosen in the dashboard",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
