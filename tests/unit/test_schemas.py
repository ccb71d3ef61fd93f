"""JSON Schemas: every record that code can make is valid, and what it must not make is not."""

import json
from pathlib import Path

import jsonschema_rs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.event import (
    AMOUNT_REQUIRED,
    CARRIES,
    EVENT_TYPES,
    OPTIONAL_MONEY,
    dataschema,
    event_draft,
    event_members,
)
from schemas.fact import encode_fact
from schemas.ledger import encode_ledger
from schemas.money import MINOR_MAX, Money
from schemas.outcome import outcome_draft
from tests.golden.samples import event_of
from tests.support.settling import START_MS, Settler, bound, fact, total

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "schemas/events").glob("*.json")) + sorted(
    (ROOT / "schemas/records").glob("*.json")
)
GOLDENS = sorted((ROOT / "tests/golden/records").glob("*.json"))
LOADED = {file.name: json.loads(file.read_text("utf-8")) for file in FILES}
VALID = {name: jsonschema_rs.validator_for(schema) for name, schema in LOADED.items()}
SCHEMA_OF = {"fact": "Fact", "outcome": "Outcome", "ledger": "Ledger", "revision": "Revision"}


def schema_names(golden):
    """Return the schema files that a golden record must satisfy."""
    kind = golden.stem.partition(".")[0].split("-")[0]
    if kind == "event":
        event_type = golden.stem.split("-")[1].partition(".")[0]
        return [f"{event_type}.v1.json", f"{event_type}.v1.closed.json"]
    return [f"{SCHEMA_OF[kind]}.v1.json"] if kind in SCHEMA_OF else []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_schema_is_valid_by_its_own_dialect(file):
    jsonschema_rs.meta.validate(LOADED[file.name])
    assert LOADED[file.name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_ids_are_unique_and_the_open_one_is_what_events_name():
    ids = [schema["$id"] for schema in LOADED.values()]
    assert len(set(ids)) == len(ids)
    for event_type in EVENT_TYPES:
        assert LOADED[f"{event_type}.v1.json"]["$id"] == dataschema(event_type)


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.stem)
def test_golden_records_are_valid(golden):
    document = json.loads(golden.read_text("utf-8"))
    for name in schema_names(golden):
        VALID[name].validate(json.loads(document["value"]))


MONEY = st.builds(
    Money,
    st.integers(0, MINOR_MAX),
    st.sampled_from(["CNY", "JPY", "KWD", "ISK", "CLF"]),
    st.sampled_from([0, 2, 3, 4]),
)
TEXT = st.text(max_size=30)


@st.composite
def events(draw):
    kind = draw(st.sampled_from(EVENT_TYPES))
    members = {"occurred_at_ms": draw(st.one_of(st.none(), st.integers(0, 4 * 10**12)))}
    members["merchant_order_id"] = draw(st.one_of(st.none(), TEXT))
    members["payment_id"] = draw(st.one_of(st.none(), TEXT))
    for name in CARRIES[kind]:
        strategy = MONEY if name in OPTIONAL_MONEY else TEXT
        needed = name == "amount" and kind in AMOUNT_REQUIRED
        members[name] = draw(strategy if needed else st.one_of(st.none(), strategy))
    return event_of(kind, **members)


@given(events())
@settings(max_examples=200, deadline=None)
def test_every_event_that_can_be_made_is_valid(event):
    draft = event_draft(event, topic="events", partition=0, deployment="test")
    members = orjson.loads(draft.value)
    VALID[f"{event.type}.v1.json"].validate(members)
    VALID[f"{event.type}.v1.closed.json"].validate(members)


@given(events(), st.data())
@settings(max_examples=200, deadline=None)
def test_wrong_events_are_not_valid(event, data):
    members = event_members(event)
    wrong = data.draw(
        st.sampled_from(
            [
                {"type": "PaymentSucceeded" if event.type != "PaymentSucceeded" else "Paid"},
                {"mode": "production"},
                {"provider": None},
                {"provider": ""},
                {"payment_id": 17},
                {"occurred_at": "2026-11-23T04:05:06Z"},
                {"occurred_at": 1_700_000_000_000},
            ]
        )
    )
    for form in ("v1.json", "v1.closed.json"):
        assert not VALID[f"{event.type}.{form}"].is_valid(members | wrong)
        for name in ("type", "mode", "payment_id", "merchant_order_id", "occurred_at"):
            without = {key: value for key, value in members.items() if key != name}
            assert not VALID[f"{event.type}.{form}"].is_valid(without)


@pytest.mark.parametrize("kind", sorted(AMOUNT_REQUIRED))
@pytest.mark.parametrize(
    "amount",
    [
        None,
        {"minor": 1.5, "currency": "EUR", "exponent": 2},
        {"minor": "100", "currency": "EUR", "exponent": 2},
        {"minor": -1, "currency": "EUR", "exponent": 2},
        {"minor": MINOR_MAX + 1, "currency": "EUR", "exponent": 2},
        {"minor": 1, "currency": "eur", "exponent": 2},
        {"minor": 1, "currency": "EUR"},
    ],
)
def test_money_events_need_whole_money(kind, amount):
    members = event_members(event_of(kind)) | {"amount": amount}
    assert not VALID[f"{kind}.v1.json"].is_valid(members)
    del members["amount"]
    assert not VALID[f"{kind}.v1.json"].is_valid(members)


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_closed_form_refuses_what_the_type_may_not_carry_and_the_open_one_does_not(kind):
    members = event_members(event_of(kind)) | {"added_later": True}
    assert VALID[f"{kind}.v1.json"].is_valid(members)
    assert not VALID[f"{kind}.v1.closed.json"].is_valid(members)
    surplus = {"dispute_id", "refund_id", "capture_id", "method"} - set(CARRIES[kind])
    for name in surplus:
        extended = event_members(event_of(kind)) | {name: "X"}
        assert not VALID[f"{kind}.v1.closed.json"].is_valid(extended)


STATED = [
    fact("PaymentAuthorized", 500, dispute_id="D", refund_id="R", attempt_id="T"),
    fact("PaymentSucceeded", 500, capture_id="C", refund_id="R"),
    fact("PaymentReversed", 500, capture_id="C", merchant_refund_id="M"),
    fact("RefundCompleted", 100, refund_id="R", dispute_id="D"),
    fact("RefundFailed", None, refund_id="R", dispute_id="D"),
    total(200, refund_id="S", dispute_id="D"),
    fact("DisputeOpened", 500, dispute_id="D", refund_id="R"),
    fact("PaymentFailed", payment_id=None, refund_id="R"),
]


def test_settled_events_are_valid_whatever_the_fact_has_beside():
    settler = Settler()
    for stated in STATED:
        settlement = settler.tell(stated)
        if settlement.event is not None:
            members = event_members(settlement.event)
            VALID[f"{settlement.event.type}.v1.closed.json"].validate(members)
        VALID["Fact.v1.json"].validate(orjson.loads(encode_fact(bound(stated, "callback"))))
        VALID["Ledger.v1.json"].validate(orjson.loads(encode_ledger(settlement.state)))
        outcome = outcome_draft(settlement.outcome, topic="outcomes", partitions=4)
        VALID["Outcome.v1.json"].validate(orjson.loads(outcome.value))
    assert len(settler.events) == len(STATED)


def test_wrong_records_are_not_valid():
    encoded = orjson.loads(encode_fact(bound(fact("PaymentSucceeded", 500), "callback")))
    valid = VALID["Fact.v1.json"].is_valid
    assert valid(encoded)
    assert not valid(encoded | {"type": "PaymentLinked"})
    assert not valid(encoded | {"amount": [500, "EUR"]})
    assert not valid(encoded | {"amount": [500.5, "EUR", 2]})
    assert not valid(encoded | {"callback": ["topic", 1]})
    assert not valid(encoded | {"surplus": 1})
    assert not valid({name: value for name, value in encoded.items() if name != "amount"})
    outcome = {
        "callback_id": "c", "item": 0, "items": 1, "outcome": "refused", "code": "bad_signature",
        "event_id": None, "revision": None, "topic": "t", "partition": 0, "offset": START_MS,
    }  # fmt: skip
    valid = VALID["Outcome.v1.json"].is_valid
    assert valid(outcome)
    assert not valid(outcome | {"code": "conflict"})
    assert not valid(outcome | {"outcome": "announced"})
    assert not valid(outcome | {"code": None})
