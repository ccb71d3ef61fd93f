"""Nuvei (SafeCharge) payment notifications, by form or by query.

Signed:     ``advanceResponseChecksum`` is hex SHA-256 over the merchant secret and six decoded
            values without separators: ``totalAmount``, ``currency``, ``responseTimeStamp``,
            ``PPP_TransactionID``, ``Status``, ``productId``; all of them are there. MD5 is
            refused. A hash with the secret in front can be continued: what continues it is no
            UTF-8. [mag]
Unsigned:   type, ``TransactionID``, order and ``ppp_status``: an authorisation could be called a
            refund, so that everything is a question to ask, except what is still pending. [mag]
Not here:   subscription notifications, and those before a deposit that want a decision.
Retries:    until 200; the schedule is not published.
Source:     nuvei-plugin-magento-2 [mag], docs.nuvei.com. Vectors: tests/vectors/nuvei.json.
"""

import hashlib
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.encodings import from_hex
from processors.fields import Fields, meaning
from processors.forms import decoded_fields, form_pairs
from processors.keys import secret_text, shared_secret
from processors.signing import Authentic, Message, check_keyed_digest
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact
from schemas.money import Money

SIGNED: Final = (
    "totalAmount", "currency", "responseTimeStamp", "PPP_TransactionID", "Status", "productId",
)  # fmt: skip
# Whether a status is one to ask about.
STATES: Final = {"APPROVED": True, "DECLINED": True, "ERROR": True, "PENDING": False}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    by_query = callback.method == "GET"
    if by_query and callback.body:
        raise Malformed("a body beside the query")
    pairs = form_pairs(callback.query if by_query else callback.body)
    received = decoded_fields(pairs, "utf-8")
    checksum = received.text("advanceResponseChecksum", absent=BadSignature)
    signature = from_hex(checksum, error=BadSignature)
    if any(name not in received for name in SIGNED):
        raise Malformed("a field of the signed text is missing")
    values = {name: received.optional_text(name) or "" for name in SIGNED}
    return check_keyed_digest(
        (Message("".join(values.values()).encode(), Fields(values)),),
        lambda key, text: hashlib.sha256(key + text).digest(),
        signatures=(signature,),
        keys=account.all_keys("verify", "secret"),
    )


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    payment = notice.content
    # Nothing is made of the amount here, but one that could not be read is no notification.
    Money.from_major(payment.text("totalAmount"), payment.text("currency"))
    is_asked = meaning(STATES, payment.text("Status"), what="Status")
    return (Inquiry("payment", payment.text("PPP_TransactionID")),) if is_asked else ()


PROVIDER: Final = Provider(
    name="nuvei",
    title="Nuvei",
    protocol="payment notifications (DMN)",
    methods=("POST", "GET"),
    settings=(),
    keys=(shared_secret(secret_text(), "merchant secret key"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)
