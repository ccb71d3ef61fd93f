"""ZaloPay, v2: callbacks of orders and agreements.

Signed:     ``mac``: hex HMAC-SHA-256 under key2 over the text of ``data`` as it was decoded from
            the outer JSON. ``type`` is not signed: the members of data decide, and it has to agree
            with them. key1 signs requests and never a callback. [doc]
Identity:   ``zp_trans_id``, digit by digit. Money: whole dong. Times: ``server_time``, ms.
Meaning:    a callback is sent for success alone; failures and refunds are asked for.
Reply:      ``return_code`` 1; -1 where the proof fails, 0 asks for another call. [memory]
Retries:    a few. [memory]
Source:     beta-docs.zalopay.vn [doc]. Vectors: tests/vectors/zalopay.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, identity, no_check
from processors.encodings import digits, from_hex
from processors.fields import Fields, same_account
from processors.json_texts import exact_json_fields, json_fields
from processors.keys import secret_text, shared_secret
from processors.moments import unix_ms
from processors.signing import Authentic, Message, check_hmac
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact
from schemas.money import Money

ORDER, AGREEMENT = 1, 2


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    outer = json_fields(callback.body)
    signed = outer.text("data").encode()
    return check_hmac(
        (Message(signed, signed, outer),),
        hash="sha256",
        signatures=(from_hex(outer.text("mac", absent=BadSignature), error=BadSignature),),
        keys=account.all_keys("verify"),
    ).then(exact_json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields, kind = notice.content, notice.unproven.raw("type")
    same_account(app_id=(fields.optional_id_text("app_id"), account.settings["app_id"]))
    order = "zp_trans_id" in fields and "app_trans_id" in fields
    if kind not in (ORDER, AGREEMENT) or (kind == ORDER) != order:
        raise Malformed("type and data do not agree")
    if not order:
        return ()
    amount = digits(fields.id_text("amount"), what="amount")
    return (
        Fact(
            type="PaymentSucceeded",
            payment_id=fields.id_text("zp_trans_id"),
            merchant_order_id=fields.text("app_trans_id"),
            amount=Money.from_minor(amount, "VND"),
            occurred_at_ms=_time(fields),
        ),
    )


def _time(fields: Fields) -> int | None:
    text = fields.optional_id_text("server_time")
    return None if text is None else unix_ms(text, what="server_time")


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the JSON reply in the provider's codes."""
    code, text = {200: (1, "success"), 401: (-1, "mac not equal")}.get(
        receipt.status, (0, "call again")
    )
    body = f'{{"return_code":{code},"return_message":"{text}"}}'
    return Reply(receipt.status, "application/json", body.encode())


PROVIDER: Final = Provider(
    name="zalopay",
    title="ZaloPay",
    protocol="v2 callbacks",
    methods=("POST",),
    settings=(identity("app_id", "app_id in decimal digits", "2553"),),
    keys=(shared_secret(secret_text(), "key2, the callback key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=reply,
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
