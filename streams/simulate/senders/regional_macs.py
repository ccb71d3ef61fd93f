"""Regional providers that prove the raw body by a shared secret."""

import base64
from typing import Any, Final

from streams.simulate.keys import AccountKeys
from streams.simulate.messages import BOTH, Content, Ids, Payment, Refund, Simulated, major
from streams.simulate.recipes import (
    b64,
    body_mac,
    coded,
    dotted,
    exactly_200,
    iso,
    number,
    numbered,
    raised,
    shared,
    stamp_and_body,
)

WINDOW: Final = {"tolerance_seconds": "300"}


def btcpay_settled(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    own = ids.mixed(22)
    return {"deliveryId": own, "originalDeliveryId": own, "isRedelivery": False,
            "webhookId": "Wh1", "type": "InvoiceSettled", "timestamp": payment.occurred_ms // 1000,
            "storeId": keys.settings["store_id"], "invoiceId": payment.id,
            "metadata": {"orderId": payment.order}}  # fmt: skip


BTCPAY = Simulated(
    name="btcpay",
    currency="EUR",
    form=shared({"store_id": "9CiNzKoANXxmk5ayZngSXrHTiVvvgCrwrpFQd4m2K776"}),
    retry_after_s=(10, 60, *(600,) * 6),
    accepts=lambda status, body: 200 <= status < 400,
    sign=body_mac("BTCPay-Sig", prefix="sha256="),
    payment_id=coded("", 22),
    payment=btcpay_settled,
    # No message of an invoice holds its price; refunds are payouts, which name no invoice.
    weak=BOTH,
)


def cashfree(word: str, content: Content, ms: int) -> Content:
    return {"data": content, "event_time": india(ms), "type": word}


def india(ms: int) -> str:
    return iso(ms + 19_800_000) + "+05:30"


def cashfree_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    amount = number(payment.amount_minor)
    order = {"order_id": payment.order, "order_amount": amount, "order_currency": "INR"}
    paid = {"cf_payment_id": payment.id, "payment_status": "SUCCESS", "payment_amount": amount,
            "payment_currency": "INR", "payment_time": india(payment.occurred_ms)}  # fmt: skip
    content = {"order": order, "payment": paid}
    return cashfree("PAYMENT_SUCCESS_WEBHOOK", content, payment.occurred_ms)


def cashfree_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    returned = {"cf_refund_id": refund.id, "cf_payment_id": payment.id,
                "refund_id": "R" + refund.id, "order_id": payment.order,
                "refund_amount": number(refund.amount_minor), "refund_currency": "INR",
                "refund_status": "SUCCESS", "refund_type": "MERCHANT_INITIATED",
                "processed_at": india(refund.occurred_ms)}  # fmt: skip
    return cashfree("REFUND_STATUS_WEBHOOK", {"refund": returned}, refund.occurred_ms)


CASHFREE = Simulated(
    name="cashfree",
    currency="INR",
    form=shared(WINDOW, "cfsk_ma_demo_{hex_32}"),
    retry_after_s=(120, 600, 3_600),
    accepts=exactly_200,
    # Milliseconds and the body, without anything between them.
    sign=body_mac(
        "x-webhook-signature", text=stamp_and_body, written=b64, stamp=("x-webhook-timestamp", 1)
    ),
    signs_time=True,
    stale_code="stale",
    payment_id=numbered(10),
    refund_id=numbered(8),
    payment=cashfree_paid,
    refund=cashfree_refunded,
    tampered=raised('"payment_amount": '),
)


def flutterwave(word: str, content: Content, ms: int, ids: Ids) -> Content:
    return {"webhook_id": "wbk_" + ids.mixed(20), "timestamp": ms, "type": word, "data": content}


def flutterwave_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    charge = {"id": payment.id, "amount": number(payment.amount_minor), "status": "succeeded",
              "currency": payment.currency, "reference": payment.order}  # fmt: skip
    return flutterwave("charge.completed", charge, payment.occurred_ms, ids)


def flutterwave_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    returned = {"id": refund.id, "charge_id": payment.id, "status": "completed",
                "amount": number(refund.amount_minor), "currency": payment.currency,
                "reference": payment.order}  # fmt: skip
    return flutterwave("refund.completed", returned, refund.occurred_ms, ids)


FLUTTERWAVE = Simulated(
    name="flutterwave",
    currency="NGN",
    form=shared({"signature_mode": "hmac-sha256-base64", "api": "v4"}),
    retry_after_s=(1_800, 1_800, 1_800),
    accepts=exactly_200,
    sign=body_mac("flutterwave-signature", written=b64),
    payment_id=coded("chg_", 10),
    refund_id=coded("rfd_", 10),
    payment=flutterwave_paid,
    refund=flutterwave_refunded,
    tampered=raised('"amount": '),
)


def omise(word: str, content: Content, ms: int, keys: AccountKeys, ids: Ids) -> Content:
    return {"object": "event", "id": "evnt_" + ids.mixed(19), "key": word, "data": content,
            "livemode": keys.mode == "live", "created_at": iso(ms) + "Z"}  # fmt: skip


def omise_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    charge = {"object": "charge", "id": payment.id, "amount": payment.amount_minor,
              "currency": payment.currency.lower(), "status": "successful", "paid": True,
              "authorized": True, "capture": True, "metadata": {}}  # fmt: skip
    return omise("charge.complete", charge, payment.occurred_ms, keys, ids)


def omise_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    returned = {"object": "refund", "id": refund.id, "charge": payment.id, "status": "closed",
                "amount": refund.amount_minor, "currency": payment.currency.lower()}  # fmt: skip
    return omise("refund.create", returned, refund.occurred_ms, keys, ids)


OMISE = Simulated(
    name="omise",
    currency="THB",
    form=shared(WINDOW, "{base64_32}"),
    retry_after_s=(60, 300, 1_800, 7_200, 21_600, 43_200),
    # Seconds, a dot, the body; the key is what the secret encodes.
    sign=body_mac(
        "Omise-Signature", text=dotted, key=base64.b64decode,
        stamp=("Omise-Signature-Timestamp", 1000),
    ),
    signs_time=True,
    stale_code="stale",
    payment_id=coded("chrg_", 19),
    refund_id=coded("rfnd_", 19),
    payment=omise_paid,
    refund=omise_refunded,
    # The shop's number stands in entries that the merchant names as it likes.
    tells_order=False,
    tampered=raised('"amount": '),
)  # fmt: skip


def paystack_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    charge = {"id": int(payment.id), "domain": keys.mode, "status": "success",
              "reference": payment.order, "amount": payment.amount_minor,
              "currency": payment.currency,
              "paid_at": iso(payment.occurred_ms) + ".000Z"}  # fmt: skip
    return {"event": "charge.success", "data": charge}


def paystack_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    returned = {"id": int(refund.id), "domain": keys.mode, "status": "processed",
                "transaction_reference": payment.order, "refund_reference": "ref" + refund.id,
                "amount": refund.amount_minor, "currency": payment.currency}  # fmt: skip
    return {"event": "refund.processed", "data": returned}


PAYSTACK = Simulated(
    name="paystack",
    currency="NGN",
    form=shared(text="sk_live_{hex_40}"),
    retry_after_s=(*(180,) * 4, *(3_600,) * 72),
    accepts=exactly_200,
    sign=body_mac("x-paystack-signature", name="sha512"),
    payment_id=numbered(10),
    refund_id=numbered(7),
    payment=paystack_paid,
    refund=paystack_refunded,
    # The merchant's own reference is all that a refund names.
    links_refunds=False,
    tampered=raised('"amount": '),
    other_mode_code="wrong_account",
)


def paytabs(kind: str, own: str, previous: str | None, minor: int, ms: int) -> dict[str, Any]:
    return {"tran_ref": own, "previous_tran_ref": previous, "tran_type": kind,
            "cart_currency": "AED", "cart_amount": major(minor), "tran_total": major(minor),
            "payment_result": {"response_status": "A", "response_code": "G83412",
                               "transaction_time": iso(ms) + "Z"}}  # fmt: skip


def paytabs_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    told = paytabs("Sale", payment.id, None, payment.amount_minor, payment.occurred_ms)
    return told | {"cart_id": payment.order}


def paytabs_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    told = paytabs("Refund", refund.id, payment.id, refund.amount_minor, refund.occurred_ms)
    return told | {"cart_id": payment.order}


PAYTABS = Simulated(
    name="paytabs",
    currency="AED",
    form=shared(text="S{LETTERS_9}-{LETTERS_10}-{LETTERS_10}"),
    accepts=exactly_200,
    sign=body_mac("Signature"),
    payment_id=lambda ids, ms: "TST" + ids.digits(13),
    refund_id=lambda ids, ms: "TST" + ids.digits(13),
    payment=paytabs_paid,
    refund=paytabs_refunded,
    tampered=raised('"cart_amount": "'),
)


def quickpay(payment: Payment, *operations: Content) -> Content:
    numbered_ = [{"id": place, "pending": False, "qp_status_code": "20000"} | each
                 for place, each in enumerate(operations, start=1)]  # fmt: skip
    return {"id": int(payment.id), "order_id": payment.order, "accepted": True, "type": "Payment",
            "currency": payment.currency, "operations": numbered_}  # fmt: skip


def quickpay_paid(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    at, minor = iso(payment.occurred_ms) + "+00:00", payment.amount_minor
    return quickpay(payment, {"type": "authorize", "amount": minor, "created_at": at},
                    {"type": "capture", "amount": minor, "created_at": at})  # fmt: skip


def quickpay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    at = iso(payment.occurred_ms) + "+00:00"
    told = quickpay_paid(payment, keys, ids)
    operation = {"id": int(refund.id), "type": "refund", "amount": refund.amount_minor,
                 "created_at": at, "pending": False, "qp_status_code": "20000"}  # fmt: skip
    return told | {"operations": [*told["operations"], operation]}


QUICKPAY = Simulated(
    name="quickpay",
    currency="DKK",
    form=shared(text="{hex_64}"),
    retry_after_s=(60, 300, 900, 3_600, 7_200, 14_400, 28_800, 28_800),
    accepts=exactly_200,
    sign=body_mac("QuickPay-Checksum-Sha256"),
    payment_id=numbered(9),
    # Operations number from 1 in each payment.
    refund_id=numbered(3),
    payment=quickpay_paid,
    refund=quickpay_refunded,
    tampered=raised('"amount": '),
)


def razorpay(word: str, keys: AccountKeys, ms: int, **entities: Content) -> Content:
    return {"entity": "event", "account_id": keys.settings["account_id"], "event": word,
            "contains": list(entities), "created_at": ms // 1000,
            "payload": {name: {"entity": each} for name, each in entities.items()}}  # fmt: skip


def razorpay_payment(payment: Payment) -> Content:
    return {"id": payment.id, "amount": payment.amount_minor, "currency": payment.currency,
            "status": "captured", "order_id": "order_" + payment.id[4:],
            "notes": {"merchant_order_id": payment.order}}  # fmt: skip


def razorpay_captured(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    told = razorpay_payment(payment)
    return razorpay("payment.captured", keys, payment.occurred_ms, payment=told)


def razorpay_order(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    """The order tells the same payment."""
    told = razorpay_payment(payment)
    order = {"id": told["order_id"], "receipt": payment.order, "status": "paid"}
    return razorpay("order.paid", keys, payment.occurred_ms, payment=told, order=order)


def razorpay_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    returned = {"id": refund.id, "payment_id": payment.id, "amount": refund.amount_minor,
                "currency": payment.currency, "status": "processed", "receipt": None}  # fmt: skip
    told = razorpay_payment(payment)
    return razorpay("refund.processed", keys, refund.occurred_ms, refund=returned, payment=told)


RAZORPAY = Simulated(
    name="razorpay",
    currency="INR",
    form=shared({"account_id": "acc_BFQ7uQEaa7j2z7"}),
    retry_after_s=(60, 300, 900, 3_600, 7_200, 14_400, 28_800, 28_800),
    sign=body_mac("X-Razorpay-Signature"),
    payment_id=coded("pay_", 14),
    refund_id=coded("rfnd_", 14),
    payment=razorpay_captured,
    refund=razorpay_refunded,
    second=razorpay_order,
    tampered=raised('"amount": '),
    foreign=("account_id", "wrong_account"),
)


def revolut_text(keys: AccountKeys, stamp: str, body: bytes) -> bytes:
    return b"v1." + stamp.encode() + b"." + body


def revolut_completed(payment: Payment, keys: AccountKeys, ids: Ids) -> Content:
    return {"event": "ORDER_COMPLETED", "order_id": payment.id,
            "merchant_order_ext_ref": payment.order}  # fmt: skip


def revolut_refunded(payment: Payment, refund: Refund, keys: AccountKeys, ids: Ids) -> Content:
    """A refund is an order of its own, told by the same word."""
    return {"event": "ORDER_COMPLETED", "order_id": refund.id}


REVOLUT_MERCHANT = Simulated(
    name="revolut-merchant",
    currency="EUR",
    form=shared(WINDOW, "wsk_{hex_32}"),
    retry_after_s=(600, 600, 600),
    sign=body_mac(
        "Revolut-Signature", text=revolut_text, prefix="v1=",
        stamp=("Revolut-Request-Timestamp", 1),
    ),
    signs_time=True,
    payment_id=lambda ids, ms: ids.hex(32),
    refund_id=lambda ids, ms: ids.hex(32),
    payment=revolut_completed,
    refund=revolut_refunded,
    # Its events hold no amount.
    weak=BOTH,
)  # fmt: skip

SENDERS: Final = (
    BTCPAY, CASHFREE, FLUTTERWAVE, OMISE, PAYSTACK, PAYTABS, QUICKPAY, RAZORPAY,
    REVOLUT_MERCHANT,
)  # fmt: skip
