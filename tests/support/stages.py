"""Verify and settle on a log in memory, driven to the end of what is there."""

import json
import uuid
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry

from processors.account import Account
from processors.account_form import Digest, revision_of
from processors.contract import Providers
from processors.registry import PROVIDERS
from processors.vectors import case_account, case_callback
from schemas.callback import Callback, encode_callback
from schemas.event import Event, read_event
from schemas.outcome import Outcome, read_outcome
from schemas.record import Draft
from schemas.revision import Revision
from schemas.topics import Topics, topics
from streams.books import Books, read_books
from streams.embedded import EmbeddedLog
from streams.ledger import Stores
from streams.log import Log
from streams.metrics import StageMetrics
from streams.settle import Settling
from streams.topology import ensure_topics
from streams.verify import Book, run_verify

VECTORS = Path(__file__).parent.parent / "vectors"
DIGEST = Digest(b"vectors")  # as processors.vectors names revisions


@cache
def case(provider: str, name: str) -> tuple[Account, Callback]:
    """Return account and callback of a vectors case, the account with its revision."""
    document = json.loads((VECTORS / f"{provider}.json").read_text())
    found = next(each for each in document["cases"] if each["name"] == name)
    account = case_account(PROVIDERS[provider], found["account"])
    return account, case_callback(provider, account.name, found)


@dataclass(frozen=True)
class FixedBook:
    """A book of given accounts."""

    accounts: tuple[Account, ...]
    providers: Providers = field(default_factory=lambda: PROVIDERS)

    def get(self, provider: str, name: str) -> Account | None:
        for account in self.accounts:
            if (account.provider, account.name) == (provider, name):
                return account
        return None

    def revisions(self) -> tuple[Revision, ...]:
        return tuple(revision_of(account, DIGEST) for account in self.accounts)


class Line:
    """The main path without HTTP: `store`, `verify`, `settle`, and what came of it.

    `log` None: one in memory.
    """

    def __init__(
        self,
        *accounts: Account,
        now_ms: int,
        partitions: int = 2,
        log: Log | None = None,
        prefix: str = "payments",
    ) -> None:
        self.now_ms = now_ms
        self.prefix = prefix
        self.topics: Topics = topics(prefix, payment_partitions=partitions)
        self.log = log or EmbeddedLog(":memory:", clock=lambda: self.now_ms)
        self.book: Book = FixedBook(accounts)
        self.metrics = StageMetrics(CollectorRegistry())

    async def open(self) -> "Line":
        await ensure_topics(self.log, self.topics)
        return self

    async def append(self, *drafts: Draft) -> None:
        appender = self.log.appender()
        await appender.append(drafts)
        await appender.close()

    async def store(self, callback: Callback, *, new_id: bool = True) -> str:
        """Store a delivery of a callback, as the ingress does, and return its id."""
        callback_id = str(uuid.uuid4()) if new_id else callback.id
        delivered = Callback(
            callback_id, callback.provider, callback.account, callback.received_at_ms,
            callback.method, callback.target, callback.headers, callback.body,
        )  # fmt: skip
        await self.append(
            encode_callback(
                delivered, topic=self.topics.callbacks.name, partition=0, deployment="tests"
            )
        )
        return callback_id

    async def verify(self) -> None:
        """Judge everything that is stored, and stop."""
        ends = {p: b.end for p, b in (await self.log.bounds(self.topics.callbacks.name)).items()}
        stopping = Until()
        group = f"{self.prefix}-verify"
        task = run_verify(
            self.log, self.topics, group=group, current_book=lambda: self.book,
            metrics=self.metrics, stopping=stopping, ready=lambda _: None,
        )  # fmt: skip
        await run_until(self.log, group, self.topics.callbacks.name, ends, task, stopping)

    async def settle(self, settling: Settling | None = None) -> Settling:
        """Settle every fact, and stop."""
        ends = {p: b.end for p, b in (await self.log.bounds(self.topics.facts.name)).items()}
        settling = settling or self.settling()
        stopping = Until()
        group = f"{self.prefix}-settle"
        task = self.log.run_exactly_once(
            group, self.topics.facts.name, settling, ready=lambda _: None, stopping=stopping
        )
        await run_until(self.log, group, self.topics.facts.name, ends, task, stopping)
        return settling

    def settling(self, ledger_days: int = 540, stores: Stores | None = None) -> Settling:
        return Settling(
            self.log, self.topics, deployment="tests", ledger_days=ledger_days,
            clock=lambda: self.now_ms, metrics=self.metrics, stores=stores,
        )  # fmt: skip

    async def events(self) -> list[Event]:
        return [read_event(record) async for record in self.log.read(self.topics.events.name)]

    async def outcomes(self) -> list[Outcome]:
        return [read_outcome(r) async for r in self.log.read(self.topics.outcomes.name)]

    async def books(self) -> Books:
        return await read_books(self.log, self.topics)


class Until:
    """A `stopping` that somebody else turns."""

    def __init__(self) -> None:
        self.reached = False

    def __call__(self) -> bool:
        return self.reached


async def run_until(log, group, topic, ends, coroutine, stopping) -> None:  # type: ignore[no-untyped-def]
    """Run a stage until its group has committed `ends`, within 20 seconds."""
    import asyncio

    task = asyncio.ensure_future(coroutine)
    async with asyncio.timeout(20):
        while not task.done():
            committed = await log.committed_offsets(group, topic)
            if all((committed.get(p) or 0) >= end for p, end in ends.items()):
                break
            await asyncio.sleep(0.005)
        stopping.reached = True
        await task
