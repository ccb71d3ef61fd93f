"""PhonePe cases. Run: ``python -m tests.vectors.generators.phonepe``"""

import base64
import hashlib
import json
from typing import Any

from tests.vectors.generators.cases import accepted, refused, unsupported
from tests.vectors.generators.signed import Signed, fact, secret, swapped

UNKNOWN = unsupported("unknown_meaning")
AT_MS = 1_714_557_600_000


def said(
    code: str | None = "PAYMENT_SUCCESS", state: str | None = "COMPLETED", **more: Any
) -> Any:
    payment = {"merchantId": "M1", "merchantTransactionId": "M-1", "transactionId": "T-1",
               "amount": 49950, "state": state, "responseCode": "SUCCESS"} | more  # fmt: skip
    told = {name: value for name, value in payment.items() if value is not None}
    return {"success": True, "message": "-", "data": told} | (
        {} if code is None else {"code": code}
    )


def told(kind: str) -> dict[str, Any]:
    return fact(kind, "T-1", "M-1", minor=49950, currency="INR")


def old(cases: Signed) -> None:
    good, paid, failed = said(), told("PaymentSucceeded"), told("PaymentFailed")
    cases.rows((
        ("v1-success-row", "Paid.", good, accepted(paid)),
        ("v1-state-success", "The same in another word.", said(state="SUCCESS"), accepted(paid)),
        ("v1-without-a-state", "The code tells it.", said(state=None), accepted(paid)),
        ("v1-pending-row", "Nothing yet.", said("PAYMENT_PENDING", "PENDING"), accepted()),
        ("v1-error-row", "One attempt.", said("PAYMENT_ERROR", "FAILED"), accepted(failed)),
        ("v1-declined-row", "The same.", said("PAYMENT_DECLINED", "FAILED"), accepted(failed)),
        ("v1-timed-out-row", "The same.", said("TIMED_OUT", "FAILED"), accepted(failed)),
        ("v1-code-and-state-contradict", "Which counts?", said(state="FAILED"), UNKNOWN),
        ("v1-code-unknown", "Parked.", said("TELEPORTED"), UNKNOWN),
        ("v1-state-unknown", "Parked.", said(state="TELEPORTED"), UNKNOWN),
        ("v1-without-a-code", "The state tells it.", said(None), accepted(paid)),
        ("v1-without-both", "Never guessed.", said(None, None), UNKNOWN),
        ("v1-merchant-of-another", "Signed with our salt.", said(merchantId="M2"),
         refused("wrong_account")),
        ("v1-merchant-absent", "Who is meant?", said(merchantId=None), refused("wrong_account")),
        ("v1-amount-as-text", "Integers alone.", said(amount="49950"), refused("malformed")),
        ("v1-amount-in-rupees", "Integers alone.", said(amount=499.5), refused("malformed")),
        ("v1-amount-negative", "Never.", said(amount=-1), refused("malformed")),
        ("v1-amount-absent", "Never zero.", said(amount=None), refused("malformed")),
        ("v1-payment-absent", "What was paid?", said(transactionId=None), refused("malformed")),
        ("v1-order-absent", "Not told.", said(merchantTransactionId=None),
         accepted(paid | {"merchant_order_id": None})),
        ("v1-data-absent", "Nothing is told.", {"code": "PAYMENT_SUCCESS"}, refused("malformed")),
        ("v1-signed-array", "No object.", b"[1]", refused("malformed")),
        ("v1-signed-name-twice", "Which counts?", b'{"code":"A","code":"B"}',
         refused("malformed")),
        ("v1-signed-not-utf-8", "No text.", b'{"code":"\xff"}', refused("malformed")),
    ))  # fmt: skip

    text = base64.b64encode(json.dumps(good).encode())
    request = hashlib.sha256(text + b"/v1/callbacks/phonepe/shop" + b"salt-1").hexdigest()
    cases("v1-with-the-path-between", "That is the rule of requests.", good,
          refused("bad_signature"),
          headers=lambda pairs: [[n, f"{request}###1" if n == "X-VERIFY" else v]
                                 for n, v in pairs])  # fmt: skip
    cases("v1-without-an-index", "Which salt?", good, refused("bad_signature"),
          headers=lambda pairs: [[n, v.partition("###")[0]] for n, v in pairs])  # fmt: skip
    cases("v1-index-of-nothing", "It names no salt.", good, unsupported("unknown_key"),
          headers=lambda pairs: [[n, v.replace("###1", "###")] for n, v in pairs])  # fmt: skip
    cases("v1-digest-in-capitals", "Hex of either letter case.", good, accepted(paid),
          headers=lambda pairs: [[n, v.upper() if n == "X-VERIFY" else v]
                                 for n, v in pairs])  # fmt: skip
    cases("v1-member-beside", "Unproven, and not read.", good, accepted(paid),
          sent=lambda body: body[:-1] + b',"code":"PAYMENT_ERROR"}')  # fmt: skip
    cases("v1-response-twice", "Which counts?", good, refused("malformed"),
          sent=lambda body: body[:-1] + b',"response":"e30="}')  # fmt: skip
    cases("v1-response-changed", "Signed.", good, refused("bad_signature"),
          sent=swapped(b"eyJ", b"eyI"))  # fmt: skip
    cases("v1-second-salt", "Named by its index.", good, accepted(paid),
          keys=lambda keys: [*keys, secret("salt-2", "2")])  # fmt: skip
    cases("v1-token-of-v2", "The account takes one proof.", good, refused("bad_signature"),
          headers=lambda pairs: [["Authorization", v] if n == "X-VERIFY" else [n, v]
                                 for n, v in pairs])  # fmt: skip
    cases.without_headers(good, "X-VERIFY")
    cases.refusals(good, paid, named=True)


def notice(word: str, member: str = "event", **more: Any) -> dict[str, Any]:
    told = {"merchantOrderId": "M-1", "orderId": "OMO1", "state": "COMPLETED",
            "amount": 49950} | more  # fmt: skip
    return {member: word, "payload": {n: v for n, v in told.items() if v is not None}}


def new(cases: Signed) -> None:
    asked = ("checkout.order.completed", "pg.order.completed", "checkout.order.failed",
             "pg.order.failed", "pg.refund.completed", "pg.refund.failed")  # fmt: skip
    quiet = ("checkout.transaction.attempt.failed", "pg.transaction.attempt.failed",
             "pg.refund.accepted")  # fmt: skip
    for word in (*asked, *quiet):
        name = word.replace(".", "-")
        cases(f"v2-{name}-row", "A token proves nothing.", notice(word, merchantRefundId="R-1"),
              accepted())  # fmt: skip
        cases(f"v2-{name}-row-as-type", "Its other spelling.",
              notice(word.upper().replace(".", "_"), "type", merchantRefundId="R-1"),
              accepted())  # fmt: skip
    good = notice(asked[0])
    cases.rows((
        ("v2-event-unknown", "Parked.", notice("order.teleported"), UNKNOWN),
        ("v2-event-absent", "Parked.", {"payload": {}}, UNKNOWN),
        ("v2-order-absent", "Nothing to ask about.", notice(asked[0], merchantOrderId=None),
         refused("malformed")),
        ("v2-refund-absent", "Nothing to ask about.", notice("pg.refund.failed"),
         refused("malformed")),
        ("v2-payload-absent", "Nothing to ask about.", {"event": asked[0]}, refused("malformed")),
        ("v2-array", "No object.", b"[1]", refused("malformed")),
    ))  # fmt: skip
    cases("v2-token-in-capitals", "Hex of either letter case.", good, accepted(),
          headers=lambda pairs: [[n, v.upper() if n == "Authorization" else v]
                                 for n, v in pairs])  # fmt: skip
    cases("v2-second-password", "Each is tried.", good, accepted(),
          keys=lambda keys: [secret("another", "0"), *keys])  # fmt: skip
    cases("v2-another-user", "It takes part.", good, refused("bad_signature"),
          settings_after={"webhook_username": "other"})  # fmt: skip
    cases("v2-proof-of-v1", "The account takes one proof.", good, refused("bad_signature"),
          headers=lambda pairs: [["X-VERIFY", v + "###1"] if n == "Authorization" else [n, v]
                                 for n, v in pairs])  # fmt: skip


def main() -> None:
    cases = Signed("phonepe", AT_MS, secret("salt-1"), api="v1", merchant_id="M1")
    old(cases)
    tokens = Signed("phonepe", AT_MS, secret("S3cret!"), api="v2", webhook_username="user")
    new(tokens)
    cases.made += tokens.made
    cases.write()


if __name__ == "__main__":
    main()
