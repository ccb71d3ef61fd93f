"""Refunds: sums, running totals, failures, and what arrives before its payment."""

import pytest

from schemas.identity import event_id
from tests.support.settling import START_MS, Settler, eur, fact, total, word

ANNOUNCED = ("announced", None)
DUPLICATE = ("duplicate", None)


def refund(minor, name, **members):
    return fact("RefundCompleted", minor, refund_id=name, **members)


def failed(name, minor=None, **members):
    return fact("RefundFailed", minor, refund_id=name, **members)


def paid_settler(minor=1000):
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", minor))
    return settler


def derived_rises(settler):
    return [event.amount.minor for event in settler.events if event.derived]


def test_refunds_of_equal_amount_are_two():
    settler = paid_settler()
    first = settler.tell(refund(300, "A")).event
    second = settler.tell(refund(300, "B")).event
    assert first.id != second.id
    assert [first.refunded_total, second.refunded_total] == [eur(300), eur(600)]


def test_failed_refund_names_what_it_takes_back_and_lowers_the_sum():
    settler = paid_settler()
    settler.tell(refund(300, "A"))
    completed = settler.tell(refund(200, "B")).event
    taken_back = settler.tell(failed("B")).event
    assert taken_back.reverses == completed.id
    assert taken_back.refunded_total == eur(300)
    assert word(settler.tell(failed("B"))) == DUPLICATE
    assert settler.tell(refund(100, "C")).event.refunded_total == eur(400)


def test_refund_that_failed_is_not_completed_by_a_redelivery():
    settler = paid_settler()
    settler.tell(refund(300, "A"))
    settler.tell(failed("A"))
    assert word(settler.tell(refund(300, "A"))) == DUPLICATE
    assert settler.events[-1].refunded_total == eur(0)


def test_failed_refund_that_never_completed_lowers_nothing():
    settler = paid_settler()
    settler.tell(refund(300, "A"))
    event = settler.tell(failed("B", 200)).event
    assert event.reverses is None
    assert event.refunded_total == eur(300)


def test_refunds_above_the_payment_raise_an_alarm_and_are_announced():
    settler = paid_settler(500)
    assert settler.tell(refund(500, "A")).alarms == ()
    settlement = settler.tell(refund(1, "B"))
    assert word(settlement) == ANNOUNCED
    assert settlement.alarms == ("over_refund",)


def test_refunds_above_a_payment_that_comes_later_raise_an_alarm():
    settler = Settler()
    assert settler.tell(refund(600, "A")).alarms == ()
    assert settler.tell(fact("PaymentSucceeded", 500)).alarms == ("over_refund",)


def test_refund_and_reversal_of_the_same_money_raise_an_alarm():
    settler = paid_settler(500)
    settler.tell(refund(500, "A"))
    assert settler.tell(fact("PaymentReversed", 500)).alarms == ("over_refund",)


def test_reversal_without_refunds_raises_no_alarm():
    settler = paid_settler(500)
    assert settler.tell(fact("PaymentReversed", 500)).alarms == ()


def test_refund_before_its_payment_is_announced_and_marked():
    settler = Settler()
    early = settler.tell(refund(300, "A")).event
    assert early.out_of_order
    settler.tell(fact("PaymentSucceeded", 1000))
    assert not settler.tell(refund(300, "B")).event.out_of_order


@pytest.mark.parametrize("kind", ["RefundCompleted", "RefundFailed"])
def test_refund_that_names_no_payment_is_in_no_sum(kind):
    settler = Settler()
    event = settler.tell(fact(kind, 300, payment_id=None, refund_id="R/1")).event
    assert event.unlinked
    assert not event.out_of_order
    assert event.refunded_total is None
    assert event.key == b"larkpay/ledger-1/refund:R%2F1"
    state = settler.state(event.key)
    assert state is not None
    assert state.refunded_minor == 0


def test_total_announces_its_rise():
    settler = paid_settler()
    first = settler.tell(total(300)).event
    second = settler.tell(total(700)).event
    assert [first.amount, second.amount] == [eur(300), eur(400)]
    assert [first.refunded_total, second.refunded_total] == [eur(300), eur(700)]
    assert first.derived
    assert second.derived
    assert first.id == event_id("larkpay", "ledger-1", "RefundCompleted", "P", "total:300")


def test_total_at_or_below_the_highest_is_a_duplicate():
    settler = paid_settler()
    settler.tell(total(700))
    assert word(settler.tell(total(700))) == DUPLICATE
    assert word(settler.tell(total(300))) == DUPLICATE
    assert derived_rises(settler) == [700]


def test_total_with_a_refund_id_is_that_refund():
    settler = paid_settler()
    event = settler.tell(total(300, refund_id="A")).event
    assert event.id == event_id("larkpay", "ledger-1", "RefundCompleted", "P", "A")
    assert event.refund_id == "A"


def test_overtaken_total_announces_nothing_more():
    settler = paid_settler()
    settler.tell(total(700, refund_id="B"))
    assert word(settler.tell(total(300, refund_id="A"))) == DUPLICATE
    assert derived_rises(settler) == [700]


def test_same_refund_with_a_higher_total_is_announced_once():
    settler = paid_settler()
    settler.tell(total(300, refund_id="A"))
    raised = total(500, refund_id="A")
    event = settler.tell(raised).event
    assert event.amount == eur(200)
    assert event.id == event_id("larkpay", "ledger-1", "RefundCompleted", "P", "total:500")
    assert word(settler.tell(raised)) == DUPLICATE
    assert word(settler.tell(total(300, refund_id="A"))) == DUPLICATE
    assert derived_rises(settler) == [300, 200]


@pytest.mark.parametrize("name", [None, "A"])
def test_redelivery_after_a_failure_never_doubles(name):
    settler = paid_settler()
    stated = total(300, refund_id=name)
    settler.tell(stated)
    lowered = settler.tell(failed("A", 300)).event
    assert lowered.refunded_total == eur(0)
    assert word(settler.tell(stated)) == DUPLICATE
    assert derived_rises(settler) == [300]


def test_new_refund_up_to_the_old_total_is_announced_after_a_failure():
    settler = paid_settler()
    settler.tell(total(300, refund_id="A"))
    settler.tell(failed("A", 300))
    again = settler.tell(total(300, refund_id="B", occurred_at_ms=START_MS + 1)).event
    assert again.amount == eur(300)
    assert word(settler.tell(total(300, refund_id="A"))) == DUPLICATE


def test_overtaken_total_stays_a_duplicate_after_a_failure():
    """It was never announced, so only its time tells it from a new refund."""
    settler = paid_settler()
    overtaken = total(800, refund_id="A", occurred_at_ms=START_MS + 1)
    settler.tell(total(1000, refund_id="B", occurred_at_ms=START_MS + 2))
    assert word(settler.tell(overtaken)) == DUPLICATE
    settler.tell(failed("A", 800, occurred_at_ms=START_MS + 3))
    assert word(settler.tell(overtaken)) == DUPLICATE
    new = settler.tell(total(500, refund_id="C", occurred_at_ms=START_MS + 4)).event
    assert new.amount == eur(300)


def test_failure_without_an_amount_lowers_a_derived_refund_by_its_rise():
    settler = paid_settler()
    settler.tell(total(300, refund_id="A"))
    completed = settler.tell(total(500, refund_id="B")).event
    event = settler.tell(failed("B")).event
    assert event.reverses == completed.id
    assert event.refunded_total == eur(300)


def test_repeat_of_a_total_by_its_own_callback_has_no_outcome():
    settler = paid_settler()
    stated = total(300, refund_id="A")
    settler.tell(stated, "callback")
    assert settler.tell(stated, "callback").outcome is None


def test_derived_rise_contradicts_no_stated_amount():
    settler = paid_settler()
    settler.tell(total(700, refund_id="B"))
    assert word(settler.tell(refund(400, "B"))) == DUPLICATE


def test_total_equal_to_the_stated_refunds_announces_nothing():
    settler = paid_settler()
    settler.tell(refund(300, "A"))
    assert word(settler.tell(total(300))) == DUPLICATE


def test_stated_total_of_an_unlinked_refund_is_not_passed_on():
    settler = Settler()
    event = settler.tell(refund(300, "R", payment_id=None, refunded_total=eur(900))).event
    assert event.refunded_total is None
