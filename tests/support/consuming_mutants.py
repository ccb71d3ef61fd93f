"""The consuming loop as it must not be written; each way loses or doubles under kills."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from schemas.event import Event
from schemas.record import Record
from streams.downstream.consume import POLL_MS, apply_patiently, consume_once
from streams.downstream.inbox import Fate, Inbox
from streams.log import Consumer

Step = Callable[[Consumer, Inbox, int], Awaitable[Counter[Fate]]]


class EffectOutside(Inbox):
    """The effect in one transaction, the inbox in the next: a crash between them doubles it."""

    def apply(self, records: Sequence[Record]) -> Counter[Fate]:
        return Counter(self._take(record) for record in records)

    def _is_new(self, event: Event) -> bool:
        known = self.database.rows(
            "SELECT 1 FROM downstream_inbox WHERE consumer = ? AND event_id = ?",
            (self.service.name, event.id),
        )
        if known:
            return False
        with self.database.transaction():
            self.service.effect(event)
        super()._is_new(event)
        # It was applied above: nothing is left to be done.
        return False


class InboxFirst(Inbox):
    """No transaction: the inbox commits by itself, then the effect. A crash between loses it."""

    def apply(self, records: Sequence[Record]) -> Counter[Fate]:
        return Counter(self._take(record) for record in records)


class NoInbox(Inbox):
    """At least once, and every repetition has an effect."""

    def _is_new(self, event: Event) -> bool:
        return True


async def offsets_first(consumer: Consumer, inbox: Inbox, records_max: int) -> Counter[Fate]:
    """Commit the offsets before the effects: a crash between them loses a batch."""
    batch = await consumer.poll(timeout_ms=POLL_MS, records_max=records_max)
    await consumer.commit(batch.next_offsets)
    return await apply_patiently(inbox, batch.records)


async def right(consumer: Consumer, inbox: Inbox, records_max: int) -> Counter[Fate]:
    return await consume_once(consumer, inbox, records_max=records_max)


# How the inbox and the step of the loop are written, by name.
WAYS: dict[str, tuple[type[Inbox], Step]] = {
    "right": (Inbox, right),
    "effect outside the transaction": (EffectOutside, right),
    "inbox before the effect": (InboxFirst, right),
    "no inbox": (NoInbox, right),
    "offsets before the effect": (Inbox, offsets_first),
}
