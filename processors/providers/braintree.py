"""Braintree gateway webhooks: ``bt_signature`` and ``bt_payload`` in a form.

Signed:     ``public|hex`` pairs, one for each active API key: HMAC-SHA-1 of ``bt_payload`` as it
            came, line feeds included, keyed with the raw SHA-1 of the private key's text. Form
            parsers strip the last line feed, so that it is tried again behind. [py]
Content:    Base64 in lines of UTF-8 XML, opened behind the proof. No time window, no id. [py]
Identity:   a transaction's ``id``; a refund is a transaction of its own, of type credit, and
            names the refunded one. A local payment that never became a transaction has only its
            ``payment-id``. [py]
Money:      decimal text in major units; where no currency is named, that of the account.
Later:      what was submitted can still be declined: then the money is taken back.
Asked:      a reversed local payment names no transaction and no amount.
Challenge:  GET with ``bt_challenge``, 20 to 32 lower-case hex digits and nothing else: what is
            answered is a signature. [py]
Retries:    hourly for 24 h, until any 2xx. [parse]
Source:     braintree_python, developer.paypal.com. Vectors: tests/vectors/braintree.json.
"""

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from processors.account import Account
from processors.contract import Inquiry, Provider, Reply, identity, plain_reply
from processors.encodings import from_base64, from_hex
from processors.fields import Fields, meaning
from processors.forms import form_pairs
from processors.keys import KeyForm, secret_text
from processors.messages import decodable
from processors.signing import Authentic, Message, check_keyed_digest
from processors.xml_trees import typed_xml
from schemas.callback import Callback
from schemas.currencies import EXPONENTS
from schemas.errors import BadSignature, Malformed, UnknownKey, UnknownMeaning
from schemas.fact import Fact, FactType
from schemas.money import Money

SHA1_OCTETS: Final = 20
PAYLOAD: Final = re.compile(rb"[A-Za-z0-9+=/\n]+")
CHALLENGE: Final = re.compile(rb"(?:^|&)bt_challenge=([a-f0-9]{20,32})(?:&|$)")
# Kinds and what each announces; None: nothing a consumer could act on. An unlisted one is parked.
KINDS: Final[dict[str, FactType | None]] = {
    "transaction_settled": "PaymentSucceeded",
    "transaction_settlement_declined": "PaymentFailed",
    "transaction_disbursed": None,  # Funding; the payment succeeded before.
    "transaction_retried": None,
    "transaction_reviewed": None,
    "local_payment_completed": "PaymentSucceeded",  # As far as its transaction came.
    "local_payment_funded": "PaymentSucceeded",
    "local_payment_expired": "PaymentClosed",
    "local_payment_reversed": "PaymentReversed",
    "refund_failed": "RefundFailed",
    "subscription_charged_successfully": "PaymentSucceeded",
    "subscription_charged_unsuccessfully": "PaymentFailed",
    "dispute_opened": "DisputeOpened",
    "dispute_disputed": None,
    "dispute_under_review": None,
    "dispute_won": "DisputeWon",
    "dispute_lost": "DisputeLost",
    "dispute_accepted": "DisputeLost",
    "dispute_auto_accepted": "DisputeLost",
    "dispute_expired": "DisputeLost",  # Nobody answered in time.
}
NO_PAYMENT: Final = re.compile(
    r"check|account_updater_daily_report|disbursement(_exception)?|oauth_access_revoked"
    r"|subscription_(billing_skipped|canceled|expired|trial_ended|went_active|went_past_due)"
    r"|(connected_merchant|granted|partner_merchant|payment_method|sub_merchant)_[a-z_]+"
    r"|(grantor|recipient)_updated_granted_payment_method"
)
# States of a transaction [py Transaction.Status]; None: still on its way.
STATES: Final[dict[str, FactType | None]] = {
    "authorizing": None,
    "settlement_pending": None,
    "authorized": "PaymentAuthorized",
    "submitted_for_settlement": "PaymentSucceeded",
    "settling": "PaymentSucceeded",
    "settlement_confirmed": "PaymentSucceeded",
    "settled": "PaymentSucceeded",
    **dict.fromkeys(
        (
            "failed",
            "gateway_rejected",
            "processor_declined",
            "settlement_declined",
            "settlement_failed",
        ),
        "PaymentFailed",
    ),
    "voided": "PaymentClosed",
    "authorization_expired": "PaymentClosed",
}
OF_REFUNDS: Final[dict[str, FactType]] = {
    "PaymentSucceeded": "RefundCompleted",
    "PaymentFailed": "RefundFailed",
    "RefundFailed": "RefundFailed",
}
IS_REFUND: Final = {"sale": False, "credit": True}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    form = dict(form_pairs(callback.body))
    payload = form.get(b"bt_payload")
    if not payload:
        raise Malformed("bt_payload is missing")
    named = _named(form.get(b"bt_signature", b""))
    keys = tuple(key for key in account.all_keys("verify") if key.kid in named)
    if not named or PAYLOAD.fullmatch(payload) is None:
        raise BadSignature("no pair of key and signature, or a payload that none can fit")
    if not keys:
        raise UnknownKey("the account holds none of the keys that were named")
    texts = [text for key in keys for text in named[key.kid]]
    return check_keyed_digest(
        (Message(payload, payload), Message(payload + b"\n", payload)),
        _mac,
        signatures=decodable(texts, from_hex, octets=SHA1_OCTETS),
        keys=keys,
    ).then(_opened)


def _named(text: bytes) -> Mapping[str, list[bytes]]:
    """Return the signatures by the public key that each names."""
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for pair in text.split(b"&"):
        public, bar, signature = pair.partition(b"|")
        if bar and public:
            found[public.decode("latin-1")].append(signature)
    return found


def _mac(secret: bytes, octets: bytes) -> bytes:
    key = hashlib.sha1(secret, usedforsecurity=False).digest()
    return hmac.digest(key, octets, "sha1")


def _opened(payload: bytes) -> Fields:
    octets = from_base64(payload.replace(b"\n", b""), error=Malformed)
    return typed_xml(octets, root="notification")


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    kind = event.text("kind")
    announced = None if NO_PAYMENT.fullmatch(kind) else meaning(KINDS, kind, what="kind")
    if announced is None:
        return ()
    told = _Told(event.rfc3339_ms("timestamp"), account.settings["currency"])
    subject = event.child("subject")
    if kind.startswith("dispute"):
        return (told.dispute(announced, subject.child("dispute")),)
    if kind.startswith("local_payment"):
        return _local(kind, announced, subject, told)
    if not kind.startswith("subscription"):
        transaction = subject.child("transaction")
        if announced != "RefundFailed":
            transaction.text("type")  # Without it a refund would be a payment.
        return (told.transaction(announced, transaction),)
    charges = subject.child("subscription").children("transactions")  # Newest first.
    if charges:
        return (told.transaction(announced, charges[0]),)
    if announced == "PaymentFailed":
        return ()  # Declined before there was a transaction: nothing names it.
    raise Malformed("a charged subscription without its transaction")


def _local(
    kind: str, announced: FactType, subject: Fields, told: "_Told"
) -> tuple[Fact | Inquiry, ...]:
    if kind == "local_payment_completed":
        transaction = subject.child("local-payment").optional_child("transaction")
        if transaction is None:
            return ()  # Approved, and not charged yet.
        reached = meaning(STATES, transaction.text("status"), what="status")
        return () if reached is None else (told.transaction(reached, transaction),)
    payment = subject.child(kind.replace("_", "-"))
    if announced == "PaymentSucceeded":
        return (told.transaction(announced, payment.child("transaction")),)
    payment_id = payment.text("payment-id")
    if announced == "PaymentReversed":
        return (Inquiry("local payment", payment_id),)
    return (told.closed(announced, payment_id),)


@dataclass(frozen=True, slots=True)
class _Told:
    """What holds for all that a notification tells: its time, and the account's currency."""

    at_ms: int
    currency: str

    def transaction(self, announced: FactType, transaction: Fields) -> Fact:
        """Read a transaction, whose own state must not contradict the notification."""
        failed = announced in ("PaymentFailed", "RefundFailed")
        expected = "PaymentFailed" if failed else announced
        state, kind = transaction.optional_text("status"), transaction.optional_text("type")
        if state is not None and meaning(STATES, state, what="status") != expected:
            raise UnknownMeaning("a transaction in another state than was announced")
        own_id = transaction.text("id")
        refunded = announced == "RefundFailed"
        if kind is not None and meaning(IS_REFUND, kind, what="type"):
            announced, refunded = meaning(OF_REFUNDS, announced, what="refund's state"), True
        return Fact(
            type=announced,
            payment_id=transaction.optional_text("refunded-transaction-id")
            if refunded
            else own_id,
            merchant_order_id=transaction.optional_text("order-id"),
            occurred_at_ms=self.at_ms,
            amount=self._money(transaction, "amount"),
            refund_id=own_id if refunded else None,
            reverses_success=announced == "PaymentFailed",
        )

    def closed(self, announced: FactType, payment_id: str) -> Fact:
        return Fact(
            type=announced,
            payment_id=payment_id,
            merchant_order_id=None,
            occurred_at_ms=self.at_ms,
        )

    def dispute(self, announced: FactType, dispute: Fields) -> Fact:
        transaction = dispute.child("transaction")
        stated = "amount-disputed" if "amount-disputed" in dispute else "amount"
        return Fact(
            type=announced,
            payment_id=transaction.text("id"),
            merchant_order_id=transaction.optional_text("order-id"),
            occurred_at_ms=self.at_ms,
            amount=self._money(dispute, stated),
            dispute_id=dispute.text("id"),
        )

    def _money(self, source: Fields, name: str) -> Money | None:
        if source.optional_text(name) is None:
            return None  # `Fact.check` knows who must have one.
        named = source.optional_text("currency-iso-code")
        return Money.from_major(source.text(name), named or self.currency)


def handshake(callback: Callback, account: Account) -> Reply | None:
    """Answer the check of an address with the public key in force and the challenge's MAC."""
    found = CHALLENGE.search(callback.query)
    keys = account.as_of(callback.received_at_ms).all_keys("verify")
    if callback.method != "GET" or found is None or not keys:
        return None
    mac = _mac(keys[0].secret.reveal(), found[1]).hex()
    return Reply(200, "text/plain; charset=utf-8", f"{keys[0].kid}|{mac}".encode())


def check(account: Account) -> tuple[str, ...]:
    """Find a currency that no amount can be stated in."""
    return () if account.settings["currency"] in EXPONENTS else ("currency is none of ISO 4217",)


PROVIDER: Final = Provider(
    name="braintree",
    title="Braintree",
    protocol="gateway webhooks",
    methods=("POST", "GET"),
    settings=(
        identity("currency", "of the merchant account, where a notification names none", "USD"),
    ),
    keys=(
        KeyForm(
            use="verify",
            kind="secret",
            decode=secret_text(),
            required=True,
            chosen_by="the public key in bt_signature is its kid",
            note="API private key; its kid is the API public key",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=handshake,
    retry_after_s=(3_600,) * 24,
)
