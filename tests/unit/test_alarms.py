"""Alarms about accounts, clocks and transactions, each with the wrong one that it must not be."""

import dataclasses

import pytest
import structlog
from prometheus_client import CollectorRegistry

from processors.registry import PROVIDERS
from processors.verdict import judge
from schemas.callback import Callback
from schemas.record import Position
from streams.alarms import MANY, RECENT, ProofAlarms, StableOffsets
from streams.log import PartitionBounds
from streams.metrics import StageMetrics
from tests.support.stages import case

WHERE = Position("callbacks", 0, 0)
STRIPE = case("stripe", "payment-intent-succeeded")
WECHAT = case("wechatpay-v3", "payment-direct-certificate")
PAYPAL = case("paypal", "capture-completed")


@pytest.fixture
def told() -> list[dict[str, object]]:
    """The alarms that were logged."""
    return []


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
        watched.feed(STRIPE, MANY, late_ms=late_ms)
        watched.feed(WECHAT, MANY, late_ms=late_ms)
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


def bounds(stable: int, end: int) -> dict[int, PartitionBounds]:
    return {0: PartitionBounds(0, stable, end)}


def test_a_stable_offset_that_stands_still_is_told_once() -> None:
    with structlog.testing.capture_logs() as told:
        watch = StableOffsets(StageMetrics(CollectorRegistry()))
        for second in range(0, 100, 10):
            watch.look("events", bounds(5, 9 + second), float(second))
    assert [(line["topic"], line["partition"]) for line in told] == [("events", 0)]


def test_a_stable_offset_that_moves_or_is_the_end_is_no_alarm() -> None:
    with structlog.testing.capture_logs() as told:
        watch = StableOffsets(StageMetrics(CollectorRegistry()))
        for second in range(0, 100, 10):
            watch.look("busy", bounds(second, second + 3), float(second))
            watch.look("idle", bounds(7, 7), float(second))
    assert told == []
