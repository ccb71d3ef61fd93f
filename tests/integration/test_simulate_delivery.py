"""Sending to a receiver on this machine that answers, refuses, hangs up or is not there."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from streams.cli import run as run_command
from streams.simulate import (
    FOUNDING,
    Delivery,
    Faults,
    RemoteTarget,
    Retry,
    deliver,
    plan,
)
from tests.support.simulator_keys import simulator_account, write_keys

NOW_MS = 1_790_000_000_000
FAST = Retry(speed=1_000_000.0)
SUCCESS = {
    "alipay": b"success",
    "wechatpay-v2": b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>",
}
Answer = Callable[[int, "Received"], tuple[int, bytes]]


@dataclass
class Received:
    """One whole request."""

    provider: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A small HTTP server; `answer` gets the request's number from 1."""

    answer: Answer
    keep_alive: bool = True
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["Content-Length"]))
        provider = head[0].split("/")[3]
        request = Received(provider, headers, body)
        self.received.append(request)
        status, text = self.answer(len(self.received), request)
        closing = "" if self.keep_alive else "Connection: close\r\n"
        writer.write(
            f"HTTP/1.1 {status} X\r\n{closing}Content-Length: {len(text)}\r\n\r\n".encode() + text
        )
        await writer.drain()
        return self.keep_alive


def content(number: int, request: Received) -> tuple[int, bytes]:
    return 200, SUCCESS.get(request.provider, b"")


@asynccontextmanager
async def receiving(
    answer: Answer = content, *, keep_alive: bool = True
) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer, keep_alive)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield receiver
        server.close()


def planned(provider: str, scenario: str = "paid", count: int = 1) -> list[Delivery]:
    keys = (simulator_account(provider),)
    return plan((provider,), (scenario,), count, "s", keys, now_ms=lambda: NOW_MS)


async def test_requests_arrive_as_planned_on_kept_connections() -> None:
    deliveries = planned("stripe", count=40)
    async with receiving() as receiver:
        report = await deliver(deliveries, receiver.url, concurrency=3, now_ms=lambda: NOW_MS)
    assert sorted(each.body for each in receiver.received) == sorted(d.body for d in deliveries)
    assert receiver.connections == 3
    assert (report.deliveries, report.as_expected, report.unexpected) == (40, 40, 0)
    sent = {value for each in receiver.received for value in each.headers.values()}
    assert all(dict(d.headers)["Stripe-Signature"] in sent for d in deliveries)


async def test_a_server_that_closes_after_each_reply_is_asked_again() -> None:
    async with receiving(keep_alive=False) as receiver:
        report = await deliver(planned("adyen", count=9), receiver.url, concurrency=2)
    assert report.as_expected == 9
    assert receiver.connections == 9


# What each provider takes for a failure, beside a 500.
NOT_SUCCESS = {
    "alipay": (200, b"success\n"),
    "wechatpay-v3": (302, b""),
    "wechatpay-v2": (200, b"<xml><return_code><![CDATA[FAIL]]></return_code></xml>"),
    "unionpay": (204, b""),
    "stripe": (302, b""),
    "adyen": (401, b"[accepted]"),
    "paypal": (301, b""),
}


@pytest.mark.parametrize("provider", FOUNDING)
async def test_each_provider_repeats_what_is_no_success_to_it_and_then_rests(
    provider: str,
) -> None:
    def answer(number: int, request: Received) -> tuple[int, bytes]:
        failures = {1: (500, b"no"), 2: NOT_SUCCESS[provider]}
        return failures.get(number) or content(number, request)

    async with receiving(answer) as receiver:
        report = await deliver(planned(provider), receiver.url, retry=FAST)
    assert (report.attempts, report.retries, report.as_expected) == (3, 2, 1)
    assert len({each.body for each in receiver.received}) == 1


@pytest.mark.parametrize("provider", FOUNDING)
async def test_a_provider_that_never_hears_success_gives_up(provider: str) -> None:
    async with receiving(lambda number, request: (503, b"")) as receiver:
        report = await deliver(planned(provider), receiver.url, retry=Retry(1e9, 4))
    assert (report.attempts, report.unexpected) == (4, 1)
    assert len(receiver.received) == 4
    assert report.samples == [f"{provider} paid: status 503"]


async def test_signed_times_are_those_of_the_attempt() -> None:
    clock = iter(range(NOW_MS, NOW_MS + 10**9, 3_600_000))

    def answer(number: int, request: Received) -> tuple[int, bytes]:
        return (200 if number == 3 else 500), b""

    async with receiving(answer) as receiver:
        await deliver(
            planned("wechatpay-v3"), receiver.url, retry=FAST, now_ms=lambda: next(clock)
        )
    stamps = [int(each.headers["Wechatpay-Timestamp"]) for each in receiver.received]
    assert stamps == [NOW_MS // 1000 + hours * 3_600 for hours in range(3)]
    assert len({each.headers["Wechatpay-Nonce"] for each in receiver.received}) == 3


async def test_forgers_come_once_but_not_to_a_closed_door() -> None:
    def answer(number: int, request: Received) -> tuple[int, bytes]:
        return (503 if number == 1 else 401), b""

    async with receiving(answer) as receiver:
        report = await deliver(planned("stripe", "wrong-signature"), receiver.url, retry=FAST)
    assert (report.attempts, report.as_expected) == (2, 1)


async def test_a_success_for_a_probe_is_unexpected() -> None:
    async with receiving() as receiver:
        report = await deliver(planned("wechatpay-v3", "probe"), receiver.url, retry=FAST)
    assert (report.attempts, report.unexpected) == (1, 1)


async def test_nobody_listening_is_no_reply_and_ends() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound and not listening: nobody else gets the port.
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        report = await deliver(planned("paypal"), url, retry=Retry(1e9, 3))
    assert (report.attempts, report.no_reply, report.unexpected) == (3, 3, 1)


async def test_a_receiver_that_answers_no_http_is_no_reply() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"250 OK\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        report = await deliver(planned("unionpay"), url)
    assert (report.no_reply, report.unexpected) == (1, 1)


async def test_broken_senders_come_back_until_everything_arrived() -> None:
    deliveries = planned("stripe", count=60)
    faults = Faults(repeat=0.2, shuffle=0.2, hang_up=0.2, torn=0.2, seed="f")
    async with receiving() as receiver:
        report = await deliver(deliveries, receiver.url, retry=FAST, faults=faults)
    assert report.faults > 0
    assert report.unexpected == 0
    assert report.deliveries > 60  # Some were delivered twice.
    assert {each.body for each in receiver.received} == {d.body for d in deliveries}


async def test_callbacks_of_one_story_keep_their_order() -> None:
    deliveries = planned("paypal", "partly-refunded", count=10)
    async with receiving() as receiver:
        await deliver(deliveries, receiver.url, concurrency=7)
    arrived = [each.body for each in receiver.received]
    places: dict[str, list[int]] = {}
    for each in deliveries:
        places.setdefault(each.story, []).append(arrived.index(each.body))
    assert len(places) == 10
    assert all(place == sorted(place) for place in places.values())


async def test_a_run_ends_when_its_time_is_over() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # Until the sender goes.
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        report = await deliver(planned("adyen", count=50), url, retry=FAST, seconds_max=0.2)
    assert report.stopped_early
    assert report.seconds < 5


async def test_the_rate_is_kept() -> None:
    async with receiving() as receiver:
        report = await deliver(planned("stripe", count=30), receiver.url, rate=200.0)
    assert report.seconds >= 29 / 200
    assert report.as_expected == 30


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com", "http://10.0.0.1:8080", "http://127.0.0.1.example.com",
        "http://0.0.0.0:8080", "http://[2001:db8::1]:80", "http://169.254.169.254",
    ],
)  # fmt: skip
async def test_strangers_are_refused_before_a_connection_is_made(url: str) -> None:
    with pytest.raises(RemoteTarget):
        await deliver(planned("stripe"), url)


@pytest.mark.parametrize("url", ["https://127.0.0.1", "127.0.0.1:80", "http://127.0.0.1/path"])
async def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http://host:port"):
        await deliver(planned("stripe"), url)


async def test_the_command_tells_everything_and_writes_what_to_expect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for provider in FOUNDING:
        write_keys(tmp_path, simulator_account(provider))
    lines = tmp_path / "expected.jsonl"

    def answer(number: int, request: Received) -> tuple[int, bytes]:
        probe = request.headers.get("Wechatpay-Signature", "").startswith("WECHATPAY/SIGNTEST/")
        return (401, b"") if probe else content(number, request)

    async with receiving(answer) as receiver:
        arguments = [
            "simulate", "--all", "--scenario", "all", "--to", receiver.url, "--accounts",
            str(tmp_path), "--seed", "7", "--expect", str(lines), "--presign", "--json",
        ]  # fmt: skip
        code = await asyncio.to_thread(run_command, arguments)
    report = json.loads(capsys.readouterr().out)
    assert code == 0, report
    assert report["deliveries"] == report["as_expected"] == len(receiver.received)
    assert len(lines.read_bytes().splitlines()) == report["deliveries"]
    assert report["signed_per_second"] > 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--all", "--to", "http://192.0.2.1"], 2),
        (["--to", "http://127.0.0.1:9"], 2),
        (["--all", "stripe", "--to", "http://127.0.0.1:9"], 2),
        (["larkpay", "--to", "http://127.0.0.1:9"], 2),
        (["stripe", "--scenario", "probe", "--to", "http://127.0.0.1:9"], 2),
        (["stripe", "--faults", "fire=5", "--to", "http://127.0.0.1:9"], 2),
        (["alipay", "--to", "http://127.0.0.1:9"], 78),
    ],
)
async def test_the_command_says_what_is_wrong_with_its_exit_code(
    arguments: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_keys(tmp_path, simulator_account("stripe"))
    full = ["simulate", *arguments, "--accounts", str(tmp_path)]
    assert await asyncio.to_thread(run_command, full) == code
    assert capsys.readouterr().err.strip()


async def test_the_command_finds_a_receiver_that_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_keys(tmp_path, simulator_account("stripe"))
    async with receiving(lambda number, request: (500, b"")) as receiver:
        arguments = [
            "simulate", "stripe", "--to", receiver.url, "--accounts", str(tmp_path), "--json",
            "--attempts", "3", "--speed", "1000000",
        ]  # fmt: skip
        assert await asyncio.to_thread(run_command, arguments) == 1
    assert json.loads(capsys.readouterr().out)["retries"] == 2
