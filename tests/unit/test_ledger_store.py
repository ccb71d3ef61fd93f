"""The two stores: what they hold, add up, and leave alone when something is wrong."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvalidRecord, Unavailable
from schemas.ledger import (
    Announced,
    LedgerState,
    LedgerTotals,
    encode_ledger,
    last_ms_of,
    sequence_of,
)
from streams.ledger import DiskStore, MemoryStore, Store
from streams.ledger import disk as module

KEY = b"stripe/shop/pi_1"
LONG = b"stripe/shop/" + b"%E4%BA%BA" * 100
ENTRY = Announced("id", "PaymentSucceeded", None, 1, "EUR", None, "A-1", 5, "callback", 0)
STATES = [
    encode_ledger(LedgerState(n, 0, 7, (ENTRY,) * n, 3)) for n in range(1, 5)
]  # of sequence 1 to 4


def added_up(states: dict[bytes, bytes]) -> LedgerTotals:
    totals = LedgerTotals()
    for key, value in states.items():
        totals.replace(key, None, value)
    return totals


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else DiskStore(tmp_path)
    yield made
    made.close()


def test_what_was_written_is_read_and_added_up(store: Store) -> None:
    store.write([(KEY, STATES[0]), (LONG, STATES[2])], 17)
    assert (store.get(KEY), store.get(LONG), store.get(b"stripe/x")) == (*STATES[0::2], None)
    assert dict(store.items()) == {KEY: STATES[0], LONG: STATES[2]}
    assert store.totals == added_up({KEY: STATES[0], LONG: STATES[2]})
    assert (store.totals.payments, store.totals.events, store.position) == (2, 4, 17)


def test_states_replaced_and_taken_out_leave_no_trace_in_the_totals(store: Store) -> None:
    store.write([(KEY, STATES[0]), (LONG, STATES[0])], 1)
    store.write([(KEY, STATES[3]), (LONG, None), (b"never/there/1", None)], 2)
    assert store.totals == added_up({KEY: STATES[3]})
    assert dict(store.items()) == {KEY: STATES[3]}


@pytest.mark.parametrize("key", [b"", b"\xff", b"\xfe", b"\0", LONG, b"k" * 500, b"k" * 501])
def test_any_key_can_be_held(store: Store, key: bytes) -> None:
    store.write([(key, STATES[0]), (KEY, STATES[1])], 1)
    assert (store.get(key), dict(store.items())[key]) == (STATES[0], STATES[0])
    store.write([(key, STATES[1])], 2)
    store.write([(key, None)], 3)
    assert (store.get(key), store.totals) == (None, added_up({KEY: STATES[1]}))


@pytest.mark.parametrize("value", [b"?", b'{"v":999}', b'{"v":1,"sequence":x,"a":[[1]]}', b""])
def test_what_is_no_state_changes_nothing(store: Store, value: bytes) -> None:
    store.write([(KEY, STATES[0])], 5)
    with pytest.raises(InvalidRecord):
        store.write([(LONG, STATES[1]), (b"a/b/1", value)], 6)
    assert (dict(store.items()), store.position) == ({KEY: STATES[0]}, 5)
    assert store.totals == added_up({KEY: STATES[0]})


def test_a_cleared_store_holds_nothing_and_agrees_with_nothing(store: Store) -> None:
    store.write([(KEY, STATES[0])], 5)
    store.clear()
    assert (store.get(KEY), list(store.items()), store.position) == (None, [], None)
    assert store.totals == LedgerTotals()
    store.write([(KEY, STATES[1])], 6)
    assert store.get(KEY) == STATES[1]


def test_a_walk_survives_writes_and_meets_all_that_stays(store: Store) -> None:
    keys = [b"p/l/%04d" % n for n in range(1_200)]
    store.write([(key, STATES[0]) for key in keys], 1)
    met = []
    for number, (key, _) in enumerate(store.items()):
        met.append(key)
        if number % 100 == 0:
            store.write([(key, None), (b"q/l/%04d" % number, STATES[1])], 2)
    assert set(keys) <= set(met)
    assert len(met) == len(set(met))


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from([b"a/a/%d" % n for n in range(6)]),
                st.one_of(st.none(), st.sampled_from(STATES)),
            ),
            max_size=8,
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_totals_depend_on_what_is_held_and_not_on_how_it_came(
    batches: list[list[tuple[bytes, bytes | None]]],
) -> None:
    store, held = MemoryStore(), dict[bytes, bytes | None]()
    for batch in batches:
        store.write(batch, None)
        held |= dict(batch)
    assert store.totals == added_up({k: v for k, v in held.items() if v is not None})


def test_a_disk_store_is_the_same_after_a_reopening(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.write([(KEY, STATES[1]), (LONG, STATES[0])], 40)
    totals = store.totals
    store.close()
    again = DiskStore(tmp_path)
    assert (again.totals, again.position, again.get(LONG)) == (totals, 40, STATES[0])
    again.close()


def test_a_write_that_fails_half_way_is_none_on_disk(tmp_path: Path) -> None:
    def breaking() -> Iterator[tuple[bytes, bytes | None]]:
        yield KEY, STATES[1]
        raise ZeroDivisionError

    store = DiskStore(tmp_path)
    store.write([(KEY, STATES[0])], 1)
    with pytest.raises(ZeroDivisionError):
        store.write(breaking(), 2)
    assert (store.get(KEY), store.position) == (STATES[0], 1)
    store.write([(KEY, STATES[2])], 3)
    store.close()
    again = DiskStore(tmp_path)
    assert (again.get(KEY), again.position, again.totals.events) == (STATES[2], 3, 3)
    again.close()


def test_a_full_disk_is_said_before_the_file_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = DiskStore(tmp_path)
    monkeypatch.setattr(module, "FREE_BYTES_MIN", 1 << 62)
    with pytest.raises(Unavailable, match="disk"):
        store.write([(KEY, STATES[0])], 1)
    assert store.get(KEY) is None
    store.close()


def change_of_money(state: LedgerState) -> LedgerState:
    return dataclasses.replace(state, announced=(dataclasses.replace(ENTRY, minor=2),))


@pytest.mark.parametrize("change", [change_of_money])
def test_totals_tell_states_apart_that_count_alike(
    change: Callable[[LedgerState], LedgerState],
) -> None:
    state = LedgerState(1, 0, 7, (ENTRY,), 3)
    ours, theirs = encode_ledger(state), encode_ledger(change(state))
    assert added_up({KEY: ours}).record() != added_up({KEY: theirs}).record()
    # One announced here and lost there, another the other way round: a mirror that was behind.
    assert added_up({KEY: ours}).record() != added_up({KEY + b"2": ours}).record()


@pytest.mark.parametrize("sequence", [1, 9, 10, 1_000])
def test_the_sequence_is_read_without_the_rest(sequence: int) -> None:
    assert sequence_of(encode_ledger(LedgerState(sequence, 0, 7, (ENTRY,), 3))) == sequence
    assert sequence_of(encode_ledger(LedgerState(sequence))) == sequence


@pytest.mark.parametrize("last_ms", [None, 0, 7, 1_790_000_000_000, -5])
def test_the_newest_moment_is_read_without_the_rest(last_ms: int | None) -> None:
    feigned = dataclasses.replace(ENTRY, order='"last_ms":99,')
    for entries in ((), (ENTRY,), (feigned,)):
        assert last_ms_of(encode_ledger(LedgerState(1, 0, last_ms, entries, 3))) == last_ms


def test_what_is_no_state_has_no_newest_moment() -> None:
    with pytest.raises(InvalidRecord):
        last_ms_of(b'{"v":2,"last_ms":5,"announced":[[]]}')
