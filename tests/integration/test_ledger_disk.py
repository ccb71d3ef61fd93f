"""Settling with its states on disk: what is adopted, what is wiped, and who holds what."""

import asyncio
import dataclasses
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path

import pytest

from schemas.ledger import COUNT_KEY, Announced, LedgerState, encode_ledger
from schemas.record import Record
from streams.embedded import EmbeddedLog
from streams.errors import ConfigurationError
from streams.ledger import DiskStore, DiskStores, Restoring, Store, slots
from streams.log import PartitionBounds
from streams.settle import SWEEP_EVERY_MS
from tests.support.ledger_program import NOW_MS
from tests.support.stages import Line, case

PAID = ("stripe", "payment-intent-succeeded")
OTHER = ("stripe", "direct-charge-without-payment-intent")
DAY_MS = 86_400_000
ENTRY = Announced("id", "PaymentSucceeded", None, 1, "EUR", None, "A-1", 5, "callback", 0)


def state(sequence: int) -> bytes:
    return encode_ledger(LedgerState(sequence, 0, 7, (ENTRY,) * sequence, 3))


async def line_with(*names: tuple[str, str], log: EmbeddedLog | None = None) -> Line:
    account, callback = case(*PAID)
    line = await Line(
        account, now_ms=callback.received_at_ms + 1_000, partitions=1, log=log
    ).open()
    for name in names:
        await line.store(case(*name)[1])
    await line.verify()
    return line


def starts_of(line: Line) -> list[int | None]:
    """Keep from where the ledger is read, from now on."""
    starts: list[int | None] = []
    entries = line.log.entries

    def noted(topic: str, partition: int, *, start: int | None = None) -> object:
        starts.append(start)
        return entries(topic, partition, start=start)

    line.log.entries = noted  # type: ignore[assignment, method-assign]
    return starts


async def settle_again(line: Line, folder: Path, *names: tuple[str, str]) -> list[int | None]:
    """Deliver once more and settle with a new start; return from where the ledger was read."""
    for name in names:
        await line.store(case(*name)[1])
    await line.verify()
    starts = starts_of(line)
    await line.settle(line.settling(stores=DiskStores(folder)))
    del line.log.entries
    assert (await line.books()).balanced, (await line.books()).examples
    return starts


def stored(folder: Path) -> DiskStore:
    (file,) = folder.glob("0/*/data.mdb")
    return DiskStore(file.parent)


async def test_a_new_start_goes_on_from_its_last_count_record(tmp_path: Path) -> None:
    line = await line_with(PAID, OTHER)
    await line.settle(line.settling(stores=DiskStores(tmp_path)))
    counts = [r.offset async for r in line.log.read(line.topics.ledger.name) if r.key == COUNT_KEY]
    assert await settle_again(line, tmp_path, PAID, OTHER) == [counts[-1]]
    assert len(await line.events()) == 2


async def test_what_others_settled_meanwhile_is_read_on(tmp_path: Path) -> None:
    line = await line_with(PAID)
    await line.settle(line.settling(stores=DiskStores(tmp_path / "here")))
    await settle_again(line, tmp_path / "there", OTHER)
    (start,) = await settle_again(line, tmp_path / "here", PAID, OTHER)
    assert start is not None
    assert len(await line.events()) == 2


def without_position(folder: Path, _: int) -> None:
    store = stored(folder)
    store.write((), None)
    store.close()


def ahead(folder: Path, end: int) -> None:
    store = stored(folder)
    store.write((), end)
    store.close()


def lost_a_state(folder: Path, _: int) -> None:
    store = stored(folder)
    key, _value = next(store.items())
    store.write([(key, None)], store.position)
    store.close()


def no_database(folder: Path, _: int) -> None:
    for file in folder.glob("0/*/data.mdb"):
        file.write_bytes(b"nothing" * 4_000)


def no_file(folder: Path, _: int) -> None:
    for file in folder.glob("0/*/data.mdb"):
        file.unlink()


def other_boot(folder: Path, _: int) -> None:
    for file in folder.glob("0/*/boot"):
        file.write_text("the one before")


@pytest.mark.parametrize(
    "spoil", [without_position, ahead, lost_a_state, no_database, no_file, other_boot]
)
async def test_a_store_that_cannot_be_trusted_is_wiped_and_restored(
    tmp_path: Path, spoil: Callable[[Path, int], None]
) -> None:
    line = await line_with(PAID, OTHER)
    await line.settle(line.settling(stores=DiskStores(tmp_path)))
    end = (await line.log.bounds(line.topics.ledger.name))[0].end
    spoil(tmp_path, end)
    starts = await settle_again(line, tmp_path, PAID, OTHER)
    assert starts[-1] is None
    assert len(await line.events()) == 2
    store = stored(tmp_path)
    assert (store.totals.payments, store.position) != (0, None)
    store.close()


async def test_a_position_below_what_the_topic_holds_is_wiped(tmp_path: Path) -> None:
    line = await line_with(PAID)
    await line.settle(line.settling(stores=DiskStores(tmp_path)))
    store = stored(tmp_path)
    stored_position = store.position
    store.close()
    proper = line.log.bounds

    async def shortened(topic: str) -> Mapping[int, PartitionBounds]:
        found = (await proper(topic))[0]
        return {0: dataclasses.replace(found, start=found.end)}

    line.log.bounds = shortened  # type: ignore[method-assign]
    restoring = line.settling(stores=DiskStores(tmp_path))._restoring
    starts = starts_of(line)
    (await restoring.open(0)).close()
    assert (starts[0], starts[1]) == (stored_position, None)


async def stores_of_another_history(folder: Path) -> Line:
    """A ledger with as many payments, events and records as the store, but not the same ones."""
    other = await line_with(OTHER)
    await other.settle(other.settling(stores=DiskStores(folder)))
    line = await line_with(PAID)
    await line.settle()
    await line.store(case(*PAID)[1])
    await line.verify()
    return line


async def test_a_store_of_another_history_that_counts_alike_is_noticed(tmp_path: Path) -> None:
    line = await stores_of_another_history(tmp_path)
    assert len(await settle_again(line, tmp_path, OTHER)) == 2
    assert len(await line.events()) == 2


async def test_a_store_that_is_trusted_by_its_counts_alone_doubles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = await stores_of_another_history(tmp_path)
    monkeypatch.setattr("schemas.ledger.crc32", lambda *_: 0)
    proper = Restoring._agrees

    async def counting(self: Restoring, store: Store, partition: int) -> bool:
        held = store.totals.payments, store.totals.events
        return held == (1, 1) or await proper(self, store, partition)

    monkeypatch.setattr(Restoring, "_agrees", counting)
    await line.settle(line.settling(stores=DiskStores(tmp_path)))
    assert not (await line.books()).balanced


@pytest.mark.parametrize("where", ["before", "inside", "after"])
async def test_a_kill_around_the_write_after_a_commit_costs_nothing(
    tmp_path: Path, where: str
) -> None:
    file, folder = tmp_path / "log.db", tmp_path / "ledger"
    log = EmbeddedLog(str(file), clock=lambda: NOW_MS)
    line = await line_with(PAID, log=log)
    assert await settled(file, folder) == (0, "1")
    await line.store(case(*OTHER)[1])
    await line.verify()
    assert (await settled(file, folder, where))[0] == -signal.SIGKILL
    assert len(await line.events()) == 2
    for name in (PAID, OTHER):
        await line.store(case(*name)[1])
    await line.verify()
    # Never from the beginning: the position is that of before the kill, or of after it.
    assert await settled(file, folder) == (0, "0")
    assert len(await line.events()) == 2
    assert (await line.books()).balanced
    await log.close()


async def settled(*arguments: object) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.ledger_program", *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await process.communicate()
    return process.returncode, told.decode().rpartition("\n")[0].rpartition("\n")[2]


async def test_a_sleeping_owner_keeps_its_store_and_writes_into_no_other(tmp_path: Path) -> None:
    zombie = await DiskStores(tmp_path).open(0)
    zombie.write([(b"p/l/1", state(1))], 3)
    heir = await DiskStores(tmp_path).open(0)
    assert (heir.position, heir.get(b"p/l/1")) == (None, None)
    heir.write([(b"p/l/1", state(2))], 9)
    # It wakes up where its transaction had been committed and its store not yet written.
    zombie.write([(b"p/l/1", state(1))], 4)
    assert heir.get(b"p/l/1") == state(2)
    zombie.close()
    heir.close()
    third = await DiskStores(tmp_path).open(0)
    assert (third.position, third.get(b"p/l/1")) == (9, state(2))
    third.close()
    # The other is gone.
    stored(tmp_path).close()


async def test_a_store_is_taken_over_as_soon_as_its_owner_lets_go(tmp_path: Path) -> None:
    owner = await DiskStores(tmp_path).open(0)
    owner.write([(b"p/l/1", state(1))], 3)
    taking = asyncio.ensure_future(DiskStores(tmp_path).open(0))
    await asyncio.sleep(0)
    owner.close()
    heir = await taking
    assert heir.position == 3
    heir.close()


async def test_no_more_stores_than_there_are_slots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "SLOTS_MAX", 2)
    held = [await DiskStores(tmp_path).open(0) for _ in range(2)]
    with pytest.raises(slots.Unavailable):
        await DiskStores(tmp_path).open(0)
    for store in held:
        store.close()


@pytest.mark.parametrize(("ended_in_order", "position"), [(True, 3), (False, None)])
async def test_after_a_restart_of_the_machine_only_what_was_synced_is_trusted(
    tmp_path: Path, ended_in_order: bool, position: int | None
) -> None:
    before = DiskStores(tmp_path, boot="one")
    store = await before.open(0)
    store.write([(b"p/l/1", state(1))], 3)
    store.close()
    if ended_in_order:
        await before.close()
    after = DiskStores(tmp_path, boot="two")
    store = await after.open(0)
    assert store.position == position
    store.close()
    # Opened and not synced again: the mark of before does not count for what came after.
    again = await DiskStores(tmp_path, boot="three").open(0)
    assert again.position is None
    again.close()


async def test_without_a_name_of_the_boot_only_what_was_synced_is_trusted(tmp_path: Path) -> None:
    store = await DiskStores(tmp_path, boot="").open(0)
    store.write([(b"p/l/1", state(1))], 3)
    store.close()
    store = await DiskStores(tmp_path, boot="").open(0)
    assert store.position is None
    store.close()


def test_a_state_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="TILLSTREAM_STATE"):
        DiskStores(tmp_path / "file" / "ledger")


async def test_expiry_goes_by_tombstones_and_the_old_fact_is_too_old(tmp_path: Path) -> None:
    line = await line_with(PAID, OTHER)
    facts: list[Record] = []
    async with aclosing(line.log.read(line.topics.facts.name)) as records:
        facts = [record async for record in records]
    settling = line.settling(stores=DiskStores(tmp_path))
    await settling.restore(0)

    async def settle(record: Record) -> list[object]:
        drafts = settling.process(0, [record])
        appender = line.log.appender()
        settling.committed(0, await appender.append(drafts))
        await appender.close()
        return list(drafts)

    await settle(facts[0])
    line.now_ms += 542 * DAY_MS + SWEEP_EVERY_MS
    drafts = await settle(facts[1])
    tombstones = [d.key for d in drafts if d.topic == line.topics.ledger.name and d.value is None]
    assert tombstones == [facts[0].key]
    await settle(facts[0])
    outcome = (await line.outcomes())[-1]
    assert (outcome.outcome, outcome.code) == ("parked", "too_old")
    assert [e.key for e in await line.events()] == [facts[0].key]
    settling.forget(0)
    # A restore agrees with what the tombstones left.
    restored = await line.settling(stores=DiskStores(tmp_path / "new"))._restoring.open(0)
    assert restored.get(facts[0].key or b"") is None
    restored.close()
