"""Facts for settling, and a settler that keeps a ledger as the stage does: through its bytes."""

from dataclasses import dataclass, field
from typing import Any, Final

from processors.expiry import expires_at_ms
from processors.settle import Settlement, settle
from schemas.event import Event
from schemas.fact import Fact, FactRecord, FactType, decode_fact, encode_fact
from schemas.ledger import LedgerState, decode_ledger, encode_ledger
from schemas.money import Money
from schemas.record import Position
from schemas.times import DAY_MS

START_MS: Final = 1_700_000_000_000
LEDGER_DAYS: Final = 540
KEPT: Any = object()


def eur(minor: int) -> Money:
    return Money(minor, "EUR", 2)


def fact(kind: FactType, minor: int | None = None, **members: Any) -> Fact:
    """Return a fact of payment `P` with order `A-17`; `minor` is its amount in cents."""
    stated: dict[str, Any] = {
        "payment_id": "P",
        "merchant_order_id": "A-17",
        "occurred_at_ms": START_MS,
    }
    if minor is not None:
        stated["amount"] = eur(minor)
    return Fact(type=kind, **(stated | members))


def total(minor: int, **members: Any) -> Fact:
    return fact("RefundTotal", refunded_total=eur(minor), **members)


def bound(
    stated: Fact,
    callback: str,
    *,
    item: int = 0,
    items: int = 1,
    received_at_ms: int = START_MS,
) -> FactRecord:
    """Return a fact as verify writes it."""
    return FactRecord(
        stated, "larkpay", "shop", "ledger-1", "live", "0123456789abcdef", "1", "signed",
        callback, item, items, received_at_ms, Position("payments.callbacks.v1", 3, 41),
    )  # fmt: skip


@dataclass
class Settler:
    """Settles facts one by one. Every fact and every state goes through its record's bytes."""

    ledger: dict[bytes, bytes] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    callbacks: int = 0
    now_ms: int = START_MS

    def tell(self, stated: Fact, callback: str | None = None, **bindings: Any) -> Settlement:
        """Settle a fact; without `callback` it comes by a callback of its own."""
        if callback is None:
            self.callbacks += 1
            callback = f"callback-{self.callbacks}"
        bindings.setdefault("received_at_ms", self.now_ms)
        return self.take(bound(stated, callback, **bindings))

    def take(self, record: FactRecord) -> Settlement:
        record = decode_fact(encode_fact(record))
        key = record.key
        assert key is not None
        settlement = settle(
            self.state(key), record, recorded_at_ms=self.now_ms, ledger_days=LEDGER_DAYS
        )
        if settlement.event is not None:
            self.events.append(settlement.event)
            self.ledger[key] = encode_ledger(settlement.state)
        self.alarms.extend(settlement.alarms)
        return settlement

    def state(self, key: bytes) -> LedgerState | None:
        octets = self.ledger.get(key)
        return None if octets is None else decode_ledger(octets)

    def expire(self) -> int:
        """Drop what has expired, as the stage's sweep does, and return how many."""
        before = len(self.ledger)
        for key, octets in list(self.ledger.items()):
            last_ms = expires_at_ms(decode_ledger(octets), LEDGER_DAYS)
            if last_ms is not None and last_ms < self.now_ms:
                del self.ledger[key]
        return before - len(self.ledger)

    def pass_days(self, days: float) -> None:
        self.now_ms += int(days * DAY_MS)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


def word(settlement: Settlement) -> tuple[str, str | None] | None:
    """Return the outcome's word and code, None where there is no outcome."""
    outcome = settlement.outcome
    return None if outcome is None else (outcome.outcome, outcome.code)
