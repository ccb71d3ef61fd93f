"""Random facts in random orders, with duplicates, redeliveries and restarts of verify and settle.

The model knows every happening by its identity; what it may never see: two announcements of one,
a gap in a sequence, a state that is not the fold of its events, sums that do not add up.
"""

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from processors.settle import fold
from schemas.event import Event, event_draft, read_event
from schemas.fact import FactRecord
from schemas.ledger import LedgerState, encode_ledger
from schemas.record import Draft, Record
from tests.support.settling import START_MS, Settler, bound, eur, fact, word

PAYMENTS = st.sampled_from(["P", "Q/é", None])
ORDERS = st.sampled_from(["A-17", "订单/1", None])
NAMES = st.sampled_from(["1", "2", "ü:3"])
AMOUNTS = st.sampled_from([100, 200, 500])
KINDS = st.sampled_from(
    [
        "PaymentAuthorized",
        "PaymentSucceeded",
        "PaymentFailed",
        "PaymentClosed",
        "PaymentReversed",
        "RefundCompleted",
        "RefundFailed",
        "RefundTotal",
        "DisputeOpened",
        "DisputeWon",
        "DisputeLost",
    ]
)
MINUTES = st.one_of(st.none(), st.integers(0, 60))


def as_record(draft: Draft) -> Record:
    return Record(draft.topic, draft.partition, 0, START_MS, draft.key, draft.value, draft.headers)


def through_its_record(event: Event) -> Event:
    return read_event(
        as_record(event_draft(event, topic="events", partition=0, deployment="test"))
    )


@st.composite
def stated(draw):
    kind, minute = draw(KINDS), draw(MINUTES)
    members = {
        "payment_id": draw(PAYMENTS),
        "merchant_order_id": draw(ORDERS),
        "occurred_at_ms": None if minute is None else START_MS + minute * 60_000,
    }
    minor = draw(AMOUNTS)
    if kind == "RefundTotal":
        members |= {"payment_id": "P", "refunded_total": eur(minor)}
        members["refund_id"] = draw(st.one_of(st.none(), NAMES))
        return fact(kind, **members)
    if kind.startswith("Refund"):
        members["refund_id"] = draw(NAMES)
    elif kind.startswith("Dispute"):
        members["dispute_id"] = draw(NAMES)
    elif kind == "PaymentFailed":
        members |= {"reverses_success": draw(st.booleans())}
        members["attempt_id"] = draw(st.one_of(st.none(), NAMES))
    elif kind in ("PaymentSucceeded", "PaymentReversed"):
        members["capture_id"] = draw(st.one_of(st.none(), st.just("1")))
    if kind not in ("PaymentFailed", "PaymentClosed") and not kind.startswith(("Ref", "Disp")):
        members["payment_id"] = members["payment_id"] or "P"
    return fact(kind, minor, **members)


class Settling(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.settler = Settler()
        self.told: list[FactRecord] = []
        self.announced_by: dict[tuple[str, int], str] = {}
        self.outcomes: dict[tuple[str, int], str] = {}

    @rule(batch=st.lists(stated(), min_size=1, max_size=3))
    def new_callback(self, batch):
        name = f"callback-{len(self.told)}"
        for item, each in enumerate(batch):
            record = bound(each, name, item=item, items=len(batch))
            if record.key is not None:
                self.told.append(record)
                self._tell(record)

    @rule(data=st.data())
    def redelivery_by_the_provider(self, data):
        if self.told:
            record = data.draw(st.sampled_from(self.told))
            again = bound(record.fact, f"again-{len(self.told)}-{len(self.outcomes)}")
            self.told.append(again)
            settlement = self._tell(again)
            if (record.callback_id, record.item) in self.announced_by:
                assert word(settlement) == ("duplicate", None) or settlement.event is None

    @rule(data=st.data())
    def verify_judges_a_batch_again(self, data):
        if self.told:
            record = data.draw(st.sampled_from(self.told))
            announced = (record.callback_id, record.item) in self.announced_by
            settlement = self._tell(record)
            if announced:
                assert (settlement.event, settlement.outcome) == (None, None)

    @rule()
    def settle_starts_again_from_the_events(self):
        states = defaultdict(LedgerState)
        for event in map(through_its_record, self.settler.events):
            states[event.key] = states[event.key].after(event)
        self.settler.ledger = {key: encode_ledger(state) for key, state in states.items()}

    def _tell(self, record):
        before = self.settler.state(record.key)
        settlement = self.settler.take(record)
        item = (record.callback_id, record.item)
        if settlement.event is None:
            assert settlement.state == (before or LedgerState())
        else:
            assert item not in self.announced_by, "one callback item announced two events"
            self.announced_by[item] = settlement.event.id
            assert settlement.event.causation_id == record.callback_id
        if settlement.outcome is not None:
            self.outcomes[item] = settlement.outcome.outcome
            assert settlement.outcome.callback == record.callback
        # Promise 2: whoever was told has an outcome, now or from before.
        assert item in self.outcomes
        return settlement

    @invariant()
    def each_identity_is_announced_once(self):
        ids = [event.id for event in self.settler.events]
        assert len(ids) == len(set(ids))

    @invariant()
    def sequences_have_no_gaps_and_ledger_is_the_fold(self):
        by_key = defaultdict(list)
        for event in self.settler.events:
            by_key[event.key].append(event)
        assert set(by_key) == set(self.settler.ledger)
        for key, events in by_key.items():
            assert [event.sequence for event in events] == list(range(1, len(events) + 1))
            assert self.settler.state(key) == fold(map(through_its_record, events))

    @invariant()
    def linking_and_reversing_happen_once(self):
        reversed_ids = [event.reverses for event in self.settler.events if event.reverses]
        ids = [event.id for event in self.settler.events]
        assert all(each in ids for each in reversed_ids)
        linked = [event.key for event in self.settler.events if event.type == "PaymentLinked"]
        assert len(linked) == len(set(linked))


Settling.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestSettling = Settling.TestCase


class Totals(RuleBasedStateMachine):
    """A provider that states running totals only, with and without refund ids."""

    @initialize(named=st.booleans())
    def begin(self, named):
        self.settler = Settler()
        self.settler.tell(fact("PaymentSucceeded", 10_000))
        self.named = named
        self.statements = []
        self.sum = 0

    @rule(rise=st.integers(1, 300), deliver=st.booleans())
    def refund(self, rise, deliver):
        self.sum += rise
        count = len(self.statements)
        self.statements.append(
            fact(
                "RefundTotal",
                refunded_total=eur(self.sum),
                refund_id=f"R{count}" if self.named else None,
                occurred_at_ms=START_MS + count,
            )
        )
        if deliver:
            self.settler.tell(self.statements[-1])

    @rule(data=st.data())
    def delivery_in_any_order_and_again(self, data):
        if self.statements:
            self.settler.tell(data.draw(st.sampled_from(self.statements)))

    @invariant()
    def rises_add_up_to_the_highest_total(self):
        derived = [event for event in self.settler.events if event.derived]
        highest = max((event.refunded_total.minor for event in derived), default=0)
        assert sum(event.amount.minor for event in derived) == highest <= self.sum
        assert all(event.amount.minor > 0 for event in derived)


Totals.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestTotals = Totals.TestCase


class FailingTotals(RuleBasedStateMachine):
    """Statements in their order, refunds that fail, and redeliveries of anything at any time."""

    @initialize()
    def begin(self):
        self.settler = Settler()
        self.settler.tell(fact("PaymentSucceeded", 100_000))
        self.net = 0
        self.now = START_MS
        self.standing = {}
        self.statements = []

    def _time(self):
        self.now += 1
        return self.now

    @rule(rise=st.integers(1, 300))
    def refund(self, rise):
        self.net += rise
        name = f"R{len(self.statements)}"
        self.standing[name] = rise
        statement = fact(
            "RefundTotal",
            refunded_total=eur(self.net),
            refund_id=name,
            occurred_at_ms=self._time(),
        )
        self.statements.append(statement)
        self.settler.tell(statement)

    @rule(data=st.data())
    def refund_fails(self, data):
        if self.standing:
            name = data.draw(st.sampled_from(sorted(self.standing)))
            lost = self.standing.pop(name)
            self.net -= lost
            statement = fact("RefundFailed", lost, refund_id=name, occurred_at_ms=self._time())
            self.statements.append(statement)
            self.settler.tell(statement)

    @rule(data=st.data())
    def redelivery(self, data):
        if self.statements:
            settlement = self.settler.tell(data.draw(st.sampled_from(self.statements)))
            assert settlement.event is None

    @invariant()
    def consumers_sum_is_the_providers(self):
        refunds = [event for event in self.settler.events if event.refunded_total is not None]
        assert (refunds[-1].refunded_total.minor if refunds else 0) == self.net
        rises = sum(event.amount.minor for event in refunds if event.derived)
        failed = sum(event.amount.minor for event in refunds if event.type == "RefundFailed")
        assert rises - failed == self.net


FailingTotals.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestFailingTotals = FailingTotals.TestCase
