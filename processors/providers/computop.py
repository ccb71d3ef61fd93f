"""Computop Paygate: the classic notification at URLNotify.

Sealed:     form fields ``Data`` (hex of Blowfish-ECB under the password's text) and ``Len``,
            which cuts off any padding. Sealing alone proves nothing, and blocks can be moved.
Signed:     inside, ``MAC``: hex HMAC-SHA-256 over ``PayID*TransID*MID*Status*Code``, of either
            letter case, as the names are. Nothing else inside is proven or read. [doc]
Identity:   ``PayID``; ``TransID`` is the merchant's.
Thin:       no amount is stated: what moves money is a question to ask.
Retries:    not published; until 200.
Source:     developer.computop.com, celements-payment, pretix-computop.
            Vectors: tests/vectors/computop.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, identity, no_check, pinned, plain_reply
from processors.encodings import digits, from_hex
from processors.fields import Fields, meaning, same_account
from processors.forms import decoded_fields, form_pairs
from processors.keys import KeyForm, secret_text, shared_secret
from processors.messages import joined
from processors.sealing import open_blowfish, open_with_any
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact

SIGNED: Final = ("payid", "transid", "mid", "status", "code")
SEPARATOR: Final = "*"
BETWEEN: Final = b"&"
# What AUTHORIZED is asked about, as the account captures.
ASKED: Final = {"auto": "payment", "manual": "authorization"}
OK, AUTHORIZED, FAILED = "OK", "AUTHORIZED", "FAILED"
STATES: Final = {
    OK: True, AUTHORIZED: True, FAILED: True, "AUTHORIZE_REQUEST": False, "PENDING": False,
}  # fmt: skip


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    received = dict(form_pairs(callback.body))
    sealed = from_hex(received.get(b"Data", b""), error=Malformed)
    length = digits(received.get(b"Len", b""), what="Len")
    plain = open_with_any(
        account.all_keys("decrypt", "secret"),
        lambda key: open_blowfish(key, sealed, length=length),
    )
    fields = _read(plain)
    return check_hmac(
        (_signed(fields),),
        hash="sha256",
        signatures=(from_hex(fields.optional_text("mac") or "", error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    )


def _read(plain: bytes) -> Fields:
    pairs = [part.partition(b"=") for part in plain.split(BETWEEN) if part]
    named = [(name.lower(), value) for name, _, value in pairs]
    # The charset is nowhere told, and what is proven is ASCII.
    return decoded_fields(named, "latin-1")


def _signed(fields: Fields) -> Message[Fields]:
    values = {name: fields.optional_text(name) for name in SIGNED}
    if any(SEPARATOR in (value or "") for value in values.values()):
        raise Malformed("a signed value holds the separator")
    return Message(joined(values.values(), SEPARATOR), Fields(values))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    fields, settings = notice.content, account.settings
    same_account(mid=(fields.optional_text("mid"), settings["merchant_id"]))
    state = fields.text("status")
    if not meaning(STATES, state, what="Status"):
        return ()
    if state == FAILED:
        return (
            Fact(
                type="PaymentFailed",
                payment_id=fields.text("payid"),
                merchant_order_id=fields.optional_text("transid"),
                occurred_at_ms=None,
            ),
        )
    asked = ASKED[settings["capture"]] if state == AUTHORIZED else "payment"
    return (Inquiry(asked, fields.text("payid")),)


PROVIDER: Final = Provider(
    name="computop",
    title="Computop Paygate",
    protocol="classic notification, Blowfish and HMAC",
    methods=("POST",),
    settings=(
        identity("merchant_id", "MID", "merchantId"),
        pinned("capture", ("auto", "manual"), "what AUTHORIZED means"),
    ),
    keys=(
        KeyForm(
            use="decrypt", kind="secret", decode=secret_text(), required=True,
            chosen_by="all tried", note="Blowfish password as text",
        ),
        shared_secret(secret_text(), "HMAC password as text"),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
