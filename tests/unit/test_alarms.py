"""Alarms about accounts, clocks and transactions, each with the wrong one that it must not be."""

import asyncio
import dataclasses

import pytest
import structlog
from prometheus_client import CollectorRegistry

from processors.account import Account
from processors.registry import PROVIDERS
from processors.verdict import judge
from schemas.callback import Callback
from schemas.errors import Unavailable
from schemas.record import Draft, Position, TopicPartition
from schemas.times import DAY_MS
from schemas.topics import topics
from streams.alarms import MANY_BAD, MANY_FAR, RECENT, SIGNED_RECENT, ProofAlarms
from streams.embedded import EmbeddedLog
from streams.log import PartitionBounds
from streams.metrics import StageMetrics
from streams.topology import ensure_topics
from streams.watch import StableOffsets, watch_lag
from tests.support.payments import payments

WHERE = Position("callbacks", 0, 0)
NOW_MS = 1_790_000_000_000


def paid(provider: str) -> tuple[Account, Callback]:
    account, (callback,) = payments(provider, 1, at_ms=NOW_MS)
    return account, callback


STRIPE, WECHAT, PAYPAL = paid("stripe"), paid("wechatpay-v3"), paid("paypal")


class Watched:
    """Alarms fed by real judgements."""

    def __init__(self) -> None:
        self.alarms = ProofAlarms(StageMetrics(CollectorRegistry()))

    def feed(self, known, times: int, *, name: str | None = None, **changes: object):  # type: ignore[no-untyped-def]
        account, callback = known
        settings = changes.pop("settings", None)
        if settings is not None:
            account = dataclasses.replace(account, settings={**account.settings, **settings})
        moved: Callback = _changed(callback, name or callback.account, **changes)
        provider = PROVIDERS[callback.provider]
        for _ in range(times):
            judgement = judge(moved, WHERE, provider, account)
            self.alarms.judged(moved, judgement, provider)
        return judgement


def _changed(callback: Callback, name: str, late_ms: int = 0, body: bytes | None = None):  # type: ignore[no-untyped-def]
    return Callback(
        callback.id, callback.provider, name, callback.received_at_ms + late_ms, callback.method,
        callback.target, callback.headers, callback.body if body is None else body,
    )  # fmt: skip


def alarms_of(captured: list[dict[str, object]]) -> list[object]:
    return [line["alarm"] for line in captured if "alarm" in line]


def test_an_account_that_stopped_verifying_is_named_with_its_settings() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        watched.feed(PAYPAL, RECENT)
        # After a move the configured webhook id is another one: genuine callbacks fail.
        watched.feed(PAYPAL, RECENT, settings={"webhook_id": "ANOTHER"})
    (line,) = [line for line in told if line.get("alarm") == "stopped_verifying"]
    assert line["account"] == "shop"
    assert "webhook_id" in str(line["look_at"])
    assert PAYPAL[1].body.decode("latin-1") not in str(line)


def test_forgeries_for_an_account_that_never_verified_raise_nothing() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        watched.feed(PAYPAL, RECENT, name="verified")
        watched.feed(STRIPE, 5 * RECENT, name="never", body=b"{}")
    assert alarms_of(told) == []


def test_one_global_count_of_bad_signatures_is_caught() -> None:
    class OneCount(ProofAlarms):
        def judged(self, callback, judgement, provider):  # type: ignore[no-untyped-def]
            super().judged(_changed(callback, "all"), judgement, provider)

    with structlog.testing.capture_logs() as told:
        watched = Watched()
        watched.alarms = OneCount(StageMetrics(CollectorRegistry()))
        watched.feed(STRIPE, RECENT, name="verified")
        watched.feed(STRIPE, 5 * RECENT, name="never", body=b"{}")
    assert alarms_of(told) == ["stopped_verifying"], "the wrong one raises for the stranger"


def test_single_forgeries_among_good_callbacks_raise_nothing() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        for _ in range(RECENT):
            watched.feed(STRIPE, 3)
            watched.feed(STRIPE, 1, body=b"{}")
    assert alarms_of(told) == []


@pytest.mark.parametrize("late_ms", [600_000, 200_000])
def test_many_far_signed_times_of_two_providers_say_clock_and_not_forgery(late_ms: int) -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        watched.feed(STRIPE, MANY_FAR, late_ms=late_ms)
        watched.feed(WECHAT, MANY_FAR, late_ms=late_ms)
    (line,) = [line for line in told if line.get("alarm") == "clock"]
    assert "no forgery" in str(line["meaning"])
    assert len(line["providers"]) == 2


def test_stale_callbacks_of_one_provider_alone_are_not_the_clock() -> None:
    with structlog.testing.capture_logs() as told:
        Watched().feed(STRIPE, 3 * RECENT, late_ms=600_000)
    assert alarms_of(told) == []


def test_an_alarm_is_told_once_an_hour() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        watched.feed(STRIPE, RECENT)
        watched.feed(STRIPE, 5 * RECENT, body=b"{}")
        watched.feed(STRIPE, 1, body=b"{}", late_ms=3_700_000)
    assert alarms_of(told) == ["stopped_verifying"] * 2


def test_what_an_earlier_process_proved_counts_after_a_restart() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        received_at_ms = PAYPAL[1].received_at_ms
        watched.alarms.proved_before("paypal", "shop", received_at_ms - DAY_MS + 60_000)
        watched.alarms.proved_before("paypal", "old", received_at_ms - DAY_MS)
        for name in ("shop", "old"):
            watched.feed(PAYPAL, MANY_BAD, name=name, settings={"webhook_id": "ANOTHER"})
    assert [line["account"] for line in told if "alarm" in line] == ["shop"]


def test_a_quiet_account_is_told_before_its_last_proof_is_a_day_old() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        watched.feed(PAYPAL, 1)
        for hour in range(1, MANY_BAD + 1):
            late_ms = hour * 3_600_000
            watched.feed(PAYPAL, 1, late_ms=late_ms, settings={"webhook_id": "ANOTHER"})
    assert alarms_of(told) == ["stopped_verifying"]


def test_forgeries_of_weeks_do_not_add_up() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        watched.feed(PAYPAL, 1)
        for day in range(1, 40):
            # Verified every day; a stranger knocks now and then.
            watched.feed(PAYPAL, 1, late_ms=day * DAY_MS)
            watched.feed(PAYPAL, 3, late_ms=day * DAY_MS, body=b"{}")
    assert alarms_of(told) == []


def test_proofs_are_counted_by_account() -> None:
    registry = CollectorRegistry()
    watched = Watched()
    watched.alarms = ProofAlarms(StageMetrics(registry))
    watched.feed(STRIPE, 3)
    watched.feed(STRIPE, 2, body=b"{}")
    said = {
        proof: registry.get_sample_value(
            "tillstream_account_proofs_total",
            {"provider": "stripe", "account": "shop", "proof": proof},
        )
        for proof in ("good", "bad")
    }
    assert said == {"good": 3, "bad": 2}


def test_one_ingress_of_four_with_a_wrong_clock_is_told() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        for _ in range(SIGNED_RECENT // 4):
            for known in (STRIPE, WECHAT):
                watched.feed(known, 3)
                watched.feed(known, 1, late_ms=-600_000)
    assert alarms_of(told) == ["clock"]


def test_a_clock_that_was_a_year_ahead_does_not_silence_the_next_alarm() -> None:
    with structlog.testing.capture_logs() as told:
        watched = Watched()
        for late_ms in (365 * DAY_MS, 600_000):
            watched.feed(STRIPE, MANY_FAR, late_ms=late_ms)
            watched.feed(WECHAT, MANY_FAR, late_ms=late_ms)
    assert alarms_of(told) == ["clock"] * 2


def bounds(stable: int, end: int) -> dict[int, PartitionBounds]:
    return {0: PartitionBounds(0, stable, end)}


def test_a_stable_offset_that_stands_still_is_told_once() -> None:
    watch = StableOffsets()
    told = [
        (second, where)
        for second in range(0, 100, 10)
        for where in watch.look("events", bounds(5, 9 + second), float(second))
    ]
    assert told == [(30, ("events", 0))]


def test_a_stable_offset_that_moves_or_is_the_end_is_no_alarm() -> None:
    watch = StableOffsets()
    for second in range(0, 100, 10):
        assert watch.look("busy", bounds(second, second + 3), float(second)) == []
        assert watch.look("idle", bounds(7, 7), float(second)) == []


class LagOnly(StableOffsets):
    """The wrong one: compares a `read_committed` reader, who is at the stable offset, with it."""

    def look(self, topic, bounds, now_s):  # type: ignore[no-untyped-def]
        readable = {p: dataclasses.replace(b, end=b.stable) for p, b in bounds.items()}
        return super().look(topic, readable, now_s)


def test_watching_only_the_lag_of_readers_is_caught() -> None:
    watch = LagOnly()
    assert not any(watch.look("events", bounds(5, 9), float(s)) for s in range(0, 100, 10))


class AwayOnce(EmbeddedLog):
    """A log that cannot be asked once."""

    away = False

    async def bounds(self, topic: str):  # type: ignore[no-untyped-def]
        if self.away:
            self.away = False
            raise Unavailable("away")
        return await super().bounds(topic)


async def test_lag_age_is_that_of_the_oldest_record_not_processed_and_survives_an_outage() -> None:
    registry, stopping = CollectorRegistry(), asyncio.Event()
    topics_, now_ms = topics(payment_partitions=2), 1_000_000
    log = AwayOnce(":memory:", clock=lambda: now_ms)
    await ensure_topics(log, topics_)
    name = topics_.callbacks.name
    appender = log.appender()
    for second in (0, 40, 100):
        now_ms = 1_000_000 + second * 1000
        await appender.append([Draft(name, second % 3, None, b"x", ())])
    consumer = await log.consumer("g", [name])
    await consumer.commit({TopicPartition(name, 0): 1})
    log.away = True
    watching = asyncio.create_task(
        watch_lag(
            log, "verify", "g", name, metrics=StageMetrics(registry), clock=lambda: now_ms,
            stopping=stopping, every_s=0.01,
        )
    )  # fmt: skip

    def shown() -> float | None:
        return registry.get_sample_value("tillstream_lag_age_seconds", {"stage": "verify"})

    async with asyncio.timeout(10):
        while shown() != 60.0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await consumer.commit({TopicPartition(name, 1): 2})
        while shown() != 0.0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    stopping.set()
    await watching
    await log.close()
