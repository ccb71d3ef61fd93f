"""Verification stage: callbacks -> facts | outcomes.

Guarantees:  every callback whose offset is committed has its facts and outcomes acknowledged
             by all in-sync replicas. At least once: after a crash a batch is judged again, with
             equal results.
Does not:    deduplicate. The settling stage does, and recognises a repeated fact by its callback.
Order:       none promised on input. Facts are keyed by payment, so that settling finds all
             facts of one payment in one partition.
On error:    `CallbackError` becomes an outcome. Any other exception out of judging becomes the
             outcome `parked`, code `defect` (pure code would fail again), and pages. A failed
             append ends the process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from processors.account import Account
from processors.contract import Providers
from processors.verdict import Judgement, defective, judge, unjudged
from schemas.callback import Callback, decode_callback
from schemas.errors import Foreign, Stale, UnknownKey
from schemas.fact import fact_draft
from schemas.outcome import outcome_draft
from schemas.record import Draft, Record
from schemas.revision import Revision, read_revision, revision_draft
from schemas.topics import Topics
from streams.alarms import ProofAlarms, recall_proofs
from streams.errors import places
from streams.log import Appender, Log
from streams.metrics import StageMetrics

BATCH_RECORDS_MAX: Final = 2_000
POLL_MS: Final = 100
_log = structlog.get_logger()


class Book(Protocol):
    """The accounts of one moment. Immutable: a change is another book."""

    @property
    def providers(self) -> Providers: ...

    def get(self, provider: str, name: str) -> Account | None: ...

    def revisions(self) -> Sequence[Revision]: ...


@dataclass(frozen=True, slots=True)
class Judging:
    """What turns records into drafts: providers and one book of accounts."""

    book: Book
    topics: Topics
    metrics: StageMetrics
    alarms: ProofAlarms | None = None

    def drafts(self, record: Record) -> list[Draft]:
        """Return the facts and outcomes of one record. Same record and book, same drafts."""
        try:
            callback = decode_callback(record)
        except Foreign as error:
            return self._drafts(unjudged(foreign_id(record), record.position, error), "unknown")
        return self._drafts(self.judge(callback, record), callback.provider)

    def judge(self, callback: Callback, record: Record) -> Judgement:
        provider = self.book.providers.get(callback.provider)
        account = self.book.get(callback.provider, callback.account)
        if provider is None or account is None:
            error = UnknownKey("no such account is configured any more")
            return unjudged(callback.id, record.position, error)
        try:
            judgement = judge(callback, record.position, provider, account)
        except Exception as error:  # noqa: BLE001 - here a defect of ours becomes an outcome
            # Where, but not the error's text: it may repeat the body.
            _log.error(
                "judging_failed",
                callback_id=callback.id,
                alarm="defect",
                error=type(error).__name__,
                places=places(error),
            )
            self.metrics.alarm("defect")
            return defective(callback.id, record.position, account.revision)
        self._count_keys(judgement, account)
        self._note_skew(callback, judgement)
        if self.alarms is not None:
            self.alarms.judged(callback, judgement, provider)
        return judgement

    def _count_keys(self, judgement: Judgement, account: Account) -> None:
        if not judgement.proven:
            return
        verifying = (key for key in account.keys if key.use == "verify")
        first = next(verifying, account.keys[0] if account.keys else None)
        for proven in judgement.proven:
            fits = first is not None and proven.kid == first.kid
            self.metrics.key_hit(account.provider, first=fits)

    def _note_skew(self, callback: Callback, judgement: Judgement) -> None:
        for proven in judgement.proven:
            if proven.signed_ms is not None:
                skew_ms = proven.signed_ms - callback.received_at_ms
                self.metrics.skewed(callback.provider, skew_ms)
                return
        for error in judgement.errors:
            if isinstance(error, Stale):
                self.metrics.skewed(callback.provider, error.skew_ms)
                return

    def _drafts(self, judgement: Judgement, provider: str) -> list[Draft]:
        self.metrics.judged(provider, judgement)
        facts, outcomes = self.topics.facts, self.topics.outcomes
        drafts = [
            fact_draft(record, octets, topic=facts.name, partitions=facts.partitions)
            for record, octets in judgement.facts
        ]
        drafts += [
            outcome_draft(outcome, topic=outcomes.name, partitions=outcomes.partitions)
            for outcome in judgement.outcomes
        ]
        return drafts


class Publisher:
    """Appends account revisions to the accounts topic, each before it is used."""

    def __init__(self, log: Log, topics: Topics, appender: Appender) -> None:
        self._log = log
        self._topics = topics
        self._appender = appender
        self._published: set[tuple[bytes, str]] | None = None

    async def publish(self, book: Book) -> None:
        """Append every revision of `book` that the topic does not hold, and await the acks."""
        if self._published is None:
            self._published = await self._read()
        missing = [r for r in book.revisions() if (r.key, r.name) not in self._published]
        if not missing:
            return
        topic = self._topics.accounts.name
        await self._appender.append([revision_draft(each, topic=topic) for each in missing])
        self._published.update((each.key, each.name) for each in missing)
        _log.info("revisions_published", count=len(missing))

    async def _read(self) -> set[tuple[bytes, str]]:
        published = await published_revisions(self._log, self._topics)
        return {(revision.key, revision.name) for revision in published}


async def published_revisions(log: Log, topics: Topics) -> list[Revision]:
    """Return every account revision that the accounts topic holds, oldest first."""
    return [read_revision(record) async for record in log.read(topics.accounts.name)]


async def run_verify(
    log: Log,
    topics: Topics,
    *,
    group: str,
    current_book: Callable[[], Book],
    metrics: StageMetrics,
    stopping: Callable[[], bool],
    ready: Callable[[bool], None],
    batch_records_max: int = BATCH_RECORDS_MAX,
) -> None:
    """Judge callbacks until `stopping()`; any error ends the call, and the process with it."""
    appender = log.appender()
    publisher = Publisher(log, topics, appender)
    book = current_book()
    await publisher.publish(book)
    consumer = await log.consumer(group, [topics.callbacks.name])
    alarms = ProofAlarms(metrics)
    await recall_proofs(log, topics, alarms)
    judging = Judging(book, topics, metrics, alarms)
    ready(True)
    try:
        while not stopping():
            batch = await consumer.poll(timeout_ms=POLL_MS, records_max=batch_records_max)
            if not batch.records:
                continue
            book = current_book()
            if book is not judging.book:
                await publisher.publish(book)
                judging = Judging(book, topics, metrics, alarms)
            drafts = [draft for record in batch.records for draft in judging.drafts(record)]
            await appender.append(drafts)
            # Every ack is awaited before the offset moves: the other way round a crash here
            # loses money.
            await consumer.commit(batch.next_offsets)
    finally:
        ready(False)
        await consumer.close()
        await appender.close()


def foreign_id(record: Record) -> str:
    """A name for a record that has none of ours; its position makes it unique."""
    for name, value in record.headers:
        if name == "ce_id":
            text = value.decode("latin-1")
            if 0 < len(text) <= 64 and text.isascii() and text.isprintable():
                return text
    return f"{record.topic}:{record.partition}:{record.offset}"
