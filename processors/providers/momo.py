"""MoMo, AIO v2 and v3: instant notifications of payments.

Signed:     ``signature``: hex HMAC-SHA-256 over ``accessKey=…&amount=…&…``: a fixed list of fields
            in the order of their names, values as they stand, numbers without decimals. The
            access key is the account's and not in the body; members outside of the list are not
            signed and not read. [doc]
            Values may hold the separators, so that one text could read in two ways: such a message
            is refused.
Identity:   ``transId``. Money: whole dong. Times: milliseconds since 1970. No window.
Reply:      204 within 15 s. [doc]
Retries:    not published.
Source:     developers.momo.vn v3 [doc]; codes in part from memory.
            Vectors: tests/vectors/momo.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, Setting, identity, no_check
from processors.encodings import from_hex
from processors.fields import Fields, same_account
from processors.json_texts import exact_json_fields
from processors.keys import secret_text, shared_secret
from processors.moments import unix_ms
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact, FactType
from schemas.money import Money

SIGNED: Final = (
    "amount", "extraData", "message", "orderId", "orderInfo", "orderType", "partnerCode",
    "payType", "requestId", "responseTime", "resultCode", "transId",
)  # fmt: skip
MAY_BE_EMPTY: Final = frozenset(("extraData", "message", "orderInfo", "orderType", "payType"))
SEPARATOR: Final = re.compile(f"&(?:{'|'.join(SIGNED)})=")
NO_TRANSACTION: Final = "0"  # An attempt that came to none must not share an identity with others.
CODE: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)
# Every other code is a refusal.
CODES: Final[dict[str, FactType | None]] = {
    "0": "PaymentSucceeded",
    "9000": "PaymentAuthorized",
    "1000": None,
    "7000": None,
    "7002": None,
    "8000": None,
    "1005": "PaymentClosed",  # expired
    "1006": "PaymentFailed",  # denied by the user
    "1017": "PaymentClosed",  # cancelled by the merchant
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    received = exact_json_fields(callback.body)
    given = received.text("signature", absent=BadSignature)
    values = {name: _value(received, name) for name in SIGNED}
    text = f"accessKey={account.settings['access_key']}" + "".join(
        f"&{name}={value}" for name, value in values.items()
    )
    if len(SEPARATOR.findall(text)) != len(SIGNED):
        raise Malformed("a value holds what separates the signed fields")
    return check_hmac(
        (Message(text.encode(), Fields(values)),),
        hash="sha256",
        signatures=(from_hex(given, error=BadSignature),),
        keys=account.all_keys("verify"),
    )


def _value(received: Fields, name: str) -> str:
    if name in MAY_BE_EMPTY and received.raw(name) == "":
        return ""
    value = received.raw(name)
    return str(value) if type(value) is int else received.id_text(name)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    same_account(partnerCode=(fields.text("partnerCode"), account.settings["partner_code"]))
    code = fields.text("resultCode")
    if CODE.fullmatch(code) is None:
        raise Malformed("resultCode is no number")
    announced = CODES.get(code, "PaymentFailed")
    if announced is None:
        return ()
    number = None if fields.text("transId") == NO_TRANSACTION else fields.text("transId")
    return (
        Fact(
            type=announced,
            payment_id=number,
            authorization_id=number if announced == "PaymentAuthorized" else None,
            merchant_order_id=fields.text("orderId"),
            amount=Money.from_minor(fields.digits("amount"), "VND"),
            occurred_at_ms=unix_ms(fields.text("responseTime"), what="responseTime"),
        ),
    )


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the empty reply: 204 is the success."""
    return Reply(204 if receipt.success else receipt.status, "application/json", b"")


PROVIDER: Final = Provider(
    name="momo",
    title="MoMo",
    protocol="AIO v2/v3",
    methods=("POST",),
    settings=(
        identity("partner_code", "partnerCode", "MOMO"),
        Setting(
            name="access_key", required=True, pinned=True, choices=(),
            meaning="accessKey: part of the signed text, not of the body",
            example="F8BBA842ECF85",
        ),
    ),
    keys=(shared_secret(secret_text(), "secretKey"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=reply,
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
