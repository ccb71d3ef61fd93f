"""What was announced of one payment: a cache, equal to the fold of its events.

Version 1 is one small JSON object. An unknown version is rebuilt from the events topic.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

import orjson

from schemas.errors import InvalidRecord
from schemas.event import Event
from schemas.frozen import value
from schemas.money import Money
from schemas.topics import MESSAGE_BYTES_MAX

LEDGER_VERSION: Final = 1
ANNOUNCED_MAX: Final = 1_000
# Below the topics' message size, key, headers and framing included.
LEDGER_BYTES_MAX: Final = MESSAGE_BYTES_MAX - 64 * 1024
# Of the record that says what its ledger partition holds.
COUNT_KEY: Final = b"count"
COUNT_VERSION: Final = 2
# How every state begins and ends that this code writes; the sequence follows the beginning.
_BEGINNING: Final = b'{"v":%d,"sequence":' % LEDGER_VERSION
_FEW: Final = {b"%s%d," % (_BEGINNING, n): n for n in range(1, 10)}
_FEW_BYTES: Final = len(_BEGINNING) + 2
_LAST: Final = b'"last_ms":'
_END: Final = b"]]}"


@value
class Announced:
    """One event of the payment. `total_minor` is set where a running total was the source."""

    id: str
    type: str
    part_id: str | None
    minor: int | None
    currency: str | None
    total_minor: int | None
    order: str | None
    occurred_at_ms: int | None
    causation_id: str
    causation_item: int


@value
class LedgerState:
    """`refunded_minor`: net sum or highest total; `last_ms` None: it never expires.

    `since_ms` is when the first event was built: what was announced since then is known.
    """

    sequence: int = 0
    refunded_minor: int = 0
    last_ms: int | None = 0
    announced: tuple[Announced, ...] = field(default=())
    since_ms: int | None = None

    def find(self, event_type: str, part_id: str | None) -> Announced | None:
        for entry in self.announced:
            if entry.type == event_type and (entry.part_id or None) == (part_id or None):
                return entry
        return None

    def of_type(self, event_type: str) -> Iterator[Announced]:
        return (entry for entry in self.announced if entry.type == event_type)

    @property
    def paid_minor(self) -> int:
        """Captured money that was not taken back."""
        paid = sum(entry.minor or 0 for entry in self.of_type("PaymentSucceeded"))
        return paid - sum(entry.minor or 0 for entry in self.of_type("PaymentReversed"))

    @property
    def linked_order(self) -> str | None:
        """The order number that became known after the payment was announced."""
        linked = self.find("PaymentLinked", None)
        return None if linked is None else linked.order

    @property
    def counts_totals(self) -> bool:
        return any(entry.total_minor is not None for entry in self.announced)

    def after(self, event: Event) -> "LedgerState":
        """Return the state once `event` is announced: the one step of the fold.

        A payment that comes back after its expiry begins anew with sequence 1; what it was before
        is not known again by a rebuild either, so that ledger and fold stay equal.
        """
        if event.sequence == 1 and self.announced:
            return LedgerState().after(event)
        last = self.last_ms
        if last is not None:
            occurred = event.occurred_at_ms
            last = None if occurred is None else max(last, occurred, event.recorded_at_ms)
        entry = Announced(
            event.id, event.type, event.part_id, _minor(event.amount), _currency(event.amount),
            _minor(event.refunded_total) if event.derived else None,
            event.merchant_order_id, event.occurred_at_ms, event.causation_id,
            event.causation_item,
        )  # fmt: skip
        return LedgerState(
            event.sequence,
            self._refunded_after(event),
            last,
            (*self.announced, entry),
            event.recorded_at_ms if self.since_ms is None else self.since_ms,
        )

    def _refunded_after(self, event: Event) -> int:
        if event.refunded_total is not None:
            return event.refunded_total.minor
        return self.refunded_minor


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor


def _currency(money: Money | None) -> str | None:
    return None if money is None else money.currency


def encode_ledger(state: LedgerState) -> bytes:
    """Return the JSON of a ledger state; the version stands first."""
    return orjson.dumps(
        {
            "v": LEDGER_VERSION,
            "sequence": state.sequence,
            "refunded": state.refunded_minor,
            "since_ms": state.since_ms,
            "last_ms": state.last_ms,
            "announced": [
                [
                    e.id, e.type, e.part_id, e.minor, e.currency, e.total_minor, e.order,
                    e.occurred_at_ms, e.causation_id, e.causation_item,
                ]
                for e in state.announced
            ],
        }
    )  # fmt: skip


def decode_ledger(octets: bytes) -> LedgerState:
    """Return the state of a ledger record.

    Raises:
        InvalidRecord: damaged, or of a version that this code does not know.
    """
    try:
        members = orjson.loads(octets)
        if members["v"] != LEDGER_VERSION:
            raise InvalidRecord("a ledger state of an unknown version")
        return LedgerState(
            members["sequence"], members["refunded"], members["last_ms"],
            tuple(Announced(*entry) for entry in members["announced"]), members["since_ms"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecord("not a ledger state") from error


def sequence_of(octets: bytes) -> int:
    """Return the sequence of an encoded state, without reading the rest of it where that is as
    this code writes it: millions are read at a start.

    Raises:
        InvalidRecord: damaged, or of a version that this code does not know.
    """
    if not octets.endswith(_END):
        return decode_ledger(octets).sequence
    few = _FEW.get(octets[:_FEW_BYTES])
    if few is not None:
        return few
    if octets.startswith(_BEGINNING):
        digits = octets[len(_BEGINNING) : octets.find(b",", len(_BEGINNING))]
        if digits.isdigit():
            return int(digits)
    return decode_ledger(octets).sequence


def last_ms_of(octets: bytes) -> int | None:
    """Return `last_ms` of an encoded state, without reading the rest of it, as `sequence_of`.

    Raises:
        InvalidRecord: damaged, or of a version that this code does not know.
    """
    # No text stands before it, in which it could be feigned.
    at = octets.find(_LAST) + len(_LAST)
    digits = octets[at : octets.find(b",", at)]
    if octets.startswith(_BEGINNING) and octets.endswith(_END) and digits.isdigit():
        return int(digits)
    return decode_ledger(octets).last_ms


@dataclass(slots=True)
class LedgerTotals:
    """What all states of a partition add up to, in whatever order they were written.

    `payments` counts them, `events` sums their sequences, `checksum` the CRC-32 of each key and
    state: a state that is missing, stale or of another history is noticed without being looked at.
    """

    payments: int = 0
    events: int = 0
    checksum: int = 0

    def copy(self) -> "LedgerTotals":
        return LedgerTotals(self.payments, self.events, self.checksum)

    def add(self, key: bytes, state: bytes) -> None:
        """Count the encoded state of a payment that had none.

        Raises:
            InvalidRecord: it is no state; nothing is counted.
        """
        self.events += sequence_of(state)
        self.payments += 1
        self.checksum += crc32(state, crc32(key))

    def replace(self, key: bytes, before: bytes | None, after: bytes | None) -> None:
        """Count one encoded state in the place of another; None: no state of the payment.

        Raises:
            InvalidRecord: one of them is no state; nothing is counted.
        """
        name = crc32(key)
        payments, events, checksum = self.payments, self.events, self.checksum
        if before is not None:
            payments -= 1
            events -= sequence_of(before)
            checksum -= crc32(before, name)
        if after is not None:
            payments += 1
            events += sequence_of(after)
            checksum += crc32(after, name)
        self.payments, self.events, self.checksum = payments, events, checksum

    def record(self) -> bytes:
        """Return the value of the count record."""
        return orjson.dumps(
            {
                "v": COUNT_VERSION,
                "payments": self.payments,
                "events": self.events,
                "checksum": self.checksum,
            }
        )
