"""Duplicate, conflict, repeat, link and order: each test is a way to announce money wrongly."""

import pytest

from schemas.event import AMOUNT_REQUIRED, EVENT_TYPES
from schemas.identity import event_id
from schemas.ledger import LedgerState
from schemas.money import Money
from tests.support.settling import START_MS, Settler, fact, word

ANNOUNCED = ("announced", None)
DUPLICATE = ("duplicate", None)
SUPERSEDED = ("superseded", None)
CONFLICT = ("parked", "conflict")
PARTS = {"RefundCompleted": "refund_id", "RefundFailed": "refund_id"} | dict.fromkeys(
    ("DisputeOpened", "DisputeWon", "DisputeLost"), "dispute_id"
)
STATED = [name for name in EVENT_TYPES if name != "PaymentLinked"]


def of_type(kind, minor, **members):
    if kind in PARTS:
        members.setdefault(PARTS[kind], "X-1")
    return fact(kind, minor, **members)


@pytest.mark.parametrize("kind", STATED)
def test_one_fact_under_two_callbacks_is_announced_once(kind):
    settler = Settler()
    assert word(settler.tell(of_type(kind, 500))) == ANNOUNCED
    repeated = settler.tell(of_type(kind, 500))
    assert word(repeated) == DUPLICATE
    assert repeated.outcome.event_id == settler.events[0].id
    assert len(settler.events) == 1


@pytest.mark.parametrize("kind", sorted(AMOUNT_REQUIRED))
@pytest.mark.parametrize("other", [Money(501, "EUR", 2), Money(500, "USD", 2)])
def test_another_amount_or_currency_is_a_conflict_and_never_a_second_event(kind, other):
    settler = Settler()
    settler.tell(of_type(kind, 500))
    settlement = settler.tell(of_type(kind, None, amount=other))
    assert word(settlement) == CONFLICT
    assert settlement.alarms == ("conflict",)
    assert settlement.outcome.event_id == settler.events[0].id
    assert len(settler.events) == 1
    # The conflict changes nothing: the first statement is still known.
    assert word(settler.tell(of_type(kind, 500))) == DUPLICATE


@pytest.mark.parametrize("kind", [kind for kind in STATED if kind not in AMOUNT_REQUIRED])
def test_types_that_need_no_amount_never_conflict(kind):
    settler = Settler()
    settler.tell(of_type(kind, 500))
    assert word(settler.tell(of_type(kind, 700))) == DUPLICATE
    assert word(settler.tell(of_type(kind, None))) == DUPLICATE
    assert settler.alarms == []


def test_content_is_amount_and_currency_and_nothing_else():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500, method="card"))
    other = fact(
        "PaymentSucceeded",
        500,
        method="wallet",
        authorization_id="A",
        payer_amount=Money(400, "EUR", 2),
        occurred_at_ms=START_MS + 90_000,
    )
    assert word(settler.tell(other)) == DUPLICATE


def test_repeat_of_its_own_callback_has_no_outcome():
    settler = Settler()
    paid = fact("PaymentSucceeded", 500)
    settler.tell(paid, "callback")
    repeat = settler.tell(paid, "callback")
    assert (repeat.event, repeat.outcome) == (None, None)
    assert word(settler.tell(paid, "another")) == DUPLICATE


def test_items_of_a_batch_repeat_each_for_itself():
    settler = Settler()
    batch = [fact("PaymentSucceeded", 500, payment_id=each) for each in ("P", "Q")]
    for item, stated in enumerate(batch):
        assert word(settler.tell(stated, "batch", item=item, items=2)) == ANNOUNCED
    for item, stated in enumerate(batch):
        assert settler.tell(stated, "batch", item=item, items=2).outcome is None
    assert len(settler.events) == 2


def test_same_fact_in_another_item_of_the_callback_is_a_duplicate():
    settler = Settler()
    paid = fact("PaymentSucceeded", 500)
    settler.tell(paid, "batch", item=0, items=2)
    settlement = settler.tell(paid, "batch", item=1, items=2)
    assert word(settlement) == DUPLICATE
    assert (settlement.outcome.item, settlement.outcome.items) == (1, 2)


def test_fact_that_took_the_item_number_of_an_announced_one_is_not_lost():
    """Released with newer code, a batch may count its items anew."""
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500), "batch", item=1, items=2)
    refund = fact("RefundCompleted", 200, refund_id="R")
    assert word(settler.tell(refund, "batch", item=1, items=3)) == ANNOUNCED
    moved = settler.tell(fact("PaymentSucceeded", 500), "batch", item=2, items=3)
    assert word(moved) == DUPLICATE
    assert settler.types == ["PaymentSucceeded", "RefundCompleted"]


def test_repeat_of_a_linking_callback_has_no_outcome():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500, merchant_order_id=None), "first")
    named = fact("PaymentSucceeded", 500)
    assert word(settler.tell(named, "second")) == ANNOUNCED
    assert settler.tell(named, "second").outcome is None
    assert settler.types == ["PaymentSucceeded", "PaymentLinked"]


NAMED = fact("PaymentSucceeded", 500)
NAMELESS = fact("PaymentSucceeded", 500, merchant_order_id=None)


@pytest.mark.parametrize(
    ("siblings", "types"),
    [
        ([NAMED, NAMELESS, NAMELESS], ["PaymentSucceeded"]),
        ([NAMELESS, NAMED, NAMED], ["PaymentSucceeded", "PaymentLinked"]),
        ([NAMELESS, NAMELESS, NAMED, NAMELESS, NAMED], ["PaymentSucceeded", "PaymentLinked"]),
    ],
)
def test_no_order_is_left_unmatched_in_whatever_order_siblings_arrive(siblings, types):
    settler = Settler()
    for stated in siblings:
        settler.tell(stated)
    assert settler.types == types
    assert "A-17" in [event.merchant_order_id for event in settler.events]


def test_linking_states_the_order_and_no_money():
    settler = Settler()
    settler.tell(NAMELESS)
    linked = settler.tell(NAMED).event
    assert linked.merchant_order_id == "A-17"
    assert linked.amount is None
    assert linked.part_id is None
    assert linked.id == event_id("larkpay", "ledger-1", "PaymentLinked", "P", None)


def test_other_order_number_is_counted_and_is_no_conflict():
    settler = Settler()
    settler.tell(NAMED)
    settlement = settler.tell(fact("PaymentSucceeded", 500, merchant_order_id="B-1"))
    assert word(settlement) == DUPLICATE
    assert settlement.alarms == ("other_order_number",)


def test_other_order_number_than_the_linked_one_is_counted():
    settler = Settler()
    settler.tell(NAMELESS)
    settler.tell(NAMED)
    settlement = settler.tell(fact("PaymentSucceeded", 500, merchant_order_id="B-1"))
    assert word(settlement) == DUPLICATE
    assert settlement.alarms == ("other_order_number",)


LADDER = ("PaymentFailed", "PaymentAuthorized", "PaymentClosed", "PaymentSucceeded")


@pytest.mark.parametrize("first", LADDER)
@pytest.mark.parametrize("second", LADDER)
def test_weaker_after_stronger_is_superseded(first, second):
    settler = Settler()
    settler.tell(fact(first, 500))
    expected = (
        DUPLICATE
        if first == second
        else SUPERSEDED
        if LADDER.index(second) < LADDER.index(first)
        else ANNOUNCED
    )
    settlement = settler.tell(fact(second, 500))
    assert word(settlement) == expected
    assert (settlement.event is not None) == (expected == ANNOUNCED)


@pytest.mark.parametrize("late", ["RefundCompleted", "DisputeOpened", "PaymentReversed"])
def test_what_happens_after_payment_is_never_superseded(late):
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500))
    assert word(settler.tell(of_type(late, 500))) == ANNOUNCED


def test_each_attempt_fails_for_itself():
    settler = Settler()
    for attempt in ("1", "2", "1"):
        settler.tell(fact("PaymentFailed", attempt_id=attempt))
    assert settler.types == ["PaymentFailed", "PaymentFailed"]


def test_each_capture_is_announced():
    settler = Settler()
    for capture in ("C1", "C2", "C1"):
        settler.tell(fact("PaymentSucceeded", 500, capture_id=capture))
    assert settler.types == ["PaymentSucceeded", "PaymentSucceeded"]


def test_success_after_closing_is_announced_with_an_alarm():
    settler = Settler()
    settler.tell(fact("PaymentClosed"))
    settlement = settler.tell(fact("PaymentSucceeded", 500))
    assert word(settlement) == ANNOUNCED
    assert settlement.alarms == ("success_after_closed",)


def bank_return(**members):
    later = START_MS + 86_400_000
    return fact("PaymentFailed", reverses_success=True, **({"occurred_at_ms": later} | members))


def test_failure_after_success_takes_the_money_back_where_that_happens():
    settler = Settler()
    paid = settler.tell(fact("PaymentSucceeded", 500)).event
    reversal = settler.tell(bank_return()).event
    assert reversal.type == "PaymentReversed"
    assert reversal.amount == paid.amount
    assert reversal.reverses == paid.id
    assert word(settler.tell(bank_return())) == DUPLICATE
    assert settler.types == ["PaymentSucceeded", "PaymentReversed"]


def test_failure_after_success_is_superseded_elsewhere():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500))
    assert word(settler.tell(fact("PaymentFailed"))) == SUPERSEDED


def test_failure_before_success_reverses_nothing_when_told_again():
    settler = Settler()
    attempt = bank_return(occurred_at_ms=START_MS - 60_000)
    settler.tell(attempt)
    settler.tell(fact("PaymentSucceeded", 500))
    assert word(settler.tell(attempt)) == DUPLICATE
    assert settler.types == ["PaymentFailed", "PaymentSucceeded"]


def test_bank_return_after_an_earlier_failed_attempt_is_not_taken_for_it():
    settler = Settler()
    settler.tell(bank_return(occurred_at_ms=START_MS - 60_000))
    settler.tell(fact("PaymentSucceeded", 500))
    assert word(settler.tell(bank_return(), "return")) == ANNOUNCED
    assert settler.tell(bank_return(), "return").outcome is None
    assert word(settler.tell(bank_return())) == DUPLICATE
    assert settler.types == ["PaymentFailed", "PaymentSucceeded", "PaymentReversed"]


def test_stated_reversal_takes_back_its_capture():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 300, capture_id="C1"))
    second = settler.tell(fact("PaymentSucceeded", 200, capture_id="C2")).event
    reversal = settler.tell(fact("PaymentReversed", 200, capture_id="C2")).event
    assert reversal.reverses == second.id


def test_disputes_are_events_of_their_own():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500))
    for kind in ("DisputeOpened", "DisputeWon"):
        event = settler.tell(fact(kind, dispute_id="D-1")).event
        assert (event.type, event.dispute_id, event.out_of_order) == (kind, "D-1", False)
    assert word(settler.tell(fact("DisputeOpened", dispute_id="D-2"))) == ANNOUNCED
    assert [event.sequence for event in settler.events] == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["PaymentFailed", "PaymentClosed"])
def test_orders_without_a_payment_have_events_of_their_own(kind):
    """Consumers drop a second event of one id: two orders must not share it."""
    settler = Settler()
    for order in ("A-1", "A-2", "A-1"):
        settler.tell(fact(kind, payment_id=None, merchant_order_id=order))
    assert len({event.id for event in settler.events}) == len(settler.events) == 2
    assert len(settler.ledger) == 2


def test_event_says_where_it_comes_from():
    settler = Settler(now_ms=START_MS + 5)
    settler.tell(fact("PaymentAuthorized", 500))
    event = settler.tell(fact("PaymentSucceeded", 500), "cause", item=3, items=7).event
    assert (event.causation_id, event.causation_item) == ("cause", 3)
    assert (event.sequence, event.recorded_at_ms) == (2, START_MS + 5)
    assert (event.provider, event.account, event.mode) == ("larkpay", "ledger-1", "live")
    assert event.key == b"larkpay/ledger-1/P"


def test_order_service_pages_see_no_alarm_in_an_ordinary_life():
    settler = Settler()
    settler.tell(fact("PaymentAuthorized", 500))
    settler.tell(fact("PaymentSucceeded", 500))
    settler.tell(fact("RefundCompleted", 500, refund_id="R"))
    assert settler.alarms == []
    assert LedgerState().announced == ()


def test_failure_known_before_its_success_is_a_duplicate_when_told_again():
    """Its time alone makes no reversal: providers date a success by its creation, too."""
    settler = Settler()
    settler.tell(bank_return())
    settler.tell(fact("PaymentSucceeded", 500))
    assert word(settler.tell(bank_return())) == DUPLICATE


def test_bank_return_of_one_capture_takes_back_that_one():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 300, capture_id="C1"))
    second = settler.tell(fact("PaymentSucceeded", 200, capture_id="C2")).event
    reversal = settler.tell(bank_return(capture_id="C2")).event
    assert reversal.reverses == second.id
    assert reversal.amount == second.amount


@pytest.mark.parametrize("kind", ["RefundCompleted", "DisputeOpened"])
def test_order_number_of_a_refund_or_dispute_links_no_payment(kind):
    """It may be the refund's own number; a wrong link would call the wrong order paid."""
    settler = Settler()
    settler.tell(of_type(kind, 500, merchant_order_id=None))
    assert word(settler.tell(of_type(kind, 500))) == DUPLICATE
    assert len(settler.events) == 1


def test_failed_attempt_told_again_after_success_reverses_nothing():
    settler = Settler()
    settler.tell(fact("PaymentAuthorized", 100))
    failed = fact("PaymentFailed", reverses_success=True, occurred_at_ms=START_MS - 1_000)
    assert word(settler.tell(failed)) == ("superseded", None)
    settler.tell(fact("PaymentSucceeded", 100))
    # The retry of the old failure comes after the success, and is still the old failure.
    assert word(settler.tell(failed)) == ("superseded", None)
    assert settler.types == ["PaymentAuthorized", "PaymentSucceeded"]


def test_failure_told_again_after_another_capture_reverses_no_second_one():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 100, capture_id="1"))
    returned = fact("PaymentFailed", reverses_success=True, occurred_at_ms=START_MS + 1_000)
    assert word(settler.tell(returned)) == ("announced", None)
    settler.tell(fact("PaymentSucceeded", 100))
    assert word(settler.tell(returned)) == ("duplicate", None)
    assert settler.types.count("PaymentReversed") == 1
