"""A ledger topic that lost its newest transactions whole: it adds up, and knows too little."""

from pathlib import Path

import pytest

from streams.embedded.file import first_id
from streams.ledger import DiskStores, MemoryStores, Restoring, Stores
from tests.support.stages import Line, case

PAID = ("stripe", "payment-intent-succeeded")
OTHER = ("stripe", "direct-charge-without-payment-intent")


async def line_that_lost_its_newest_transaction(stores: Stores) -> Line:
    account, callback = case(*PAID)
    line = await Line(account, now_ms=callback.received_at_ms + 1_000, partitions=1).open()
    await deliver(line, PAID)
    await line.settle(line.settling(stores=stores))
    name = line.topics.ledger.name
    end = (await line.log.bounds(name))[0].end
    await deliver(line, OTHER)
    await line.settle(line.settling(stores=stores))
    slot = line.log._reader.slot(name, 0)
    line.log._writing.execute(
        "DELETE FROM records WHERE id >= ? AND id < ?", (first_id(slot) + end, first_id(slot + 1))
    )
    return line


async def deliver(line: Line, name: tuple[str, str]) -> None:
    await line.store(case(*name)[1])
    await line.verify()


@pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "disk"])
async def test_a_ledger_behind_its_events_is_rebuilt(tmp_path: Path, on_disk: bool) -> None:
    stores = DiskStores(tmp_path) if on_disk else MemoryStores()
    line = await line_that_lost_its_newest_transaction(stores)
    await deliver(line, OTHER)
    await line.settle(line.settling(stores=stores))
    assert len(await line.events()) == 2
    assert (await line.books()).balanced


async def test_a_restore_that_looks_at_the_ledger_alone_doubles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def content(*_: object) -> bool:
        return True

    monkeypatch.setattr(Restoring, "_holds_newest", content)
    line = await line_that_lost_its_newest_transaction(MemoryStores())
    await deliver(line, OTHER)
    await line.settle(line.settling())
    assert len(await line.events()) == 3


async def test_the_newest_event_is_found_far_from_the_end() -> None:
    account, callback = case(*PAID)
    line = await Line(account, now_ms=callback.received_at_ms + 1_000, partitions=1).open()
    await deliver(line, PAID)
    await line.settle(line.settling())
    slot = line.log._reader.slot(line.topics.events.name, 0)
    # As after a thousand aborted records: offsets that hold nothing.
    line.log._writing.execute(
        "UPDATE partitions SET log_end = log_end + 1000 WHERE slot = ?", (slot,)
    )
    newest = await line.settling()._restoring._newest_event(0)
    assert newest is not None
    assert newest.offset == 0
