"""Reported incidents, from signed callbacks to events; each also with the mistake that it catches.

The cases are those of the vectors files; they are judged by the provider's own code and settled
one after the other against one ledger.
"""

import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from processors.vectors import case_account, case_callback
from processors.verdict import judge
from schemas.fact import Fact
from schemas.ledger import encode_ledger
from schemas.money import Money
from schemas.record import Position
from tests.support.settling import Settler, word

VECTORS = Path(__file__).parents[1] / "vectors"
ANNOUNCED = ("announced", None)
DUPLICATE = ("duplicate", None)
IGNORED = ("ignored", None)
CONFLICT = ("parked", "conflict")


class Shop:
    """One account of a provider, and what it hears. `mistake` changes facts before settling."""

    def __init__(self, name, mistake=None):
        self.name = name
        self.provider = import_module(f"processors.providers.{name}").PROVIDER
        document = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
        self.cases = {case["name"]: case for case in document["cases"]}
        self.settler = Settler()
        self.mistake = mistake or (lambda stated, callback_id: stated)
        self.delivered = 0

    def deliver(self, case_name, days_later=0.0):
        """Judge and settle a case as a new delivery; return the outcomes of its items."""
        case = self.cases[case_name]
        self.delivered += 1
        account = case_account(self.provider, case["account"])
        callback = replace(
            case_callback(self.name, account.name, case), id=f"delivery-{self.delivered}"
        )
        self.settler.now_ms = callback.received_at_ms + int(days_later * 86_400_000)
        position = Position("payments.callbacks.v1", 0, self.delivered)
        judgement = judge(callback, position, self.provider, account)
        words = {each.item: (each.outcome, each.code) for each in judgement.outcomes}
        for record, _ in judgement.facts:
            wrong = replace(record, fact=self.mistake(record.fact, callback.id))
            words[record.item] = word(self.settler.take(wrong))
        return [words[item] for item in sorted(words)]

    @property
    def told(self):
        return [
            (event.type, event.payment_id, event.amount.minor if event.amount else None)
            for event in self.settler.events
        ]


def test_vectors_are_judged_here():
    """Without a single item nothing below would show anything."""
    assert Shop("stripe").deliver("r10-refund-a") == [ANNOUNCED]


# A late redelivery of the first refund after a second of the same amount.
def refunds_redelivered(shop):
    sums = []

    def deliver(case, days_later=0):
        shop.deliver(case, days_later)
        sums.append(shop.settler.events[-1].refunded_total.minor)

    deliver("r10-refund-a")
    deliver("r10-refund-b-of-the-same-amount")
    deliver("r10-refund-a", 3)
    deliver("r10-refund-a-failed-later")
    deliver("r10-refund-a", 3)
    return sums


def pay(shop, payment_id, minor):
    paid = Fact(
        type="PaymentSucceeded",
        payment_id=payment_id,
        merchant_order_id=None,
        occurred_at_ms=None,
        amount=Money(minor, "EUR", 2),
    )
    template = judge_first(shop, "r10-refund-a")
    shop.settler.take(replace(template, fact=paid, callback_id="paid"))


def judge_first(shop, case_name):
    case = shop.cases[case_name]
    account = case_account(shop.provider, case["account"])
    callback = case_callback(shop.name, account.name, case)
    return judge(callback, Position("c", 0, 0), shop.provider, account).facts[0][0]


def refund_case(mistake=None):
    shop = Shop("stripe", mistake)
    pay(shop, "pi_3TReportsPay01", 4990)
    sums = refunds_redelivered(shop)
    types = [kind for kind, _, _ in shop.told[1:]]
    return types, sums, shop.settler.alarms


def test_refund_redelivered_after_a_second_of_the_same_amount():
    types, sums, alarms = refund_case()
    assert types == ["RefundCompleted", "RefundCompleted", "RefundFailed"]
    assert sums == [1000, 2000, 2000, 1000, 1000]
    assert alarms == []


def by_amount(stated, callback_id):
    """The mistake of knowing a refund by its payment and amount."""
    return replace(stated, refund_id=f"{stated.payment_id}:{stated.amount.minor}")


def test_knowing_refunds_by_amount_is_caught():
    types, sums, _ = refund_case(by_amount)
    assert types != ["RefundCompleted", "RefundCompleted", "RefundFailed"]
    assert sums != [1000, 2000, 2000, 1000, 1000]


class OnlyTheNewest(Settler):
    """The mistake of keeping the payment and its newest refund alone."""

    def take(self, record):
        state = self.state(record.key)
        if state is not None and len(state.announced) > 2:
            newest = (state.announced[0], state.announced[-1])
            self.ledger[record.key] = encode_ledger(replace(state, announced=newest))
        return super().take(record)


def test_remembering_only_the_newest_refund_is_caught():
    shop = Shop("stripe")
    shop.settler = OnlyTheNewest()
    pay(shop, "pi_3TReportsPay01", 4990)
    assert refunds_redelivered(shop) != [1000, 2000, 2000, 1000, 1000]


# A gift card and a card pay one order: two payments in one batch.
GIFT_AND_CARD = "r14-order-paid-by-gift-card-and-card"


def test_two_payments_of_one_order_are_two():
    shop = Shop("adyen")
    assert shop.deliver(GIFT_AND_CARD).count(ANNOUNCED) == 2
    assert sorted(minor for _, _, minor in shop.told) == [2000, 8000]
    assert {kind for kind, _, _ in shop.told} == {"PaymentSucceeded"}
    assert len({payment for _, payment, _ in shop.told}) == 2
    assert len({event.merchant_order_id for event in shop.settler.events}) == 1
    again = shop.deliver(GIFT_AND_CARD)
    assert again.count(DUPLICATE) == 2
    assert ANNOUNCED not in again
    assert len(shop.told) == 2
    assert shop.settler.alarms == []


def test_knowing_a_payment_by_its_order_is_caught():
    shop = Shop("adyen", lambda stated, _: replace(stated, payment_id=stated.merchant_order_id))
    outcomes = shop.deliver(GIFT_AND_CARD)
    assert CONFLICT in outcomes
    assert outcomes.count(ANNOUNCED) == 1


# Pending, cleared, cleared again: three event ids of one capture.
CHEQUE = (
    "r17-electronic-cheque-pending",
    "r17-electronic-cheque-cleared-three-days-later",
    "r17-cleared-notified-again-under-a-third-event-id",
)


def test_capture_cleared_under_two_event_ids_is_one():
    shop = Shop("paypal")
    assert [shop.deliver(each) for each in CHEQUE] == [[IGNORED], [ANNOUNCED], [DUPLICATE]]
    assert [(kind, minor) for kind, _, minor in shop.told] == [("PaymentSucceeded", 5400)]


def test_knowing_a_payment_by_its_delivery_is_caught():
    shop = Shop("paypal", lambda stated, delivery: replace(stated, payment_id=delivery))
    assert [shop.deliver(each) for each in CHEQUE] == [[IGNORED], [ANNOUNCED], [ANNOUNCED]]
    assert len(shop.told) == 2


@pytest.mark.parametrize("days", [3, 30, 300])
def test_memory_reaches_over_the_days_between(days):
    shop = Shop("paypal")
    shop.deliver(CHEQUE[1])
    shop.settler.pass_days(days)
    shop.settler.expire()
    assert shop.deliver(CHEQUE[2], days) == [DUPLICATE]


class OneDayOfMemory(Settler):
    """The mistake of a deduplication window."""

    def take(self, record):
        for key in list(self.ledger):
            state = self.state(key)
            if state.since_ms < self.now_ms - 86_400_000:
                del self.ledger[key]
        return super().take(record)


def test_window_shorter_than_the_days_between_is_caught():
    shop = Shop("paypal")
    shop.settler = OneDayOfMemory()
    assert [shop.deliver(each, 3 * at) for at, each in enumerate(CHEQUE)][2] == [ANNOUNCED]


@pytest.mark.parametrize("name", CHEQUE)
def test_each_cheque_callback_alone_agrees_with_its_vector(name):
    shop = Shop("paypal")
    shop.deliver(name)
    expected = shop.cases[name]["expect"]["events"]
    assert [kind for kind, _, _ in shop.told] == [event["type"] for event in expected]
