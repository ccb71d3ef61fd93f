"""2C2P Payment Gateway, version 4: the backend notification.

Signed:     ``{"payload": "<JWS>"}``, compact, HS256 and nothing else; the key is the text of the
            merchant's secret, though it looks like hex. [jwt]
            The browser's return is not signed and not accepted.
Identity:   ``tranRef``; ``invoiceNo`` is the merchant's.
Money:      decimal text in major units.
Outcome:    ``respCode``: 0000 is paid, 0003 cancelled by the customer; 1xxx and 2xxx are not
            decided yet, of which three are known; every other one refuses the attempt. [memory]
Time:       ``transactionDateTime`` is local to a region that is not told: none is stated.
Retries:    not published; until 200.
Source:     developer.2c2p.com. Vectors: tests/vectors/2c2p.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, identity, no_check, plain_reply
from processors.fields import Fields, meaning, same_account
from processors.jose import compact_jws
from processors.json_texts import exact_json_fields, json_fields
from processors.keys import secret_text, shared_secret
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

CODES: Final[dict[str, FactType | None]] = {
    "0000": "PaymentSucceeded",
    "0001": None,
    "0003": "PaymentClosed",
    "0999": "PaymentFailed",
    "1005": None,
    "2001": None,
}
FINISHED: Final = "2000"  # Only that something came of it: ask what.
CODE: Final = re.compile(r"[0-9A-Z]{4}", re.ASCII)
UNDECIDED: Final = ("1", "2")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    token = json_fields(callback.body).text("payload")
    _, message, signature = compact_jws(token, algorithm="HS256")
    proof = check_secret_hmac(message, account, hash="sha256", signatures=(signature,))
    return proof.then(exact_json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    claims, merchant = notice.content, account.settings["merchant_id"]
    same_account(merchantID=(claims.optional_text("merchantID"), merchant))
    code = claims.text("respCode", absent=UnknownMeaning)
    if code == FINISHED:
        return (Inquiry("invoice", claims.text("invoiceNo")),)
    announced = _announced(code)
    if announced is None:
        return ()
    return (
        Fact(
            type=announced,
            payment_id=claims.optional_text("tranRef"),
            merchant_order_id=claims.text("invoiceNo"),
            amount=_money(claims),
            occurred_at_ms=None,
        ),
    )


def _announced(code: str) -> FactType | None:
    if CODE.fullmatch(code) is None:
        raise Malformed("respCode is no code")
    if code in CODES or code.startswith(UNDECIDED):
        return meaning(CODES, code, what="respCode")
    return "PaymentFailed"


def _money(claims: Fields) -> Money:
    number = not isinstance(claims.raw("amount"), str)
    text = claims.number("amount") if number else claims.text("amount")
    return Money.from_major(text, claims.text("currencyCode"))


PROVIDER: Final = Provider(
    name="2c2p",
    title="2C2P",
    protocol="Payment Gateway 4, backend notification",
    methods=("POST",),
    settings=(identity("merchant_id", "merchantID", "JT01"),),
    keys=(shared_secret(secret_text(), "merchant secret key, used as text"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
