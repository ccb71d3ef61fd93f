"""UnionPay, ACP gateway 5.1.0 (also 5.0.0 and the shared-key methods 11 and 12).

Signed:     over the sorted form without ``signature``, values decoded once, empty ones left out:
            01 with 5.1.0: RSA-SHA-256 over the lower-case hex SHA-256 of the text; 01 with 5.0.0:
            the same with SHA-1; 11 and 12: hex of SHA-256 or SM3 over text, ``&`` and the hex
            digest of the secure key. Method and version are pinned by the account. [pn] [yp]
Key:        5.1.0: the certificate in the message, which must chain to the configured authority
            and carry UnionPay's name: every merchant owns one of the same authority. [sw]
            5.0.0: a configured certificate, named by ``certId``. [pn]
Identity:   a payment is ``queryId``, a completion its own with the authorisation as
            ``origQryId``; refunds and voids are ``queryId`` of the payment ``origQryId``.
Money:      integers of the minor unit, currency by ISO number. [sw]
Times:      ``traceTime`` MMDDhhmmss, Asia/Shanghai, in the year of ``txnTime``. No window.
Retries:    five sends, until 200. The browser's copy is signed alike and states the same. [sw]
Not here:   method 21 (SM2) and the QRA gateway: no account can be set up for them.
Source:     [sw] [pn] [yp] [gm]. Vectors: tests/vectors/unionpay.json.
"""

from collections.abc import Iterable
from typing import Final

from cryptography.x509 import Certificate

from processors.account import Account, Mode
from processors.certificates import (
    certificate_key,
    check_chain,
    common_name,
    is_self_issued,
    serial_fault,
)
from processors.contract import Provider, Setting, plain_reply
from processors.currency_numbers import currency_code
from processors.encodings import digits, from_base64, from_hex
from processors.fields import Fields, same_account
from processors.forms import announced_fields, form_pairs
from processors.keys import Key, KeyForm, certificates, secret_text
from processors.messages import Pairs, sorted_form
from processors.moments import local_ms
from processors.signing import (
    Authentic,
    HashName,
    Message,
    check_keyed_digest,
    check_rsa,
    digest_hex,
)
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed
from schemas.fact import Fact, FactType
from schemas.money import Money

SHANGHAI_MINUTES: Final = 480
HASHES: Final[dict[str, HashName]] = {"5.1.0": "sha256", "5.0.0": "sha1"}
KEYED: Final[dict[str, HashName]] = {"11": "sha256", "12": "sm3"}
COMPANY: Final = "中国银联股份有限公司"
TEST_COMPANY: Final = "00040000:SIGN"
TEST_AUTHORITY: Final = "CFCA TEST"

SUCCESS: Final = frozenset(("00", "A6"))  # A6: success with a defect
UNKNOWN: Final = frozenset(("03", "04", "05"))  # to be asked for; nothing to announce
# What each txnType announces after success and after failure; any other one moves no payment.
PAYMENTS: Final[dict[str, tuple[FactType, FactType]]] = {
    "01": ("PaymentSucceeded", "PaymentFailed"),
    "02": ("PaymentAuthorized", "PaymentFailed"),
    "03": ("PaymentSucceeded", "PaymentFailed"),
}
# Voids take the whole amount back.
REFUNDS: Final[dict[str, tuple[FactType, FactType]]] = {
    "04": ("RefundCompleted", "RefundFailed"),
    "31": ("RefundCompleted", "RefundFailed"),
    "33": ("RefundCompleted", "RefundFailed"),
}
RELEASE: Final = "32"


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    pairs = form_pairs(callback.body)
    received = dict(pairs)
    form = sorted_form(pairs, exclude=frozenset((b"signature",)), keep_empty=False)
    keyed = KEYED.get(account.settings["sign_method"])
    proof = (
        _check_rsa(form, received, account, callback.received_at_ms)
        if keyed is None
        else _check_shared(form, received, account, keyed)
    )
    return proof.then(lambda proven: announced_fields(proven, b"encoding"))


def _check_rsa(
    form: Message[Pairs], received: dict[bytes, bytes], account: Account, at_ms: int
) -> Authentic[Pairs]:
    hash_name = HASHES[account.settings["version"]]
    if hash_name == "sha1":
        kid = received.get(b"certId")
        if not kid:
            raise Malformed("certId is missing")
        key = account.key_named("verify", kid.decode("ascii", "replace"))
        _check_pinned(received, account)
    else:
        _check_pinned(received, account)
        key = _trusted(received.get(b"signPubKeyCert", b""), account, at_ms)
    # What is signed is the hex text of a digest, not the form itself.
    return check_rsa(
        (Message(digest_hex(hash_name, form.octets).encode(), form.proves),),
        hash=hash_name,
        signature=from_base64(received.get(b"signature", b""), error=BadSignature),
        keys=(key,),
    )


def _check_shared(
    form: Message[Pairs], received: dict[bytes, bytes], account: Account, hash_name: HashName
) -> Authentic[Pairs]:
    _check_pinned(received, account)

    def digest(key: bytes, text: bytes) -> bytes:
        keyed = text + b"&" + digest_hex(hash_name, key).encode()
        return bytes.fromhex(digest_hex(hash_name, keyed))

    return check_keyed_digest(
        (form,),
        digest,
        signatures=(from_hex(received.get(b"signature", b""), error=BadSignature),),
        keys=account.all_keys("verify", "secret"),
    )


def _check_pinned(received: dict[bytes, bytes], account: Account) -> None:
    for name, setting in ((b"signMethod", "sign_method"), (b"version", "version")):
        if received.get(name) != account.settings[setting].encode():
            raise BadSignature(f"the message announces another {setting} than the account's")


def _trusted(pem: bytes, account: Account, at_ms: int) -> Key:
    """Return the key of the certificate in the message, once it is known to be UnionPay's."""
    key = certificate_key(pem)
    leaf = key.certificates.leaf
    anchors, issuers = _authority(account)
    test = account.mode == "test"
    check_chain(
        leaf,
        issuers=issuers,
        anchors=anchors,
        at_ms=at_ms,
        # Issuers are trusted because they are configured; the test authority alone still makes
        # leaves with SHA-1.
        sha1_allowed=(*issuers, leaf) if test else issuers,
    )
    parts = common_name(leaf).split("@")
    if len(parts) < 3 or not (parts[2] == COMPANY or (test and parts[2] == TEST_COMPANY)):
        raise BadSignature("the certificate is another company's")
    return key


def _authority(account: Account) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    held = [
        each
        for key in account.all_keys("root")
        for each in (key.certificates.leaf, *key.certificates.issuers)
    ]
    roots = tuple(each for each in held if is_self_issued(each))
    return roots, tuple(each for each in held if not is_self_issued(each))


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact, ...]:
    fields = notice.content
    same_account(merId=(fields.optional_text("merId"), account.settings["mer_id"]))
    kind = fields.text("txnType")
    if kind not in PAYMENTS and kind not in REFUNDS and kind != RELEASE:
        return ()  # Cards opened or bound, payouts, answers to queries.
    code = fields.text("respCode")
    if code in UNKNOWN:
        return ()
    if kind == RELEASE:
        return _released(fields) if code in SUCCESS else ()
    succeeded, failed = PAYMENTS.get(kind) or REFUNDS[kind]
    announced = succeeded if code in SUCCESS else failed
    return _payment(fields, announced, kind) if kind in PAYMENTS else _refund(fields, announced)


def _payment(fields: Fields, announced: FactType, kind: str) -> tuple[Fact, ...]:
    payment = fields.optional_text("queryId")
    authorization = {"01": None, "02": payment, "03": fields.optional_text("origQryId")}
    return (
        Fact(
            type=announced,
            payment_id=payment,
            authorization_id=authorization[kind],
            merchant_order_id=fields.text("orderId"),
            amount=_money(fields),
            occurred_at_ms=_time(fields),
        ),
    )


def _refund(fields: Fields, announced: FactType) -> tuple[Fact, ...]:
    # ``orderId`` is the refund's own; the payment's stands in newer versions alone.
    own = fields.text("orderId")
    return (
        Fact(
            type=announced,
            payment_id=fields.optional_text("origQryId"),
            merchant_order_id=fields.optional_text("origOrderId"),
            refund_id=fields.optional_text("queryId") or own,
            merchant_refund_id=own,
            amount=_money(fields),
            occurred_at_ms=_time(fields),
        ),
    )


def _released(fields: Fields) -> tuple[Fact, ...]:
    return (
        Fact(
            type="PaymentClosed",
            payment_id=fields.text("origQryId"),
            authorization_id=fields.text("origQryId"),
            merchant_order_id=fields.optional_text("origOrderId"),
            amount=_money(fields),
            occurred_at_ms=_time(fields),
        ),
    )


def _money(fields: Fields) -> Money | None:
    text = fields.optional_text("txnAmt")
    if text is None:
        return None
    number = fields.optional_text("currencyCode")
    currency = "CNY" if number is None else currency_code(number)
    return Money.from_minor(digits(text, what="txnAmt"), currency)


def _time(fields: Fields) -> int | None:
    traced = fields.optional_text("traceTime")
    if traced is None:
        return None
    ordered = fields.text("txnTime")
    if len(ordered) != 14:
        raise Malformed("txnTime is not fourteen digits")
    year = digits(ordered[:4], what="txnTime")
    # Ordered before midnight of New Year, traced behind it; or the merchant's clock is ahead.
    year += {("12", "01"): 1, ("01", "12"): -1}.get((ordered[4:6], traced[:2]), 0)
    return local_ms(f"{year:04d}{traced}", offset_minutes=SHANGHAI_MINUTES, what="traceTime")


def check(account: Account) -> tuple[str, ...]:
    """Find keys that do not go with the pinned method, version and mode.

    Keys of another method are no fault: they are retired by date and stay for replays.
    """
    method, version = account.settings["sign_method"], account.settings["version"]
    faults = []
    if method in KEYED:
        if not account.all_keys("verify", "secret"):
            faults.append(f"sign_method {method} needs the secure key: add a verify secret")
    elif version == "5.0.0":
        if not account.all_keys("verify", "certificate"):
            faults.append("version 5.0.0 needs UnionPay's certificate: add a verify certificate")
    else:
        roots, issuers = _authority(account)
        if not roots:
            faults.append("version 5.1.0 needs the authority's root certificate: add a root key")
        if not issuers:
            faults.append("version 5.1.0 needs the intermediate certificate: add it as a root key")
    for key in account.keys:
        if key.kind == "certificate":
            faults += [f"{key.use} key {key.kid}: {each}" for each in _faults(key, account.mode)]
    return tuple(faults)


def _faults(key: Key, mode: Mode) -> Iterable[str]:
    fault = serial_fault(key, base=10) if key.use == "verify" else None
    if fault is not None:
        yield fault
    leaf = key.certificates.leaf
    names = (leaf.subject.rfc4514_string(), leaf.issuer.rfc4514_string())
    if mode == "live" and any(TEST_AUTHORITY in name for name in names):
        yield (
            "this is UnionPay's test authority; enter the production certificate, or say"
            ' mode = "test"'
        )


PROVIDER: Final = Provider(
    name="unionpay",
    title="UnionPay",
    protocol="ACP 5.1.0",
    methods=("POST",),
    settings=(
        Setting(
            name="mer_id", required=True, pinned=False, choices=(),
            meaning="merchant number of 15 digits", example="777290058110048",
        ),
        Setting(
            name="sign_method", required=True, pinned=True, choices=("01", "11", "12"),
            meaning="01 (RSA), 11 (SHA-256 with a shared key) or 12 (SM3 with a shared key)",
            example="01",
        ),
        Setting(
            name="version", required=True, pinned=True, choices=tuple(HASHES),
            meaning="version of the interface that the merchant signed up for", example="5.1.0",
        ),
    ),
    keys=(
        KeyForm(
            use="root", kind="certificate", decode=certificates, required=False,
            chosen_by="kid is free, such as root and middle",
            note="01 with 5.1.0: the root and the intermediate certificate of the authority",
        ),
        KeyForm(
            use="verify", kind="certificate", decode=certificates, required=False,
            chosen_by="kid = serial in decimal = certId",
            note="01 with 5.0.0: UnionPay's certificate",
        ),
        KeyForm(
            use="verify", kind="secret", decode=secret_text(), required=False,
            chosen_by="none is named: all are tried",
            note="11 and 12: the secure key",
        ),
    ),
    check=check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"ok", b"fail"),
    handshake=None,
    retry_after_s=(60, 120, 240, 300),
)  # fmt: skip
