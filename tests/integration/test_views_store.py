"""The rows in SQLite and PostgreSQL: fed twice, in any order, built again, fenced."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import InvalidRecord, Unavailable
from schemas.record import Draft, Record
from streams.embedded import EmbeddedLog
from streams.topology import ensure_topics
from streams.views.applying import Applying
from streams.views.database import open_database
from streams.views.feed import apply_or_name, catch_up, fed_topics, follow, rebuild
from streams.views.read import alarms, find_story, outcome_counts, windows
from streams.views.store import Store, Superseded
from streams.views.tables import dump
from tests.support.settling import START_MS
from tests.support.views import TOPICS, History, built_apart, write


@pytest.fixture
def url(database_url: str) -> str:
    """The address of an empty database, SQLite and PostgreSQL in turn."""
    return database_url


@pytest.fixture
async def log() -> Iterator[EmbeddedLog]:  # type: ignore[misc]
    log = EmbeddedLog(":memory:", clock=lambda: START_MS)
    await ensure_topics(log, TOPICS)
    history = History(TOPICS)
    for number in range(15):
        history.pay(number)
    await write(log, history)
    yield log
    await log.close()


async def records_of(log: EmbeddedLog) -> list[list[Record]]:
    """Return the records of each partition in order."""
    found: dict[tuple[str, int], list[Record]] = {}
    for name in fed_topics(TOPICS):
        async for record in log.read(name):
            found.setdefault((name, record.partition), []).append(record)
    return list(found.values())


def store_of(url: str) -> Store:
    return Store(open_database(url), TOPICS)


async def test_plain_reading_builds_the_rows(log: EmbeddedLog, url: str) -> None:
    store = store_of(url)
    await catch_up(log, TOPICS, store)
    rows = dump(store.database)
    assert rows == await built_apart(log, TOPICS)
    assert len(rows["view_payments"]) == 15
    assert await catch_up(log, TOPICS, store) == 0
    store.database.close()


async def test_partitions_in_any_order_and_records_twice_give_the_same_rows(
    log: EmbeddedLog, url: str
) -> None:
    wanted = await built_apart(log, TOPICS)
    store = store_of(url)
    seed = random.randrange(2**32)
    choose = random.Random(seed)
    queues = [list(records) for records in await records_of(log)]
    while queues:
        queue = choose.choice(queues)
        batch = queue[: choose.randint(1, 4)]
        store.apply(batch)
        # A crash between writing and committing the offset reads the last ones again.
        if choose.random() < 0.3:
            store.apply(batch)
        del queue[: len(batch)]
        queues = [each for each in queues if each]
    assert dump(store.database) == wanted, f"seed {seed}"
    for records in await records_of(log):
        store.apply(records)
    assert dump(store.database) == wanted, f"seed {seed}"
    store.database.close()


async def test_rebuilding_gives_equal_rows_and_mends_damaged_ones(
    log: EmbeddedLog, url: str
) -> None:
    store = store_of(url)
    await catch_up(log, TOPICS, store)
    wanted = dump(store.database)
    store.database.run("UPDATE view_payments SET status = 'paid', refunded_minor = 0")
    store.database.run("UPDATE view_minutes SET count = count + 1")
    store.database.run("DELETE FROM view_outcomes WHERE item = 0")
    assert dump(store.database) != wanted
    await rebuild(log, TOPICS, store)
    assert dump(store.database) == wanted
    store.database.close()


async def test_who_writes_beside_a_rebuild_is_stopped(log: EmbeddedLog, url: str) -> None:
    """Its next record would be counted as if all before it had been."""
    worker = store_of(url)
    await catch_up(log, TOPICS, worker)
    other = store_of(url)
    await rebuild(log, TOPICS, other)
    record = (await records_of(log))[0][0]
    with pytest.raises(Superseded):
        worker.apply([record])
    worker.database.close()
    other.database.close()


async def test_a_rebuild_that_died_is_begun_again_at_the_next_start(
    log: EmbeddedLog, url: str
) -> None:
    store = store_of(url)
    await catch_up(log, TOPICS, store)
    wanted = dump(store.database)
    store.begin_rebuild({})
    store.apply((await records_of(log))[-1])
    store.database.close()
    after = store_of(url)
    assert not after.complete
    await catch_up(log, TOPICS, after)
    assert dump(after.database) == wanted
    after.database.close()


async def test_two_writers_of_one_partition_take_turns(log: EmbeddedLog, url: str) -> None:
    """As after a rebalance, when the old owner has not noticed yet."""
    wanted = await built_apart(log, TOPICS)
    partitions = await records_of(log)

    def work() -> None:
        store = store_of(url)
        for records in partitions:
            for record in records:
                store.apply([record])
        store.database.close()

    store_of(url).database.close()
    await asyncio.gather(*(asyncio.to_thread(work) for _ in range(2)))
    store = store_of(url)
    assert dump(store.database) == wanted
    store.database.close()


async def test_a_record_that_is_none_of_ours_is_named_and_the_next_one_applied(
    log: EmbeddedLog, url: str
) -> None:
    appender = log.appender()
    await appender.append([Draft(TOPICS.outcomes.name, 0, b"k", b"{}", (("ce_id", b"odd"),))])
    await appender.close()
    late = History(TOPICS, series="late")
    late.pay(1_001)
    await write(log, late)
    store = store_of(url)
    await catch_up(log, TOPICS, store)
    named = store.database.rows("SELECT topic, part, name, error FROM view_failures")
    assert named == [(TOPICS.outcomes.name, 0, "odd", "not an outcome record")]
    assert alarms(store.database).failures == 1
    assert find_story(store.database, "P1001") is not None
    assert await catch_up(log, TOPICS, store) == 0
    store.database.close()


async def test_alarms_name_what_a_person_should_look_at(log: EmbeddedLog, url: str) -> None:
    store = store_of(url)
    await catch_up(log, TOPICS, store)
    found = alarms(store.database)
    # Every fifth gave back ten euros of ten, every fifteenth four before that.
    assert [key.rpartition("/")[2] for key in found.over_refunded] == ["P0"]
    assert len(found.conflicts) == 3
    assert found.oldest_open_ms is None
    lone = History(TOPICS, series="lone")
    lone.pay(2_000)
    appender = log.appender()
    await appender.append(lone.callback_drafts())
    await appender.close()
    await catch_up(log, TOPICS, store)
    assert alarms(store.database).oldest_open_ms == START_MS
    store.database.close()


async def test_rates_and_counts_are_told_by_account_and_code(log: EmbeddedLog, url: str) -> None:
    store = store_of(url)
    await catch_up(log, TOPICS, store)
    counts = {(word, code): n for _, _, word, code, n in outcome_counts(store.database)}
    assert counts == {("announced", None): 23, ("duplicate", None): 15, ("parked", "conflict"): 3}
    # The log dated every record START_MS: the minute before this one.
    now_ms = START_MS - START_MS % 60_000 + 60_000
    found = windows(store.database, now_ms)
    # Callbacks and outcomes by account, events by ledger: an account may have another's ledger.
    by_ledger = [each for each in found if each.account == "ledger-1"]
    by_account = [each for each in found if each.account == "shop"]
    assert [each.minutes for each in by_ledger] == [each.minutes for each in by_account]
    assert [each.minutes for each in by_ledger] == [1, 15, 60]
    for each in by_ledger:
        assert (each.provider, each.success_ratio) == ("larkpay", 1.0)
        assert each.counts == {"PaymentSucceeded": 15, "RefundCompleted": 8}
    for each in by_account:
        assert each.counts == {"callback": 41}
        assert each.outcomes == {"announced": 23, "duplicate": 15, "parked:conflict": 3}
    assert windows(store.database, now_ms - 60_000) == []
    store.database.close()


@pytest.mark.parametrize("kind", ["payment", "order", "refund", "callback", "duplicate", "event"])
async def test_a_payment_is_found_by_every_id_of_it(log: EmbeddedLog, kind: str) -> None:
    store = store_of("sqlite:///:memory:")
    await catch_up(log, TOPICS, store)
    whole = find_story(store.database, "P3")
    assert whole is not None
    callbacks = [moment.callback_id for moment in whole.moments if moment.kind == "callback"]
    events = [moment.of for moment in whole.moments if moment.kind == "event"]
    assert len(callbacks) == 3
    names = {
        "payment": "P3", "order": "A-3", "refund": "R3", "callback": events[0].causation_id,
        "duplicate": next(c for c in callbacks if c not in {e.causation_id for e in events}),
        "event": events[1].id,
    }  # fmt: skip
    story = find_story(store.database, names[kind])
    assert story is not None
    assert story.payments == whole.payments
    assert set(story.moments) >= set(whole.moments)
    store.database.close()


async def test_following_applies_what_comes(log: EmbeddedLog, tmp_path: Path) -> None:
    store = store_of(f"sqlite:///{tmp_path / 'v.db'}")
    stopping, came = asyncio.Event(), asyncio.Event()
    states: list[bool] = []

    def fed() -> None:
        if find_story(store.database, "P500") is not None:
            came.set()

    task = asyncio.create_task(
        follow(log, TOPICS, store, stopping=stopping, ready=states.append, fed=fed)
    )
    late = History(TOPICS, series="late")
    late.pay(500)
    await write(log, late)
    async with asyncio.timeout(10):
        await came.wait()
        stopping.set()
        await task
    assert states[0] is True
    assert states[-1] is False
    assert dump(store.database) == await built_apart(log, TOPICS)
    store.database.close()


class Away(Store):
    """A store whose database fails the first `times` calls, and `fail` with it where `dead`."""

    def __init__(self, error: Exception, times: int, *, dead: bool = False) -> None:
        super().__init__(open_database("sqlite:///:memory:"), TOPICS)
        self.error, self.times, self.dead = error, times, dead

    def apply(self, records):  # type: ignore[no-untyped-def]
        if self.times > 0:
            self.times -= 1
            raise self.error
        return super().apply(records)

    def fail(self, record: Record, error: str) -> None:
        if self.dead:
            raise self.error
        super().fail(record, error)


@pytest.mark.parametrize(
    ("error", "times", "dead", "failures", "ended"),
    [
        (Unavailable("away"), 2, False, 0, []),
        (KeyError("ours"), 99, False, 1, []),
        (InvalidRecord("odd"), 1, False, 1, []),
        (Unavailable("away"), 99, True, 0, [1]),
        (Superseded("anew"), 1, False, 0, [1]),
    ],
)
async def test_no_exception_ever_leaves_an_agent(
    log: EmbeddedLog, error: Exception, times: int, dead: bool, failures: int, ended: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("streams.views.applying.RETRY_S", 0.0)
    store = Away(error, times, dead=dead)
    codes: list[int] = []
    record = (await records_of(log))[0][0]
    await Applying(store, give_up=codes.append).apply(record)
    assert codes == ended
    assert store.database.rows("SELECT count(*) FROM view_failures") == [(failures,)]
    store.database.close()


async def test_rows_of_another_log_are_not_continued(log: EmbeddedLog, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'v.db'}"
    store = store_of(url)
    await catch_up(log, TOPICS, store)
    other = EmbeddedLog(":memory:", clock=lambda: START_MS)
    await ensure_topics(other, TOPICS)
    with pytest.raises(Unavailable, match="views rebuild"):
        await catch_up(other, TOPICS, store)
    await other.close()
    store.database.close()


def test_applying_one_bad_record_moves_past_it(tmp_path: Path) -> None:
    store = store_of(f"sqlite:///{tmp_path / 'v.db'}")
    apply_or_name(store, Record(TOPICS.events.name, 0, 4, START_MS, b"k", b"x", ()))
    assert list(store.progress().values()) == [5]
    store.database.close()
