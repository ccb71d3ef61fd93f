"""PayPal REST webhooks, v1/notifications: v2 payments, v1 sales, disputes.

Signed:     ``id|time|webhook id|CRC-32 of the raw body`` with RSA PKCS#1 v1.5 and SHA-256; the
            webhook id comes from the account, the CRC is unsigned decimal. [java, py]
            No other algorithm is accepted, whatever the header says.
Key:        the certificate at PAYPAL-CERT-URL, held by the account under that exact text. The URL
            is judged before it is looked up; the certificate chains to a root of the account and
            is named ``messageverificationcerts....paypal.com``. [java SSLUtil]
Window:     none is defined; the time is signed, and repetition is caught by identity.
Identity:   a payment is its capture (v1: its sale), for that is what a refund names; an
            authorisation has an id of its own. A refund names its capture in a link. [ev]
Money:      decimal text in major units; HUF, JPY and TWD without decimals. v1 writes money that
            goes back with a minus sign. [observed 2014-10]
Retries:    25 in 3 days, until any 2xx. [PayPal webhooks page]
Source:     PayPal-Java-SDK, PayPal-Python-SDK, paypal-rest-api-specifications. Vectors:
            tests/vectors/paypal.json.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.certificates import check_chain, host_names
from processors.contract import Inquiry, Provider, Setting, no_check, plain_reply
from processors.encodings import from_base64
from processors.fields import NOTHING, Fields, meaning
from processors.json_texts import json_fields
from processors.keys import Key, KeyForm, certificates
from processors.signing import Authentic, Message, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

ALGORITHM: Final = "SHA256withRSA"
EXPONENTS: Final = {"HUF": 0, "TWD": 0}  # [observed: amounts with decimals are refused]
_PATH: Final = r"(:443)?/v1/notifications/certs/CERT-[A-Za-z0-9-]+"
CERTIFICATE_URLS: Final = {
    "live": re.compile(r"https://api(-m)?\.paypal\.com" + _PATH),
    "test": re.compile(r"https://api(-m)?\.sandbox\.paypal\.com" + _PATH),
}
SIGNER: Final = re.compile(r"messageverificationcerts(\.[a-z0-9-]+)*\.paypal\.com", re.IGNORECASE)
PAYMENT_LINK: Final = re.compile(r"/payments/(?:captures?|sale)/([^/?#]+)$")

# Words and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
States = Mapping[str, FactType | None]
DENIED: Final[States] = dict.fromkeys(("DENIED", "DECLINED", "FAILED"), "PaymentFailed")
REFUNDED: Final[States] = {"COMPLETED": "RefundCompleted", "PENDING": None}
EVENTS_BY_STATE: Final[dict[str, States]] = {
    "PAYMENT.CAPTURE.COMPLETED": {"COMPLETED": "PaymentSucceeded"},
    "PAYMENT.CAPTURE.PENDING": {"PENDING": None},
    "PAYMENT.CAPTURE.DENIED": DENIED,
    "PAYMENT.CAPTURE.DECLINED": DENIED,
    "PAYMENT.CAPTURE.REFUNDED": REFUNDED,
    "PAYMENT.SALE.COMPLETED": {"COMPLETED": "PaymentSucceeded"},
    "PAYMENT.SALE.PENDING": {"PENDING": None},
    "PAYMENT.SALE.DENIED": DENIED,
    "PAYMENT.SALE.REFUNDED": REFUNDED,
    "PAYMENT.AUTHORIZATION.CREATED": {
        "CREATED": "PaymentAuthorized",
        "AUTHORIZED": "PaymentAuthorized",
        "PENDING": None,
    },
}
EVENTS: Final[dict[str, FactType | None]] = {
    "PAYMENT.CAPTURE.REVERSED": "PaymentReversed",
    "PAYMENT.SALE.REVERSED": "PaymentReversed",
    "PAYMENT.REFUND.PENDING": None,
    "PAYMENT.REFUND.FAILED": "RefundFailed",
    "PAYMENT.AUTHORIZATION.VOIDED": "PaymentClosed",
    "CHECKOUT.ORDER.APPROVED": None,  # Not paid: the merchant has yet to capture.
    "CHECKOUT.ORDER.COMPLETED": None,  # Its capture tells it.
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED": "PaymentClosed",
    "CUSTOMER.DISPUTE.CREATED": "DisputeOpened",
    "CUSTOMER.DISPUTE.UPDATED": None,
    "RISK.DISPUTE.CREATED": "DisputeOpened",
    "PAYMENTS.PAYMENT.CREATED": None,
}
DISPUTE_RESOLVED: Final = "CUSTOMER.DISPUTE.RESOLVED"
DISPUTE_OUTCOMES: Final[States] = {
    "RESOLVED_SELLER_FAVOUR": "DisputeWon",
    "RESOLVED_BUYER_FAVOUR": "DisputeLost",
    "CANCELED_BY_BUYER": "DisputeWon",
    "ACCEPTED": "DisputeLost",
    "DENIED": "DisputeWon",
    "RESOLVED_WITH_PAYOUT": None,  # PayPal pays, to whom it does not say.
    "NONE": None,
}
IGNORED_FAMILIES: Final = ("BILLING.", "VAULT.", "INVOICING.")


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    transmission = callback.header("paypal-transmission-id", absent=Malformed)
    time = callback.header("paypal-transmission-time", absent=Malformed)
    signature = callback.header("paypal-transmission-sig", absent=BadSignature)
    url = callback.header_text("paypal-cert-url", absent=Malformed)
    if callback.header_text("paypal-auth-algo", absent=Malformed) != ALGORITHM:
        raise BadSignature("a signature algorithm other than the one accepted")
    webhook = account.settings["webhook_id"].encode()
    checksum = b"%d" % zlib.crc32(callback.body)
    key = _signer(url, callback, account)
    proof = check_rsa(
        (Message(b"|".join((transmission, time, webhook, checksum)), callback.body),),
        hash="sha256",
        signature=from_base64(signature, error=BadSignature),
        keys=(key,),
    )
    return proof.then(json_fields)


def _signer(url: str, callback: Callback, account: Account) -> Key:
    # Before any lookup: whoever fetches unknown certificates must not be sent to other hosts.
    if CERTIFICATE_URLS[account.mode].fullmatch(url) is None:
        raise BadSignature("a certificate URL outside the allow-list")
    key = account.key_named("verify", url)
    held = key.certificates
    if not any(SIGNER.fullmatch(name) for name in host_names(held.leaf)):
        raise BadSignature("the certificate is not one of PayPal's for messages")
    check_chain(
        held.leaf,
        issuers=held.issuers,
        anchors=tuple(root.certificates.leaf for root in account.all_keys("root", "certificate")),
        at_ms=callback.received_at_ms,
        sha1_allowed=(),
    )
    return key


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    word = event.text("event_type", absent=UnknownMeaning)
    if word.startswith(IGNORED_FAMILIES):
        return ()
    resource = event.optional_child("resource") or NOTHING
    announced = _announced(word, resource)
    if announced is None:
        return ()
    occurred_at_ms = event.rfc3339_ms("create_time")
    if announced.startswith("Dispute"):
        return _disputes(announced, resource, occurred_at_ms)
    return (_fact(announced, word, event, resource, occurred_at_ms),)


def _announced(word: str, resource: Fields) -> FactType | None:
    if word == DISPUTE_RESOLVED:
        outcome = resource.child("dispute_outcome").text("outcome_code")
        return meaning(DISPUTE_OUTCOMES, outcome, what="outcome_code")
    if word in EVENTS_BY_STATE:
        # v2 writes `status` in capitals, v1 `state` in small letters.
        state = resource.optional_text("status") or resource.text("state").upper()
        return meaning(EVENTS_BY_STATE[word], state, what="status")
    return meaning(EVENTS, word, what="event_type")


def _fact(
    announced: FactType, word: str, event: Fields, resource: Fields, occurred_at_ms: int
) -> Fact:
    own_id = resource.optional_text("id")
    refund_id = authorization_id = None
    payment_id = own_id
    if announced.startswith("Refund"):
        refund_id = resource.text("id")
        payment_id = _linked(resource)
    elif announced == "PaymentReversed":
        payment_id = _reversed(event, resource, own_id)
    elif word.startswith("PAYMENT.AUTHORIZATION."):
        authorization_id = resource.text("id")
    elif word.startswith("CHECKOUT."):
        payment_id = None  # An order is no payment yet.
    else:
        beside = resource.optional_child("supplementary_data") or NOTHING
        related = beside.optional_child("related_ids") or NOTHING
        payment_id = resource.text("id")
        authorization_id = related.optional_text("authorization_id")
    return Fact(
        type=announced,
        payment_id=payment_id,
        merchant_order_id=_order(resource),
        occurred_at_ms=occurred_at_ms,
        amount=_money(resource.optional_child("amount"), announced),
        authorization_id=authorization_id,
        refund_id=refund_id,
    )


def _linked(resource: Fields) -> str | None:
    """Return the capture or sale that a refund belongs to, None where it names none."""
    sale = resource.optional_text("sale_id")
    if sale is not None:
        return sale
    links = resource.children("links") if "links" in resource else ()
    for link in links:
        if link.optional_text("rel") in ("up", "sale", "capture"):
            found = PAYMENT_LINK.search(link.text("href"))
            if found is None:
                raise UnknownMeaning("a refund of something that is no capture")
            return found[1]
    return None


def _reversed(event: Fields, resource: Fields, own_id: str | None) -> str | None:
    """Return the payment taken back: linked by a refund-like object, or the resource itself."""
    linked = _linked(resource)
    links = resource.children("links") if "links" in resource else ()
    itself = event.optional_text("resource_type") in ("capture", "sale") and not any(
        "/refund" in (link.optional_text("href") or "") for link in links
    )
    if linked is None and not itself:
        raise UnknownMeaning("a reversal that names no payment")
    return linked or own_id


def _disputes(announced: FactType, dispute: Fields, occurred_at_ms: int) -> tuple[Fact, ...]:
    known = "disputed_transactions" in dispute
    transactions = dispute.children("disputed_transactions") if known else (NOTHING,)
    # One amount is stated for the whole dispute: it belongs to a payment only where there is one.
    amount = dispute.optional_child("dispute_amount") if len(transactions) == 1 else None
    return tuple(
        Fact(
            type=announced,
            payment_id=transaction.optional_text("seller_transaction_id"),
            merchant_order_id=transaction.optional_text("invoice_number")
            or transaction.optional_text("custom"),
            occurred_at_ms=occurred_at_ms,
            amount=_money(amount, announced),
            dispute_id=dispute.text("dispute_id"),
        )
        for transaction in transactions
    )


def _order(resource: Fields) -> str | None:
    """Return the merchant's number: v2 invoice_id or custom_id, v1 invoice_number or custom."""
    if "purchase_units" in resource:
        units = resource.children("purchase_units")
        resource = units[0] if len(units) == 1 else NOTHING
    names = ("invoice_id", "custom_id", "invoice_number", "custom")
    return next((text for name in names if (text := resource.optional_text(name))), None)


def _money(amount: Fields | None, announced: FactType) -> Money | None:
    if amount is None:
        return None
    if "currency_code" in amount:
        text, currency = amount.text("value"), amount.text("currency_code")
    else:
        text, currency = amount.text("total"), amount.text("currency")
        if announced in ("RefundCompleted", "RefundFailed", "PaymentReversed"):
            text = text.removeprefix("-")  # The direction, which the type says already.
    return Money.from_major(text, currency, EXPONENTS)


PROVIDER: Final = Provider(
    name="paypal",
    title="PayPal",
    protocol="REST webhooks, v1/notifications",
    methods=("POST",),
    settings=(
        Setting(
            name="webhook_id",
            required=True,
            pinned=True,
            choices=(),
            meaning="id of this webhook in the developer console; part of the signed text",
            example="1JE4291016473214C",
        ),
    ),
    keys=(
        KeyForm(
            use="verify",
            kind="certificate",
            decode=certificates,
            required=False,
            chosen_by="kid = the exact text of PAYPAL-CERT-URL",
            note="what the URL served, leaf first, then its issuers",
        ),
        KeyForm(
            use="root",
            kind="certificate",
            decode=certificates,
            required=True,
            chosen_by="all tried",
            note="the public authority that PayPal's certificates chain to",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    # 25 in three days; the steps are not published.
    retry_after_s=(60, 300, 900, 3_600, *(12_000,) * 21),
)
