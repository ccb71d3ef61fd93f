"""Huifu Dougong (paas.huifu.com), v2 and v3 asynchronous notifications.

Signed:     ``sign``: RSA-SHA-256, Base64, over the decoded text of the form's ``resp_data`` as it
            came. The other fields are not signed and not read. No key is named. [txt] [use]
Identity:   ``hf_seq_id`` of a payment and of a refund; ``org_req_seq_id`` or ``org_hf_seq_id``
            mark a refund and name its payment.
Money:      decimal yuan. Times: Asia/Shanghai. No window.
Reply:      ``RECV_ORD_ID_`` and the proven ``req_seq_id``; so it is made after the proof. [txt]
Retries:    3, after a wait of 5 s for the answer. [txt]
Source:     asynchronous messages [txt], plugins [use]. Vectors: tests/vectors/huifu.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, identity, no_check
from processors.encodings import from_base64
from processors.fields import Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import public_key, tried_public_key
from processors.messages import signed_field
from processors.signing import Authentic, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
PAYMENTS: Final[dict[str, FactType | None]] = {
    "S": "PaymentSucceeded",
    "F": "PaymentFailed",
    "C": "PaymentClosed",
    "P": None,
    "I": None,
}
REFUNDS: Final[dict[str, FactType | None]] = {
    "S": "RefundCompleted",
    "F": "RefundFailed",
    "P": None,
    "I": None,
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    message, signature = signed_field(callback, b"resp_data", b"sign")
    octets = from_base64(signature, error=BadSignature)
    proof = check_rsa((message,), hash="sha256", signature=octets, keys=account.all_keys("verify"))
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    same_account(huifu_id=(fields.optional_text("huifu_id"), account.settings["huifu_id"]))
    original = fields.optional_text("org_hf_seq_id")
    refund = original is not None or "org_req_seq_id" in fields
    table = REFUNDS if refund else PAYMENTS
    announced = meaning(table, fields.text("trans_stat"), what="trans_stat")
    if announced is None:
        return ()
    own, request = fields.text("hf_seq_id"), fields.optional_text("req_seq_id")
    return (
        Fact(
            type=announced,
            payment_id=original if refund else own,
            merchant_order_id=fields.optional_text("org_req_seq_id") if refund else request,
            refund_id=own if refund else None,
            merchant_refund_id=request if refund else None,
            amount=Money.from_major(fields.text("trans_amt"), "CNY"),
            occurred_at_ms=fields.optional_local_ms(
                "trans_finish_time", offset_minutes=SHANGHAI_MINUTES
            ),
        ),
    )


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the receipt that names the request, once it is proven."""
    proven = [entry.content.raw("req_seq_id") for entry in receipt.notice or ()]
    known = receipt.success and proven and isinstance(proven[0], str)
    body = f"RECV_ORD_ID_{proven[0]}" if known else "FAIL"
    return Reply(receipt.status, "text/plain; charset=utf-8", body.encode())


PROVIDER: Final = Provider(
    name="huifu",
    title="Huifu",
    protocol="Dougong v2/v3",
    methods=("POST",),
    settings=(identity("huifu_id", "merchant number", "6666000000000001"),),
    keys=(tried_public_key(public_key, "Huifu's public key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="verified",
    reply=reply,
    handshake=None,
    retry_after_s=(5, 5, 5),
)
