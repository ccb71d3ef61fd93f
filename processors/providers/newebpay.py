"""NewebPay (formerly Spgateway), MPG notifications.

Signed:     ``TradeSha``: upper-case hex SHA-256 of ``HashKey=…&``, the text of ``TradeInfo`` as it
            came, ``&HashIV=…``. Checked before anything is opened. [node]
Sealed:     ``TradeInfo``: hex of AES-256-CBC under the HashKey's text and a fixed IV, padded to
            blocks of 32. JSON, or a query string. [node]
Unsigned:   Status and MerchantID outside; they are not read.
Identity:   ``TradeNo``. Money: whole dollars, TWD. Times: Asia/Taipei; some channels leave the
            blank out. No window.
Numbers:    a number to pay with has the same form with a date of expiry and without a time of
            payment: nothing is paid yet.
Not here:   EncryptType 1 (GCM): no account can be set up for it.
Retries:    not published; until 200.
Source:     node-newebpay [node]; words in part from memory. Vectors: tests/vectors/newebpay.json.
"""

import hashlib
from typing import Final, Literal

from processors.account import Account
from processors.contract import Provider, Setting, identity, plain_reply
from processors.encodings import digits, from_hex
from processors.fields import Fields, same_account
from processors.forms import decoded_fields, form_pairs
from processors.json_texts import exact_json_fields
from processors.keys import KeyForm, secret_text, shared_secret
from processors.messages import signed_field
from processors.sealing import open_cbc, open_with_any
from processors.signing import Authentic, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Undecryptable, UnknownMeaning
from schemas.fact import Fact
from schemas.money import Money

TAIPEI_MINUTES: Final = 480
PAD_MAX: Final = 32
IV_CHARACTERS: Final = 16
SUCCESS: Final = "SUCCESS"


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    message, signature = signed_field(callback, b"TradeInfo", b"TradeSha")
    iv = account.settings["hash_iv"].encode()
    proof = check_keyed_digest(
        (message,),
        lambda key, text: hashlib.sha256(b"HashKey=%b&%b&HashIV=%b" % (key, text, iv)).digest(),
        signatures=(from_hex(signature, error=BadSignature),),
        keys=account.all_keys("verify"),
    )
    # The same HashKey stands twice in the account: that of the digest is tried first.
    keys = sorted(account.all_keys("decrypt"), key=lambda key: key.kid != proof.kid)

    def opened(text: bytes) -> bytes:
        sealed = from_hex(text, error=Undecryptable)
        return open_with_any(keys, lambda key: open_cbc(key, sealed, iv=iv, pad_max=PAD_MAX))

    return proof.then(opened).then(lambda plain: _read(plain, account))


def _read(plain: bytes, account: Account) -> Fields:
    pinned = account.settings.get("respond_type")
    if pinned == "JSON" or (pinned is None and plain.startswith(b"{")):
        return exact_json_fields(plain)
    return decoded_fields(form_pairs(plain), "utf-8")


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    status = fields.text("Status")
    result = fields.child("Result") if isinstance(fields.raw("Result"), dict) else fields
    same_account(MerchantID=(result.optional_text("MerchantID"), account.settings["merchant_id"]))
    if status != SUCCESS:
        return (_fact("PaymentFailed", result),)
    if "PayTime" in result:
        return (_fact("PaymentSucceeded", result),)
    if "ExpireDate" in result:
        return ()
    raise UnknownMeaning("a success with neither a time of payment nor a date of expiry")


def _fact(announced: Literal["PaymentSucceeded", "PaymentFailed"], result: Fields) -> Fact:
    amount = result.optional_id_text("Amt")
    whole = None if amount is None else str(digits(amount, what="Amt"))
    return Fact(
        type=announced,
        payment_id=result.optional_id_text("TradeNo"),
        merchant_order_id=result.optional_text("MerchantOrderNo"),
        amount=None if whole is None else Money.from_major(whole, "TWD"),
        occurred_at_ms=result.optional_local_ms("PayTime", offset_minutes=TAIPEI_MINUTES),
    )


def check(account: Account) -> tuple[str, ...]:
    """Find an IV of another length, under which nothing opens."""
    if len(account.settings["hash_iv"].encode()) != IV_CHARACTERS:
        return (f"hash_iv has not {IV_CHARACTERS} characters",)
    return ()


PROVIDER: Final = Provider(
    name="newebpay",
    title="NewebPay",
    protocol="MPG 2.0",
    methods=("POST",),
    settings=(
        identity("merchant_id", "shop id", "MS3430112"),
        Setting(
            name="hash_iv", required=True, pinned=True, choices=(),
            meaning="HashIV of the console, 16 characters: confidential, not sufficient to forge",
            example="1234567890123456",
        ),
        Setting(
            name="respond_type", required=False, pinned=True, choices=("JSON", "String"),
            meaning="form of the content; where it is left out its first character decides",
            example="JSON",
        ),
    ),
    keys=(
        shared_secret(secret_text(length=32), "HashKey, 32 characters, for TradeSha"),
        KeyForm(
            use="decrypt", kind="secret", decode=secret_text(length=32), required=True,
            chosen_by="that of the same kid, then all",
            note="the same HashKey once more, for TradeInfo",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"OK", b"FAIL"),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
