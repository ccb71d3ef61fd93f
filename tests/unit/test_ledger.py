"""The ledger is a cache of the events, of bounded size, and its expiry cannot double."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.expiry import expires_at_ms
from processors.settle import fold
from schemas.errors import InvalidRecord
from schemas.ledger import (
    ANNOUNCED_MAX,
    LEDGER_BYTES_MAX,
    LedgerState,
    decode_ledger,
    encode_ledger,
)
from schemas.times import DAY_MS
from tests.support.settling import LEDGER_DAYS, START_MS, Settler, bound, fact, total, word

DUPLICATE = ("duplicate", None)
TOO_OLD = ("parked", "too_old")
DEFECT = ("parked", "defect")
KEY = b"larkpay/ledger-1/P"


def test_state_of_another_version_is_not_read():
    octets = encode_ledger(LedgerState()).replace(b'"v":1', b'"v":2')
    with pytest.raises(InvalidRecord):
        decode_ledger(octets)


@pytest.mark.parametrize("octets", [b"", b"[]", b"null", b'{"v":1}', b'{"v":1,"announced":[[]]}'])
def test_damaged_state_is_not_read(octets):
    with pytest.raises(InvalidRecord):
        decode_ledger(octets)


def filled(count, name="R{}"):
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 1_000_000))
    for number in range(count - 1):
        settler.tell(fact("RefundCompleted", 1, refund_id=name.format(number)))
    return settler


def test_thousand_facts_are_kept_and_one_more_is_parked():
    settler = filled(ANNOUNCED_MAX - 1)
    last = fact("RefundCompleted", 1, refund_id="last")
    assert word(settler.tell(last, "last")) == ("announced", None)
    settlement = settler.tell(fact("RefundCompleted", 1, refund_id="one more"))
    assert word(settlement) == DEFECT
    assert settlement.alarms == ("too_many_facts",)
    assert len(settler.events) == ANNOUNCED_MAX
    # A full state still knows what it announced.
    assert settler.tell(last, "last").outcome is None
    assert word(settler.tell(last)) == DUPLICATE


def test_state_with_long_ids_stays_below_the_message_size():
    """A ledger record that the broker refuses would stop its partition for ever."""
    settler = filled(200, "{:014000d}")
    assert max(map(len, settler.ledger.values())) <= LEDGER_BYTES_MAX
    assert "too_many_facts" in settler.alarms
    assert word(settler.tell(fact("PaymentSucceeded", 1_000_000))) == DUPLICATE


def test_fact_older_than_the_ledger_is_parked():
    settler = Settler()
    limit = START_MS - LEDGER_DAYS * DAY_MS
    assert word(settler.tell(fact("PaymentSucceeded", 5, occurred_at_ms=limit - 1))) == TOO_OLD
    assert settler.ledger == {}
    assert word(settler.tell(fact("PaymentSucceeded", 5, occurred_at_ms=limit))) != TOO_OLD


def test_old_fact_of_a_known_payment_is_not_too_old():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500))
    settler.pass_days(LEDGER_DAYS - 10)
    old = fact("RefundCompleted", 5, refund_id="R", occurred_at_ms=settler.now_ms - 600 * DAY_MS)
    assert word(settler.tell(old)) == ("announced", None)


def test_payment_knows_its_facts_since_its_first_event():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500))
    settler.pass_days(300)
    settler.tell(fact("RefundCompleted", 5, refund_id="R", occurred_at_ms=settler.now_ms))
    old = fact("DisputeOpened", dispute_id="D", occurred_at_ms=START_MS - 300 * DAY_MS)
    assert word(settler.tell(old)) == ("announced", None)


def test_payment_without_provider_time_never_expires():
    settler = Settler()
    timeless = fact("PaymentSucceeded", 500, occurred_at_ms=None)
    settler.tell(timeless)
    settler.tell(fact("RefundCompleted", 5, refund_id="R"))
    assert expires_at_ms(settler.state(KEY), LEDGER_DAYS) is None
    settler.pass_days(10_000)
    assert settler.expire() == 0
    assert word(settler.tell(timeless)) == DUPLICATE


def test_payment_lives_its_days_after_its_last_event():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500))
    settler.pass_days(300)
    settler.tell(fact("RefundCompleted", 5, refund_id="R", occurred_at_ms=settler.now_ms))
    settler.pass_days(LEDGER_DAYS + 0.5)
    # Half a day more: the clock of the next owner may be behind the one that drops the record.
    assert settler.expire() == 0
    settler.pass_days(2)
    assert settler.expire() == 1


def test_callback_released_after_the_expiry_is_withheld():
    """It was received while the payment lived; only the moment of settling tells."""
    settler = Settler()
    received = settler.now_ms
    settler.tell(fact("PaymentSucceeded", 500))
    settler.pass_days(LEDGER_DAYS + 30)
    assert settler.expire() == 1
    sibling = fact("PaymentSucceeded", 500)
    assert word(settler.tell(sibling, "parked sibling", received_at_ms=received)) == TOO_OLD
    timeless = fact("PaymentSucceeded", 500, occurred_at_ms=None)
    assert word(settler.tell(timeless, "timeless", received_at_ms=received)) == TOO_OLD
    assert len(settler.events) == 1


def test_payment_that_came_back_after_its_expiry_does_not_announce_its_first_life():
    settler = Settler()
    settler.tell(fact("PaymentSucceeded", 500))
    settler.pass_days(LEDGER_DAYS + 30)
    settler.expire()
    late = fact("RefundCompleted", 5, refund_id="R", occurred_at_ms=settler.now_ms)
    assert word(settler.tell(late)) == ("announced", None)
    assert word(settler.tell(fact("PaymentSucceeded", 500))) == TOO_OLD
    assert settler.types == ["PaymentSucceeded", "RefundCompleted"]


FACTS = st.one_of(
    st.builds(
        lambda kind: fact(kind, 500), st.sampled_from(["PaymentSucceeded", "PaymentClosed"])
    ),
    st.builds(
        lambda kind, name: fact(kind, 100, refund_id=name),
        st.sampled_from(["RefundCompleted", "RefundFailed"]),
        st.sampled_from("AB"),
    ),
    st.builds(lambda name: fact("DisputeOpened", dispute_id=name), st.sampled_from("XY")),
    st.builds(lambda minor: total(minor), st.sampled_from([100, 200, 300])),
)
LATENESS_MS = st.integers(-2 * DAY_MS, 2 * DAY_MS)
CLOCK_SKEW_MS = 3_600_000


@st.composite
def deliveries(draw):
    """Return (days waited, fact number, owner's clock error, days since it was received)."""
    count = draw(st.integers(1, 4))
    stated = [(draw(FACTS), draw(LATENESS_MS)) for _ in range(count)]
    steps = draw(
        st.lists(
            st.tuples(
                st.sampled_from([0, 1, 200, LEDGER_DAYS - 1, LEDGER_DAYS, LEDGER_DAYS + 1, 2_000]),
                st.integers(0, count - 1),
                st.integers(-CLOCK_SKEW_MS, CLOCK_SKEW_MS),
                st.booleans(),
            ),
            min_size=2,
            max_size=12,
        )
    )
    return stated, steps


@given(deliveries())
@settings(max_examples=400, deadline=None)
def test_expiry_can_withhold_and_never_double(case):
    """Each fact is one happening: redelivered or released, whenever, it is announced at most once.

    The provider's time of a fact may lie on either side of its receipt, and the owner's clock may
    be off by an hour either way.
    """
    stated, steps = case
    settler = Settler()
    true_ms = START_MS
    first_received = {}
    facts = {}
    for days, number, error_ms, released in steps:
        true_ms += days * DAY_MS
        settler.now_ms = true_ms + error_ms
        settler.expire()
        received = first_received.setdefault(number, true_ms)
        if number not in facts:
            base, lateness = stated[number]
            members = {"occurred_at_ms": true_ms - lateness}
            facts[number] = type(base)(
                **{name: getattr(base, name) for name in base.__dataclass_fields__} | members
            )
        settler.take(
            bound(
                facts[number],
                f"callback-{number}" if released else f"again-{len(settler.events)}-{days}",
                received_at_ms=received if released else true_ms,
            )
        )
    happenings = [(event.id, event.occurred_at_ms) for event in settler.events]
    assert len(set(happenings)) == len(happenings)


ID = st.text(min_size=1, max_size=12)


@given(st.lists(st.tuples(ID, st.integers(0, 10**6)), max_size=20))
@settings(max_examples=50, deadline=None)
def test_state_is_the_fold_of_events_with_any_ids(refunds):
    settler = Settler()
    for name, minor in refunds:
        settler.tell(fact("RefundCompleted", minor, refund_id=name))
    state = settler.state(KEY)
    assert (state or LedgerState()) == fold(settler.events)
