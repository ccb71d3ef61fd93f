"""iyzico cases. Run: ``python -m tests.vectors.generators.iyzico``"""

from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
AUTHORISED = ("API_AUTH", "PAYMENT_API", "CHECKOUT_FORM_AUTH", "THREE_DS_AUTH", "BKM_AUTH",
              "BANK_TRANSFER_AUTH", "BALANCE", "CREDIT_PAYMENT_AUTH", "CONTACTLESS_REFUND",
              "REFUND_RETRY_SUCCESS")  # fmt: skip
PENDING = ("INIT_THREEDS", "CALLBACK_THREEDS", "INIT_APM", "INIT_BANK_TRANSFER", "INIT_CREDIT",
           "PENDING_CREDIT", "BKM_POS_SELECTED", "INIT_CONTACTLESS")  # fmt: skip


def said(**more: Any) -> dict[str, Any]:
    told = {"paymentConversationId": "M-1", "merchantId": 33, "paymentId": 2248,
            "status": "SUCCESS", "iyziReferenceCode": "r-1", "iyziEventType": "API_AUTH",
            "iyziEventTime": 1721825828467, "iyziPaymentId": 2248} | more  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def main() -> None:
    cases = Signed("iyzico", 1_721_825_840_000, secret("sandbox-key"), merchant_id="33")
    good = said()
    hosted = said(paymentId=None, token="t-1", iyziEventType="CHECKOUT_FORM_AUTH")
    for word in AUTHORISED:
        cases(f"{word.lower().replace('_', '-')}-asks", "No amount.", said(iyziEventType=word),
              accepted())  # fmt: skip
    for word in PENDING:
        cases(f"{word.lower().replace('_', '-')}-row", "Nothing has moved.",
              said(iyziEventType=word, status=word), accepted())  # fmt: skip
    subscribed = {"merchantId": 33, "iyziEventType": "subscription.order.success",
                  "subscriptionReferenceCode": "s-1", "orderReferenceCode": "o-1",
                  "customerReferenceCode": "c-1"}  # fmt: skip
    cases.rows((
        ("failure-asks", "Which payment it was is not certain.", said(status="FAILURE"),
         accepted()),
        ("hosted-page-asks", "The token is signed as well.", hosted, accepted()),
        ("subscription-asks", "Another form.", subscribed, accepted()),
        ("without-a-conversation", "The merchant gave none.", said(paymentConversationId=None),
         accepted()),
        ("status-unknown", "Parked.", said(status="MAYBE"), UNKNOWN),
        ("event-unknown", "Parked.", said(iyziEventType="TELEPORT"), UNKNOWN),
        ("payment-is-missing", "What to ask about?", said(paymentId=None), refused("malformed")),
        ("merchant-absent", "Who is meant?", said(merchantId=None), refused("wrong_account")),
        ("merchant-as-text", "The same digits.", said(merchantId="33"), accepted()),
        ("subscription-of-another", "Signed, for somebody else.", subscribed | {"merchantId": 34},
         refused("wrong_account")),
        ("id-beyond-64-bits", "It keeps its digits.", said(paymentId=10**25), accepted()),
    ))  # fmt: skip
    cases("token-changed", "It is signed.", hosted, refused("bad_signature"),
          sent=swapped(b"t-1", b"t-2"))  # fmt: skip
    cases("status-changed", "It is signed.", good, refused("bad_signature"),
          sent=swapped(b"SUCCESS", b"FAILURE"))  # fmt: skip
    cases("time-changed", "It is not signed and not read.", good, accepted(),
          sent=swapped(b"1721825828467", b"1821825828467"))  # fmt: skip
    cases("member-twice", "Which counts?", good, refused("malformed"),
          sent=lambda body: body[:-1] + b',"paymentId": 1}')  # fmt: skip
    cases.without_headers(good, "X-IYZ-SIGNATURE-V3")
    cases.refusals(good)
    cases.write()


if __name__ == "__main__":
    main()
