"""Coinbase Commerce webhooks.

Signed:     ``X-CC-Webhook-Signature`` is hex HMAC-SHA-256 of the raw body, keyed with the text of
            the shared secret. The attempt is numbered in the body: each retry has another
            signature. [py, doc]
Identity:   a payment is the charge, ``event.data.id``; ``code`` is its short form. There are no
            events of refunds. [doc]
Money:      decimal text of the charge's local price. What came in as crypto may differ: a charge
            that does not fit is ``delayed`` or ``failed`` until the operator resolves it. [doc]
Retries:    growing to one an hour for 3 days, until 200. [doc]
Source:     coinbase-commerce-python, docs.cloud.coinbase.com. Vectors:
            tests/vectors/coinbase-commerce.json.
"""

from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, merchant_entry, no_check, plain_reply
from processors.fields import Fields, meaning
from processors.json_texts import json_fields
from processors.keys import secret_text, shared_secret
from processors.messages import hex_header, whole_body
from processors.secret_proofs import check_secret_hmac
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
EVENTS: Final[dict[str, FactType | None]] = {
    "charge:created": None,
    "charge:pending": None,
    "charge:confirmed": "PaymentSucceeded",
    "charge:resolved": "PaymentSucceeded",
    "charge:failed": "PaymentFailed",
    "charge:delayed": None,  # Paid after its expiry: the operator decides, and resolves it.
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    signatures = hex_header(callback, "x-cc-webhook-signature", prefix=b"")
    proof = check_secret_hmac(whole_body(callback), account, hash="sha256", signatures=signatures)
    return proof.then(json_fields)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content.child("event")
    announced = meaning(EVENTS, event.text("type", absent=UnknownMeaning), what="type")
    if announced is None:
        return ()
    charge = event.child("data")
    return (
        Fact(
            type=announced,
            payment_id=charge.text("id"),
            merchant_order_id=charge.entry(
                "metadata", account.settings.get("order_id_metadata_key")
            ),
            occurred_at_ms=event.rfc3339_ms("created_at"),
            amount=_money(charge),
        ),
    )


def _money(charge: Fields) -> Money:
    if "pricing" not in charge:
        raise UnknownMeaning("a charge without a price")  # A donation of any amount.
    price = charge.child("pricing").child("local")
    return Money.from_major(price.text("amount"), price.text("currency"))


PROVIDER: Final = Provider(
    name="coinbase-commerce",
    title="Coinbase Commerce",
    protocol="webhooks 2018-03-22",
    methods=("POST",),
    settings=(merchant_entry("order_id_metadata_key", "the charge's metadata"),),
    keys=(shared_secret(secret_text(), "the webhook shared secret"),),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(60, 300, 900, 1_800, *(3_600,) * 70),
)
