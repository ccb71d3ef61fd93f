"""The small parts of the ingress, each by itself, and its admin port."""

import asyncio
import os
import uuid
from collections.abc import Sequence
from itertools import count, pairwise

import pytest
import uuid6
from prometheus_client import CollectorRegistry, Counter

from processors.contract import Reply
from streams.ingress import CallbackIds, serve_admin
from streams.ingress.buckets import Buckets
from streams.ingress.clients import Clients, network
from streams.ingress.framing import read_framing
from streams.ingress.ids import IDS_PER_DRAW
from streams.ingress.problems import PROBLEM_CODES, PROBLEMS, problem
from streams.ingress.wire import UnsafeReply, encode
from tests.support.raw_http import Wire, request

# -- ids -------------------------------------------------------------------------------------


def test_ids_are_version_7_of_the_time_that_the_clock_says() -> None:
    ids = CallbackIds(lambda: 1_900_000_000_123)
    for text in (ids() for _ in range(1_000)):
        read = uuid6.UUID(text)
        assert str(read) == text
        assert read.version == 7
        assert read.variant == uuid.RFC_4122
        assert int(text[:8] + text[9:13], 16) == 1_900_000_000_123


def test_ids_agree_in_form_with_another_maker() -> None:
    theirs = str(uuid6.uuid7())
    ours = CallbackIds(lambda: int(theirs[:8] + theirs[9:13], 16))()
    assert [len(part) for part in ours.split("-")] == [len(part) for part in theirs.split("-")]
    assert (ours[:13], ours[14]) == (theirs[:13], theirs[14])


@pytest.mark.parametrize("times", [[5] * 20_000, [9, 3, 9, 1, 10, 2], range(3_000)])
def test_ids_rise_whatever_the_clock_does(times: Sequence[int]) -> None:
    moments = iter(times)
    ids = CallbackIds(lambda: next(moments))
    made = [ids() for _ in times]
    assert all(earlier < later for earlier, later in pairwise(made))


def test_entropy_is_drawn_for_many_ids_and_used_once() -> None:
    drawn: list[int] = []

    def entropy(size: int) -> bytes:
        drawn.append(size)
        return os.urandom(size)

    ids = CallbackIds(lambda: 1, entropy)
    tails = {ids()[20:] for _ in range(IDS_PER_DRAW * 2)}
    assert len(drawn) == 2
    assert len(tails) == IDS_PER_DRAW * 2


def test_forked_child_draws_entropy_of_its_own() -> None:
    ids = CallbackIds(lambda: 1)
    ids()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, ids().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs, ours = os.read(reading, 36).decode(), ids()
    os.close(reading)
    os.close(writing)
    assert (len(theirs), theirs[:18]) == (36, ours[:18])
    assert theirs[19:] != ours[19:]


# -- buckets ---------------------------------------------------------------------------------


def test_bucket_gives_its_burst_then_its_rate() -> None:
    buckets = Buckets(per_s=10, burst=3, keys_max=10)
    assert [buckets.take("a", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [buckets.take("a", 0.25) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 0.25)
    assert [buckets.take("a", 100.0) for _ in range(4)] == [True, True, True, False]


def test_refused_tries_do_not_slow_the_filling() -> None:
    buckets = Buckets(per_s=1, burst=1, keys_max=10)
    assert buckets.take("a", 0.0)
    assert not any(buckets.take("a", tenth / 10) for tenth in range(1, 10))
    assert buckets.take("a", 1.0)


def test_full_buckets_are_forgotten_and_others_kept() -> None:
    buckets = Buckets(per_s=1, burst=2, keys_max=10)
    buckets.take("old", 0.0)
    buckets.take("new", 1.5)
    buckets.forget_full(2.0)
    assert len(buckets) == 1
    assert [buckets.take("new", 2.0), buckets.take("new", 2.0)] == [True, False]


def test_buckets_are_bounded_and_the_one_left_alone_longest_goes() -> None:
    buckets = Buckets(per_s=0.001, burst=1, keys_max=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key, 0.0)
    assert len(buckets) == 2
    assert [buckets.take("a", 0.0), buckets.take("b", 0.0)] == [False, True]


# -- clients ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_network_of_an_address(address: str, expected: str) -> None:
    assert network(address) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], "10.0.0.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6", "203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        (["10.0.0.9, 10.0.0.8"], "10.0.0.9"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["203.0.113.9, garbage"], "10.0.0.1"),
        (["203.0.113.9, garbage, 10.0.0.8"], "10.0.0.8"),
        ([""], "10.0.0.1"),
    ],
)
def test_forwarded_addresses_are_read_from_the_right(values: list[str], expected: str) -> None:
    headers = [("X-Forwarded-For", value) for value in values]
    assert Clients(["10.0.0.0/8"]).client("10.0.0.1", headers) == expected


def test_stranger_does_not_name_the_client() -> None:
    headers = [("X-Forwarded-For", "203.0.113.9")]
    assert Clients(["10.0.0.0/8"]).client("198.51.100.1", headers) == "198.51.100.1"
    assert Clients([]).client("10.0.0.1", headers) == "10.0.0.1"


# -- wire and problems -----------------------------------------------------------------------


def test_answer_without_content_states_no_length() -> None:
    raw = encode(Reply(204, "", b""), method="POST", http_10=False, last=False, date=b"D")
    assert raw == b"HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n"


@pytest.mark.parametrize("value", ["a\nb", "a\r\nb", "a\rb"])
def test_header_of_an_answer_cannot_break_its_line(value: str) -> None:
    for reply in (Reply(200, "text/plain", b"", (("X", value),)), Reply(200, value, b"")):
        with pytest.raises(UnsafeReply):
            encode(reply, method="POST", http_10=False, last=False, date=b"")


def test_every_problem_has_a_status_of_failure() -> None:
    assert set(PROBLEMS) == set(PROBLEM_CODES)
    for code in PROBLEM_CODES:
        reply = problem(code, retry_after_s=5)
        assert 400 <= reply.status <= 505
        assert (("Retry-After", "5") in reply.headers) == (reply.status in (429, 503))


def test_plain_post_has_no_fault() -> None:
    framing = read_framing((("Host", "a"), ("CONTENT-LENGTH", "12")), "1.1")
    assert (framing.fault, framing.length, framing.expects) == (None, 12, False)


# -- the admin port --------------------------------------------------------------------------


async def test_admin_port_tells_alive_ready_metrics_and_openapi() -> None:
    registry = CollectorRegistry()
    Counter("tillstream_test", "A test's counter", registry=registry).inc(3)
    answers = count()
    up: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_admin(
            ("127.0.0.1", 0),
            ready=lambda: next(answers) > 0,
            registry=registry,
            openapi=b'{"openapi":"3.1.0"}',
            started=lambda *address: up.set_result(address),
        )
    )
    async with await Wire.open(await up) as wire:

        async def get(target: str, method: str = "GET") -> tuple[int, bytes]:
            await wire.send(request(target, None, method=method))
            answer = await wire.answer(head_only=method == "HEAD")
            if method == "GET":
                assert answer.header("cache-control") == "no-store"
            return answer.status, answer.body

        assert await get("/healthz") == (200, b"alive\n")
        assert await get("/readyz") == (503, b"not ready\n")
        assert await get("/readyz") == (200, b"ready\n")
        status, body = await get("/metrics?name[]=x")
        assert status == 200
        assert b"tillstream_test_total 3.0" in body
        assert await get("/openapi.json") == (200, b'{"openapi":"3.1.0"}')
        assert (await get("/healthz", "HEAD"))[0] == 200
        assert (await get("/healthz/"))[0] == 404
        assert (await get("/healthz", "POST"))[0] == 405
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_admin_port_of_another_role_has_no_openapi() -> None:
    up: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_admin(
            ("127.0.0.1", 0), ready=lambda: True, registry=CollectorRegistry(), openapi=None,
            started=lambda *address: up.set_result(address),
        )
    )  # fmt: skip
    async with await Wire.open(await up) as wire:
        await wire.send(request("/openapi.json", None, method="GET"))
        assert (await wire.answer()).problem == "not-found"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
