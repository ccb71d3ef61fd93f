"""ECPay, AIO checkout: results of payments.

Signed:     ``CheckMacValue``: upper-case hex of SHA-256 (``EncryptType`` 1) or MD5 (0) over
            ``HashKey=…&`` all other fields, empty ones too, sorted without regard to case,
            ``&HashIV=…``, the whole encoded as .NET does and in lower case. The hash is pinned
            by the account. A tilde is written %7e, as the Node SDK does and the Python one does
            not any more: both are tried. [py] [node]
Letters:    in lower case, so that letter case is not proven: the payment's id is told in small
            letters, the merchant's order number as it came, for it is what the shop knows.
Identity:   ``TradeNo``. Charges of a subscription after the first repeat it: parked.
Money:      whole dollars, TWD. Times: Asia/Taipei, ``yyyy/MM/dd HH:mm:ss``. No window.
Simulated:  ``SimulatePaid`` 1 comes from the console and announces nothing.
Reply:      exactly ``1|OK``; else it is sent again, up to four times a day. [py]
Source:     ECPayAIO_Python [py], ecpay_aio_nodejs [node]; words in part from memory.
            Vectors: tests/vectors/ecpay.json.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from processors.account import Account
from processors.contract import Provider, Setting, identity, no_check, pinned, plain_reply
from processors.encodings import digits, from_hex
from processors.fields import Fields, meaning, same_account
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.messages import Pairs
from processors.moments import local_ms
from processors.percent import UNRESERVED, form_encoded
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

TAIPEI_MINUTES: Final = 480
SIGNATURE: Final = b"CheckMacValue"
HASHES: Final = {"1": "sha256", "0": "md5"}
UNENCODED: Final = UNRESERVED + b"!*()"
CODES: Final[dict[str, FactType | None]] = {
    "1": "PaymentSucceeded",
    "2": None,  # A number to pay with was issued: ATM,
    "10100073": None,  # convenience store and barcode.
    "10100141": "PaymentClosed",
}
SIMULATED: Final = {"0": False, "1": True}
FIRST: Final = (None, "0", "1")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    pairs = form_pairs(callback.body)
    name, iv = HASHES[account.settings["encrypt_type"]], account.settings["hash_iv"].encode()

    def digest(key: bytes, encoded: bytes) -> bytes:
        whole = _encoded(b"HashKey=" + key + b"&") + encoded + _encoded(b"&HashIV=" + iv)
        return hashlib.new(name, whole, usedforsecurity=False).digest()

    return check_keyed_digest(
        _signed_texts(pairs),
        digest,
        signatures=(from_hex(dict(pairs).get(SIGNATURE, b""), error=BadSignature),),
        keys=account.all_keys("verify"),
    ).then(lambda proven: decoded_fields(proven, "utf-8"))


def _signed_texts(pairs: Pairs) -> Iterator[Message[Pairs]]:
    signed = tuple(
        sorted((p for p in pairs if p[0] != SIGNATURE), key=lambda p: (p[0].lower(), p[0]))
    )
    encoded = _encoded(b"&".join(map(b"=".join, signed)))
    yield Message(encoded, signed)
    if b"%7e" in encoded:
        # Both texts decode to the same pairs: another spelling is no other proof.
        yield Message(encoded.replace(b"%7e", b"~"), signed)


def _encoded(octets: bytes) -> bytes:
    return form_encoded(octets, kept=UNENCODED).lower()


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    same_account(MerchantID=(fields.optional_text("MerchantID"), account.settings["merchant_id"]))
    code = fields.text("RtnCode")
    digits(code, what="RtnCode")
    # Every other code is a refusal of the payment. [sheet: Meaning]
    announced = CODES.get(code, "PaymentFailed")
    if announced is None or fields.optional_text("SimulatePaid") == "1":
        return ()
    if announced == "PaymentSucceeded":
        meaning(SIMULATED, fields.text("SimulatePaid", absent=UnknownMeaning), what="SimulatePaid")
        if fields.optional_text("TotalSuccessTimes") not in FIRST:
            raise UnknownMeaning("a later charge of a subscription, which has no id of its own")
    return (
        Fact(
            type=announced,
            payment_id=fields.text("TradeNo").lower(),
            merchant_order_id=fields.text("MerchantTradeNo"),
            amount=Money.from_major(str(fields.digits("TradeAmt")), "TWD"),
            occurred_at_ms=_time(fields),
        ),
    )


def _time(fields: Fields) -> int | None:
    text = fields.optional_text("PaymentDate")
    if text is None:
        return None
    return local_ms(text.replace("/", "-"), offset_minutes=TAIPEI_MINUTES, what="PaymentDate")


PROVIDER: Final = Provider(
    name="ecpay",
    title="ECPay",
    protocol="AIO checkout V5",
    methods=("POST",),
    settings=(
        identity("merchant_id", "MerchantID", "3002607"),
        Setting(
            name="hash_iv", required=True, pinned=True, choices=(),
            meaning="HashIV of the console: confidential, not sufficient to forge",
            example="EkRm7iFT261dpevs",
        ),
        pinned("encrypt_type", ("1", "0"), "1 SHA-256, 0 MD5, as the orders are made"),
    ),
    keys=(shared_secret(secret_text(), "HashKey of the console"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"1|OK", b"0|FAIL"),
    handshake=None,
    retry_after_s=(900, 3_600, 21_600, 43_200),
)  # fmt: skip
