"""What the log holds after the run, read once for the page and its checks."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from schemas.callback import Callback, decode_callback
from schemas.event import Event, read_event
from schemas.fact import FactRecord, read_fact
from schemas.outcome import Outcome, read_outcome
from schemas.record import Record
from schemas.topics import Topics
from streams.books import Books, final_outcomes, read_books
from streams.log import Log
from streams.topology import existing_topics

BALANCE_S_MAX: Final = 60.0
LOOK_S: Final = 0.1


@dataclass(frozen=True)
class Stored:
    """A callback as it lies in the log, and the outcome that counts of each of its items."""

    callback: Callback
    record: Record
    outcomes: dict[int, Outcome]


@dataclass(frozen=True)
class Reading:
    """Everything of one run; `facts` by callback id and item, with the bytes that were written."""

    topics: Topics
    books: Books
    callbacks: dict[str, Stored]
    facts: dict[tuple[str, int], tuple[FactRecord, bytes]]
    events: tuple[Event, ...]

    @property
    def outcomes(self) -> list[tuple[Callback, Outcome]]:
        return [
            (s.callback, each) for s in self.callbacks.values() for each in s.outcomes.values()
        ]


async def read_when_balanced(log: Log, prefix: str, check: Callable[[], None]) -> Reading:
    """Wait until the books balance, at most a minute, and read the log; `check` may raise."""
    topics = await existing_topics(log, prefix)
    deadline_s = time.monotonic() + BALANCE_S_MAX
    while True:
        books = await read_books(log, topics)
        check()
        if books.balanced or time.monotonic() > deadline_s:
            reading = await _read(log, topics, books)
            # A callback of a sender that had hung up may come in between.
            if len(reading.callbacks) == books.callbacks or time.monotonic() > deadline_s:
                return reading
        await asyncio.sleep(LOOK_S)


async def _read(log: Log, topics: Topics, books: Books) -> Reading:
    recorded: dict[str, list[Outcome]] = {}
    async for record in log.read(topics.outcomes.name):
        outcome = read_outcome(record)
        recorded.setdefault(outcome.callback_id, []).append(outcome)
    events = [read_event(record) async for record in log.read(topics.events.name)]
    facts = {}
    async for record in log.read(topics.facts.name):
        fact = read_fact(record)
        facts[fact.callback_id, fact.item] = (fact, record.value or b"")
    callbacks = {
        callback.id: Stored(callback, record, final_outcomes(recorded.get(callback.id, [])))
        async for callback, record in _callbacks(log, topics)
    }
    return Reading(topics, books, callbacks, facts, tuple(events))


async def _callbacks(log: Log, topics: Topics) -> AsyncIterator[tuple[Callback, Record]]:
    async for record in log.read(topics.callbacks.name):
        yield decode_callback(record), record
