"""One event followed back to the key that justifies it, and its callback judged once more."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from deploy.demo.reading import Reading, Stored
from processors.account import Account
from processors.keys import Key
from processors.registry import PROVIDERS
from processors.verdict import Judgement, judge
from schemas.callback import Callback
from schemas.event import Event
from schemas.fact import FactRecord
from streams.accounts import load_accounts, load_digest

# Names its key and seals its content: the longest way from bytes to an event.
PREFERRED: Final = "wechatpay-v3"


@dataclass(frozen=True)
class Trace:
    """`again`: judged once more, the stored bytes give the same fact, byte for byte.
    `altered`: what becomes of them with one bit changed, `refused (bad_signature)`.
    """

    event: Event
    repeats: int
    stored: Stored
    digest: str
    fact: FactRecord
    key: Key | None
    again: bool
    altered: str

    @property
    def wrong(self) -> tuple[str, ...]:
        faults = []
        if not self.again:
            faults.append("judged again, the callback does not give the same fact")
        if not self.altered.startswith("refused"):
            faults.append(f"with one bit changed the callback is {self.altered}, not refused")
        return tuple(faults)


def follow(reading: Reading, accounts: Path) -> Trace | None:
    """Return the trace of the event that was repeated most; None where there is none."""
    repeats: dict[str, int] = {}
    for _, outcome in reading.outcomes:
        if outcome.outcome == "duplicate" and outcome.event_id is not None:
            repeats[outcome.event_id] = repeats.get(outcome.event_id, 0) + 1
    event = max(
        (each for each in reading.events if each.type == "PaymentSucceeded"),
        key=lambda each: (each.provider == PREFERRED, repeats.get(each.id, 0)),
        default=None,
    )
    if event is None:
        return None
    stored = reading.callbacks[event.causation_id]
    fact, octets = reading.facts[event.causation_id, event.causation_item]
    account = _account(accounts, stored.callback)
    again = _judged(stored, stored.callback, account)
    return Trace(
        event=event,
        repeats=repeats.get(event.id, 0),
        stored=stored,
        digest=hashlib.sha256(stored.callback.body).hexdigest(),
        fact=fact,
        key=next((key for key in account.keys if key.kid == fact.kid), None),
        again=octets in [each for _, each in again.facts],
        altered=_fate(_judged(stored, _altered(stored.callback), account)),
    )


def _account(folder: Path, callback: Callback) -> Account:
    digest, _ = load_digest(folder)
    assert digest is not None
    book, _ = load_accounts(folder, PROVIDERS, environ={}, mode=None, digest=digest, seen=())
    account = book.get(callback.provider, callback.account)
    assert account is not None
    return account


def _judged(stored: Stored, callback: Callback, account: Account) -> Judgement:
    return judge(callback, stored.record.position, PROVIDERS[callback.provider], account)


def _altered(callback: Callback) -> Callback:
    middle = len(callback.body) // 2
    body = bytearray(callback.body)
    body[middle] ^= 1
    return replace(callback, body=bytes(body))


def _fate(judgement: Judgement) -> str:
    if judgement.facts:
        return "accepted"
    return " and ".join(f"{each.outcome} ({each.code})" for each in judgement.outcomes)
