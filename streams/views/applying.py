"""Applying one record for an agent of Faust, out of which no exception may escape."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

import structlog

from schemas.errors import InvalidRecord
from schemas.record import Record
from streams.views.store import Store, Superseded

RETRIES_MAX: Final = 5
RETRY_S: Final = 0.1
_log = structlog.get_logger()


class Applying:
    """Applies one record at a time and never lets an exception out: Faust would skip the record.

    Bounded retries, then a row that names the record; where that fails too, the process ends
    with the offset where it was.
    """

    def __init__(self, store: Store, *, give_up: Callable[[int], object] = os._exit) -> None:
        self._store = store
        self._give_up = give_up

    async def apply(self, record: Record) -> list[tuple[str, int]]:
        """Return the table's keys and counts that changed."""
        error = "not tried"
        for attempt in range(RETRIES_MAX):
            try:
                changed = self._store.apply([record])
            except Superseded:
                # Another process builds the rows anew: only a fresh start knows where to begin.
                _log.error("views_superseded", meaning="the views were rebuilt; starting anew")
                self._give_up(1)
                return []
            except InvalidRecord as invalid:
                error = str(invalid)
                break
            except Exception as failed:  # noqa: BLE001 - Faust would take it for success
                error = type(failed).__name__
                _log.warning("views_retry", attempt=attempt, error=error)
                await asyncio.sleep(RETRY_S * 2**attempt)
            else:
                return [(table_key(row.key.partition, row.key.provider, row.key.account,
                                   row.key.what), row.count)
                        for row in changed if record.topic == row.key.topic]  # fmt: skip
        self._name(record, error)
        return []

    def _name(self, record: Record, error: str) -> None:
        _log.error("views_record_failed", topic=record.topic, partition=record.partition,
                   offset=record.offset, error=error, alarm="views_failure")  # fmt: skip
        try:
            self._store.fail(record, error)
        except Exception as failed:  # noqa: BLE001 - whatever it is, the offset must not move
            _log.error("views_give_up", error=type(failed).__name__)
            self._give_up(1)


def table_key(partition: int, provider: str, account: str, what: str) -> str:
    """Return the key of a count; the partition, for a worker's table holds several."""
    return f"{partition}|{provider}|{account}|{what}"
