"""Amazon Pay instant payment notifications, versions 1 and 2, through Amazon SNS.

Signed:     RSA over chosen members of the envelope, decoded, each as ``name LF value LF`` in
            order of names; SHA-1 under SignatureVersion 1, SHA-256 under 2. [sns]
Key:        the certificate at ``SigningCertURL``, held by the account under that exact text. The
            URL is judged before it is looked up; the certificate is named ``sns.amazonaws.com``
            and, where the account holds roots, chains to one of them.
Account:    anyone may have a topic, and Amazon signs for all: topic and merchant are compared.
Thin:       a message names an object and no state: it is a question to ask. Version 1 holds XML,
            which is not read. Its words are from memory.
Topics:     a subscription has to be confirmed at an address of Amazon's; that is asked as well.
Retries:    hourly for 14 days, until 200. [py]
Source:     amazon-pay-sdk-python, aws-js-sns-message-validator.
            Vectors: tests/vectors/amazon-pay.json.
"""

import re
from typing import Final

from processors.account import Account
from processors.certificates import check_chain, host_names
from processors.contract import Inquiry, Provider, identity, no_check, plain_reply
from processors.encodings import from_base64
from processors.fields import Fields, meaning, same_account
from processors.json_texts import json_fields
from processors.keys import Key, KeyForm, certificates
from processors.signing import Authentic, HashName, Message, check_rsa
from schemas.callback import Callback
from schemas.errors import BadSignature, Malformed, UnknownMeaning
from schemas.fact import Fact

HOST: Final = r"https://sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?/"
CERTIFICATE_URL: Final = re.compile(HOST + r"[A-Za-z0-9._/-]+\.pem", re.ASCII)
SUBSCRIBE_URL: Final = re.compile(HOST + r"\S*", re.ASCII)
SIGNER: Final = "sns.amazonaws.com"
TOPIC_HEADER: Final = "x-amz-sns-topic-arn"
VERSIONS: Final[dict[str, HashName]] = {"1": "sha1", "2": "sha256"}
NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
_CONFIRMED: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn")
SIGNED: Final[dict[str, tuple[str, ...]]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (*_CONFIRMED, "Type"),
    "UnsubscribeConfirmation": (*_CONFIRMED, "Type"),
}
OPTIONAL: Final = "Subject"
# Objects of version 2, and what to ask about; None: no money moves by it. Unlisted: parked.
OBJECTS: Final[dict[str, str | None]] = {
    "CHARGE": "charge",
    "REFUND": "refund",
    "CHARGEBACK": "chargeback",
    "CHARGE_PERMISSION": None,
}
CHANGES: Final = {"STATE_CHANGE": True, "ATTRIBUTE_CHANGE": True}
# Words of version 1.
NOTICES: Final[dict[str, str | None]] = {
    "OrderReferenceNotification": None,
    "PaymentAuthorize": "authorization notification",
    "PaymentCapture": "capture notification",
    "PaymentRefund": "refund notification",
}


def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    envelope = json_fields(callback.body)
    signature = from_base64(envelope.text("Signature", absent=BadSignature), error=BadSignature)
    version = envelope.text("SignatureVersion", absent=BadSignature)
    if version not in VERSIONS:
        raise BadSignature("a signature version other than those accepted")
    proof = check_rsa(
        (_signed(envelope),),
        hash=VERSIONS[version],
        signature=signature,
        keys=(_signer(envelope.text("SigningCertURL"), callback, account),),
    )
    topic = account.settings["topic_arn"]
    same_account(TopicArn=(proof.content.text("TopicArn"), topic))
    if callback.has_header(TOPIC_HEADER):
        named = callback.header_text(TOPIC_HEADER, absent=Malformed)
        same_account(topic_header=(named, topic))
    return proof


def _signed(envelope: Fields) -> Message[Fields]:
    kind = envelope.text("Type")
    if kind not in SIGNED:
        raise Malformed("Type is none of an envelope")
    names = [name for name in SIGNED[kind] if name != OPTIONAL or name in envelope]
    values = {name: envelope.text(name) for name in names}
    lines = "".join(f"{name}\n{value}\n" for name, value in values.items())
    return Message(lines.encode(), Fields(values))


def _signer(url: str, callback: Callback, account: Account) -> Key:
    # Before any lookup: whoever fetches unknown certificates must not be sent to other hosts.
    if CERTIFICATE_URL.fullmatch(url) is None:
        raise BadSignature("a certificate URL outside the allow-list")
    key = account.key_named("verify", url)
    held, roots = key.certificates, account.all_keys("root", "certificate")
    if SIGNER not in host_names(held.leaf):
        raise BadSignature("the certificate is not one of the notification service")
    if roots:
        anchors = tuple(root.certificates.leaf for root in roots)
        check_chain(
            held.leaf, issuers=held.issuers, anchors=anchors, at_ms=callback.received_at_ms,
            sha1_allowed=(),
        )  # fmt: skip
    return key


def interpret(notice: Authentic[Fields], account: Account) -> tuple[Fact | Inquiry, ...]:
    envelope = notice.content
    kind = envelope.text("Type")
    if kind == CONFIRMATION and SUBSCRIBE_URL.fullmatch(envelope.text("SubscribeURL")):
        return (Inquiry("subscription", envelope.text("TopicArn")),)
    if kind != NOTIFICATION:
        raise UnknownMeaning("the topic's subscription is ending, or confirmed somewhere else")
    message = _named_in_small_letters(json_fields(envelope.text("Message").encode()))
    version_1 = "sellerid" in message
    merchant = message.optional_text("sellerid" if version_1 else "merchantid")
    same_account(MerchantID=(merchant, account.settings["merchant_id"]))
    asked, of = _asked(message, version_1)
    return () if asked is None else (Inquiry(asked, message.text(of)),)


def _named_in_small_letters(message: Fields) -> Fields:
    members = {name.lower(): message.raw(name) for name in message}
    if len(members) != len(list(message)):
        raise Malformed("a member stands twice, in capitals and small letters")
    return Fields(members)


def _asked(message: Fields, version_1: bool) -> tuple[str | None, str]:
    word = message.text("notificationtype", absent=UnknownMeaning)
    if version_1:
        return meaning(NOTICES, word, what="NotificationType"), "notificationreferenceid"
    meaning(CHANGES, word, what="NotificationType")
    kind = message.text("objecttype", absent=UnknownMeaning)
    return meaning(OBJECTS, kind, what="ObjectType"), "objectid"


PROVIDER: Final = Provider(
    name="amazon-pay",
    title="Amazon Pay",
    protocol="instant payment notifications, versions 1 and 2",
    methods=("POST",),
    settings=(
        identity(
            "topic_arn", "own topic: anyone can make one and have it signed",
            "arn:aws:sns:eu-west-1:291180941288:A3EXAMPLEA2EXAMPLE",
        ),
        identity("merchant_id", "own merchant; SellerId in version 1", "A2EXAMPLE"),
    ),
    keys=(
        KeyForm(
            use="verify", kind="certificate", decode=certificates, required=True,
            chosen_by="kid = the exact text of SigningCertURL",
            note="what the URL served, leaf first, then its issuers",
        ),
        KeyForm(
            use="root", kind="certificate", decode=certificates, required=False,
            chosen_by="all tried",
            note="authority to chain to; without one the held certificate itself is pinned",
        ),
    ),
    check=no_check,
    authenticate=authenticate,
    interpret=interpret,
    reply_when="stored",
    reply=plain_reply(b"", b""),
    handshake=None,
    retry_after_s=(3_600,) * 336,
)  # fmt: skip
