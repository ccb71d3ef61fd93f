"""VNPay, PAY API 2.1.0: instant notifications in the query of a GET.

Signed:     ``vnp_SecureHash``: hex HMAC-SHA-512 over the sorted ``vnp_`` parameters without it and
            ``vnp_SecureHashType``, empty ones left out, encoded anew as a form is. Parameters of
            other names are not signed and not read. Encoders differ in the asterisk and the tilde:
            each spelling of the same pairs is tried. [ts]
Identity:   ``vnp_TransactionNo``; 0 where no money moved.
Money:      VND times 100, although it has no minor unit. Times: Vietnam, +07:00. No window.
Meaning:    paid only where both codes are 00. 07 (suspected fraud) is looked at by a person.
Reply:      ``RspCode`` 00; 97 without a good proof, 99 else. States of the order, 02 and 04, are
            not known here.
Retries:    10, five minutes apart, until 00 or 02. [memory]
Source:     lehuygiang28/vnpay [ts]. Vectors: tests/vectors/vnpay.json.
"""

from collections.abc import Iterator
from typing import Final

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, identity, no_check, pinned
from processors.encodings import digits, from_hex
from processors.fields import Fields, same_account
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.messages import Pairs, encoded_form
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

HANOI_MINUTES: Final = 420
PREFIX: Final = b"vnp_"
SIGNATURE, HASH_TYPE = b"vnp_SecureHash", b"vnp_SecureHashType"
NOTHING_MOVED: Final = "0"
OK: Final = "00"
# vnp_ResponseCode; every other one is a refusal of the attempt.
CLOSED: Final = frozenset(("11", "24"))  # expired; cancelled by the user
SUSPICIOUS: Final = "07"
# vnp_TransactionStatus beside the response 00.
STATES: Final[dict[str, FactType | None]] = {
    "00": "PaymentSucceeded",
    "01": None,
    "02": "PaymentFailed",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    if callback.body:
        raise Malformed("a body beside the query")
    pairs = form_pairs(callback.query)
    received = dict(pairs)
    announced = received.get(HASH_TYPE, b"")
    if announced and announced != account.settings["secure_hash_type"].encode():
        raise BadSignature("the message announces another hash than the account's")
    return check_hmac(
        _signed_texts(pairs),
        hash="sha512",
        signatures=(from_hex(received.get(SIGNATURE, b""), error=BadSignature),),
        keys=account.all_keys("verify"),
    ).then(lambda proven: decoded_fields(proven, "utf-8"))


def _signed_texts(pairs: Pairs) -> Iterator[Message[Pairs]]:
    unsigned = (SIGNATURE, HASH_TYPE)
    signed = tuple(
        sorted(p for p in pairs if p[0].startswith(PREFIX) and p[1] and p[0] not in unsigned)
    )
    text = encoded_form(signed, dropped=frozenset())
    # All four decode to the same pairs: another spelling is no other proof.
    for spelled in dict.fromkeys(
        text.replace(b"%7E", tilde).replace(b"%2A", asterisk)
        for tilde in (b"%7E", b"~")
        for asterisk in (b"%2A", b"*")
    ):
        yield Message(spelled, signed)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    same_account(vnp_TmnCode=(fields.optional_text("vnp_TmnCode"), account.settings["tmn_code"]))
    announced = _announced(fields.text("vnp_ResponseCode"), fields.text("vnp_TransactionStatus"))
    if announced is None:
        return ()
    number = fields.optional_text("vnp_TransactionNo")
    return (
        Fact(
            type=announced,
            payment_id=None if number == NOTHING_MOVED else number,
            merchant_order_id=fields.text("vnp_TxnRef"),
            amount=_money(fields),
            occurred_at_ms=fields.optional_local_ms("vnp_PayDate", offset_minutes=HANOI_MINUTES),
        ),
    )


def _announced(response: str, status: str) -> FactType | None:
    digits(response, what="vnp_ResponseCode")
    if response == SUSPICIOUS:
        raise UnknownMeaning("the provider suspects fraud")
    if response in CLOSED:
        return "PaymentClosed"
    if response != OK:
        return "PaymentFailed"
    if status not in STATES:
        raise UnknownMeaning("vnp_TransactionStatus has a value without an assigned meaning")
    return STATES[status]


def _money(fields: Fields) -> Money:
    hundredths = fields.digits("vnp_Amount")
    if hundredths % 100:
        raise Malformed("vnp_Amount is finer than a dong")
    return Money.from_minor(hundredths // 100, "VND")


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the JSON reply in the provider's codes."""
    code, text = {200: ("00", "Confirm Success"), 401: ("97", "Invalid Checksum")}.get(
        receipt.status, ("99", "Unknown error")
    )
    body = f'{{"RspCode":"{code}","Message":"{text}"}}'
    return Reply(receipt.status, "application/json", body.encode())


PROVIDER: Final = Provider(
    name="vnpay",
    title="VNPay",
    protocol="PAY API 2.1.0",
    methods=("GET",),
    settings=(
        identity("tmn_code", "terminal code", "TEST_TMN_CODE"),
        pinned("secure_hash_type", ("HMACSHA512",), "the hash of the account"),
    ),
    keys=(shared_secret(secret_text(), "hash secret"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=reply,
    handshake=None,
    retry_after_s=(300,) * 10,
)
