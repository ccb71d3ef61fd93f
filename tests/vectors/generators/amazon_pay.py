"""Amazon Pay cases. Run: ``python -m tests.vectors.generators.amazon_pay``"""

from typing import Any

from tests.support import authority
from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, swapped

UNKNOWN = unsupported("unknown_meaning")
SNS_NAME = "sns.amazonaws.com"
SNS_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem"
TOPIC = "arn:aws:sns:eu-west-1:1:T1"


def message(**more: Any) -> dict[str, Any]:
    return {"MerchantID": "A2", "ObjectType": "CHARGE", "ObjectId": "S01-C1",
            "ChargePermissionId": "S01", "NotificationType": "STATE_CHANGE",
            "NotificationId": "n-1", "NotificationVersion": "V2"} | more  # fmt: skip


def said(inner: Any = None, **more: Any) -> dict[str, Any]:
    return {"Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC,
            "Message": message() if inner is None else inner,
            "Timestamp": "2024-05-06T07:08:09.123Z"} | more  # fmt: skip


def old(word: str, **more: Any) -> dict[str, Any]:
    return {"SellerId": "A2", "NotificationType": word, "NotificationReferenceId": "r-1"} | more


def confirmation(kind: str = "SubscriptionConfirmation", **more: str) -> dict[str, Any]:
    told = {
        "Type": kind,
        "Token": "t-1",
        "Message": "You have chosen to subscribe",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Confirm&Token=t-1",
    }
    return said(**told | more)


def main() -> None:
    cases = Signed("amazon-pay", 1_714_979_291_000, topic_arn=TOPIC, merchant_id="A2")
    good = said()
    for kind in ("CHARGE", "REFUND", "CHARGEBACK"):
        cases(f"{kind.lower()}-asks", "No state is told.", said(message(ObjectType=kind)),
              accepted())  # fmt: skip
    for word in ("PaymentAuthorize", "PaymentCapture", "PaymentRefund",
                 "OrderReferenceNotification"):  # fmt: skip
        cases(f"version-1-{word.lower()}", "XML is not read.", said(old(word)), accepted())
    cases.rows((
        ("permission-row", "No money moves.", said(message(ObjectType="CHARGE_PERMISSION")),
         accepted()),
        ("attribute-asks", "Something about a charge.",
         said(message(NotificationType="ATTRIBUTE_CHANGE")), accepted()),
        ("object-unknown", "Parked.", said(message(ObjectType="WISH")), UNKNOWN),
        ("change-unknown", "Parked.", said(message(NotificationType="WHIM")), UNKNOWN),
        ("version-1-word-unknown", "Parked.", said(old("Whim")), UNKNOWN),
        ("names-in-other-letters", "Read without letter case.",
         said({name.upper(): value for name, value in message().items()}), accepted()),
        ("name-twice-in-other-letters", "Which counts?", said(message(merchantId="A3")),
         refused("malformed")),
        ("merchant-of-another", "Of our topic, and not ours.", said(message(MerchantID="A3")),
         refused("wrong_account")),
        ("merchant-absent", "Who is meant?", said(message(MerchantID=None)),
         refused("wrong_account")),
        ("version-1-merchant-of-another", "Compared as well.",
         said(old("PaymentCapture", SellerId="A3")), refused("wrong_account")),
        ("object-without-an-id", "What to ask about?", said(message(ObjectId=None)),
         refused("malformed")),
        ("message-is-no-json", "Unreadable.", said("hello"), refused("malformed")),
        ("with-a-subject", "It is signed where it stands.", said(Subject="s"), accepted()),
        ("signature-version-1", "SHA-1.", said(SignatureVersion="1"), accepted()),
        ("subscription-asks", "Somebody has to confirm it.", confirmation(), accepted()),
        ("subscription-confirmed-elsewhere", "Never followed.",
         confirmation(SubscribeURL="https://evil.example/"), UNKNOWN),
        ("subscription-that-ends", "A person looks at it.",
         confirmation("UnsubscribeConfirmation"), UNKNOWN),
        ("topic-of-another", "Signed by the same service.", said(TopicArn=TOPIC + "2"),
         refused("wrong_account")),
    ))  # fmt: skip
    cases(
        "topic-of-another-in-the-header",
        "They say the same.",
        good,
        refused("wrong_account"),
        headers=lambda pairs: [pairs[0], [pairs[1][0], "other"]],
    )
    cases("signature-version-3", "Two are accepted.", good, refused("bad_signature"),
          sent=swapped(b'"SignatureVersion": "2"', b'"SignatureVersion": "3"'))  # fmt: skip
    cases("subject-added", "It would be signed.", good, refused("bad_signature"),
          sent=lambda body: body[:-1] + b', "Subject": "s"}')  # fmt: skip
    cases(
        "signature-empty",
        "Nothing is proven.",
        good,
        refused("bad_signature"),
        sent=lambda body: body.replace(b'"Signature": "', b'"Signature": "", "S": "'),
    )
    for name, before, behind in (
        ("port", b"amazonaws.com/", b"amazonaws.com:444/"), ("query", b".pem", b".pem?x"),
        ("short-region", b"eu-west-1", b"eu"), ("fragment", b".pem", b".pem#x"),
        ("longer-host", b"amazonaws.com/", b"amazonaws.com.evil.example/"),
    ):  # fmt: skip
        cases(f"certificate-url-with-{name}", "Outside the allow-list.", good,
              refused("bad_signature"), sent=swapped(before, behind))  # fmt: skip
    cases("certificate-of-another-authority", "It ends at no root of the account.", good,
          refused("bad_signature"),
          keys=lambda keys: [k if k["use"] == "verify" else k | {"pem": authority.certificate(
              "Other Root", "Other Root", authority=True)} for k in keys])  # fmt: skip
    cases("certificate-pinned-without-a-root", "That held is trusted as it is.", good,
          accepted(), keys=lambda keys: [k for k in keys if k["use"] == "verify"])  # fmt: skip
    cases("certificate-of-another-name-pinned", "The name counts all the same.", good,
          refused("bad_signature"), keys=lambda keys: [
              {"kid": SNS_URL, "use": "verify", "kind": "certificate",
               "pem": authority.leaf(SNS_NAME + ".evil.example")}])  # fmt: skip
    cases.refusals(good, named=True)
    cases.write()


if __name__ == "__main__":
    main()
