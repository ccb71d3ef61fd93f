"""The services on both databases and both logs, the outbox, and the commands."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import pytest

from schemas.errors import Unavailable
from schemas.event import Event
from schemas.topics import topics
from streams.downstream.consume import apply_all, apply_patiently, consume_once
from streams.downstream.inbox import Inbox
from streams.downstream.messages import Messages
from streams.downstream.order import OrderKey
from streams.downstream.orders import OrderBook, Orders
from streams.downstream.outbox import TAKEN_MS, ConsoleSender, Message, Outbox
from streams.downstream.read import orders
from streams.embedded import EmbeddedLog
from streams.topology import ensure_topics
from tests.support.cli import Runner, runner
from tests.support.downstream import (
    PARTITIONS,
    Shop,
    append,
    effects,
    events_of,
    open_durable,
    paid,
    records_of,
    refunded,
    wanted_effects,
)
from tests.support.postgres import empty_database
from tests.support.settling import START_MS, Settler, eur, fact, total

WITHIN_S = 30


def many_events(payments: int = 12) -> list[Event]:
    """Return the events of some orders; every third refunded, every fourth in two payments."""
    settler = Settler()
    for number in range(payments):
        named = {"merchant_order_id": f"A-{number}"}
        settler.tell(paid(1_000, f"P{number}", **named))
        if number % 3 == 0:
            settler.tell(total(600, payment_id=f"P{number}", **named))
        if number % 4 == 0:
            settler.tell(paid(500, f"Q{number}", **named))
        if number % 5 == 0:
            settler.tell(fact("DisputeOpened", payment_id=f"P{number}", dispute_id="D", **named))
    return settler.events


@pytest.fixture
def postgres_url(postgres: str) -> str:
    return empty_database(postgres)


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    log = EmbeddedLog(tmp_path / "log.db", clock=lambda: START_MS)
    await ensure_topics(log, topics(payment_partitions=PARTITIONS))
    yield log
    await log.close()


async def test_services_apply_a_log_through_a_group_and_again_without_one(
    embedded: EmbeddedLog, database_url: str
) -> None:
    made = topics(payment_partitions=PARTITIONS)
    events = many_events()
    await append(embedded, made, events)
    shop = Shop(open_durable(database_url))
    for inbox in shop.inboxes:
        consumer = await embedded.consumer(f"g-{inbox.service.name}", [made.events.name])
        fates: Counter[str] = Counter()
        while fates.total() < len(events):
            fates += await consume_once(consumer, inbox, records_max=5)
        assert fates == {"applied": len(events)}
        assert await apply_all(embedded, made.events.name, inbox) == {"known": len(events)}
        await consumer.close()
    assert effects(shop.database) == wanted_effects(events)
    shop.database.close()


class Unlocked(OrderBook):
    """The mutant: the order's row is there, and nobody waits for it."""

    def _lock(self, order: OrderKey) -> None:
        pass


@pytest.mark.parametrize(("book", "sum_minor"), [(OrderBook, 2_100), (Unlocked, 1_100)])
async def test_payments_of_one_order_applied_at_once_are_both_counted(
    postgres_url: str, book: type[OrderBook], sum_minor: int
) -> None:
    watching, first, second = (open_durable(postgres_url) for _ in range(3))
    Inbox(first, Orders(first)).apply(records_of(events_of(paid(100, "O"))))
    one, other = events_of(paid(1_000, "P"), paid(1_000, "Q"))

    def apply_other() -> None:
        with second.transaction():
            book(second, "orders").take(other)

    with first.transaction():
        book(first, "orders").take(one)
        applying = asyncio.create_task(asyncio.to_thread(apply_other))
        async with asyncio.timeout(WITHIN_S):
            while not watching.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not applying.done()
                await asyncio.sleep(0.01)
    await applying
    assert [row["paid_minor"] for row in orders(watching)] == [sum_minor]
    for database in (watching, first, second):
        database.close()


class LooksFirst(Inbox):
    """The mutant: asks whether the event is known, instead of relying on the unique key."""

    def _is_new(self, event: Event) -> bool:
        known = self.database.rows(
            "SELECT 1 FROM downstream_inbox WHERE consumer = ? AND event_id = ?",
            (self.service.name, event.id),
        )
        super()._is_new(event)
        return not known


@pytest.mark.parametrize(("kind", "sum_minor"), [(Inbox, 1_000), (LooksFirst, 2_000)])
async def test_a_zombie_and_the_new_owner_apply_one_event_once(
    postgres_url: str, kind: type[Inbox], sum_minor: int
) -> None:
    watching, zombies, owners = (open_durable(postgres_url) for _ in range(3))
    zombie = Inbox(zombies, Orders(zombies))
    owner = kind(owners, Orders(owners))
    records = records_of(events_of(paid(1_000)))
    # The zombie has everything written and not committed when its partition goes to another.
    with zombies.transaction():
        zombie._take(records[0])
        applying = asyncio.create_task(asyncio.to_thread(owner.apply, records))
        async with asyncio.timeout(WITHIN_S):
            while not watching.rows("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not applying.done()
                await asyncio.sleep(0.01)
    await applying
    assert [row["paid_minor"] for row in orders(watching)] == [sum_minor]
    for database in (watching, zombies, owners):
        database.close()


async def test_batches_that_lock_orders_crosswise_are_both_applied(postgres_url: str) -> None:
    first, second = (open_durable(postgres_url) for _ in range(2))
    both = threading.Barrier(2)
    batches = [
        events_of(*(paid(10, f"{owner}{n}", merchant_order_id=f"A-{n}") for n in numbers))
        for owner, numbers in (("P", "12"), ("Q", "21"))
    ]

    class Meeting(Orders):
        met = False

        def effect(self, event: Event) -> None:
            super().effect(event)
            if not self.met:
                self.met = True
                both.wait(WITHIN_S)

    inboxes = [Inbox(each, Meeting(each)) for each in (first, second)]
    applied = await asyncio.gather(
        *(
            asyncio.to_thread(asyncio.run, apply_patiently(inbox, records_of(batch)))
            for inbox, batch in zip(inboxes, batches, strict=True)
        )
    )
    assert applied == [{"applied": 2}] * 2
    assert [row["paid_minor"] for row in orders(first)] == [20, 20]
    first.close()
    second.close()


async def test_a_database_that_is_away_is_retried_and_then_ends_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.downstream.consume.RETRY_S", 0.0)
    shop = Shop()
    inbox, failing = shop.inboxes[0], 3
    apply = inbox.apply

    def away(records: object) -> object:
        nonlocal failing
        failing -= 1
        if failing >= 0:
            raise Unavailable("away")
        return apply(records)  # type: ignore[arg-type]

    monkeypatch.setattr(inbox, "apply", away)
    assert await apply_patiently(inbox, records_of(events_of(paid()))) == {"applied": 1}
    failing = 100
    with pytest.raises(Unavailable):
        await apply_patiently(inbox, records_of(events_of(refunded(1))))


class Receiver:
    """The other side; `dies` raises instead of answering the first time."""

    def __init__(self, *, dies: bool = False) -> None:
        self.got: list[str] = []
        self.dies = dies

    async def send(self, message: Message) -> None:
        self.got.append(message.id)
        if self.dies:
            self.dies = False
            raise ConnectionError


async def test_each_message_is_sent_once_and_once_more_where_sending_failed(
    database_url: str,
) -> None:
    databases = [open_durable(database_url) for _ in range(2)]
    Inbox(databases[0], Messages(databases[0])).apply(records_of(many_events()))
    now_ms = START_MS
    one, other = (Outbox(each, lambda: now_ms) for each in databases)
    # One dies with what it has taken; the other finds none of it until the while is over.
    lost = {each.id for each in one._take()}
    receiver = Receiver(dies=True)
    while await other.send_some(receiver):
        pass
    assert lost
    assert not lost & set(receiver.got)
    failed = receiver.got[0]
    now_ms += TAKEN_MS
    while await one.send_some(receiver) + await other.send_some(receiver):
        pass
    assert Counter(receiver.got) == {each.id: 1 + (each.id == failed) for each in many_events()}
    for database in databases:
        database.close()


async def test_the_console_sender_writes_id_and_text() -> None:
    lines: list[str] = []
    await ConsoleSender(lines.append).send(Message("e-1", "live", "A-1", "x", "Hello."))
    assert lines == ["e-1  Hello.\n"]
    lines.clear()
    message = Message("e-1", "live", "A-1", "PaymentSucceeded", "Hello.")
    await ConsoleSender(lines.append, as_json=True).send(message)
    assert [json.loads(line) for line in lines] == [asdict(message)]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runner:
    """Commands beside a log with events."""
    (tmp_path / "state").mkdir()

    async def fill() -> None:
        log = EmbeddedLog(tmp_path / "state" / "log.db", clock=lambda: START_MS)
        made = topics(payment_partitions=PARTITIONS)
        await ensure_topics(log, made)
        await append(log, made, many_events())
        await log.close()

    asyncio.run(fill())
    for name in ("TILLSTREAM_LOG", "TILLSTREAM_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TILLSTREAM_STATE", str(tmp_path / "state"))
    return runner(capsys)


def test_commands_apply_list_and_expect(command: Runner) -> None:
    count = len(many_events())
    applied = command("downstream", "run", "all", "--once", "--json").json()
    assert applied == {each: {"applied": count} for each in ("orders", "coupons", "messages")}
    again = command("downstream", "run", "orders", "--once", "--json").json()
    assert again == {"orders": {"known": count}}
    (order,) = command("downstream", "list", "orders", "--order", "A-3", "--json").json()
    assert (order["status"], order["paid_minor"]) == ("partly_refunded", 1_000)
    assert "EUR 6.00" in command("downstream", "list", "orders").out
    assert len(command("downstream", "list", "coupons", "--json").json()) == 12
    assert "We received EUR 10.00 for order A-1." in command("downstream", "list", "messages").out
    expected = command("downstream", "expect", "A-1", "1500", "EUR", "--json").json()
    assert (expected["status"], expected["total_minor"]) == ("partly_paid", eur(1_500).minor)
    assert command("downstream", "expect", "A-1", "1500", "eur").code == 2
    assert command("downstream", "list", "failures").code == 0
    assert command("downstream", "run", "cash").code == 2


@pytest.mark.parametrize("arguments", [("run",), ("list",), ("expect",)])
def test_help_says_json_and_exit_codes(command: Runner, arguments: tuple[str, ...]) -> None:
    ran = command("downstream", *arguments, "--help")
    assert "--json" in ran.out
    assert "78 configuration" in " ".join(ran.out.split())


def test_the_running_services_print_messages_and_end_in_order(
    command: Runner, tmp_path: Path
) -> None:
    count = len(many_events())
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TILLSTREAM_")}
    running = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "downstream", "run", "all"],
        env={**environment, "TILLSTREAM_STATE": str(tmp_path / "state")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    watchdog = threading.Timer(WITHIN_S, running.kill)
    watchdog.start()
    try:
        assert running.stdout is not None
        ids = {running.stdout.readline().split("  ")[0] for _ in range(count)}
        assert ids == {event.id for event in many_events()}
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate()
    finally:
        watchdog.cancel()
        running.kill()
        running.communicate()
    assert running.returncode == 0, err
    assert {json.loads(line)["event"] for line in err.splitlines()} <= {
        "role_ready", "role_not_ready", "offsets_missing",
    }  # fmt: skip
    sent = command("downstream", "list", "messages", "--json").json()
    assert all(each["sent_at_ms"] is not None for each in sent)
