"""What is held, by cause: each item counted once, what needs a person first."""

from schemas.errors import OutcomeWord
from schemas.outcome import Outcome
from schemas.record import Position
from streams.quarantine import Held, by_cause

ACCOUNTS = {"r1": "stripe/shop-1", "r2": "adyen/shop-1"}


def held(
    callback_id: str, *found: tuple[OutcomeWord, str], revision: str | None = "r1"
) -> Held:  # fmt: skip
    where = Position("payments.callbacks.v1", 0, 0)
    return Held(
        callback_id,
        tuple(
            Outcome(callback_id, item, len(found), word, code, None, revision, where)
            for item, (word, code) in enumerate(found)
        ),
    )


def test_parked_comes_first_and_the_most_frequent_before_the_rare() -> None:
    causes = by_cause(
        [
            held("a", ("refused", "bad_signature")),
            held("b", ("parked", "unknown_meaning")),
            held("c", ("parked", "unknown_key")),
            held("d", ("parked", "unknown_key")),
        ],
        ACCOUNTS,
    )
    assert [(each.outcome, each.code, each.items) for each in causes] == [
        ("parked", "unknown_key", 2), ("parked", "unknown_meaning", 1),
        ("refused", "bad_signature", 1),
    ]  # fmt: skip


def test_items_of_a_batch_count_each_and_their_callback_once() -> None:
    (cause,) = by_cause([held("a", *[("parked", "conflict")] * 3)], ACCOUNTS)
    assert (cause.items, cause.callbacks, cause.first, cause.last) == (3, 1, "a", "a")


def test_one_reason_at_two_accounts_is_two_causes() -> None:
    reason: tuple[OutcomeWord, str] = ("parked", "unknown_key")
    causes = by_cause([held("a", reason), held("b", reason, revision="r2")], ACCOUNTS)
    assert {each.account for each in causes} == {"stripe/shop-1", "adyen/shop-1"}


def test_without_a_revision_no_account_is_claimed() -> None:
    (cause,) = by_cause([held("a", ("refused", "foreign"), revision=None)], ACCOUNTS)
    assert cause.account == ""


def test_each_cause_says_how_it_is_closed() -> None:
    causes = by_cause(
        [
            held("a", ("parked", "unknown_key")),
            held("b", ("parked", "conflict")),
            held("c", ("refused", "stale")),
            held("d", ("refused", "malformed")),
        ],
        ACCOUNTS,
    )
    assert {each.code: each.closing for each in causes} == {
        "unknown_key": "release",
        "conflict": "release --decision",
        "stale": "release --decision",
        "malformed": "none: the sender's fault",
    }
