"""Which requests are stored, what each is answered, and what the record holds."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from processors.contract import Reply
from streams.ingress.app import CallbackApp
from streams.ingress.exchange import Exchange, Serve
from tests.support.ingress_parts import NOW_MS, Ingress, ingress, signed
from tests.support.raw_http import Answer, Wire, request

SHOP = "/v1/callbacks/plainpay/shop"
CHECKED = "/v1/callbacks/plainpay/checked"
GOOD = b'{"state":"IGNORED"}'


@pytest.fixture
async def shop() -> AsyncIterator[Ingress]:
    async with ingress() as running:
        yield running


async def call(running: Ingress, raw: bytes, *, head_only: bool = False) -> Answer:
    """Send one request on a connection of its own and return its answer."""
    async with await Wire.open(running.address) as wire:
        await wire.send(raw)
        return await wire.answer(head_only=head_only)


async def test_stored_callback_keeps_every_byte_name_order_and_repetition(shop: Ingress) -> None:
    body = b'\x00\xff\xfe{"a": 1}\r\n\x00'
    headers = (("X-Twice", "1"), ("x-twice", "2"), ("Weird", "caf\xe9 \t x"), ("X-Empty", ""))
    answer = await call(shop, request(SHOP + "?x=1&y=%E4", body, headers=headers))
    assert (answer.status, answer.body) == (200, b"success")
    (callback,) = shop.log.callbacks()
    assert callback.body == body
    assert callback.target == SHOP + "?x=1&y=%E4"
    assert callback.method == "POST"
    assert callback.headers == (
        ("Host", "shop.example"), *headers, ("Content-Length", str(len(body))),
    )  # fmt: skip
    assert (callback.provider, callback.account) == ("plainpay", "shop")
    assert (callback.peer, callback.client) == ("127.0.0.1", "127.0.0.1")
    assert callback.received_at_ms == NOW_MS


async def test_structured_content_type_of_the_sender_does_not_structure_our_record(
    shop: Ingress,
) -> None:
    sent = ("Content-Type", "application/cloudevents+json; charset=utf-16")
    assert (await call(shop, request(SHOP, b"{}", headers=[sent]))).status == 200
    (draft,) = shop.log.fake.stored
    assert dict(draft.headers)["content-type"] == b"application/octet-stream"
    assert sent in shop.log.callbacks()[0].headers


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Type", "no/such+type; charset=klingon")],
        [("Content-Type", "")],
        [("Content-Type", "text/plain"), ("Content-Type", "application/json")],
        [("Content-Encoding", "gzip")],
    ],
)
async def test_no_content_type_is_a_reason_to_lose_a_callback(
    shop: Ingress, headers: list[tuple[str, str]]
) -> None:
    assert (await call(shop, request(SHOP, b"\xff\x00", headers=headers))).status == 200
    assert shop.log.callbacks()[0].body == b"\xff\x00"


@pytest.mark.parametrize("body", [b"", None])
async def test_empty_body_is_stored_and_left_to_the_judge(
    shop: Ingress, body: bytes | None
) -> None:
    assert (await call(shop, request(SHOP, body))).status == 200
    assert shop.log.callbacks()[0].body == b""


NOT_FOUND = [
    b"/v1/callbacks/plainpay/shop/",
    b"//v1/callbacks/plainpay/shop",
    b"/v1//callbacks/plainpay/shop",
    b"/V1/callbacks/Plainpay/shop",
    b"/v1/callbacks/plainpay/%73hop",
    b"/v1/callbacks/plainpay/shop;a=b",
    b"/v1/callbacks/plainpay/shop#x",
    b"/v1/callbacks/plainpay/shop%00",
    b"/v1/callbacks/plainpay/shop%2e%2e",
    b"/v1/callbacks/plainpay/../plainpay/shop",
    b"/v1/callbacks/plainpay/nobody",
    b"/v1/callbacks/nobody/shop",
    b"/v1/callbacks/plainpay",
    b"/v1/callbacks//shop",
    b"/",
    b"/metrics",
    b"/healthz",
    b"*",
    b"http://shop.example/v1/callbacks/plainpay/shop",
]


async def refuses_every_other_path(running: Ingress) -> None:
    """Ask for what is nearly the path; each answer is a plain 404, and nothing is stored."""
    for target in NOT_FOUND:
        answer = await call(running, request(target, b"{}"))
        assert answer.status == 404, target
        assert answer.problem == "not-found"
        assert answer.header("location") is None
    assert running.log.callbacks() == []


async def test_path_is_matched_as_it_came_and_never_redirected(shop: Ingress) -> None:
    await refuses_every_other_path(shop)
    answer = await call(shop, request(SHOP + "?x=1", b"{}"))
    assert answer.status == 200
    assert shop.log.callbacks()[0].target == SHOP + "?x=1"
    assert shop.metric("refused_total", provider="none", cause="not-found") == len(NOT_FOUND)


class RedirectingApp(CallbackApp):
    """The defect: a router that redirects slashes."""

    def admit(self, exchange: Exchange) -> Reply | Serve:
        if exchange.target.endswith("/"):
            location = (("Location", exchange.target.rstrip("/")),)
            return Reply(307, "text/plain", b"", location)
        return super().admit(exchange)


class LenientApp(CallbackApp):
    """The defect: a router that cleans the path before it looks."""

    def admit(self, exchange: Exchange) -> Reply | Serve:
        exchange.target = exchange.target.replace("%73", "s").rstrip("/").lower()
        return super().admit(exchange)


@pytest.mark.parametrize("defect", [RedirectingApp, LenientApp])
async def test_the_path_check_catches_a_router_that_helps(
    monkeypatch: pytest.MonkeyPatch, defect: type[CallbackApp]
) -> None:
    monkeypatch.setattr("streams.ingress.serve.CallbackApp", defect)
    async with ingress() as running:
        with pytest.raises(AssertionError):
            await refuses_every_other_path(running)


@pytest.mark.parametrize(
    "method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]
)
async def test_other_method_is_told_which_is_right(shop: Ingress, method: str) -> None:
    answer = await call(shop, request(SHOP, b"{}", method=method))
    assert answer.status == 405
    assert answer.problem == "method-not-allowed"
    assert answer.header("allow") == "POST"
    assert shop.log.callbacks() == []


async def test_head_gets_the_head_of_the_refusal_only(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(SHOP, None, method="HEAD"))
        answer = await wire.answer(head_only=True)
        assert answer.status == 405
        assert int(answer.header("content-length") or 0) > 0
        # Were a body sent, the next answer would not parse.
        await wire.send(request(SHOP, b"{}"))
        assert (await wire.answer()).status == 200


async def test_provider_that_calls_by_get_is_stored_and_never_cached(shop: Ingress) -> None:
    target = "/v1/callbacks/getpay/shop?a=1&b=%E4%BD%A0"
    answer = await call(shop, request(target, None, method="GET"))
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    assert shop.log.callbacks()[0].target == target
    assert (await call(shop, request(target, b"{}"))).header("cache-control") is None


async def test_unknown_method_is_not_implemented(shop: Ingress) -> None:
    for line in (b"FOO / HTTP/1.1\r\n\r\n", b"post / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00"):
        answer = await call(shop, line)
        assert answer.status == 501
        assert answer.problem == "method-unknown"
        assert answer.header("connection") == "close"


MALFORMED = {
    "bare LF": b"POST %b HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}",
    "bare LF after a header": b"POST %b HTTP/1.1\r\nHost: a\nContent-Length: 2\r\n\r\n{}",
    "length beside coding": (
        b"POST %b HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "coding beside length": (
        b"POST %b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"
    ),
    "two lengths": b"POST %b HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "signed length": b"POST %b HTTP/1.1\r\nContent-Length: +2\r\n\r\n{}",
    "endless length": b"POST %b HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
    "coding in HTTP/1.0": b"POST %b HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding named twice": (
        b"POST %b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "bad chunk size": b"POST %b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "chunk longer than said": (
        b"POST %b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"
    ),
    "NUL in a header": b"POST %b HTTP/1.1\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "folded header": b"POST %b HTTP/1.1\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "space before the colon": b"POST %b HTTP/1.1\r\nX : a\r\nContent-Length: 0\r\n\r\n",
    "NUL in the target": b"POST %b\x00 HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "invalid UTF-8 in the target": b"POST %b?\xff\xfe HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "unknown version": b"POST %b HTTP/3.7\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_cannot_be_read_in_one_way_is_refused_and_ends_the_connection(
    shop: Ingress, name: str
) -> None:
    raw = MALFORMED[name]
    async with await Wire.open(shop.address) as wire:
        await wire.send(raw.replace(b"%b", SHOP.encode()))
        answer = await wire.answer()
        assert answer.status == 400
        assert answer.problem == "bad-request"
        assert answer.header("connection") == "close"
        assert await wire.ended()
        assert shop.log.callbacks() == []


@pytest.mark.parametrize("coding", ["gzip, chunked", "xchunked"])
async def test_coding_other_than_chunked_is_not_implemented(shop: Ingress, coding: str) -> None:
    raw = request(SHOP, None, headers=[("Transfer-Encoding", coding)]) + b"0\r\n\r\n"
    answer = await call(shop, raw)
    assert (answer.status, answer.problem) == (501, "transfer-coding-unknown")
    assert shop.log.callbacks() == []


async def test_http_09_is_told_the_versions(shop: Ingress) -> None:
    answer = await call(shop, b"GET /v1/callbacks/getpay/shop\r\n\r\n")
    assert (answer.status, answer.problem) == (505, "version-unknown")


async def test_http_10_is_served_and_kept_open_only_when_asked(shop: Ingress) -> None:
    async with await Wire.open(shop.address) as wire:
        await wire.send(
            request(SHOP, b"1", version="1.0", headers=[("Connection", "keep-alive")]),
            request(SHOP, b"2", version="1.0"),
        )
        assert (await wire.answer()).header("connection") == "keep-alive"
        assert (await wire.answer()).header("connection") == "close"
        assert await wire.ended()
        assert [callback.body for callback in shop.log.callbacks()] == [b"1", b"2"]


# -- replies ---------------------------------------------------------------------------------


async def test_success_is_said_only_after_the_log_acknowledged(shop: Ingress) -> None:
    shop.log.fake.gate = asyncio.Event()
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(SHOP, b"{}"))
        answer = asyncio.create_task(wire.answer())
        await shop.log.fake.called.wait()
        done, _ = await asyncio.wait((answer,), timeout=0.05)
        assert not done
        shop.log.fake.gate.set()
        assert (await answer).status == 200


async def test_challenge_is_answered_and_not_stored(shop: Ingress) -> None:
    answer = await call(shop, request(SHOP, b"challenge:abc"))
    assert (answer.status, answer.body) == (200, b"abc")
    assert shop.log.callbacks() == []


@pytest.mark.parametrize(
    ("name", "status"),
    [("X-Broken-Reply", 500), ("X-Split-Reply", 500), ("X-Broken-Handshake", 200)],
)
async def test_defect_of_a_provider_never_loses_a_callback(
    shop: Ingress, name: str, status: int
) -> None:
    answer = await call(shop, request(SHOP, b"{}", headers=[(name, "1")]))
    assert answer.status == status
    assert answer.header("set-cookie") is None
    assert len(shop.log.callbacks()) == 1
    assert shop.metric("defects_total") == 1


@pytest.mark.parametrize(
    ("body", "proof", "status"),
    [
        (b'{"state":"IGNORED"}', True, 200),
        (b'{"state":"ASK"}', True, 200),
        (b'{"state":"NEW"}', True, 200),
        (b'{"state":"IGNORED"}', False, 401),
        (b"not json", True, 401),
        (b'{"state":"BROKEN"}', True, 500),
    ],
)
async def test_verified_account_is_judged_before_the_reply_and_stored_either_way(
    shop: Ingress, body: bytes, proof: bool, status: int
) -> None:
    headers = [signed(body if proof else b"another body")]
    answer = await call(shop, request(CHECKED, body, headers=headers))
    assert answer.status == status
    assert answer.body == (b"success" if status == 200 else b"failure")
    assert [callback.body for callback in shop.log.callbacks()] == [body]


async def test_stored_account_is_answered_without_a_look_at_the_proof(shop: Ingress) -> None:
    answer = await call(shop, request(SHOP, GOOD, headers=[signed(b"another body")]))
    assert (answer.status, answer.body) == (200, b"success")


async def test_refused_proof_is_answered_only_after_it_was_stored(shop: Ingress) -> None:
    shop.log.fake.gate = asyncio.Event()
    async with await Wire.open(shop.address) as wire:
        await wire.send(request(CHECKED, GOOD))
        answer = asyncio.create_task(wire.answer())
        await shop.log.fake.called.wait()
        done, _ = await asyncio.wait((answer,), timeout=0.05)
        assert not done
        shop.log.fake.gate.set()
        assert (await answer).status == 401


async def test_provider_with_a_failure_form_of_its_own_gets_it(shop: Ingress) -> None:
    target = "/v1/callbacks/formalpay/shop"
    length = [("Content-Length", "99999999")]
    answer = await call(shop, request(target, None, headers=length))
    assert (answer.status, answer.body) == (413, b'{"code":"FAIL"}')
    answer = await call(shop, request(SHOP, None, headers=length))
    assert (answer.status, answer.problem) == (413, "body-too-large")


async def test_callbacks_of_one_account_take_its_four_partitions_in_turn(shop: Ingress) -> None:
    for _ in range(8):
        await call(shop, request(SHOP, b"{}"))
    partitions = [draft.partition for draft in shop.log.fake.stored]
    assert len(set(partitions)) == 4
    assert partitions[:4] == partitions[4:]


async def test_only_a_trusted_proxy_names_the_client() -> None:
    forwarded = [("X-Forwarded-For", "6.6.6.6, 203.0.113.9"), ("x-forwarded-for", "10.0.0.2")]
    async with ingress() as plain:
        await call(plain, request(SHOP, b"{}", headers=forwarded))
        assert plain.log.callbacks()[0].client == "127.0.0.1"
    async with ingress(trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"]) as behind:
        await call(behind, request(SHOP, b"{}", headers=forwarded))
        (callback,) = behind.log.callbacks()
        assert (callback.peer, callback.client) == ("127.0.0.1", "203.0.113.9")


async def test_answers_carry_a_date_and_their_length(shop: Ingress) -> None:
    answer = await call(shop, request(SHOP, b"{}"))
    assert answer.header("date") == "Sun, 17 Mar 2030 17:46:40 GMT"
    assert answer.header("content-length") == "7"
