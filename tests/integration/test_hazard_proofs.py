"""Hazards of genuine callbacks that fail: a changed setting, a wrong clock, a backlog."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import structlog
from structlog.typing import EventDict

from processors.account import Account
from processors.contract import Providers
from processors.registry import PROVIDERS
from schemas.callback import Callback, decode_callback
from schemas.record import Record
from schemas.times import DAY_MS
from streams.alarms import ProofAlarms
from streams.ingress.http import Connection
from streams.quarantine import held_callbacks, release
from tests.support.ingress_parts import Ingress, ingress
from tests.support.payments import account_of, payment_ids, payments
from tests.support.raw_http import Wire, request
from tests.support.stages import FixedBook, Line

NOW_MS = 1_790_000_000_000
MINUTE_MS = 60_000
BAD = frozenset(("bad_signature",))


def alarms_of(lines: Sequence[EventDict]) -> list[EventDict]:
    return [dict(line) for line in lines if "alarm" in line]


# -- R23: an account that used to verify and stopped -----------------------------------------


async def after_a_move_of_the_webhook() -> None:
    """Genuine callbacks fail by a wrong setting beside forgeries for an account that never
    verified: one alarm, for the first; after the correction each payment is announced once."""
    right, before = payments("paypal", 30, at_ms=NOW_MS - 3_600_000)
    wrong = account_of("paypal", webhook_id="WH-OF-THE-OLD-DOMAIN")
    stranger = dataclasses.replace(account_of("stripe"), name="never")
    line = await Line(right, stranger, now_ms=NOW_MS).open()
    for callback in before:
        await line.store(callback)
    await line.verify()
    _, genuine = payments("paypal", 20, at_ms=NOW_MS, first=100)
    _, forged = payments("stripe", 20, at_ms=NOW_MS)
    for callback, forgery in zip(genuine, forged, strict=True):
        await line.store(callback)
        await line.store(_forged(forgery, "never"))
    # The setting is changed with a restart: what the old process had seen is recalled.
    line.book = FixedBook((wrong, stranger))
    with structlog.testing.capture_logs() as said:
        await line.verify()
    _assert_one_alarm_that_helps(alarms_of(said), genuine)

    held = await held_callbacks(line.log, line.topics, codes=BAD)
    assert len(held) == 40
    right_again = FixedBook((right, stranger))
    for _ in range(2):  # A person may well release twice.
        await release(line.log, line.topics, held, book=right_again, metrics=line.metrics)
    await line.settle()
    announced = Counter(event.payment_id for event in await line.events())
    assert announced == Counter(payment_ids("paypal", 30) + payment_ids("paypal", 20, first=100))
    still = await held_callbacks(line.log, line.topics, codes=BAD)
    assert len(still) == 20, "the forgeries stay where they are"
    await line.log.close()


def _forged(callback: Callback, name: str) -> Callback:
    return Callback(
        callback.id, callback.provider, name, callback.received_at_ms, callback.method,
        callback.target, callback.headers, callback.body + b" ",
    )  # fmt: skip


def _assert_one_alarm_that_helps(alarms: list[EventDict], genuine: list[Callback]) -> None:
    assert [(each["alarm"], each["provider"], each["account"]) for each in alarms] == [
        ("stopped_verifying", "paypal", "shop")
    ]
    text = str(alarms[0])
    assert "webhook_id" in alarms[0]["look_at"]
    for callback in genuine:
        assert callback.body.decode("latin-1") not in text
        assert callback.header_text("paypal-transmission-sig", absent=KeyError) not in text  # type: ignore[arg-type]
    assert "WH-OF-THE-OLD-DOMAIN" not in text


async def test_an_account_that_stopped_verifying_is_told_and_cured_by_a_release() -> None:
    await after_a_move_of_the_webhook()


class OneCounter(ProofAlarms):
    """The wrong one: all bad signatures in one count, whoever's they are."""

    def _note_proof(self, callback: Callback, *, good: bool, provider: Any) -> None:
        everyone = Callback(
            callback.id, callback.provider, "all", callback.received_at_ms, callback.method,
            callback.target, callback.headers, callback.body,
        )  # fmt: skip
        super()._note_proof(everyone, good=good, provider=provider)


class EveryAccount(ProofAlarms):
    """The wrong one: any account with bad signatures, whether it ever verified or not."""

    def _note_proof(self, callback: Callback, *, good: bool, provider: Any) -> None:
        self.proved_before(callback.provider, callback.account, callback.received_at_ms)
        super()._note_proof(callback, good=good, provider=provider)


class Forgetful(ProofAlarms):
    """The wrong one: what was proved before the restart is not known."""

    def proved_before(self, provider: str, account: str, received_at_ms: int) -> None:
        pass


@pytest.mark.parametrize("wrong", [OneCounter, EveryAccount, Forgetful])
async def test_wrong_counts_of_bad_signatures_are_caught(
    monkeypatch: pytest.MonkeyPatch, wrong: type[ProofAlarms]
) -> None:
    monkeypatch.setattr("streams.verify.ProofAlarms", wrong)
    with pytest.raises(AssertionError):
        await after_a_move_of_the_webhook()


# -- R27: windows are measured at the front door ----------------------------------------------


class ConfiguredAccounts:
    """A book as the ingress reads it."""

    def __init__(self, *accounts: Account) -> None:
        self._book = FixedBook(accounts)
        self.providers: Providers = PROVIDERS

    def get(self, provider: str, name: str) -> Account | None:
        return self._book.get(provider, name)

    def reply_when(self, provider: str, name: str) -> str:
        return "stored"


class FrontDoor:
    """An ingress with a clock of its own before a line whose clock is another."""

    def __init__(self, running: Ingress, line: Line) -> None:
        self.running = running
        self.line = line
        self._sent = 0

    async def post(self, count: int, *, signed_ms: int, slow_body_ms: int = 0) -> None:
        """Send `count` new payments of each provider, signed at `signed_ms`."""
        for provider in ("stripe", "wechatpay-v3"):
            _, callbacks = payments(provider, count, at_ms=signed_ms, first=self._sent)
            for callback in callbacks:
                await self._send(callback, slow_body_ms)
        self._sent += count

    async def _send(self, callback: Callback, slow_body_ms: int) -> None:
        began_ms = self.running.clock.ms
        length = [("Content-Length", str(len(callback.body))), ("Expect", "100-continue")]
        target = f"/v1/callbacks/{callback.provider}/{callback.account}"
        async with await Wire.open(self.running.address) as wire:
            await wire.send(request(target, None, headers=[*callback.headers, *length]))
            assert await wire.interim() == 100
            self.running.clock.ms += slow_body_ms
            await wire.send(callback.body)
            assert (await wire.answer()).status == 200
        self.running.clock.ms = began_ms

    async def codes(self) -> Counter[str]:
        """Verify what is stored and return how often each code was recorded; facts have none."""
        before = await self._codes()
        await self.line.verify()
        return await self._codes() - before

    async def _codes(self) -> Counter[str]:
        return Counter(each.code for each in await self.line.outcomes() if each.code is not None)


async def windows_hold(judging: Callable[[Line], None] = lambda _: None) -> None:
    """Backlog, slow bodies and clocks, the ingress's and verify's own, in one story."""
    accounts = [account_of("stripe"), account_of("wechatpay-v3")]
    line = await Line(*accounts, now_ms=NOW_MS).open()
    judging(line)
    async with ingress(log=line.log, accounts=ConfiguredAccounts(*accounts)) as running:
        door = FrontDoor(running, line)
        running.clock.ms = NOW_MS
        # Verify is down. One signed a moment ago, and one at the edge with a slow body.
        await door.post(1, signed_ms=NOW_MS - 4_000)
        await door.post(1, signed_ms=NOW_MS - 298_000, slow_body_ms=7_000)
        line.now_ms = NOW_MS + 20 * MINUTE_MS
        assert await door.codes() == {}, "a backlog keeps its time of arrival"
        await line.settle()
        # The ingress's clock is ten minutes slow.
        running.clock.ms = NOW_MS - 10 * MINUTE_MS
        await door.post(10, signed_ms=NOW_MS)
        with structlog.testing.capture_logs() as said:
            assert await door.codes() == {"stale": 20}
        assert [each["alarm"] for each in alarms_of(said)] == ["clock"]
        assert "no forgery" in alarms_of(said)[0]["meaning"]
        # It is right again; verify's own is wrong by a year.
        running.clock.ms = NOW_MS
        line.now_ms = NOW_MS + 365 * DAY_MS
        await door.post(10, signed_ms=NOW_MS)
        with structlog.testing.capture_logs() as said:
            assert await door.codes() == {}
        assert alarms_of(said) == []
        await line.settle()
        assert len({event.payment_id for event in await line.events()}) == 2 * 12
    await line.log.close()


async def test_windows_are_measured_at_the_front_door() -> None:
    await windows_hold()


class DatedByTheEnd(Connection):
    """The wrong one: now is when the body was complete."""

    def on_message_complete(self) -> None:
        if self._exchange is not None:
            self._exchange.received_at_ms = self._server.clock()
        super().on_message_complete()


async def test_taking_the_end_of_the_body_as_now_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.ingress.server.Connection", DatedByTheEnd)
    with pytest.raises(AssertionError, match="time of arrival"):
        await windows_hold()


async def test_taking_the_time_of_processing_as_now_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def judged_by_its_own_clock(line: Line) -> None:
        def dated_now(record: Record) -> Callback:
            callback = decode_callback(record)
            return Callback(
                callback.id, callback.provider, callback.account, line.now_ms, callback.method,
                callback.target, callback.headers, callback.body,
            )  # fmt: skip

        monkeypatch.setattr("streams.verify.decode_callback", dated_now)

    with pytest.raises(AssertionError, match="time of arrival"):
        await windows_hold(judged_by_its_own_clock)


async def test_half_a_window_of_skew_is_told_while_everything_is_still_accepted() -> None:
    accounts = [account_of("stripe"), account_of("wechatpay-v3")]
    line = await Line(*accounts, now_ms=NOW_MS).open()
    for provider in ("stripe", "wechatpay-v3"):
        for callback in payments(provider, 10, at_ms=NOW_MS)[1]:
            late_ms = callback.received_at_ms + 160_000
            await line.store(_received(callback, late_ms))
    with structlog.testing.capture_logs() as said:
        await line.verify()
    assert await line.outcomes() == []
    assert [each["alarm"] for each in alarms_of(said)] == ["clock"]
    await line.log.close()


def _received(callback: Callback, at_ms: int) -> Callback:
    return Callback(
        callback.id, callback.provider, callback.account, at_ms, callback.method,
        callback.target, callback.headers, callback.body,
    )  # fmt: skip
