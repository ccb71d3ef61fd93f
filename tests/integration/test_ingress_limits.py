"""Limits that the server itself keeps, shown by bytes on sockets."""

import asyncio
import resource
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from schemas.errors import Unavailable
from schemas.record import Draft
from streams.ingress import DEFAULT_LIMITS
from streams.ingress.batcher import Batcher, Told
from tests.support.ingress_parts import Ingress, ingress, signed
from tests.support.raw_http import Wire, request

SHOP = "/v1/callbacks/plainpay/shop"
CHECKED = "/v1/callbacks/plainpay/checked"
FORMAL = "/v1/callbacks/formalpay/shop"
GOOD = b'{"state":"IGNORED"}'


@pytest.fixture
async def shop() -> AsyncIterator[Ingress]:
    async with ingress() as running:
        yield running


# -- headers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["one value", "many values", "one name", "target"])
async def test_headers_without_end_are_refused_in_flat_memory(shop: Ingress, shape: str) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with await Wire.open(shop.address) as wire:
        if shape == "target":
            await wire.send(b"POST /")
        else:
            await wire.send(f"POST {SHOP} HTTP/1.1\r\n".encode())
        await wire.send({"one value": b"X: ", "one name": b"X"}.get(shape, b""))
        piece = b"X-Filler: 0123456789\r\n" * 500 if shape == "many values" else b"x" * 10_000
        sent_bytes = 0
        answer = asyncio.create_task(wire.answer())
        try:
            while sent_bytes < 200_000_000 and not answer.done():
                await wire.send(piece)
                sent_bytes += len(piece)
        except ConnectionError:
            pass
        refusal = await answer
        assert refusal.problem == ("target-too-long" if shape == "target" else "headers-too-large")
        assert refusal.header("connection") == "close"
        assert sent_bytes < 200_000_000
    after_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after_kb - before_kb < 32 * 1024
    assert shop.log.callbacks() == []


async def test_more_headers_than_the_limit_are_refused_and_as_many_are_taken(
    shop: Ingress,
) -> None:
    # Host and Content-Length are two of them.
    for count, status in ((126, 200), (127, 431)):
        async with await Wire.open(shop.address) as wire:
            await wire.send(request(SHOP, b"{}", headers=[("X", "1")] * count))
            assert (await wire.answer()).status == status
    assert len(shop.log.callbacks()) == 1


async def test_slow_headers_end_at_the_deadline_whatever_trickles_in() -> None:
    async with ingress(header_timeout_s=0.3) as running, await Wire.open(running.address) as wire:
        await wire.send(f"POST {SHOP} HTTP/1.1\r\n".encode())
        answer = asyncio.create_task(wire.answer())
        while not answer.done():
            await wire.send(b"X: y\r\n")
            await asyncio.wait((answer,), timeout=0.03)
        assert (await answer).problem == "request-timeout"
        assert await wire.ended()


async def test_silent_connection_and_blank_lines_are_ended_without_a_word() -> None:
    async with ingress(header_timeout_s=0.2) as running:
        async with await Wire.open(running.address) as silent:
            assert await silent.ended()
        async with await Wire.open(running.address) as blank:
            ended = asyncio.create_task(blank.ended())
            while not ended.done():
                blank.writer.write(b"\r\n")
                await asyncio.wait((ended,), timeout=0.03)
            assert await ended


async def test_idle_connection_is_ended_and_a_busy_one_is_not() -> None:
    async with ingress(keep_alive_s=0.3) as running, await Wire.open(running.address) as wire:
        for _ in range(8):
            await wire.send(request(SHOP, b"{}"))
            assert (await wire.answer()).status == 200
            await asyncio.wait((asyncio.create_task(asyncio.sleep(0.1)),))
        assert await wire.ended()


# -- connections -----------------------------------------------------------------------------


async def test_connections_beyond_the_limit_are_told_so_and_the_others_go_on() -> None:
    async with ingress(connections_max=2) as running:
        async with await Wire.open(running.address) as first:
            await first.send(request(SHOP, b"1"))
            assert (await first.answer()).status == 200
            async with await Wire.open(running.address) as second:
                await second.send(request(SHOP, b"2"))
                assert (await second.answer()).status == 200
                async with await Wire.open(running.address) as third:
                    answer = await third.answer()
                    assert (answer.status, answer.problem) == (503, "busy")
                    assert answer.header("retry-after") == "5"
                await first.send(request(SHOP, b"3"))
                assert (await first.answer()).status == 200
        # A place that was given up is a place again.
        for _ in range(100):
            async with await Wire.open(running.address) as again:
                await again.send(request(SHOP, b"4"))
                if (await again.answer()).status == 200:
                    break
        assert len(running.log.callbacks()) == 4


async def test_last_request_of_a_connection_says_so() -> None:
    async with ingress(requests_per_connection_max=3) as running:
        async with await Wire.open(running.address) as wire:
            await wire.send(request(SHOP, b"{}") * 5)
            closing = [(await wire.answer()).header("connection") for _ in range(3)]
            assert closing == [None, None, "close"]
            assert await wire.ended()
        assert len(running.log.callbacks()) == 3


async def test_pipelined_requests_are_answered_in_their_order(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        bodies = [b"%d" % number for number in range(10)]
        raw = b"".join(request(SHOP, body) + request("/nowhere", body) for body in bodies)
        await wire.send(raw)
        statuses = [(await wire.answer()).status for _ in range(20)]
    assert statuses == [200, 404] * 10
    assert [callback.body for callback in shop.log.callbacks()] == bodies


async def test_pipeline_is_bounded_and_what_is_answered_is_all_that_was_taken() -> None:
    async with ingress(pipeline_max=4) as running:
        async with await Wire.open(running.address) as wire:
            await wire.send(request(SHOP, b"{}") * 1_000)
            closing = [(await wire.answer()).header("connection") for _ in range(4)]
            assert closing == [None, None, None, "close"]
            assert await wire.ended()
        assert len(running.log.callbacks()) == 4


async def test_peer_that_reads_no_answers_is_dropped() -> None:
    changed: dict[str, Any] = {"write_timeout_s": 0.3, "keep_alive_s": 60.0}
    async with ingress(**changed) as running, await Wire.open(running.address) as wire:
        raw = request("/" + "x" * 4_000, b"", method="GET") * 16

        async def send_without_reading() -> None:
            while True:
                await wire.send(raw)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(send_without_reading(), 10)


async def test_half_closed_sender_gets_its_answer(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(SHOP, b"{}"))
        wire.end()
        assert (await wire.answer()).status == 200
        assert await wire.ended()


async def test_request_cut_short_is_not_stored(shop: Ingress) -> None:
    for cut in (20, 60, -1):
        async with await Wire.open(shop.address) as wire:
            await wire.send(request(SHOP, b"0123456789")[:cut])
            wire.end()
            assert await wire.ended()
    assert shop.log.callbacks() == []


async def test_answers_leave_in_one_write(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        reads: list[bytes] = []
        for _ in range(3):
            await wire.send(request(SHOP, b"{}"))
            reads.append(await wire.reader.read(65_536))
        assert all(read.startswith(b"HTTP/1.1 200") for read in reads)
        assert all(read.endswith(b"success") for read in reads)


# -- the log is slow or away -----------------------------------------------------------------


@pytest.mark.parametrize(("target", "form"), [(SHOP, "problem"), (FORMAL, "provider")])
async def test_silent_log_is_answered_503_at_the_deadline(target: str, form: str) -> None:
    async with ingress(ack_timeout_s=0.3) as running:
        gate = running.log.fake.gate = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with await Wire.open(running.address) as wire:
            started_s = loop.time()
            await wire.send(request(target, b"{}"))
            answer = await wire.answer()
            assert 0.25 < loop.time() - started_s < 1.0
            assert answer.status == 503
            assert answer.header("retry-after") == "5"
            if form == "problem":
                assert answer.problem == "log-unavailable"
            else:
                assert answer.body == b'{"code":"FAIL"}'
            # The append was not given up: it may still land, and its memory is still counted.
            gate.set()
            await wire.send(request(target, b"{}"))
            assert (await wire.answer()).status == 200
        assert len(running.log.callbacks()) == 2


async def test_refusing_log_is_answered_503_at_once(shop: Ingress) -> None:
    shop.log.fake.error = Unavailable("no broker")
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(SHOP, b"{}"))
        assert (await wire.answer()).problem == "log-unavailable"
        shop.log.fake.error = RuntimeError("a defect of the log")
        await wire.send(request(SHOP, b"{}"))
        assert (await wire.answer()).problem == "log-unavailable"
        shop.log.fake.error = None
        await wire.send(request(SHOP, b"{}"))
        assert (await wire.answer()).status == 200
    assert shop.metric("append_failures_total") == 2


async def test_too_much_awaiting_acks_is_refused_at_once_and_not_kept() -> None:
    async with ingress(pending_bytes_max=100_000, ack_timeout_s=0.3) as running:
        gate = running.log.fake.gate = asyncio.Event()
        wires = [await Wire.open(running.address) for _ in range(5)]
        for wire in wires:
            await wire.send(request(SHOP, b"x" * 40_000))
        problems = [(await wire.answer()).problem for wire in wires]
        assert sorted(set(problems)) == ["busy", "log-unavailable"]
        assert problems.count("log-unavailable") == 3
        # Patience is over, memory is not free: still busy, and at once.
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        await wires[0].send(request(SHOP, b"{}"))
        assert (await wires[0].answer()).problem == "busy"
        assert loop.time() - started_s < 0.25
        gate.set()
        while True:
            await wires[0].send(request(SHOP, b"{}"))
            if (await wires[0].answer()).status == 200:
                break
        for wire in wires:
            await wire.close()


async def test_bodies_on_their_way_are_bounded_over_all_connections() -> None:
    async with ingress(receiving_bytes_max=300_000) as running:
        wires = [await Wire.open(running.address) for _ in range(4)]
        for wire in wires:
            await wire.send(request(SHOP, b"x" * 100_000)[:-1])
        last = await wires[-1].answer()
        assert (last.status, last.problem) == (503, "busy")
        for wire in wires[:-1]:
            await wire.send(b"x")
            assert (await wire.answer()).status == 200
        for wire in wires:
            await wire.close()


async def test_many_requests_share_one_append(shop: Ingress) -> None:
    wires = [await Wire.open(shop.address) for _ in range(32)]
    for wire in wires:
        wire.writer.write(request(SHOP, b"{}"))
    for wire in wires:
        assert (await wire.answer()).status == 200
    assert sum(shop.log.fake.calls) == 32
    assert len(shop.log.fake.calls) < 16
    for wire in wires:
        await wire.close()


async def test_partition_that_does_not_answer_takes_only_its_own_callbacks_along() -> None:
    async with ingress(ack_timeout_s=1.0) as running, await Wire.open(running.address) as wire:
        await wire.send(request(SHOP, b"first"))
        assert (await wire.answer()).status == 200
        stuck = running.log.fake.stored[0].partition
        running.log.fake.stuck_partitions = frozenset((stuck,))
        # One slow or refused round, and from then on each partition goes by itself.
        await wire.send(request(SHOP, b"x") * 4)
        assert {(await wire.answer()).status for _ in range(4)} <= {200, 503}
        wires = [await Wire.open(running.address) for _ in range(4)]
        for each in wires:
            each.writer.write(request(SHOP, b"y"))
        statuses = sorted([(await each.answer()).status for each in wires])
        assert statuses == [200, 200, 200, 503]
        for each in wires:
            await each.close()


class HastyBatcher(Batcher):
    """The defect: tells that a draft is stored when it is taken in."""

    def submit(self, draft: Draft, size_bytes: int, told: Told) -> None:
        told(True)
        super().submit(draft, size_bytes, lambda stored: None)


async def answers_only_what_is_stored(running: Ingress) -> None:
    """Let the log refuse; no success may be said."""
    running.log.fake.error = Unavailable("no broker")
    async with await Wire.open(running.address) as wire:
        for _ in range(3):
            await wire.send(request(SHOP, b"{}"))
            assert (await wire.answer()).status == 503


async def test_no_success_without_the_log(shop: Ingress) -> None:
    await answers_only_what_is_stored(shop)


async def test_the_check_of_success_catches_a_reply_before_the_ack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.ingress.serve.Batcher", HastyBatcher)
    async with ingress() as running:
        with pytest.raises(AssertionError):
            await answers_only_what_is_stored(running)


# -- rates -----------------------------------------------------------------------------------


async def statuses(running: Ingress, raws: Sequence[bytes]) -> list[int]:
    async with await Wire.open(running.address) as wire:
        found = []
        for raw in raws:
            await wire.send(raw)
            found.append((await wire.answer()).status)
        return found


async def test_rate_is_kept_per_account_and_network_and_what_exceeds_it_is_not_stored() -> None:
    changed: dict[str, Any] = {"rate_burst": 3.0, "rate_per_s": 0.001}
    async with ingress(trusted_proxies=["127.0.0.0/8"], **changed) as running:

        def shop_from(address: str, target: str = SHOP) -> bytes:
            return request(target, b"{}", headers=[("X-Forwarded-For", address)])

        near = [shop_from("203.0.113.1"), shop_from("203.0.113.2")] * 2
        assert await statuses(running, near) == [200, 200, 200, 429]
        assert await statuses(running, [shop_from("203.0.114.1")]) == [200]
        assert await statuses(running, [shop_from("203.0.113.1", FORMAL)]) == [200]
        v6 = [shop_from("2001:db8::1"), shop_from("2001:db8::2:1")] * 2
        assert await statuses(running, v6) == [200, 200, 200, 429]
        assert running.metric("refused_total", provider="plainpay", cause="too-many-requests") == 2
        assert len(running.log.callbacks()) == 8


async def test_refusal_by_rate_says_when_to_come_back() -> None:
    changed: dict[str, Any] = {"rate_burst": 1.0, "rate_per_s": 0.001}
    async with ingress(**changed) as running, await Wire.open(running.address) as wire:
        await wire.send(request(SHOP, b"{}") + request(SHOP, b"{}") + request(FORMAL, b"") * 2)
        assert (await wire.answer()).status == 200
        answer = await wire.answer()
        assert (answer.problem, answer.header("retry-after")) == ("too-many-requests", "5")
        assert (await wire.answer()).status == 200
        answer = await wire.answer()
        assert (answer.body, answer.header("retry-after")) == (b'{"code":"FAIL"}', "5")


async def test_forged_flood_of_a_verified_account_does_not_keep_good_callbacks_out() -> None:
    changed: dict[str, Any] = {
        "rate_burst": 1.0, "rate_per_s": 0.001, "failing_burst": 3.0, "failing_per_s": 0.001,
    }  # fmt: skip
    async with ingress(**changed) as running:
        forged = request(CHECKED, GOOD, headers=[signed(b"another body")])
        good = request(CHECKED, GOOD, headers=[signed(GOOD)])
        assert await statuses(running, [forged] * 5) == [401, 401, 401, 429, 429]
        assert await statuses(running, [good] * 5) == [200] * 5
        assert len(running.log.callbacks()) == 8


# -- the end ---------------------------------------------------------------------------------


async def test_drain_answers_what_was_accepted_and_takes_nothing_new() -> None:
    async with ingress() as running:
        gate = running.log.fake.gate = asyncio.Event()
        idle = await Wire.open(running.address)
        half = await Wire.open(running.address)
        waiting = await Wire.open(running.address)
        raw = request(SHOP, b"half of this came before")
        await half.send(raw[:-6])
        await waiting.send(request(SHOP, b"{}"))
        await running.log.fake.called.wait()
        running.stopping.set()
        assert await idle.ended()
        with pytest.raises(ConnectionError):
            await Wire.open(running.address)
        gate.set()
        answer = await waiting.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        await half.send(raw[-6:])
        answer = await half.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")
        for wire in (idle, half, waiting):
            await wire.close()
        await running.stop()
        assert running.log.fake.closed
        assert len(running.log.callbacks()) == 2


async def test_drain_is_bounded() -> None:
    async with ingress(drain_s=0.3, ack_timeout_s=0.3) as running:
        running.log.fake.gate = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with await Wire.open(running.address) as half:
            await half.send(request(SHOP, b"never finished")[:-1])
            async with await Wire.open(running.address) as waiting:
                await waiting.send(request(SHOP, b"{}"))
                await running.log.fake.called.wait()
                started_s = loop.time()
                running.stopping.set()
                assert (await waiting.answer()).status == 503
            await running.stop()
            assert loop.time() - started_s < 2.0


def test_waits_nest() -> None:
    """Else a drain would cut off a body that the limits allow."""
    limits = DEFAULT_LIMITS
    nesting = (
        limits.ack_timeout_s,
        limits.header_timeout_s,
        limits.body_timeout_s,
        limits.drain_s,
    )
    assert all(shorter < longer for shorter, longer in pairwise(nesting))
