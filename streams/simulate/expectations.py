"""What a run should lead to, as JSON lines, and whether a log's events agree with it."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

import orjson

from schemas.event import Event
from streams.simulate.messages import Delivery, ExpectedEvent

_Told = tuple[str, str, str | None]  # provider, event type, payment


def expectation_members(delivery: Delivery) -> dict[str, Any]:
    """Return one line of an expectations file.

    `outcome` of an item is the one when the story's callbacks are processed in order; where they
    change places `announced`, `duplicate` and `superseded` may change places too.
    """
    expectation = delivery.expectation
    return {
        "body_sha256": hashlib.sha256(delivery.message).hexdigest(),
        "provider": delivery.provider,
        "account": delivery.account,
        "scenario": delivery.scenario,
        "story": delivery.story,
        "http": expectation.http,
        "any_order": expectation.any_order,
        "items": [
            {
                "outcome": item.outcome,
                "code": item.code,
                "event": None if item.event is None else _members(item.event),
            }
            for item in expectation.items
        ],
    }


def expectation_line(delivery: Delivery) -> bytes:
    """Return `expectation_members` as one line of JSON."""
    return orjson.dumps(expectation_members(delivery), option=orjson.OPT_APPEND_NEWLINE)


def event_agrees(expected: ExpectedEvent, event: Event) -> bool:
    """Whether an event states what was expected; only what the expectation names is compared."""
    amount, total = event.amount, event.refunded_total
    stated = {
        "type": event.type,
        "payment_id": event.payment_id,
        "merchant_order_id": event.merchant_order_id,
        "refund_id": event.refund_id,
        "amount_minor": None if amount is None else amount.minor,
        "currency": None if amount is None else amount.currency,
        "refunded_total_minor": None if total is None else total.minor,
    }
    return all(stated[name] == value for name, value in _members(expected).items())


def event_differences(deliveries: Iterable[Delivery], events: Iterable[Event]) -> tuple[str, ...]:
    """Return how the events of a log differ from what deliveries should lead to, as sentences.

    Good for any order of processing: each expected event must be there, and no more events of its
    type for its payment than expected. Where a story's events depend on the order of processing,
    the type has to be there and may come in other steps. Events of other payments are not looked
    at.
    """
    found: dict[_Told, list[Event]] = {}
    for event in events:
        found.setdefault((event.provider, event.type, event.payment_id), []).append(event)
    wanted: dict[_Told, set[tuple[ExpectedEvent, bool]]] = {}
    for delivery in deliveries:
        for item in delivery.expectation.items:
            if item.event is not None:
                told = (delivery.provider, item.event.type, item.event.payment_id)
                each = (item.event, delivery.expectation.any_order)
                wanted.setdefault(told, set()).add(each)
    differences = []
    for told, expected in wanted.items():
        listed = found.get(told, [])
        name = " ".join(map(str, told))
        missing = [e for e, any_order in expected if not _is_there(e, listed, any_order)]
        differences += [f"missing: {name} {each.refund_id or ''}".rstrip() for each in missing]
        # A running total told in another order rises in other and in more or fewer steps.
        ordered = all(any_order for _, any_order in expected)
        if ordered and len(listed) > len(expected):
            differences.append(f"{len(listed) - len(expected)} too many: {name}")
    return tuple(differences)


def _is_there(expected: ExpectedEvent, events: list[Event], any_order: bool) -> bool:
    if not any_order:
        return bool(events)
    # The sum beside a refund tells which came first, so it is left to ordered comparisons.
    return any(event_agrees(replace(expected, refunded_total_minor=None), e) for e in events)


def _members(expected: ExpectedEvent) -> dict[str, Any]:
    return {name: value for name, value in asdict(expected).items() if value is not None}
