"""SIBS payment gateway: encrypted webhooks.

Sealed:     as on the OPPWA platform, but body, nonce and tag are Base64; the tag is the proof.
Meaning:    not settled: a genuine notification is a question to ask about its transaction.
Reply:      JSON with ``statusCode`` 000 and, where the notification was proven before the reply,
            its ``notificationID``. [memory]
Retries:    the schedule is not published.
Source:     docs.pay.sibs.com. Vectors: tests/vectors/sibs.json.
"""

from typing import Final

import orjson

from processors.account import Account
from processors.contract import Inquiry, Provider, Receipt, Reply, no_check
from processors.encodings import from_base64
from processors.fields import Fields
from processors.json_texts import json_fields
from processors.keys import KeyForm, secret_base64
from processors.messages import sealed_in_headers
from processors.sealing import open_gcm
from processors.signing import Authentic, check_opened
from schemas.callback import Callback
from schemas.errors import UnknownMeaning

SECRET_BYTES: Final = 32
OK, FAILED = {"statusCode": "000", "statusMsg": "Success"}, {"statusCode": "999"}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    sealed, nonce = sealed_in_headers(callback, from_base64)
    opened = check_opened(
        sealed, lambda key, octets: open_gcm(key, octets, nonce=nonce, beside=b""),
        keys=account.all_keys("decrypt", "secret"),
    )  # fmt: skip
    return opened.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Inquiry, ...]:
    return (Inquiry("transaction", notice.content.text("transactionID", absent=UnknownMeaning)),)


def reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    """Return the JSON reply; only a proven notification is named in it."""
    members = dict(OK if receipt.success else FAILED)
    for proven in receipt.notice or ():
        named = proven.content.raw("notificationID")
        if isinstance(named, str):
            members["notificationID"] = named
    return Reply(receipt.status, "application/json", orjson.dumps(members))


PROVIDER: Final = Provider(
    name="sibs",
    title="SIBS",
    protocol="encrypted webhooks",
    methods=("POST",),
    settings=(),
    keys=(
        KeyForm(
            use="decrypt", kind="secret", decode=secret_base64(prefix="", octets=SECRET_BYTES),
            required=True, chosen_by="all tried",
            note="webhook secret, Base64 of 32 bytes; opening with it is the proof",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="verified",
    reply=reply,
    handshake=None,
    retry_after_s=(60, 600, 3_600),
)  # fmt: skip
