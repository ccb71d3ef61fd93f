"""First phases: what the log recorded, arranged by the place of each callback."""

from contextlib import aclosing

import orjson

from processors.replay import fact_digest
from schemas.errors import InvalidRecord
from schemas.outcome import read_outcome
from schemas.record import Record
from schemas.topics import Topics, partition_for_key
from streams.log import Log
from streams.replay.part import Part
from streams.replay.plan import Plan, Range
from streams.replay.store import FactRow, OutcomeRow


async def index_outcomes(log: Log, topics: Topics, plan: Plan, part: Part) -> None:
    """Note every outcome of a callback that is still held.

    Raises:
        InvalidRecord: an outcome of another version: the replay cannot say what it was.
    """
    topic = topics.outcomes.name
    starts = plan.starts[topics.callbacks.name]
    async with aclosing(log.read(topic, [part.number], end=plan.ends[topic])) as records:
        async for record in records:
            outcome = read_outcome(record)
            where = outcome.callback
            held = where.topic == topics.callbacks.name
            if held and where.offset >= starts.get(where.partition, 0):
                part.outcomes.append(
                    OutcomeRow(
                        where.partition, where.offset, record.partition, record.offset,
                        outcome.callback_id, outcome.item, outcome.items, outcome.outcome,
                        outcome.code, outcome.event_id, outcome.revision, record.timestamp_ms,
                    )
                )  # fmt: skip
            part.record_done()


async def index_facts(log: Log, topics: Topics, plan: Plan, part: Part, covered: Range) -> None:
    """Note the facts of the range: where they lie, what their bytes are, and their payments."""
    topic = topics.facts.name
    async with aclosing(log.read(topic, [part.number], end=plan.ends[topic])) as records:
        async for record in records:
            row = _fact_row(record, covered, topics)
            if row is not None:
                part.facts.append(row)
                part.keys.add((row.part, record.key or b""))
            part.record_done()


def _fact_row(record: Record, covered: Range, topics: Topics) -> FactRow | None:
    try:
        stated = orjson.loads(record.value or b"")
        if not covered.covers(stated["received_at_ms"], stated["provider"], stated["account"]):
            return None
        topic, partition, offset = stated["callback"]
        if topic != topics.callbacks.name:
            return None
        return FactRow(
            partition, offset, record.partition, record.offset, stated["item"],
            stated["revision"], stated["kid"], fact_digest(record.value or b""),
            partition_for_key(record.key or b"", topics.facts.partitions),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        if ("ce_type", b"io.tillstream.FactStated.v1") not in record.headers:
            return None  # Somebody else's record states nothing; settling passes it over as well.
        raise InvalidRecord("a fact that cannot be read") from error
