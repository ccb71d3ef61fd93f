"""What a callback says of a person or a card goes nowhere but into ids and amounts.

A card number stands in the place of every value that a provider sends, well signed. No error's
text repeats it, whatever goes wrong with it, since texts reach logs and terminals; a fact holds it
only where the provider gave it as the id or the amount of something.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from processors.registry import PROVIDERS
from processors.vectors import case_account, case_callback
from processors.verdict import Judgement, judge
from schemas.errors import UnknownMeaning
from tests.support.cases import POSITION, Case, announcing
from tests.support.changes import at, changed, paths
from tests.support.signers import SIGNERS, resigned

CARD = "4000056655665556"
CASES_MAX = 3
# Names that a provider gave, and money: what a fact is there to hold.
ALLOWED = frozenset(
    ("payment_id", "merchant_order_id", "capture_id", "authorization_id", "attempt_id",
     "refund_id", "merchant_refund_id", "dispute_id", "amount", "payer_amount", "refunded_total",
     "key", "part_id")
)  # fmt: skip


def told_of_a_card(name: str, case: Case) -> Iterator[tuple[Any, Case]]:
    """Yield the case with the card's number in the place of one value after the other."""
    tree = SIGNERS[name].tree(case)
    for path in paths(tree):
        value = at(tree, path)
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            card = CARD if isinstance(value, str) else int(CARD)
            yield path, resigned(name, case, changed(tree, path, card))


def leaks(judgement: Judgement) -> list[str]:
    """Return where a judgement repeats the card's number and must not."""
    found = [
        f"text of {type(error).__name__}"
        for error in judgement.errors
        if CARD in f"{error} {error.args!r}"
    ]
    for _, octets in judgement.facts:
        members = orjson.loads(octets)
        found += [
            name for name, value in members.items() if CARD in str(value) and name not in ALLOWED
        ]
    found += [
        "outcome"
        for outcome in judgement.outcomes
        if CARD in f"{outcome.code} {outcome.event_id} {outcome.revision}"
    ]
    return found


@pytest.mark.parametrize("name", sorted(SIGNERS))
def test_a_card_number_stays_out_of_texts_and_of_all_but_ids(name: str) -> None:
    provider = PROVIDERS[name]
    for case in announcing(name, CASES_MAX):
        for path, said in told_of_a_card(name, case):
            account = case_account(provider, said["account"])
            callback = case_callback(name, account.name, said)
            judgement = judge(callback, POSITION, provider, account)
            assert not leaks(judgement), (case["name"], path)


def test_a_text_that_repeats_what_was_sent_is_found() -> None:
    planted = Judgement((), (), (UnknownMeaning(f"status {CARD}"),), ())
    assert leaks(planted) == ["text of UnknownMeaning"]
