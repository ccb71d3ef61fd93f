"""From a callback to facts and outcomes.

The verdict is a pure function of request bytes, receive time, account revision and code version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from processors.account import Account
from processors.contract import Inquiry, Provider
from processors.signing import Authentic
from schemas.callback import Callback
from schemas.errors import DEFECT, CallbackError, ConfirmationNeeded, Malformed, UnknownMeaning
from schemas.fact import Fact, FactRecord, encode_fact
from schemas.outcome import Outcome
from schemas.record import Position
from schemas.topics import ITEMS_MAX

Item = tuple[Fact, Authentic[Any]] | CallbackError | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The items of one callback; `facts` with their bytes, `proven` for the reply."""

    facts: tuple[tuple[FactRecord, bytes], ...]
    outcomes: tuple[Outcome, ...]
    errors: tuple[CallbackError, ...]
    proven: tuple[Authentic[Any], ...]

    @property
    def accepted(self) -> bool:
        """Whether any item was proven to be the provider's and meant for this account."""
        return bool(self.facts) or any(
            outcome.outcome == "ignored" or outcome.code == ConfirmationNeeded.reason
            for outcome in self.outcomes
        )


def judge(
    callback: Callback, position: Position, provider: Provider[Any], account: Account
) -> Judgement:
    """Return what every item of a callback states, or why it states nothing.

    Never raises `CallbackError`: it becomes the outcome of its item.
    """
    in_force = account.as_of(callback.received_at_ms)
    try:
        proven = provider.authenticate(callback, in_force)
    except CallbackError as error:
        return _record((error,), (), callback, position, account)
    entries = proven if isinstance(proven, tuple) else (proven,)
    if not 1 <= len(entries) <= ITEMS_MAX:
        refusal = Malformed(f"{len(entries)} items, not 1 to {ITEMS_MAX}")
        return _record((refusal,), (), callback, position, account)
    items = [item for entry in entries for item in _items(entry, provider, in_force)]
    authentic = tuple(entry for entry in entries if isinstance(entry, Authentic))
    return _record(items, authentic, callback, position, account)


def unjudged(
    callback_id: str, position: Position, error: CallbackError, revision: str | None = None
) -> Judgement:
    """Return the judgement of a record that no provider could look at."""
    outcome = Outcome(callback_id, 0, 1, error.outcome, error.reason, None, revision, position)
    return Judgement((), (outcome,), (error,), ())


def defective(callback_id: str, position: Position, revision: str | None) -> Judgement:
    """Return the judgement of a callback on which our own code failed; it would fail again."""
    outcome = Outcome(callback_id, 0, 1, "parked", DEFECT, None, revision, position)
    return Judgement((), (outcome,), (), ())


def _items(
    entry: Authentic[Any] | CallbackError, provider: Provider[Any], account: Account
) -> list[Item]:
    if isinstance(entry, CallbackError):
        return [entry]
    try:
        stated = provider.interpret(entry, account)
    except CallbackError as error:
        return [error]
    return [_checked(each, entry) for each in stated] or [None]


def _checked(stated: Fact | Inquiry, entry: Authentic[Any]) -> Item:
    if isinstance(stated, Inquiry):
        return ConfirmationNeeded(f"{stated.resource} has to be confirmed by the provider")
    try:
        stated.check()
    except CallbackError as error:
        return error
    if stated.payment_id is None and stated.merchant_order_id is None:
        if stated.type in ("PaymentFailed", "PaymentClosed"):
            return None  # Nothing names what failed: authentic, and nobody could use it.
        if stated.type == "PaymentReversed":
            return UnknownMeaning("a reversal that names no payment")
    return stated, entry


def _record(
    items: Sequence[Item],
    proven: tuple[Authentic[Any], ...],
    callback: Callback,
    position: Position,
    account: Account,
) -> Judgement:
    facts: list[tuple[FactRecord, bytes]] = []
    outcomes: list[Outcome] = []
    errors: list[CallbackError] = []
    count = len(items)
    for number, item in enumerate(items):
        if isinstance(item, tuple):
            try:
                facts.append(_fact(*item, number, count, callback, position, account))
                continue
            except CallbackError as error:
                item = error
        if item is None:
            outcomes.append(
                Outcome(
                    callback.id, number, count, "ignored", None, None, account.revision, position
                )
            )
            continue
        errors.append(item)
        outcomes.append(
            Outcome(
                callback.id, number, count, item.outcome, item.reason, None, account.revision,
                position,
            )
        )  # fmt: skip
    return Judgement(tuple(facts), tuple(outcomes), tuple(errors), proven)


def _fact(
    fact: Fact,
    entry: Authentic[Any],
    number: int,
    count: int,
    callback: Callback,
    position: Position,
    account: Account,
) -> tuple[FactRecord, bytes]:
    record = FactRecord(
        fact, account.provider, account.name, account.ledger, account.mode, account.revision,
        entry.kid, entry.proof, callback.id, number, count, callback.received_at_ms, position,
    )  # fmt: skip
    if record.key is None:
        raise UnknownMeaning(f"{fact.type} without an id to know it by")
    return record, encode_fact(record)
