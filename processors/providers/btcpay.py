"""BTCPay Server webhooks, Greenfield.

Signed:     ``BTCPay-Sig: sha256=<hex>`` is HMAC-SHA-256 of the raw body, keyed with the text of
            the secret. A server without a secret signs with the empty key: no account can hold it.
            [cs]
Identity:   a payment is the invoice, ``invoiceId``. Each delivery has an id of its own. [cs]
Thin:       no message of an invoice holds its price, so what settled is a question to ask; so is
            what was paid too late or in part.
Retries:    after 10 s, 1 min, then 6 each 10 min, and only on 5xx, 429 or 408. [cs]
Source:     btcpayserver WebhookSender.cs and models, greenfield-php. Vectors:
            tests/vectors/btcpay.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.fields import Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType

# Words and what each announces, "ask" where only a query tells; None: nothing to act on.
ASK: Final = "ask"
EVENTS: Final[dict[str, str | None]] = {
    "InvoiceCreated": None,
    "InvoiceReceivedPayment": None,
    "InvoiceProcessing": None,
    "InvoicePaymentSettled": None,  # One payment of the invoice, not yet the invoice.
    "InvoiceSettled": ASK,
    "InvoiceExpired": "PaymentClosed",
    "InvoiceExpiredPaidPartial": ASK,
    "InvoiceInvalid": "PaymentFailed",
    "InvoicePaidAfterExpiration": ASK,
    "InvoiceRefund": None,  # Money moves when the payout completes.
}
CLOSING: Final[dict[str, FactType]] = {
    "PaymentClosed": "PaymentClosed",
    "PaymentFailed": "PaymentFailed",
}
NO_PAYMENT: Final = re.compile(r"(Payout|PaymentRequest|Subscription|Subscriber)[A-Za-z]*")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "btcpay-sig", prefix=b"sha256=")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    same_account(store_id=(event.optional_text("storeId"), account.settings.get("store_id")))
    word = event.text("type", absent=UnknownMeaning)
    announced = None if NO_PAYMENT.fullmatch(word) else meaning(EVENTS, word, what="type")
    if announced is None:
        return ()
    invoice = event.text("invoiceId")
    partly_paid = "partiallyPaid" in event and event.flag("partiallyPaid")
    if announced == ASK or partly_paid:
        return (Inquiry("invoice", invoice),)
    return (
        Fact(
            type=CLOSING[announced],
            payment_id=invoice,
            merchant_order_id=event.entry("metadata", "orderId"),
            occurred_at_ms=event.unix_seconds_ms("timestamp"),
        ),
    )


PROVIDER: Final = Provider(
    name="btcpay",
    title="BTCPay Server",
    protocol="Greenfield webhooks",
    methods=("POST",),
    settings=(
        Setting(
            name="store_id",
            required=False,
            pinned=True,
            choices=(),
            meaning="when set, must equal the message's storeId",
            example="9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776",
        ),
    ),
    keys=(shared_secret(secret_text(), "the webhook's secret"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(10, 60, *(600,) * 6),
)
