"""The ingress over a real log and under the loop of production, and what it lets slip."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
import uvloop

from schemas.callback import decode_callback
from schemas.errors import Unavailable
from streams.embedded import EmbeddedLog
from tests.support.ingress_parts import TOPICS, Clock, Ingress, ingress, signed
from tests.support.raw_http import Wire, chunked, request

SHOP = "/v1/callbacks/plainpay/shop"
CHECKED = "/v1/callbacks/plainpay/checked"
GOOD = b'{"state":"IGNORED"}'


@pytest.fixture
async def embedded(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    log = EmbeddedLog(tmp_path / "log", clock=Clock())
    await log.create(TOPICS.all())
    yield log
    await log.close()


async def test_answered_callbacks_lie_in_the_log(embedded: EmbeddedLog) -> None:
    async with ingress(log=embedded) as running:
        wires = [await Wire.open(running.address) for _ in range(20)]
        for number, wire in enumerate(wires):
            wire.writer.write(request(SHOP, b"%d" % number) * 3)
        for wire in wires:
            for _ in range(3):
                assert (await wire.answer()).status == 200
            await wire.close()
    records = [record async for record in embedded.read(TOPICS.callbacks.name)]
    callbacks = [decode_callback(record) for record in records]
    assert sorted(callback.body for callback in callbacks) == sorted(
        b"%d" % number for number in range(20) for _ in range(3)
    )
    assert len({callback.id for callback in callbacks}) == 60
    assert len({record.partition for record in records}) == 4


async def test_log_that_is_closed_is_answered_503(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path / "log", clock=Clock())
    await log.create(TOPICS.all())
    async with ingress(log=log) as running, await Wire.open(running.address) as wire:
        await log.close()
        await wire.send(request(SHOP, GOOD))
        assert (await wire.answer()).problem == "log-unavailable"


def test_the_loop_of_production_behaves_the_same() -> None:
    async def scenario() -> None:
        async with ingress(body_timeout_s=0.3, header_timeout_s=0.3) as running:
            await _every_way_out(running)

    uvloop.run(scenario())


async def _every_way_out(running: Ingress) -> None:
    """Walk through every way in which a connection goes on or ends."""
    async with await Wire.open(running.address) as wire:
        await wire.send(request(SHOP, GOOD) * 3 + chunked(SHOP, [GOOD[:3], GOOD[3:]]))
        for _ in range(4):
            assert (await wire.answer()).status == 200
        assert [callback.body for callback in running.log.callbacks()] == [GOOD] * 4
        await wire.send(request(SHOP + "/", GOOD))
        assert (await wire.answer()).problem == "not-found"
        await wire.send(request(SHOP, None, headers=[("Content-Length", "9999999")]))
        await wire.send(*[b"x" * 100_000] * 20)
        assert (await wire.answer()).problem == "body-too-large"
        assert await wire.ended()
    async with await Wire.open(running.address) as wire:
        await wire.send(b"POST / HTTP/1.1\nHost: a\n\n")
        assert (await wire.answer()).problem == "bad-request"
        assert await wire.ended()
    async with await Wire.open(running.address) as wire:
        await wire.send(request(SHOP, b"cut short")[:-1])
        assert (await wire.answer()).problem == "request-timeout"
        assert await wire.ended()
    async with await Wire.open(running.address) as wire:
        await wire.send(request(SHOP, GOOD))
        wire.end()
        assert (await wire.answer()).status == 200
        assert await wire.ended()
    async with await Wire.open(running.address) as wire:
        gate = running.log.fake.gate = asyncio.Event()
        running.log.fake.called.clear()
        await wire.send(request(SHOP, GOOD))
        await running.log.fake.called.wait()
        running.stopping.set()
        gate.set()
        answer = await wire.answer()
        assert (answer.status, answer.header("connection")) == (200, "close")


CANARY = "canary4000056655665556"


async def test_nothing_that_was_sent_is_ever_logged_or_counted_by_name(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Put canaries in every place of a request and go every way that logs."""
    body = b'{"state":"BROKEN","pan":"%b"}' % CANARY.encode()
    headers = [("X-Card", CANARY), signed(body)]
    with structlog.testing.capture_logs() as lines:
        async with ingress(header_timeout_s=0.2) as running:
            for raw in (
                request(f"{SHOP}?pan={CANARY}", body, headers=headers),
                request(f"{CHECKED}?pan={CANARY}", body, headers=headers),
                request(f"/v1/callbacks/{CANARY}/{CANARY}", body, headers=headers),
                request(SHOP, body, headers=[*headers, ("X-Broken-Reply", CANARY)]),
                request(SHOP, body, headers=[*headers, ("X-Broken-Handshake", CANARY)]),
                request(SHOP, body, headers=[*headers, ("X-Split-Reply", CANARY)]),
                request(SHOP, body, method=CANARY),
                request(SHOP + "\x00" + CANARY, body),
                f"POST {SHOP} HTTP/1.1\r\nX: {CANARY}".encode(),
                f"POST {SHOP} HTTP/1.1\r\n{CANARY}\r\n\r\n".encode(),
            ):
                async with await Wire.open(running.address) as wire:
                    await wire.send(raw)
                    answer = await wire.answer()
                    assert CANARY.encode() not in answer.body
            running.log.fake.error = Unavailable(CANARY)
            async with await Wire.open(running.address) as wire:
                await wire.send(request(SHOP, body))
                assert (await wire.answer()).status == 503
            families = [str(family) for family in running.registry.collect()]
    assert {line["event"] for line in lines} == {"defect", "append_failed"}
    written = "".join(capfd.readouterr()) + repr(lines) + "".join(families)
    # The defects of the test's provider have the bare word in their text.
    assert "canary" not in written.lower()
