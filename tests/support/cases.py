"""The vectors of every registered provider, ready to be judged; and what a judgement said."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from processors.account import Account
from processors.contract import Provider
from processors.registry import PROVIDERS
from processors.vectors import case_account, case_callback
from processors.verdict import judge
from schemas.callback import Callback
from schemas.event import AMOUNT_REQUIRED
from schemas.record import Position

VECTORS = Path(__file__).parents[1] / "vectors"
POSITION = Position("vectors", 0, 0)
Case = dict[str, Any]
FACT_TYPES_RANKED = (
    "PaymentSucceeded", "RefundCompleted", "PaymentReversed", "PaymentAuthorized", "RefundFailed",
    "PaymentFailed", "PaymentClosed", "DisputeLost", "DisputeOpened", "DisputeWon",
    "PaymentLinked",
)  # fmt: skip


@cache
def cases_of(name: str) -> tuple[Case, ...]:
    """Return the cases of a provider; none where it has no file yet."""
    path = VECTORS / f"{name}.json"
    return tuple(json.loads(path.read_text())["cases"]) if path.exists() else ()


def every_case() -> Iterator[tuple[str, Case]]:
    for name in PROVIDERS:
        for case in cases_of(name):
            yield name, case


@cache
def announcing(name: str, most: int) -> tuple[Case, ...]:
    """Return up to `most` cases that announce something, as different as they can be.

    Every kind of event has its turn, those that move money first, then other keys and settings.
    """
    groups: dict[tuple[str, ...], dict[Any, Case]] = {}
    for case in cases_of(name):
        events = case["expect"].get("events")
        if case["expect"]["verdict"] == "accepted" and events:
            types = tuple(event["type"] for event in events)
            settings = tuple(sorted(case["account"]["settings"].items()))
            kinds = tuple((key["use"], key["kind"]) for key in case["account"]["keys"])
            groups.setdefault(types, {}).setdefault((kinds, settings), case)
    ranked = sorted(groups, key=lambda types: (len(types), FACT_TYPES_RANKED.index(types[0])))
    rounds = zip_longest(*(groups[types].values() for types in ranked))
    found = (case for turn in rounds for case in turn if case is not None)
    return tuple(islice(found, most))


# Their recipe hashes small letters: of an order number the letter case is as it came, not proven.
LETTER_CASE_UNPROVEN = ("ecpay",)


@dataclass(frozen=True)
class Said:
    """What came of a callback: faults of items that were refused or parked, and the facts."""

    accepted: bool
    faults: tuple[str, ...]
    facts: frozenset[tuple[Any, ...]]


@dataclass(frozen=True)
class Trial:
    """One callback before one account."""

    provider: Provider[Any]
    account: Account
    callback: Callback

    def said(self) -> Said:
        """Judge it. Anything but `CallbackError` out of a provider escapes and fails the test."""
        judgement = judge(self.callback, POSITION, self.provider, self.account)
        facts = [record.fact for record, _ in judgement.facts]
        folds = self.provider.name in LETTER_CASE_UNPROVEN
        for fact in facts:
            assert fact.amount is not None or fact.type not in AMOUNT_REQUIRED
        return Said(
            judgement.accepted,
            tuple(error.reason for error in judgement.errors),
            frozenset(
                (
                    fact.type, fact.payment_id, folded(fact.merchant_order_id, folds),
                    fact.capture_id,
                    fact.authorization_id, fact.attempt_id, fact.refund_id, fact.dispute_id,
                    fact.amount, fact.refunded_total,
                )
                for fact in facts
            ),
        )  # fmt: skip

    @property
    def body(self) -> bytes:
        """What carries the message: the body, of a GET the query."""
        return self.callback.query if self.callback.method == "GET" else self.callback.body

    def with_body(self, body: bytes) -> "Trial":
        if self.callback.method != "GET":
            return replace(self, callback=replace(self.callback, body=body))
        target = self.callback.target.partition("?")[0] + "?" + body.decode("latin-1")
        return replace(self, callback=replace(self.callback, target=target))

    def with_headers(self, headers: Sequence[tuple[str, str]]) -> "Trial":
        return replace(self, callback=replace(self.callback, headers=tuple(headers)))


def folded(text: str | None, folds: bool) -> str | None:
    return text.lower() if folds and text is not None else text


def trial(name: str, case: Case) -> Trial:
    provider = PROVIDERS[name]
    account = case_account(provider, case["account"])
    return Trial(provider, account, case_callback(name, account.name, case))


def assert_no_more(before: Said, after: Said, what: str) -> None:
    """A change without a new proof: the same facts, or refused; never others, never silence."""
    assert after.facts <= before.facts, f"{what}: announces what was not proven"
    if not after.faults:
        assert after.facts == before.facts, f"{what}: accepted with another content"
