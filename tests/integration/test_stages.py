"""Verify and settle as stages: what they restore, publish, notice and refuse to lose."""

import dataclasses

import pytest

from schemas.ledger import COUNT_KEY, encode_ledger
from schemas.record import Draft, Record
from schemas.revision import read_revision
from streams.ledger import MemoryStores, Restoring, Store
from streams.partition_count import PartitionCount
from streams.verify import Judging
from tests.support.stages import FixedBook, Line, case

PAID = ("stripe", "payment-intent-succeeded")
DAY_MS = 86_400_000


async def line_with(*names: tuple[str, str]) -> Line:
    account, callback = case(*names[0])
    line = await Line(account, now_ms=callback.received_at_ms + 1_000).open()
    for name in names:
        await line.store(case(*name)[1])
    return line


async def ledger_records(line: Line) -> list[Record]:
    return [record async for record in line.log.read(line.topics.ledger.name)]


async def test_a_callback_becomes_one_event_and_the_books_balance() -> None:
    line = await line_with(PAID, PAID)
    await line.verify()
    await line.settle()
    assert [event.type for event in await line.events()] == ["PaymentSucceeded"]
    assert sorted(o.outcome for o in await line.outcomes()) == ["announced", "duplicate"]
    books = await line.books()
    assert books.balanced, books.examples


async def test_a_batch_judged_again_after_a_crash_changes_nothing() -> None:
    line = await line_with(PAID)
    await line.verify()
    facts = [record async for record in line.log.read(line.topics.facts.name)]
    again = [Draft(f.topic, f.partition, f.key, f.value, f.headers) for f in facts]
    await line.append(*again)
    await line.settle()
    assert len(await line.events()) == 1
    assert [o.outcome for o in await line.outcomes()] == ["announced"]
    assert (await line.books()).balanced


async def test_revisions_are_published_before_their_facts_and_once() -> None:
    line = await line_with(PAID)
    await line.verify()
    await line.store(case(*PAID)[1])
    await line.verify()
    name = line.topics.accounts.name
    published = [read_revision(record) async for record in line.log.read(name)]
    assert [revision.name for revision in published] == [line.book.accounts[0].revision]
    facts = [record async for record in line.log.read(line.topics.facts.name)]
    assert all(published[0].name.encode() in (fact.value or b"") for fact in facts)


async def test_no_secret_is_in_a_published_revision() -> None:
    line = await line_with(PAID)
    await line.verify()
    (record,) = [r async for r in line.log.read(line.topics.accounts.name)]
    assert b"whsec_test_secret" not in (record.value or b"")


async def test_a_callback_of_a_removed_account_is_parked_not_lost() -> None:
    line = await line_with(PAID)
    line.book = FixedBook(())
    await line.verify()
    (outcome,) = await line.outcomes()
    assert (outcome.outcome, outcome.code) == ("parked", "unknown_key")
    assert (await line.books()).balanced


async def test_a_record_that_is_not_ours_is_refused_and_stops_nothing() -> None:
    line = await line_with(PAID)
    await line.append(Draft(line.topics.callbacks.name, 0, None, b"?", (("a", b"b"),)))
    await line.store(case(*PAID)[1])
    await line.verify()
    await line.settle()
    codes = sorted((o.outcome, o.code or "") for o in await line.outcomes())
    assert codes == [("announced", ""), ("duplicate", ""), ("refused", "foreign")]
    assert (await line.books()).balanced


async def test_our_own_defect_parks_the_callback_and_the_next_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = await line_with(PAID)
    account, callback = case(*PAID)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    provider = dataclasses.replace(line.book.providers["stripe"], interpret=broken)
    line.book = FixedBook((account,), {"stripe": provider})
    await line.verify()
    (outcome,) = await line.outcomes()
    assert (outcome.outcome, outcome.code) == ("parked", "defect")
    line.book = FixedBook((account,))
    await line.store(callback)
    await line.verify()
    await line.settle()
    assert len(await line.events()) == 1


async def test_a_restart_knows_what_was_announced() -> None:
    line = await line_with(PAID)
    await line.verify()
    await line.settle()
    await line.store(case(*PAID)[1])
    await line.verify()
    await line.settle(line.settling())
    assert len(await line.events()) == 1


async def _lose_the_ledger(line: Line, keep: int) -> None:
    """Tombstone all but `keep` states, as a recreated or damaged topic would lack them."""
    states = {
        (r.partition, r.key)
        for r in await ledger_records(line)
        if r.key and b"/" in r.key and r.value is not None
    }
    lost = sorted(states)[keep:]
    await line.append(*(Draft(line.topics.ledger.name, p, k, None, ()) for p, k in lost))


@pytest.mark.parametrize("keep", [0, 1])
async def test_a_missing_or_partial_ledger_is_rebuilt_from_events(keep: int) -> None:
    other = ("stripe", "direct-charge-without-payment-intent")
    line = await line_with(PAID, other)
    await line.verify()
    await line.settle()
    await _lose_the_ledger(line, keep)
    for name in (PAID, other):
        await line.store(case(*name)[1])
    await line.verify()
    await line.settle(line.settling())
    assert len(await line.events()) == 2
    assert (await line.books()).balanced


async def test_a_restore_that_trusts_a_partial_ledger_is_caught() -> None:
    class Trusting(Restoring):
        async def _caught_up(self, store: Store, partition: int) -> bool:
            await super()._caught_up(store, partition)
            return True

    line = await line_with(PAID)
    await line.verify()
    await line.settle()
    await _lose_the_ledger(line, 0)
    await line.store(case(*PAID)[1])
    await line.verify()
    trusting = line.settling()
    trusting._restoring = Trusting(
        line.log, line.topics, MemoryStores(), PartitionCount(line.topics.facts.partitions),
        ledger_days=540, clock=lambda: line.now_ms,
    )  # fmt: skip
    await line.settle(trusting)
    assert not (await line.books()).balanced


async def test_a_ledger_of_an_unknown_version_is_rebuilt() -> None:
    line = await line_with(PAID)
    await line.verify()
    await line.settle()
    states = [r for r in await ledger_records(line) if r.key and b"/" in r.key]
    await line.append(
        *(Draft(r.topic, r.partition, r.key, b'{"v":999}', r.headers) for r in states)
    )
    await line.store(case(*PAID)[1])
    await line.verify()
    await line.settle(line.settling())
    assert len(await line.events()) == 1
    assert (await line.books()).balanced


async def test_a_crash_in_the_middle_of_a_rebuild_is_noticed() -> None:
    line = await line_with(PAID, ("stripe", "direct-charge-without-payment-intent"))
    await line.verify()
    await line.settle()
    states = {r.key: r for r in await ledger_records(line) if r.key and b"/" in r.key}
    await _lose_the_ledger(line, 0)
    # What a rebuild has written when it dies: the count taken back, one of the states.
    kept = next(iter(states.values()))
    for partition in range(line.topics.ledger.partitions):
        await line.append(Draft(line.topics.ledger.name, partition, COUNT_KEY, None, ()))
    await line.append(Draft(kept.topic, kept.partition, kept.key, kept.value, kept.headers))
    for name in (PAID, ("stripe", "direct-charge-without-payment-intent")):
        await line.store(case(*name)[1])
    await line.verify()
    await line.settle(line.settling())
    assert len(await line.events()) == 2


async def test_an_expired_payment_leaves_by_a_tombstone_and_its_old_fact_is_too_old() -> None:
    line = await line_with(PAID)
    await line.verify()
    await line.settle()
    account, callback = case(*PAID)
    line.now_ms += 600 * DAY_MS
    # Another payment's fact drives the sweep; the redelivery is dated by its own receive time.
    late = dataclasses.replace(callback, received_at_ms=callback.received_at_ms)
    await line.store(case("stripe", "direct-charge-without-payment-intent")[1])
    await line.verify()
    settling = await line.settle(line.settling())
    assert settling is not None
    await line.store(late)
    await line.verify()
    await line.settle(line.settling())
    events = await line.events()
    assert len([e for e in events if e.payment_id == "pi_3OCvExample1"]) == 1
    assert account.revision


async def test_a_payment_is_known_again_after_its_ledger_state_was_folded() -> None:
    line = await line_with(PAID)
    await line.verify()
    await line.settle()
    (event,) = await line.events()
    from processors.settle import fold

    states = {r.key: r.value for r in await ledger_records(line) if r.key and b"/" in r.key}
    assert states[event.key] == encode_ledger(fold([event]))


async def test_the_books_find_a_doubled_event_a_missing_outcome_and_a_wrong_ledger() -> None:
    line = await line_with(PAID)
    await line.verify()
    assert (await line.books()).in_flight == 1
    await line.settle()
    (event,) = [r async for r in line.log.read(line.topics.events.name)]
    await line.append(Draft(event.topic, event.partition, event.key, event.value, event.headers))
    key = event.key or b""
    await line.append(
        Draft(line.topics.ledger.name, event.partition, key, b'{"v":1}', event.headers)
    )
    found = (await line.books()).discrepancies
    assert {"an event stands twice", "a ledger state that cannot be read"} <= set(found)


async def test_the_same_record_and_book_give_the_same_drafts() -> None:
    line = await line_with(PAID)
    (record,) = [r async for r in line.log.read(line.topics.callbacks.name)]
    judging = Judging(line.book, line.topics, line.metrics)
    assert judging.drafts(record) == judging.drafts(record)
