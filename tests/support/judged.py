"""What judging and settling make of simulated callbacks, as the stages would do it."""

from collections.abc import Sequence

from processors.account import Account
from processors.registry import PROVIDERS
from processors.settle import settle
from processors.verdict import judge
from schemas.callback import Callback
from schemas.event import Event
from schemas.ledger import LedgerState
from schemas.record import Position
from streams.simulate import Delivery, event_agrees

NOW_MS = 1_790_000_000_123


def callback_of(delivery: Delivery, callback_id: str, received_at_ms: int) -> Callback:
    """Return a delivery as the ingress would store it."""
    return Callback(
        id=callback_id,
        provider=delivery.provider,
        account=delivery.account,
        received_at_ms=received_at_ms,
        method=delivery.method,
        target=delivery.target,
        headers=delivery.headers,
        body=delivery.body,
    )


class Books:
    """Judges and settles callbacks one after the other, as the stages would."""

    def __init__(self, account: Account, now_ms: int = NOW_MS) -> None:
        self._now_ms = now_ms
        self._provider = PROVIDERS[account.provider]
        self._account = account
        self._states: dict[bytes, LedgerState] = {}
        self._number = 0
        self.events: list[Event] = []

    def take(self, delivery: Delivery) -> list[tuple[str, str | None, Event | None]]:
        """Return outcome, code and event of every item, in their order."""
        self._number += 1
        number = f"00000000-0000-7000-8000-{self._number:012d}"
        callback = callback_of(delivery, number, self._now_ms + 1_000)
        position = Position("callbacks", 0, self._number)
        judgement = judge(callback, position, self._provider, self._account)
        items: dict[int, tuple[str, str | None, Event | None]] = {
            outcome.item: (outcome.outcome, outcome.code, None) for outcome in judgement.outcomes
        }
        for record, _ in judgement.facts:
            key = record.key or b""
            settlement = settle(
                self._states.get(key), record, recorded_at_ms=self._now_ms, ledger_days=540
            )
            self._states[key] = settlement.state
            assert settlement.outcome is not None
            outcome = settlement.outcome
            items[outcome.item] = (outcome.outcome, outcome.code, settlement.event)
            if settlement.event is not None:
                self.events.append(settlement.event)
        return [items[number] for number in sorted(items)]


def differences(books: Books, deliveries: Sequence[Delivery]) -> list[str]:
    found = []
    for number, delivery in enumerate(deliveries):
        items = books.take(delivery)
        expected = delivery.expectation.items
        got = [(outcome, code) for outcome, code, _ in items]
        if got != [(item.outcome, item.code) for item in expected]:
            found.append(f"delivery {number}: {got}, expected {expected}")
            continue
        for item, (_, _, event) in zip(expected, items, strict=True):
            if item.outcome != "announced":
                continue
            if event is None or item.event is None or not event_agrees(item.event, event):
                found.append(f"delivery {number}: {event}, expected {item.event}")
    return found
