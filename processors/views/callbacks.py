"""One row per stored callback: what its record says without its body."""

from dataclasses import dataclass
from typing import Final

from schemas.callback import decode_callback
from schemas.errors import Foreign
from schemas.record import Position, Record

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """`id` may stand twice in a topic that others wrote to; `position` cannot."""

    position: Position
    id: str
    provider: str
    account: str
    kind: str
    received_at_ms: int
    body_bytes: int
    causation_id: str | None


def callback_row(record: Record, *, foreign_id: str) -> CallbackRow:
    """Return the row of a record; `foreign_id` names it where it is none of ours.

    The row depends on nothing but the record: writing it again changes nothing.
    """
    try:
        callback = decode_callback(record)
    except Foreign:
        return CallbackRow(
            record.position, foreign_id, UNKNOWN, UNKNOWN, "Foreign", record.timestamp_ms,
            len(record.value or b""), None,
        )  # fmt: skip
    return CallbackRow(
        record.position, callback.id, callback.provider, callback.account, callback.kind,
        callback.received_at_ms, len(callback.body), callback.causation_id,
    )  # fmt: skip
