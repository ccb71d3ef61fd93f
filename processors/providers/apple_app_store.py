"""Apple App Store Server Notifications, version 2.

Signed:     ``{"signedPayload": "<JWS>"}``, compact, ES256 and nothing else, and inside it
            transactions that are signed alike; each is proven by itself. [py]
Key:        ``x5c`` holds leaf, intermediate and root. That root is ignored: the chain ends at one
            of the account, and leaf and intermediate carry Apple's marks, without which any
            certificate of Apple's would do. They are judged at ``signedDate``. [py]
Identity:   ``transactionId``, a new one for each renewal; a refund has that of what it returns.
            ``appAccountToken`` is the merchant's. A failed or ended renewal names the last
            transaction that was paid: there ``payment_id`` stays open.
Money:      ``price`` in thousandths of the currency's unit. A refund may be a part of it,
            ``revocationPercentage`` in thousandths of a percent, cut to the minor unit. [memory]
Retries:    after 1, 12, 24, 48 and 72 h, until 200. [memory]
Source:     apple/app-store-server-library-python. Vectors: tests/vectors/apple-app-store.json.
"""

from collections.abc import Mapping
from typing import Final

from processors.account import Account
from processors.certificates import check_chain, curve_certificate, is_marked
from processors.contract import Inquiry, Provider, Setting, identity, plain_reply
from processors.fields import NOTHING, Fields, meaning, same_account, same_mode
from processors.jose import compact_jws
from processors.json_texts import json_fields
from processors.keys import Key, KeyForm, curve_certificates
from processors.moments import unix_ms
from processors.signing import Authentic, check_ecdsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact, FactType
from schemas.money import Money

CERTIFICATES: Final = 3
LEAF_MARK: Final = "1.2.840.113635.100.6.11.1"
INTERMEDIATE_MARK: Final = "1.2.840.113635.100.6.2.1"
MILLIUNITS: Final = 3
WHOLE: Final = 100_000  # One hundred percent.
MODES: Final = {"Production": "live", "Sandbox": "test"}
TRANSACTION: Final = "transaction"
INNER: Final = {TRANSACTION: "signedTransactionInfo", "renewal": "signedRenewalInfo"}
# Types [py NotificationTypeV2]; None: no money moves. One that is not listed is parked.
TYPES: Final[Mapping[str, FactType | None]] = {
    **dict.fromkeys(
        ("ONE_TIME_CHARGE", "SUBSCRIBED", "DID_RENEW", "OFFER_REDEEMED"), "PaymentSucceeded"
    ),
    "REFUND": "RefundCompleted",
    "REFUND_REVERSED": "RefundFailed",
    "DID_FAIL_TO_RENEW": "PaymentFailed",
    "EXPIRED": "PaymentClosed",
    "GRACE_PERIOD_EXPIRED": "PaymentClosed",
    **dict.fromkeys(
        (
            "REFUND_DECLINED", "REVOKE", "CONSUMPTION_REQUEST", "TEST",
            "DID_CHANGE_RENEWAL_PREF", "DID_CHANGE_RENEWAL_STATUS", "PRICE_INCREASE",
            "RENEWAL_EXTENDED", "RENEWAL_EXTENSION", "EXTERNAL_PURCHASE_TOKEN",
            "RESCIND_CONSENT", "METADATA_UPDATE", "MIGRATION", "PRICE_CHANGE",
        )
    ),
}  # fmt: skip


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    token = json_fields(callback.body).text("signedPayload")
    proof = _proven(token, callback, account)
    return proof.then(lambda event: _with_inner(event, callback, account))


def _proven(token: str, callback: Callback, account: Account) -> Authentic[Fields]:
    header, message, signature = compact_jws(token, algorithm="ES256")
    chain = header.raw("x5c")
    texts = chain if isinstance(chain, list) else ()
    if len(texts) != CERTIFICATES or not all(isinstance(text, str) for text in texts):
        raise Malformed("x5c is not three certificates")
    signed_ms = _signed_ms(json_fields(message.proves), callback)
    key = _signer(texts[0], texts[1], signed_ms, account)
    proof = check_ecdsa((message,), hash="sha256", signature=signature, keys=(key,))
    return proof.then(json_fields)


def _signed_ms(payload: Fields, callback: Callback) -> int:
    if "signedDate" not in payload:
        return callback.received_at_ms
    return unix_ms(str(payload.integer("signedDate")), what="signedDate")


def _signer(leaf_text: str, issuer_text: str, at_ms: int, account: Account) -> Key:
    held = curve_certificate(leaf_text)
    leaf, issuer = held.leaf, curve_certificate(issuer_text).leaf
    if not is_marked(leaf, LEAF_MARK) or not is_marked(issuer, INTERMEDIATE_MARK):
        raise BadSignature("a certificate without the mark of the App Store")
    roots = tuple(root.certificates.leaf for root in account.all_keys("root", "certificate"))
    check_chain(leaf, issuers=(issuer,), anchors=roots, at_ms=at_ms, sha1_allowed=())
    # And it is this issuer that made the leaf: another of the chain need not carry its mark.
    check_chain(leaf, issuers=(), anchors=(issuer,), at_ms=at_ms, sha1_allowed=())
    return Key(str(leaf.serial_number), "verify", "certificate", held)


def _with_inner(event: Fields, callback: Callback, account: Account) -> Fields:
    data = event.optional_child("data") or NOTHING
    members = {name: event.raw(name) for name in event if name not in INNER}
    for member, signed in INNER.items():
        token = data.optional_text(signed)
        if token is not None:
            inner = _proven(token, callback, account).content
            members[member] = {name: inner.raw(name) for name in inner}
    return Fields(members)


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    event = notice.content
    _same(event.optional_child("data") or event.optional_child("summary") or NOTHING, account)
    word = event.text("notificationType")
    announced = meaning(TYPES, word, what="notificationType")
    if announced is None:
        return ()
    bought = event.child(TRANSACTION)
    same_account(bundleId=(bought.optional_text("bundleId"), account.settings["bundle_id"]))
    same_mode(MODES.get(bought.text("environment"), ""), account.mode)
    if announced in ("PaymentFailed", "PaymentClosed"):
        return (_renewal(announced, event, bought),)
    transaction = bought.text("transactionId")
    if "price" not in bought:
        return (Inquiry("transaction", transaction),)
    return (_fact(announced, bought, transaction),)


def _same(app: Fields, account: Account) -> None:
    settings = account.settings
    same_account(bundleId=(app.optional_text("bundleId"), settings["bundle_id"]))
    same_mode(MODES.get(app.optional_text("environment") or "", ""), account.mode)
    if account.mode == "live":
        same_account(appAppleId=(app.optional_id_text("appAppleId"), settings["app_apple_id"]))


def _renewal(announced: FactType, event: Fields, bought: Fields) -> Fact:
    return Fact(
        type=announced,
        payment_id=None,
        merchant_order_id=bought.optional_text("appAccountToken"),
        occurred_at_ms=_moment(event, "signedDate"),
    )


def _fact(announced: FactType, bought: Fields, transaction: str) -> Fact:
    refunded = announced in ("RefundCompleted", "RefundFailed")
    amount = _price(bought)
    return Fact(
        type=announced,
        payment_id=transaction,
        merchant_order_id=bought.optional_text("appAccountToken"),
        occurred_at_ms=_moment(bought, "revocationDate" if refunded else "purchaseDate"),
        amount=_part(bought, amount) if refunded else amount,
        refund_id=transaction if refunded else None,
    )


def _price(bought: Fields) -> Money:
    currency = bought.text("currency")
    return Money.from_minor(bought.integer("price"), currency, {currency: MILLIUNITS})


def _part(bought: Fields, whole: Money) -> Money:
    part = bought.integer("revocationPercentage") if "revocationPercentage" in bought else WHOLE
    if not 0 < part <= WHOLE:
        raise Malformed("revocationPercentage is no part of a whole")
    return Money.from_minor(whole.minor * part // WHOLE, whole.currency)


def _moment(fields: Fields, name: str) -> int | None:
    return unix_ms(str(fields.integer(name)), what=name) if name in fields else None


def check(account: Account) -> tuple[str, ...]:
    """Find a live account that does not say which app it is for."""
    if account.mode == "live" and "app_apple_id" not in account.settings:
        return ("app_apple_id is missing, which a live account needs",)
    return ()


PROVIDER: Final = Provider(
    name="apple-app-store",
    title="Apple App Store",
    protocol="Server Notifications, version 2",
    methods=("POST",),
    settings=(
        identity("bundle_id", "own app", "com.shop.app"),
        Setting(
            name="app_apple_id", required=False, pinned=False, choices=(),
            meaning="numeric app id; a live account needs it", example="41234",
        ),
    ),
    keys=(
        KeyForm(
            use="root", kind="certificate", decode=curve_certificates, required=True,
            chosen_by="all tried",
            note="Apple Root CA - G3; the root inside the message is ignored",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(3_600, 43_200, 86_400, 172_800, 259_200),
)  # fmt: skip
