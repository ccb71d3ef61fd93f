"""The pure steps of the views: same rows however often and in whatever order they are fed."""

import random
from dataclasses import replace

import pytest

from processors.views import (
    REASONS,
    Counted,
    MinuteRow,
    OutcomeRow,
    PaymentRow,
    apply_count,
    apply_event,
    apply_outcome,
    event_from_text,
    event_text,
    success_ratio,
    timeline,
    window_bounds,
)
from processors.views.callbacks import CallbackRow, callback_row
from schemas.errors import PARKED_CODES, REFUSED_CODES
from schemas.event import Event
from schemas.outcome import DECISION
from schemas.record import Position, Record
from tests.golden.samples import EVENTS
from tests.support.settling import START_MS, Settler, eur, fact

CALLBACK = Position("payments.callbacks.v1", 3, 41)


def told(*facts: object) -> list[Event]:
    settler = Settler()
    for each in facts:
        settler.tell(each)  # type: ignore[arg-type]
    return settler.events


def row_of(events: list[Event]) -> PaymentRow:
    row: PaymentRow | None = None
    for event in events:
        row = apply_event(event, row)
    assert row is not None
    return row


def refunded(minor: int, name: str = "R") -> object:
    return fact("RefundCompleted", minor, refund_id=name)


STORIES = {
    "authorized": [fact("PaymentAuthorized", 1_000)],
    "paid": [fact("PaymentAuthorized", 1_000), fact("PaymentSucceeded", 1_000)],
    "partly_refunded": [fact("PaymentSucceeded", 1_000), refunded(400)],
    "refunded": [fact("PaymentSucceeded", 1_000), refunded(400), refunded(600, "S")],
    "reversed": [fact("PaymentSucceeded", 1_000), fact("PaymentReversed", 1_000)],
    "disputed": [fact("PaymentSucceeded", 1_000), fact("DisputeOpened", 1_000, dispute_id="D")],
    "dispute_lost": [
        fact("PaymentSucceeded", 1_000),
        fact("DisputeOpened", 1_000, dispute_id="D"),
        fact("DisputeLost", 1_000, dispute_id="D"),
    ],
    "failed": [fact("PaymentFailed", attempt_id="1")],
    "closed": [fact("PaymentFailed", attempt_id="1"), fact("PaymentClosed")],
    "refund_only": [refunded(400)],
}


@pytest.mark.parametrize("status", sorted(STORIES))
def test_status_follows_from_the_events(status: str) -> None:
    assert row_of(told(*STORIES[status])).status == status


@pytest.mark.parametrize("status", sorted(STORIES))
def test_events_twice_and_in_any_order_give_the_same_row(status: str) -> None:
    events = told(*STORIES[status])
    once = row_of(events)
    for seed in range(10):
        shuffled = events * 2
        random.Random(seed).shuffle(shuffled)
        assert row_of(shuffled) == once, f"seed {seed}"


def test_a_repeated_refund_is_not_refunded_twice() -> None:
    events = told(fact("PaymentSucceeded", 1_000), refunded(600))
    row = row_of([*events, events[-1]])
    assert (row.state.refunded_minor, row.over_refunded) == (600, False)


def test_refunds_above_the_payment_are_marked() -> None:
    assert row_of(told(fact("PaymentSucceeded", 1_000), refunded(1_001))).over_refunded
    assert not row_of(told(refunded(1_001))).over_refunded


def test_a_payment_that_returns_after_its_expiry_begins_anew() -> None:
    first = told(fact("PaymentSucceeded", 1_000), refunded(1_000))
    later = [
        replace(event, id=f"later-{event.sequence}", recorded_at_ms=START_MS + 600 * 86_400_000)
        for event in told(fact("PaymentSucceeded", 1_000, capture_id="other"))
    ]
    row = row_of([*later, *first])
    assert [event.id for event in row.events] == [each.id for each in (*first, *later)]
    assert row.status == "paid"


def test_clocks_of_two_owners_do_not_change_the_order() -> None:
    events = told(fact("PaymentSucceeded", 1_000), refunded(400))
    early = [events[0], replace(events[1], recorded_at_ms=events[0].recorded_at_ms - 5_000)]
    assert [event.sequence for event in row_of(early).events] == [1, 2]


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_comes_back_from_its_text_as_it_was(event: Event) -> None:
    assert event_from_text(event_text(event)) == event


def recorded(word: str, offset: int, code: str | None = None) -> OutcomeRow:
    return OutcomeRow(
        "c", 0, 1, word, code, None, None, CALLBACK,  # type: ignore[arg-type]
        Position("payments.outcomes.v1", 0, offset), START_MS + offset,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("history", "final"),
    [
        (("parked", "announced"), 1),
        (("announced", "parked"), 0),
        (("refused", "ignored"), 1),
        (("announced", "duplicate"), 0),
        (("parked", "ignored", "parked"), 2),
        (("parked", "duplicate", "refused", "announced"), 1),
    ],
)
def test_the_outcome_that_counts_does_not_depend_on_the_order_of_arrival(
    history: tuple[str, ...], final: int
) -> None:
    rows = [recorded(word, offset) for offset, word in enumerate(history)]
    for seed in range(10):
        fed = rows * 2
        random.Random(seed).shuffle(fed)
        row: OutcomeRow | None = None
        for each in fed:
            row = apply_outcome(each, row)
        assert row == rows[final], f"seed {seed}"


KEY = Counted("payments.events.v1", 0, 0, "larkpay", "shop", "PaymentSucceeded")


def test_a_count_takes_each_offset_once_however_often_a_partition_is_read() -> None:
    row: MinuteRow | None = None
    for offset in (0, 2, 5, 0, 2, 5, 7, 5, 7):
        row = apply_count(KEY, offset, row)
    assert row == MinuteRow(KEY, 4, 7)


def test_windows_are_whole_minutes_and_exclude_the_running_one() -> None:
    assert window_bounds(10 * 60_000 + 59_999, 1) == (9 * 60_000, 10 * 60_000)
    assert window_bounds(10 * 60_000, 15) == (-5 * 60_000, 10 * 60_000)


def test_success_is_paid_of_all_that_ended() -> None:
    counts = {"PaymentSucceeded": 3, "PaymentFailed": 1, "PaymentAuthorized": 9}
    assert success_ratio(counts) == 0.75
    assert success_ratio({"PaymentAuthorized": 9}) is None


def test_every_code_has_a_sentence() -> None:
    assert set(REASONS) >= {*REFUSED_CODES, *PARKED_CODES, DECISION}
    assert all(sentence.endswith(".") for sentence in REASONS.values())


def test_a_story_is_told_from_cause_to_effect() -> None:
    settler = Settler()
    settlement = settler.tell(fact("PaymentSucceeded", 1_000), "c")
    assert settlement.event is not None
    callback = CallbackRow(CALLBACK, "c", "larkpay", "shop", "CallbackReceived", START_MS, 2, None)
    # All at one moment: nothing but the kind can order them.
    outcome = replace(recorded("announced", 0), recorded_at_ms=START_MS)
    moments = timeline([callback], [outcome], [settlement.event])
    assert [moment.kind for moment in moments] == ["callback", "outcome", "event"]
    assert {moment.callback_id for moment in moments} == {"c"}


def test_a_record_of_others_has_a_row_too() -> None:
    record = Record("payments.callbacks.v1", 1, 7, START_MS, None, b"what", ())
    row = callback_row(record, foreign_id="payments.callbacks.v1:1:7")
    assert (row.kind, row.provider, row.received_at_ms) == ("Foreign", "unknown", START_MS)


def test_the_amount_of_a_row_names_its_currency() -> None:
    assert row_of(told(fact("PaymentSucceeded", 1_000))).money == eur(1_000)
