"""What became of one item of a callback. The last outcome of an item counts, except that
`announced`, `duplicate` and `superseded` stand whatever follows.
"""

from typing import Final

import orjson

from schemas.errors import InvalidRecord, OutcomeWord
from schemas.frozen import value
from schemas.record import Draft, Headers, Position, Record
from schemas.topics import partition_for_key

STANDING: Final = frozenset(("announced", "duplicate", "superseded"))
# Closes a conflict, a stale or a too old item: somebody decided, and the log says so.
DECISION: Final = "decision"
_HEADERS: Final[Headers] = (
    ("content-type", b"application/json"),
    ("ce_type", b"io.tillstream.OutcomeRecorded.v1"),
)


@value
class Outcome:
    """`code` says why (None for announced); `event_id` names the event announced or repeated."""

    callback_id: str
    item: int
    items: int
    outcome: OutcomeWord
    code: str | None
    event_id: str | None
    revision: str | None
    callback: Position


def outcome_draft(outcome: Outcome, *, topic: str, partitions: int, extra: Headers = ()) -> Draft:
    """Return the record of an outcome, keyed by callback id."""
    key = outcome.callback_id.encode()
    value = orjson.dumps(
        {
            "callback_id": outcome.callback_id,
            "item": outcome.item,
            "items": outcome.items,
            "outcome": outcome.outcome,
            "code": outcome.code,
            "event_id": outcome.event_id,
            "revision": outcome.revision,
            "topic": outcome.callback.topic,
            "partition": outcome.callback.partition,
            "offset": outcome.callback.offset,
        }
    )
    return Draft(topic, partition_for_key(key, partitions), key, value, _HEADERS + extra)


def read_outcome(record: Record) -> Outcome:
    """Return the outcome of a log record.

    Raises:
        InvalidRecord: not an outcome of this version.
    """
    try:
        members = orjson.loads(record.value or b"")
        return Outcome(
            members["callback_id"], members["item"], members["items"], members["outcome"],
            members["code"], members["event_id"], members["revision"],
            Position(members["topic"], members["partition"], members["offset"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecord("not an outcome record") from error
