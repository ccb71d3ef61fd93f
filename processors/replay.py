"""What differs between verdicts and events of then and those of today: pure.

Facts byte for byte; events per payment as sets, with order, sequence and provenance apart.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from processors.account import Account
from processors.contract import Provider
from processors.verdict import Judgement
from schemas.callback import Callback
from schemas.errors import (
    CONFLICT,
    DEFECT,
    TOO_OLD,
    BadSignature,
    Undecryptable,
    UnknownKey,
)
from schemas.event import Event, event_members
from schemas.outcome import DECISION, STANDING, Outcome
from schemas.record import Position
from schemas.revision import RevisionKey

Judge = Callable[[Callback, Position, Provider[Any], Account], Judgement]
# What a verdict says where a key is not there; nothing else can follow from its absence.
_KEY_CODES: Final = frozenset((BadSignature.reason, UnknownKey.reason, Undecryptable.reason))
_SETTLED_CODES: Final = frozenset((CONFLICT, TOO_OLD, DEFECT))
# Where an event stands and what led to it: the same set of events may differ in these.
_PLACING: Final = ("sequence", "out_of_order", "causation_id", "causation_item", "recorded_at_ms")
_MARKS: Final = ("key", "part_id", "derived", "unlinked", "reverses")


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what was recorded and what comes out today; None: absent."""

    field: str
    recorded: Any
    derived: Any


@dataclass(frozen=True, slots=True)
class ItemDifference:
    """What differs about one item. `code` is `fact_changed`, `fact_gone`, `fact_new`,
    `fact_too_long_ago` (not held any more: nothing to compare with), or `outcome_changed`."""

    item: int
    code: Literal["fact_changed", "fact_gone", "fact_new", "fact_too_long_ago", "outcome_changed"]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """What the log says of one callback under one revision.

    `facts`: digest (`fact_digest`) of the newest fact of each item; `kids` of those facts;
    `outcomes`: the final outcome of each item.
    """

    facts: Mapping[int, bytes] = field(default_factory=dict)
    kids: Mapping[int, str] = field(default_factory=dict)
    outcomes: Mapping[int, Outcome] = field(default_factory=dict)


def fact_digest(octets: bytes) -> bytes:
    """Return 16 bytes that stand for a fact's bytes."""
    return hashlib.blake2b(octets, digest_size=16).digest()


def compare_verdict(recorded: RecordedVerdict, judged: Judgement) -> tuple[ItemDifference, ...]:
    """Return what differs, item by item; none: byte for byte the same."""
    facts = {record.item: octets for record, octets in judged.facts}
    outcomes = {outcome.item: outcome for outcome in judged.outcomes}
    items = sorted({*recorded.facts, *recorded.outcomes, *facts, *outcomes})
    found = (
        _item_difference(
            item, recorded.facts.get(item), recorded.outcomes.get(item), facts.get(item),
            outcomes.get(item),
        )
        for item in items
    )  # fmt: skip
    return tuple(difference for difference in found if difference is not None)


def _item_difference(
    item: int,
    fact_then: bytes | None,
    outcome_then: Outcome | None,
    fact_now: bytes | None,
    outcome_now: Outcome | None,
) -> ItemDifference | None:
    said = (Change("outcome", _word(outcome_then), _word(outcome_now)),)
    if fact_now is not None:
        if fact_then is not None:
            same = fact_digest(fact_now) == fact_then
            return None if same else ItemDifference(item, "fact_changed")
        settled = outcome_then is not None and _was_settled(outcome_then)
        return ItemDifference(item, "fact_too_long_ago" if settled else "fact_new", said)
    if fact_then is not None or (outcome_then is not None and _was_announced(outcome_then)):
        return ItemDifference(item, "fact_gone", said)
    if outcome_then is not None and outcome_then.code == DECISION:
        return None  # A person closed it; what the verdict was stands before it in the history.
    return None if said[0].recorded == said[0].derived else ItemDifference(
        item, "outcome_changed", said
    )  # fmt: skip


def _was_announced(outcome: Outcome) -> bool:
    return outcome.outcome in STANDING


def _was_settled(outcome: Outcome) -> bool:
    """Whether a fact stood behind the outcome: settling wrote it."""
    return _was_announced(outcome) or outcome.code in (*_SETTLED_CODES, DECISION)


def _word(outcome: Outcome | None) -> str | None:
    if outcome is None:
        return None
    return outcome.outcome if outcome.code is None else f"{outcome.outcome} {outcome.code}"


def lost_proof(
    differences: Sequence[ItemDifference],
    recorded: RecordedVerdict,
    judged: Judgement,
    gone: Sequence[RevisionKey],
) -> bool:
    """Whether all that differs follows from keys of then that are not there any more.

    Only an item that fails for want of a key does; a fact that comes out with other bytes never.
    """
    if not gone or not differences:
        return False
    if any(each.code not in ("fact_gone", "outcome_changed") for each in differences):
        return False
    said = {outcome.item: outcome.code for outcome in judged.outcomes}
    # Where a callback is refused as a whole, its other items are not there at all.
    if any(said.get(each.item, BadSignature.reason) not in _KEY_CODES for each in differences):
        return False
    if any(key.use != "verify" for key in gone):
        return True  # What a key that is still there signed cannot be opened.
    kids = {key.kid for key in gone}
    return all(recorded.kids.get(each.item) in (None, *kids) for each in differences)


def fact_changes(recorded: bytes, derived: bytes) -> tuple[Change, ...]:
    """Return which members of two facts differ; `bytes` where only their spelling does."""
    then, now = orjson.loads(recorded), orjson.loads(derived)
    changes = _changes(then, now)
    if not changes and recorded != derived:
        return (Change("bytes", f"{len(recorded)} bytes", f"{len(derived)} bytes"),)
    return changes


def _changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(name, then.get(name), now.get(name))
        for name in dict.fromkeys((*then, *now))
        if then.get(name) != now.get(name) or (name in then) != (name in now)
    )


@dataclass(frozen=True, slots=True)
class EventDifferences:
    """`missing`: recorded, not derived today; `surplus`: the other way round; `changed`: events
    of one id; `placed`: order, sequence and provenance of events that are the same otherwise."""

    missing: tuple[Event, ...]
    surplus: tuple[Event, ...]
    changed: tuple[tuple[str, tuple[Change, ...]], ...]
    placed: tuple[tuple[str, tuple[Change, ...]], ...]

    @property
    def same_set(self) -> bool:
        return not (self.missing or self.surplus or self.changed)


def compare_events(recorded: Sequence[Event], derived: Sequence[Event]) -> EventDifferences:
    """Return what differs between a payment's events of then and of today, as sets."""
    then = {event.id: (place, event) for place, event in enumerate(recorded)}
    now = {event.id: (place, event) for place, event in enumerate(derived)}
    changed, placed = [], []
    for event_id in (each for each in then if each in now):
        if then[event_id] == now[event_id]:
            continue
        (place_then, before), (place_now, after) = then[event_id], now[event_id]
        content = _changes(_content(before), _content(after))
        placing = _changes(_placing(before, place_then), _placing(after, place_now))
        if content:
            changed.append((event_id, content))
        if placing:
            placed.append((event_id, placing))
    return EventDifferences(
        tuple(event for event_id, (_, event) in then.items() if event_id not in now),
        tuple(event for event_id, (_, event) in now.items() if event_id not in then),
        tuple(changed),
        tuple(placed),
    )


def _content(event: Event) -> dict[str, Any]:
    content = event_members(event)
    for name in _MARKS:
        mark = getattr(event, name)
        content[name] = mark.decode() if isinstance(mark, bytes) else mark
    return content


def _placing(event: Event, place: int) -> dict[str, Any]:
    return {"order": place + 1} | {name: getattr(event, name) for name in _PLACING}
