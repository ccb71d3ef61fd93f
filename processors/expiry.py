"""How long a payment is known: expiry can withhold an event, never double one."""

from typing import Final

from schemas.fact import FactRecord
from schemas.ledger import LedgerState
from schemas.times import DAY_MS

LEDGER_DAYS_MIN: Final = 400
# A record outlives the age at which its facts are too old: clocks of two owners may differ.
EXPIRY_MARGIN_MS: Final = DAY_MS


def expires_at_ms(state: LedgerState, ledger_days: int) -> int | None:
    """Return the last moment of the state's record, or None: it never expires, because a fact
    of it had no provider time."""
    return None if state.last_ms is None else expiry_ms(state.last_ms, ledger_days)


def expiry_ms(last_ms: int, ledger_days: int) -> int:
    """Return the last moment of a record whose newest fact or event is of `last_ms`."""
    return last_ms + ledger_days * DAY_MS + EXPIRY_MARGIN_MS


def is_too_old(
    state: LedgerState, record: FactRecord, recorded_at_ms: int, ledger_days: int
) -> bool:
    """Whether the fact can have been announced in a life of the payment that expired.

    That life ended before the present one began, and `ledger_days` after the fact at the earliest.
    """
    # Without a present life it begins now. Not at the receive time alone: a callback that was
    # parked for years and then released was received while the payment still lived.
    since_ms = state.since_ms
    if since_ms is None:
        since_ms = max(record.received_at_ms, recorded_at_ms)
    # Without a provider time it happened at the latest when it was received.
    occurred = record.fact.occurred_at_ms
    if occurred is None:
        occurred = record.received_at_ms
    return occurred < since_ms - ledger_days * DAY_MS
