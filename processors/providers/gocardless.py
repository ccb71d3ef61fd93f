"""GoCardless webhooks, API version 2015-07-06: batches of thin events.

Signed:     ``Webhook-Signature`` is hex HMAC-SHA-256 of the raw body, keyed with the text of the
            endpoint's secret. No time is signed. [py, node]
Thin:       an event names its resource and what happened, but no amount, currency or order: every
            word that moves money is a question to ask.
Batch:      up to 250 events, each an item of its own; the batch is repeated as a whole. [memory]
Retries:    8, growing from a minute, until any 2xx. [ret]
Source:     gocardless-pro-python, gocardless-nodejs; words in part from memory. Vectors:
            tests/vectors/gocardless.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, no_check, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.fact import Fact

# Words, and the resource to ask about; None: nothing a consumer could act on.
PAYMENTS: Final[dict[str, str | None]] = {
    "created": None,
    "submitted": None,
    "customer_approval_granted": None,
    "resubmission_requested": None,
    "confirmed": "payment",
    "paid_out": None,
    "failed": "payment",  # Also after it was confirmed: a late failure.
    "late_failure_settled": None,
    "chargeback_settled": None,
    "cancelled": "payment",
    "customer_approval_denied": "payment",
    "charged_back": "payment",
    "chargeback_cancelled": "payment",
}
REFUNDS: Final[dict[str, str | None]] = {
    "created": None,
    "paid": "refund",
    "refund_settled": None,
    "bounced": "refund",
    "failed": "refund",
    "funds_returned": "refund",
}
NO_PAYMENT: Final = re.compile(
    r"billing_requests|creditors|customers|exports|instalment_schedules|mandates|organisations"
    r"|outbound_payments|payer_authorisations|payouts|scheme_identifiers|subscriptions"
)
RESOURCES: Final = {"payments": PAYMENTS, "refunds": REFUNDS}


def authenticate(callback: Callback, account: Account) -> tuple[Authentic[Fields], ...]:
    signatures = hex_header(callback, "webhook-signature", prefix=b"")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields).each(lambda batch: batch.children("events"))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    kind = event.text("resource_type")
    if NO_PAYMENT.fullmatch(kind):
        return ()
    words = meaning(RESOURCES, kind, what="resource_type")
    asked = meaning(words, event.text("action"), what="action")
    return () if asked is None else (Inquiry(asked, event.child("links").text(asked)),)


PROVIDER: Final = Provider(
    name="gocardless",
    title="GoCardless",
    protocol="webhooks 2015-07-06",
    methods=("POST",),
    settings=(),
    keys=(shared_secret(secret_text(), "the endpoint's secret; one per endpoint of this URL"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200),
)
