"""What orders, coupons and messages make of events, in whatever order these come."""

from dataclasses import replace
from itertools import permutations

import pytest

from schemas.event import EVENT_TYPES, Event
from schemas.fact import Fact
from schemas.money import Money
from schemas.record import Record
from streams.downstream.messages import TEXTS
from streams.downstream.order import OrderKey
from streams.downstream.orders import PAYMENTS_OF_ORDER
from streams.downstream.read import coupons, failures, orders
from streams.downstream.role import expect_total
from tests.support.downstream import Shop, events_of, paid, records_of, refunded
from tests.support.settling import START_MS, eur, fact, total


def disputed(kind: str, minor: int | None = None, **members: object) -> Fact:
    return fact(kind, minor, dispute_id="D", **members)  # type: ignore[arg-type]


def lost_refund() -> Fact:
    return fact("RefundFailed", 1_000, refund_id="R", occurred_at_ms=START_MS + 5)


@pytest.mark.parametrize(
    ("facts", "status", "coupon"),
    [
        ([fact("PaymentAuthorized", 1_000)], "open", None),
        ([fact("PaymentFailed")], "open", None),
        ([paid()], "paid", "granted"),
        ([paid(), refunded(400)], "partly_refunded", "granted"),
        ([paid(), refunded(400), refunded(600, "R2")], "refunded", "withdrawn"),
        ([paid(), total(300), total(1_000)], "refunded", "withdrawn"),
        ([paid(), total(300), total(700)], "partly_refunded", "granted"),
        ([paid(), refunded(1_000), lost_refund()], "paid", "granted"),
        ([refunded(400), paid()], "partly_refunded", "granted"),
        ([refunded(1_000), paid()], "refunded", None),
        ([paid(), disputed("DisputeOpened", 1_000)], "disputed", "granted"),
        ([paid(), disputed("DisputeOpened"), disputed("DisputeWon")], "paid", "granted"),
        ([paid(), disputed("DisputeWon"), disputed("DisputeOpened")], "paid", "granted"),
        ([paid(), disputed("DisputeOpened"), disputed("DisputeLost")], "reversed", "withdrawn"),
        ([paid(), disputed("DisputeLost", 400)], "paid", "granted"),
        ([paid(), fact("PaymentReversed", 1_000)], "reversed", "withdrawn"),
        ([paid(0)], "paid", "granted"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_an_order_follows_its_payment(facts: list[Fact], status: str, coupon: str | None) -> None:
    shop = Shop()
    shop.tell(*facts)
    assert (shop.status, shop.coupon) == (status, coupon)


def test_a_failed_refund_brings_back_the_same_coupon() -> None:
    shop = Shop()
    shop.tell(paid(), refunded(1_000), lost_refund())
    (coupon,) = coupons(shop.database)
    assert (coupon["code"], coupon["state"]) == ("code-1", "granted")


def test_a_second_payment_grants_no_second_coupon() -> None:
    shop = Shop()
    shop.tell(paid(), paid(payment="Q"))
    assert len(coupons(shop.database)) == 1
    (order,) = orders(shop.database)
    assert (order["paid_minor"], order["status"]) == (2_000, "paid")


@pytest.mark.parametrize("said_first", [True, False])
def test_an_order_with_a_total_is_paid_when_its_payments_reach_it(said_first: bool) -> None:
    shop = Shop()
    events = events_of(paid(), paid(500, "Q"))
    if said_first:
        expect_total(shop.database, OrderKey("live", "A-17"), eur(1_500))
    shop.hear(events[0])
    if not said_first:
        # Without a total the first payment paid; what was granted is not taken back.
        assert (shop.status, shop.coupon) == ("paid", "granted")
        expect_total(shop.database, OrderKey("live", "A-17"), eur(1_500))
    assert shop.status == "partly_paid"
    assert shop.coupon == (None if said_first else "granted")
    shop.hear(*events)
    assert (shop.status, shop.coupon) == ("paid", "granted")


def test_payments_of_an_order_may_come_in_any_order() -> None:
    lives = [
        events_of(paid(700, "P1"), refunded(200, "R1", "P1")),
        events_of(refunded(100, "R2", "P2"), paid(300, "P2")),
        events_of(paid(50, "P3"), fact("PaymentReversed", 50, payment_id="P3")),
    ]
    found = set()
    for order in sorted(set(permutations([0, 0, 1, 1, 2, 2]))):
        left = [list(life) for life in lives]
        shop = Shop()
        shop.hear(*(left[which].pop(0) for which in order))
        (row,) = orders(shop.database)
        found.add((row["status"], row["paid_minor"], row["refunded_minor"]))
    assert found == {("partly_refunded", 1_000, 300)}


@pytest.mark.parametrize(
    "facts",
    [
        [paid(), refunded(1_000), lost_refund(), refunded(300, "R2")],
        [paid(), total(300), total(700), refunded(50, "R9")],
        [paid(), paid(merchant_order_id="A-17"), disputed("DisputeOpened"),
         disputed("DisputeLost", 400)],
        [paid(merchant_order_id=None), paid(), refunded(100, merchant_order_id="B-1")],
        [paid(), disputed("DisputeWon"), disputed("DisputeOpened"), fact("PaymentReversed", 200)],
    ],
)  # fmt: skip
def test_events_of_a_payment_may_come_in_any_order(facts: list[Fact]) -> None:
    # As after a growth of the topic, when the later ones lie in another partition.
    found = set()
    for events in permutations(events_of(*facts)):
        shop = Shop()
        shop.hear(*events)
        found |= {tuple(row.values()) for row in orders(shop.database, "A-17")}
        named = {row["number"] for row in coupons(shop.database) if row["state"] == "granted"}
        assert named <= {"A-17"}
    assert len(found) == 1


def test_money_without_an_order_waits_until_the_order_is_named() -> None:
    shop = Shop()
    unnamed, named = paid(merchant_order_id=None), paid()
    linked = events_of(unnamed, named)
    assert [each.type for each in linked] == ["PaymentSucceeded", "PaymentLinked"]
    shop.hear(linked[0])
    assert orders(shop.database) == []
    shop.hear(linked[1])
    assert (shop.status, shop.coupon) == ("paid", "granted")


def test_a_refund_that_names_only_the_order_counts_for_the_order() -> None:
    shop = Shop()
    shop.tell(paid(), refunded(1_000, payment=None))  # type: ignore[arg-type]
    assert shop.status == "refunded"


def test_test_money_pays_no_live_order() -> None:
    shop = Shop()
    (event,) = events_of(paid())
    shop.hear(replace(event, mode="test"))
    assert [(each["mode"], each["status"]) for each in orders(shop.database)] == [("test", "paid")]
    assert shop.texts == ["[test] We received EUR 10.00 for order A-17."]


def test_another_currency_pays_nothing_of_a_total_and_is_shown() -> None:
    shop = Shop()
    expect_total(shop.database, OrderKey("live", "A-17"), eur(1_000))
    shop.tell(fact("PaymentSucceeded", amount=Money(1_000, "JPY", 0)))
    (order,) = orders(shop.database)
    assert (order["status"], order["paid_minor"], order["mixed"]) == ("open", 0, 1)


def test_a_lost_dispute_and_the_reversal_of_it_take_the_money_once() -> None:
    shop = Shop()
    events = events_of(paid(), paid(payment="Q"), disputed("DisputeLost", 1_000))
    # The same dispute told as a reversal as well.
    lost = events[-1]
    reversal = replace(lost, id="another", type="PaymentReversed", sequence=3)
    shop.hear(*events, reversal)
    (order,) = orders(shop.database)
    assert (order["status"], order["paid_minor"]) == ("paid", 1_000)


def test_a_derived_refund_counts_as_its_total() -> None:
    # One that has missed an event is right again at the next total.
    shop = Shop()
    events = events_of(paid(), total(300), total(900))
    shop.hear(events[0], events[2])
    (order,) = orders(shop.database)
    assert order["refunded_minor"] == 900


def test_a_payment_that_comes_back_after_years_begins_anew() -> None:
    shop = Shop()
    first = events_of(paid(), refunded(100))
    late = replace(events_of(refunded(200, "R9"))[0], sequence=1)
    shop.hear(*first, late)
    (order,) = orders(shop.database)
    assert (order["paid_minor"], order["refunded_minor"]) == (1_000, 300)


def test_each_event_is_one_message() -> None:
    shop = Shop()
    shop.tell(paid(), refunded(400), disputed("DisputeOpened"))
    assert sorted(shop.texts) == [
        "A payment for order A-17 is disputed.",
        "We received EUR 10.00 for order A-17.",
        "We refunded EUR 4.00 for order A-17.",
    ]
    assert TEXTS.keys() == set(EVENT_TYPES)


def test_repeated_events_have_no_second_effect() -> None:
    shop = Shop()
    events = events_of(paid(), refunded(400))
    for _ in range(3):
        shop.hear(*events)
    (order,) = orders(shop.database)
    assert (order["paid_minor"], order["refunded_minor"], len(shop.texts)) == (1_000, 400, 2)


def altered(record: Record, **headers: bytes) -> Record:
    changed = tuple((name, headers.get(name, value)) for name, value in record.headers)
    return replace(record, headers=changed)


def test_unknown_types_and_new_majors_are_skipped_and_added_members_ignored() -> None:
    shop = Shop()
    (event,) = events_of(paid())
    (record,) = records_of([event])
    newer = altered(record, ce_type=b"io.tillstream.PaymentSucceeded.v2")
    other = altered(record, ce_type=b"io.tillstream.PayoutSent.v1")
    value = (record.value or b"").replace(b'"exponent":2', b'"exponent":2,"text":"10.00"')
    grown = replace(record, value=value[:-1] + b',"loyalty":{"points":7}}')
    inbox = shop.inboxes[0]
    assert inbox.apply([newer, other]) == {"skipped": 2}
    assert inbox.apply([grown]) == {"applied": 1}
    assert shop.status == "paid"


def test_an_event_that_cannot_be_read_is_named_and_the_next_goes_on() -> None:
    shop = Shop()
    broken, good = records_of(events_of(paid(), refunded(400)))
    inbox = shop.inboxes[0]
    assert inbox.apply([replace(broken, value=b"{")]) == {"failed": 1}
    assert inbox.apply([good]) == {"applied": 1}
    (failure,) = failures(shop.database)
    assert (failure["consumer"], failure["place"]) == ("orders", broken.offset)


def test_a_providers_nul_stops_nothing() -> None:
    shop = Shop()
    shop.tell(paid(merchant_order_id="A\x0017"))
    assert [each["number"] for each in orders(shop.database)] == ["A\ufffd17"]


def test_nothing_of_a_batch_stays_when_its_last_effect_fails() -> None:
    shop = Shop()
    events = events_of(paid(), refunded(400))
    inbox = shop.inboxes[0]
    effect = inbox.service.effect

    def fails_at_the_refund(event: Event) -> None:
        effect(event)
        if event.type == "RefundCompleted":
            raise RuntimeError("planted")

    inbox.service.effect = fails_at_the_refund  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="planted"):
        inbox.apply(records_of(events))
    assert orders(shop.database) == []
    inbox.service.effect = effect  # type: ignore[method-assign]
    assert inbox.apply(records_of(events)) == {"applied": 2}


def test_the_payments_of_an_order_are_found_without_reading_all_others() -> None:
    plan = Shop().database.rows(f"EXPLAIN QUERY PLAN {PAYMENTS_OF_ORDER}", ("a", "b", "c"))
    assert [each[3] for each in plan] == [
        "SEARCH downstream_payments USING INDEX"
        " downstream_payments_consumer_mode_number_payment_key_index"
        " (consumer=? AND mode=? AND number=?)"
    ]
