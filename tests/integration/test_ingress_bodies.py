"""How bodies arrive: in chunks, slowly, large, after a hesitation, beside a wish to upgrade."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from schemas.topics import BODY_BYTES_MAX, HEADERS_BYTES_MAX, MESSAGE_BYTES_MAX
from streams.embedded import EmbeddedLog
from streams.ingress.http import Connection
from tests.support.ingress_parts import NOW_MS, TOPICS, Clock, Ingress, ingress, signed
from tests.support.raw_http import Wire, chunk, chunked, request

SHOP = "/v1/callbacks/plainpay/shop"
CHECKED = "/v1/callbacks/plainpay/checked"
GOOD = '{"state":"IGNORED","payer":"张三"}'.encode()
# The second cut goes through a character.
CUTS = (GOOD[:5], GOOD[5 : GOOD.index("张".encode()) + 1], GOOD[GOOD.index("张".encode()) + 1 :])


@pytest.fixture
async def shop() -> AsyncIterator[Ingress]:
    async with ingress(body_timeout_s=0.4, header_timeout_s=0.4) as running:
        yield running


async def joins_chunks(running: Ingress) -> None:
    """Send one proven body in chunks of every legal kind; each is accepted as it was signed."""
    bodies: list[bytes] = []
    for extension, trailer in (
        (b"", b""),
        (b';name="a;b"', b"X-Trailer: 1\r\nX-Signature: 00\r\n"),
    ):
        async with await Wire.open(running.address) as wire:
            raw = chunked(
                CHECKED, CUTS, extension=extension, trailer=trailer, headers=[signed(GOOD)]
            )
            await wire.send(raw, raw[:40], raw[40:])
            for _ in range(2):
                answer = await wire.answer()
                assert (answer.status, answer.body) == (200, b"success")
                bodies.append(GOOD)
    assert [callback.body for callback in running.log.callbacks()] == bodies
    assert not any(c.has_header("x-trailer") for c in running.log.callbacks())


async def test_body_in_chunks_is_stored_joined_and_accepted(shop: Ingress) -> None:
    await joins_chunks(shop)


class EmptyWithoutLength(Connection):
    """The defect: no Content-Length, no body."""

    def on_body(self, chunk: bytes) -> None:
        if self._exchange and any(
            n.lower() == "content-length" for n, _ in self._exchange.headers
        ):
            super().on_body(chunk)


class LimitFromTheHeaderOnly(Connection):
    """The defect: the limit is compared with Content-Length alone."""

    def on_body(self, chunk: bytes) -> None:
        super().on_body(chunk)
        self._body_bytes = 1


async def stops_at_the_limit(running: Ingress) -> None:
    """Send chunks beyond the limit; the refusal comes before the end, and nothing is stored."""
    async with await Wire.open(running.address) as wire:
        await wire.send(request(SHOP, None, headers=[("Transfer-Encoding", "chunked")]))
        piece = chunk(b"x" * 4_096)
        answer = asyncio.create_task(wire.answer())
        sent_bytes = 0
        while sent_bytes < 2 * BODY_BYTES_MAX and not answer.done():
            await wire.send(piece)
            sent_bytes += 4_096
            await asyncio.sleep(0)
        refusal = await answer
        assert (refusal.status, refusal.problem) == (413, "body-too-large")
        assert refusal.header("connection") == "close"
        assert running.log.callbacks() == []


async def test_chunks_beyond_the_limit_are_refused_without_their_end(shop: Ingress) -> None:
    await stops_at_the_limit(shop)
    assert shop.metric("refused_total", provider="plainpay", cause="body-too-large") == 1


@pytest.mark.parametrize(
    ("defect", "check"),
    [(EmptyWithoutLength, joins_chunks), (LimitFromTheHeaderOnly, stops_at_the_limit)],
)
async def test_the_checks_of_chunked_bodies_catch_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch, defect: type[Connection], check: object
) -> None:
    monkeypatch.setattr("streams.ingress.server.Connection", defect)
    assert callable(check)
    # The limit of what is not body would catch the second defect too.
    async with ingress(body_timeout_s=0.4, framing_bytes_max=BODY_BYTES_MAX * 9) as running:
        with pytest.raises(AssertionError):
            await check(running)


@pytest.mark.parametrize("framing", ["chunked", "length", "extension"])
async def test_endless_body_ends_at_the_deadline_whatever_trickles_in(
    shop: Ingress, framing: str
) -> None:
    async with await Wire.open(shop.address) as wire:
        if framing == "length":
            await wire.send(request(SHOP, None, headers=[("Content-Length", "1000")]))
        else:
            await wire.send(request(SHOP, None, headers=[("Transfer-Encoding", "chunked")]))
        if framing == "extension":
            await wire.send(b"1;")
        answer = asyncio.create_task(wire.answer())
        trickle = {"chunked": chunk(b"x"), "length": b"x", "extension": b"e"}[framing]
        while not answer.done():
            await wire.send(trickle)
            await asyncio.wait((answer,), timeout=0.03)
        assert (await answer).problem == "request-timeout"
        assert await wire.ended()
        assert shop.log.callbacks() == []


@pytest.mark.parametrize("what", ["extension", "trailer"])
async def test_framing_without_end_is_refused_by_its_size(what: str) -> None:
    small = 64 * 1024
    async with (
        ingress(framing_bytes_max=small) as running,
        await Wire.open(running.address) as wire,
    ):
        await wire.send(request(SHOP, None, headers=[("Transfer-Encoding", "chunked")]))
        await wire.send(b"1;" if what == "extension" else b"0\r\nX: ")
        answer = asyncio.create_task(wire.answer())
        for _ in range(1_000):
            await wire.send(b"e" * 1_024)
            await asyncio.sleep(0)
            if answer.done():
                break
        assert (await answer).problem == "body-too-large"
        assert running.log.callbacks() == []


async def takes_genuine_large_bodies(running: Ingress) -> None:
    """Send bodies of the sizes that providers are known to send, up to the limit."""
    async with await Wire.open(running.address) as wire:
        sizes = (300 * 1024, 480 * 1024, BODY_BYTES_MAX)
        for size in sizes:
            await wire.send(request(SHOP, b"x" * size))
            assert (await wire.answer()).status == 200
        assert [len(callback.body) for callback in running.log.callbacks()] == list(sizes)


async def test_genuine_large_bodies_are_stored_with_the_limits_as_they_come(
    shop: Ingress,
) -> None:
    await takes_genuine_large_bodies(shop)


async def test_the_check_of_large_bodies_catches_a_limit_of_100_kb() -> None:
    async with ingress(body_bytes_max=100 * 1024) as running:
        with pytest.raises(AssertionError):
            await takes_genuine_large_bodies(running)


async def test_one_byte_above_the_limit_is_refused_before_it_is_sent(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        length = [("Content-Length", str(BODY_BYTES_MAX + 1))]
        await wire.send(request(SHOP, None, headers=length))
        answer = await wire.answer()
        assert (answer.status, answer.problem) == (413, "body-too-large")
        assert shop.metric("refused_total", provider="plainpay", cause="body-too-large") == 1
        assert shop.log.callbacks() == []


async def test_refusal_of_ten_megabytes_can_be_read_after_sending_them(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(SHOP, b"x" * (10 * 1024 * 1024)))
        assert (await wire.answer()).status == 413


async def test_largest_body_with_largest_headers_fits_into_the_log(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path / "log", clock=Clock())
    await log.create(TOPICS.all())
    async with ingress(log=log) as running, await Wire.open(running.address) as wire:
        # Letters of two bytes in JSON: the limit holds for the JSON, so half of it in letters.
        base = len(orjson_headers(0))
        letters = (HEADERS_BYTES_MAX - base) // 2
        body = b"\xff" * BODY_BYTES_MAX
        target = SHOP + "?" + "q" * (8_192 - len(SHOP) - 1)
        await wire.send(request(target, body, headers=[("X", "\xe9" * letters)]))
        assert (await wire.answer()).status == 200
        await wire.send(request(target, body, headers=[("X", "\xe9" * (letters + 1))]))
        assert (await wire.answer()).problem == "headers-too-large"
    records = [record async for record in log.read(TOPICS.callbacks.name)]
    assert [record.value for record in records] == [body]
    assert sum(len(value) for _, value in records[0].headers) + len(body) < MESSAGE_BYTES_MAX
    await log.close()


def orjson_headers(letters: int) -> bytes:
    """Return the JSON of the headers that the test above sends."""
    pairs = [["Host", "shop.example"], ["X", "\xe9" * letters], ["Content-Length", "524288"]]
    return orjson.dumps(pairs)


# -- 100-continue ----------------------------------------------------------------------------


async def test_hesitating_sender_is_told_to_go_on(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        headers = [("Expect", "100-continue"), ("Content-Length", str(len(GOOD)))]
        await wire.send(request(SHOP, None, headers=headers))
        assert await wire.interim() == 100
        await wire.send(GOOD)
        assert (await wire.answer()).status == 200
        assert shop.log.callbacks()[0].body == GOOD


async def test_sender_that_does_not_wait_for_the_word_gets_no_word(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(SHOP, GOOD, headers=[("Expect", "100-Continue")]))
        assert await wire.interim() == 100
        assert (await wire.answer()).status == 200


@pytest.mark.parametrize(
    ("target", "length", "status"),
    [("/nowhere", 10, 404), (SHOP, BODY_BYTES_MAX + 1, 413), (SHOP + "/", 10, 404)],
)
async def test_hesitating_sender_is_spared_a_body_that_is_not_wanted(
    shop: Ingress, target: str, length: int, status: int
) -> None:
    async with await Wire.open(shop.address) as wire:
        headers = [("Expect", "100-continue"), ("Content-Length", str(length))]
        await wire.send(request(target, None, headers=headers))
        answer = await wire.answer()
        assert answer.status == status
        assert answer.header("connection") == "close"
        assert await wire.ended()


async def test_other_expectation_fails(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(SHOP, b"{}", headers=[("Expect", "a-miracle")]))
        assert (await wire.answer()).problem == "expectation-failed"
        assert shop.log.callbacks() == []


async def test_word_to_go_on_waits_for_the_answers_before_it(shop: Ingress) -> None:
    shop.log.fake.gate = asyncio.Event()
    async with await Wire.open(shop.address) as wire:
        headers = [("Expect", "100-continue"), ("Content-Length", "2")]
        await wire.send(request(SHOP, b"first") + request(SHOP, None, headers=headers))
        await shop.log.fake.called.wait()
        shop.log.fake.gate.set()
        assert (await wire.answer()).status == 200
        assert await wire.interim() == 100
        await wire.send(b"{}")
        assert (await wire.answer()).status == 200
        assert [callback.body for callback in shop.log.callbacks()] == [b"first", b"{}"]


# -- upgrades --------------------------------------------------------------------------------

UPGRADE = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AA")]


async def test_body_beside_a_wish_to_upgrade_is_not_lost(shop: Ingress) -> None:
    """The JDK's client asks for h2c on the first request of each connection without TLS."""
    async with await Wire.open(shop.address) as wire:
        first = request(SHOP, GOOD, headers=UPGRADE)
        second = chunked(SHOP, CUTS, headers=UPGRADE)
        third = request(SHOP, b"", headers=UPGRADE)
        await wire.send(first + second + third + request(SHOP, b"plain"))
        for _ in range(4):
            assert (await wire.answer()).status == 200
        bodies = [callback.body for callback in shop.log.callbacks()]
        assert bodies == [GOOD, GOOD, b"", b"plain"]


async def test_body_beside_a_wish_to_upgrade_may_come_in_pieces(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        raw = request(SHOP, GOOD, headers=UPGRADE)
        for start in range(0, len(raw), 7):
            await wire.send(raw[start : start + 7])
            await asyncio.sleep(0)
        assert (await wire.answer()).status == 200
        assert shop.log.callbacks()[0].body == GOOD


async def test_websocket_and_tunnel_are_refused(shop: Ingress) -> None:
    websocket = [("Connection", "upgrade"), ("Upgrade", "websocket")]
    for raw, status in (
        (request(SHOP, None, method="GET", headers=websocket), 405),
        (b"CONNECT shop.example:443 HTTP/1.1\r\nHost: a\r\n\r\n\x16\x03\x01", 404),
    ):  # fmt: skip
        async with await Wire.open(shop.address) as wire:
            await wire.send(raw)
            assert (await wire.answer()).status == status
    assert shop.log.callbacks() == []


# -- receive time ----------------------------------------------------------------------------


async def dates_by_the_headers(running: Ingress) -> None:
    """Let seven seconds pass between headers and body; the record keeps the headers' time."""
    async with await Wire.open(running.address) as wire:
        headers = [("Content-Length", "2"), ("Expect", "100-continue")]
        await wire.send(request(SHOP, None, headers=headers))
        assert await wire.interim() == 100
        running.clock.ms += 7_000
        await wire.send(b"{}")
        assert (await wire.answer()).status == 200
        assert running.log.callbacks()[0].received_at_ms == NOW_MS


async def test_receive_time_is_when_the_headers_were_complete(shop: Ingress) -> None:
    await dates_by_the_headers(shop)


class DatedByTheEnd(Connection):
    """The defect: now is when the body was complete."""

    def on_message_complete(self) -> None:
        if self._exchange is not None:
            self._exchange.received_at_ms = self._server.clock()
        super().on_message_complete()


async def test_the_check_of_receive_time_catches_the_end_of_the_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.ingress.server.Connection", DatedByTheEnd)
    async with ingress() as running:
        with pytest.raises(AssertionError):
            await dates_by_the_headers(running)
