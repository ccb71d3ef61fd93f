"""The inbox: each event's id as a unique key, in the transaction of its effect."""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, Protocol

import structlog

from schemas.callback import TYPE_PREFIX
from schemas.errors import InvalidRecord
from schemas.event import EVENT_TYPES, Event, EventType, read_event
from schemas.record import Record
from streams.downstream.tables import create_tables, storable
from streams.views.database import Database

Fate = Literal["applied", "known", "skipped", "failed"]
# What a record must say to be read at all: the type with its major version.
TYPES: Final = {f"{TYPE_PREFIX}{each}.v1".encode(): each for each in EVENT_TYPES}
_log = structlog.get_logger()


class Service(Protocol):
    """A consumer's business. `name` is its inbox and group; `types` what it wants to hear."""

    @property
    def name(self) -> str: ...

    @property
    def types(self) -> frozenset[EventType]: ...

    def effect(self, event: Event) -> None:
        """Write what follows from an event, in the transaction that the inbox has opened.

        Nothing outside the database may happen here: it would happen again, or without the rest.
        """


class Inbox:
    """Applies events to one service, each once. Used from one thread."""

    def __init__(self, database: Database, service: Service) -> None:
        create_tables(database)
        self.database = database
        self.service = service
        self._unknown: set[bytes] = set()

    def apply(self, records: Sequence[Record]) -> Counter[Fate]:
        """Apply records in order, all or nothing, and return how many came to which end.

        Raises:
            Unavailable: the database is; nothing was applied, and it may be tried again.
        """
        fates: Counter[Fate] = Counter()
        with self.database.transaction():
            for record in records:
                fates[self._take(record)] += 1
        return fates

    def _take(self, record: Record) -> Fate:
        if not self._is_wanted(record):
            return "skipped"
        try:
            event = read_event(record)
        except InvalidRecord as error:
            self._fail(record, str(error))
            return "failed"
        if not self._is_new(event):
            return "known"
        self.service.effect(event)
        return "applied"

    def _is_wanted(self, record: Record) -> bool:
        """Choose by `ce_type`: new types, and new majors of old ones, are not for this code."""
        ce_type = next((value for name, value in record.headers if name == "ce_type"), b"")
        event_type = TYPES.get(ce_type)
        if event_type is None and ce_type not in self._unknown:
            self._unknown.add(ce_type)
            _log.warning("downstream_unknown_type", consumer=self.service.name,
                         type=ce_type[:80].decode("latin-1"), alarm="downstream_unknown_type",
                         meaning="skipped; is this consumer older than its producer?")  # fmt: skip
        return event_type in self.service.types

    def _is_new(self, event: Event) -> bool:
        changed = self.database.run(
            "INSERT INTO downstream_inbox VALUES (?, ?) ON CONFLICT DO NOTHING",
            (self.service.name, event.id),
        )
        return changed == 1

    def _fail(self, record: Record, error: str) -> None:
        name = next((v.decode("latin-1") for n, v in record.headers if n == "ce_id"), "")
        _log.error("downstream_failure", consumer=self.service.name, topic=record.topic,
                   partition=record.partition, offset=record.offset, error=error,
                   alarm="downstream_failure")  # fmt: skip
        self.database.run(
            "INSERT INTO downstream_failures VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (self.service.name, *record.position, storable(name[:64]), error),
        )
