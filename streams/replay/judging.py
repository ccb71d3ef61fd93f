"""Third phase: every callback of the range is judged again, under each revision of then.

The receive time comes with the callback and the revision with what was recorded of it; a released
callback was judged under several, and each of these verdicts is compared with its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from processors.contract import Providers
from processors.replay import (
    ItemDifference,
    Judge,
    RecordedVerdict,
    compare_verdict,
    lost_proof,
)
from processors.revised_account import RevisedAccount
from processors.verdict import Judgement, defective, unjudged
from schemas.callback import Callback, decode_callback
from schemas.errors import Foreign, UnknownKey
from schemas.outcome import Outcome
from schemas.record import Position, Record
from schemas.revision import RevisionKey
from schemas.times import parse_rfc3339
from schemas.topics import Topics, partition_for_key
from streams.books import final_outcomes
from streams.log import Log
from streams.replay.accounts import Revisions
from streams.replay.part import Part
from streams.replay.plan import Plan, Range
from streams.replay.store import DerivedRow, FactRow, OutcomeRow
from streams.verify import foreign_id


class _Placed(Protocol):
    @property
    def offset(self) -> int: ...


R = TypeVar("R", bound=_Placed)


class _Rows(Generic[R]):
    """Rows by offset, taken along with the callbacks: no lookup for each of them."""

    def __init__(self, rows: Iterator[R]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def at(self, offset: int) -> list[R]:
        found = []
        while self._next is not None and self._next.offset <= offset:
            if self._next.offset == offset:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingAgain:
    """What judges the callbacks of one partition."""

    log: Log
    topics: Topics
    plan: Plan
    covered: Range
    providers: Providers
    revisions: Revisions
    judge: Judge

    async def run(self, part: Part) -> None:
        topic = self.topics.callbacks.name
        outcomes = _Rows(part.store.recorded_outcomes(part.number))
        facts = _Rows(part.store.recorded_facts(part.number))
        reading = self.log.read(topic, [part.number], end=self.plan.ends[topic])
        async with aclosing(reading) as records:
            async for record in records:
                callback = _decoded(record)
                if _is_covered(record, callback, self.covered):
                    of_outcomes = outcomes.at(record.offset)
                    of_facts = facts.at(record.offset)
                    self._callback(part, record, callback, of_outcomes, of_facts)
                part.record_done()

    def _callback(
        self,
        part: Part,
        record: Record,
        callback: Callback | Foreign,
        outcomes: list[OutcomeRow],
        facts: list[FactRow],
    ) -> None:
        part.counts["callbacks"] += 1
        revisions = {row.revision for row in outcomes} | {row.revision for row in facts}
        if not revisions:
            self._unrecorded(part, record, callback)
        for revision in sorted(revisions, key=lambda name: name or ""):
            of_outcomes, of_facts = outcomes, facts
            if len(revisions) > 1:
                of_outcomes = [row for row in outcomes if row.revision == revision]
                of_facts = [row for row in facts if row.revision == revision]
            judged, revised = self._judged(record, callback, revision, newest=False)
            if judged is None:
                part.found("revision_unknown", _name(record), {"revision": revision})
                continue
            part.counts["facts"] += len(judged.facts)
            recorded = _recorded(of_outcomes, of_facts)
            differences = compare_verdict(recorded, judged)
            gone = () if revised is None else revised.gone
            if lost_proof(differences, recorded, judged, gone):
                self._note_lost(part, record, revision, recorded, gone, differences)
                continue
            for difference in differences:
                self._note(part, record, revision, judged, difference, of_facts)

    def _unrecorded(self, part: Part, record: Record, callback: Callback | Foreign) -> None:
        if record.offset >= self.plan.verified.get(record.partition, 0):
            part.counts["in_flight"] += 1
            return
        judged, _ = self._judged(record, callback, None, newest=True)
        part.found("nothing_recorded", _name(record), {"position": list(record.position)})
        if judged is not None:
            part.counts["facts"] += len(judged.facts)
            for fact, _ in judged.facts:
                self._instead(part, judged, fact.item, fact.revision, None)

    def _judged(
        self, record: Record, callback: Callback | Foreign, revision: str | None, *, newest: bool
    ) -> tuple[Judgement | None, RevisedAccount | None]:
        if isinstance(callback, Foreign):
            return unjudged(foreign_id(record), record.position, callback), None
        revised = None
        if revision is not None or newest:
            revised = self.revisions.get(callback.provider, callback.account, revision)
            if revised is None and not newest:
                return None, None
        provider = self.providers.get(callback.provider)
        if provider is None or revised is None:
            absent = UnknownKey("no such account was configured")
            return unjudged(callback.id, record.position, absent), None
        return self._judged_by(callback, record.position, provider, revised), revised

    def _judged_by(
        self, callback: Callback, position: Position, provider: Any, revised: RevisedAccount
    ) -> Judgement:
        try:
            return self.judge(callback, position, provider, revised.account)
        except Exception:  # noqa: BLE001 - as in verify: a defect of ours is an outcome
            return defective(callback.id, position, revised.account.revision)

    def _note_lost(
        self,
        part: Part,
        record: Record,
        revision: str | None,
        recorded: RecordedVerdict,
        gone: Sequence[RevisionKey],
        differences: Sequence[ItemDifference],
    ) -> None:
        _, provider, account = _source(record) or ("", "", "")
        named = {recorded.kids[d.item] for d in differences if d.item in recorded.kids}
        kids = sorted(named & {key.kid for key in gone}) or sorted({key.kid for key in gone})
        detail = {
            "provider": provider,
            "account": account,
            "revision": revision,
            "kids": kids,
            "items": [each.item for each in differences],
        }
        part.found("not_provable", _name(record), detail)

    def _note(
        self,
        part: Part,
        record: Record,
        revision: str | None,
        judged: Judgement,
        difference: ItemDifference,
        facts: list[FactRow],
    ) -> None:
        if difference.code == "fact_too_long_ago":
            part.counts[difference.code] += 1
            return
        newest = next((row for row in reversed(facts) if row.item == difference.item), None)
        if difference.code != "outcome_changed":
            self._instead(part, judged, difference.item, revision or "", newest)
        if difference.code == "fact_changed":
            # Explained when the recorded fact is read again, to be settled again.
            part.counts[difference.code] += 1
            return
        changes = difference.changes
        detail = {
            "item": difference.item,
            "revision": revision,
            "position": list(record.position),
            "changes": [[each.field, each.recorded, each.derived] for each in changes],
        }
        subject = named_item(_name(record), difference.item, revision)
        part.found(difference.code, subject, detail)

    def _instead(
        self, part: Part, judged: Judgement, item: int, revision: str, row: FactRow | None
    ) -> None:
        """Note what settling again takes instead of the recorded fact, or besides."""
        fact, octets = next(
            ((each, octets) for each, octets in judged.facts if each.item == item), (None, None)
        )
        partition = None if fact is None else self._partition(fact.key)
        if row is not None:
            elsewhere = partition not in (None, row.part)
            place = row.part, True, row.partition, row.offset, item, revision
            part.derived.append(DerivedRow(*place, octets, elsewhere))
        if fact is None or partition is None or fact.key is None:
            return
        part.keys.add((partition, fact.key))
        if row is None or partition != row.part:
            place = partition, False, fact.callback.partition, fact.callback.offset, item, revision
            part.derived.append(DerivedRow(*place, octets))

    def _partition(self, key: bytes | None) -> int:
        return partition_for_key(key or b"", self.topics.facts.partitions)


def _recorded(outcomes: list[OutcomeRow], facts: list[FactRow]) -> RecordedVerdict:
    said = [
        Outcome(
            row.callback_id, row.item, row.items, row.outcome, row.code, row.event_id,  # type: ignore[arg-type]
            row.revision, Position("", row.partition, row.offset),
        )
        for row in sorted(outcomes, key=attrgetter("log_partition", "place"))
    ]  # fmt: skip
    return RecordedVerdict(
        {row.item: row.digest for row in facts},
        {row.item: row.kid for row in facts},
        final_outcomes(said),
    )


def _decoded(record: Record) -> Callback | Foreign:
    try:
        return decode_callback(record)
    except Foreign as error:
        return error


def _is_covered(record: Record, callback: Callback | Foreign, covered: Range) -> bool:
    if not isinstance(callback, Foreign):
        return covered.covers(callback.received_at_ms, callback.provider, callback.account)
    # Not ours, but it may name an account; else its append time is all that dates it.
    return covered.covers(*(_source(record) or (record.timestamp_ms, "", "")))


def _source(record: Record) -> tuple[int, str, str] | None:
    """Return receive time, provider and account of a callback's record, None of any other."""
    fields = dict(record.headers)
    try:
        _, _, _, provider, account = fields["ce_source"].decode().split(":")
        return parse_rfc3339(fields["ce_time"].decode("ascii")), provider, account
    except (KeyError, ValueError):
        return None


def named_item(callback_id: str, item: int, revision: str | None) -> str:
    """Return how findings name one item under one revision."""
    return f"{callback_id} item {item} revision {revision}"


def _name(record: Record) -> str:
    return foreign_id(record)
