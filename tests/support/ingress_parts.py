"""A log whose acknowledgements the test gives, a small provider, and an ingress to call."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import orjson
from prometheus_client import CollectorRegistry

from processors.account import Account
from processors.account_form import Digest, RawKey, build_account
from processors.contract import Inquiry, Provider, Receipt, Reply, ReplyWhen, Setting, no_check
from processors.json_texts import json_fields
from processors.keys import KeyForm, Secret
from processors.messages import framed
from processors.signing import Authentic, check_hmac
from schemas.callback import Callback, decode_callback
from schemas.errors import BadSignature, UnknownMeaning
from schemas.fact import Fact
from schemas.record import Draft, Position, Record
from schemas.topics import topics
from streams.ingress import DEFAULT_LIMITS, Limits, serve_ingress

NOW_MS = 1_900_000_000_000
SECRET = b"a test's secret"
TOPICS = topics()


class FakeAppender:
    """Acknowledges at once, or when told; keeps what was acknowledged."""

    def __init__(self) -> None:
        self.stored: list[Draft] = []
        self.calls: list[int] = []
        self.called = asyncio.Event()
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None
        self.stuck_partitions: frozenset[int] = frozenset()
        self.closed = False

    async def append(self, drafts: Sequence[Draft]) -> Sequence[Position]:
        self.calls.append(len(drafts))
        self.called.set()
        if self.error is not None:
            raise self.error
        if self.gate is not None:
            await self.gate.wait()
        if any(draft.partition in self.stuck_partitions for draft in drafts):
            await asyncio.Event().wait()
        first = len(self.stored)
        self.stored += drafts
        return [Position(d.topic, d.partition, first + n) for n, d in enumerate(drafts)]

    async def close(self) -> None:
        self.closed = True


class FakeLog:
    """As much of a log as the ingress uses."""

    def __init__(self) -> None:
        self.fake = FakeAppender()

    def appender(self) -> FakeAppender:
        return self.fake

    def callbacks(self) -> list[Callback]:
        """Return what was stored, read back as the verify stage reads it."""
        return [
            decode_callback(Record(d.topic, d.partition, n, 0, d.key, d.value, d.headers))
            for n, d in enumerate(self.fake.stored)
        ]


def _authenticate(callback: Callback, account: Account) -> Authentic[Any]:
    signature = callback.header("x-signature", absent=BadSignature)
    try:
        octets = bytes.fromhex(signature.decode("latin-1"))
    except ValueError as error:
        raise BadSignature("no hex digits") from error
    proof = check_hmac(
        (framed(callback.body, proves=callback.body),),
        hash="sha256",
        signatures=(octets,),
        keys=account.all_keys("verify"),
    )
    return proof.then(json_fields)


def _interpret(notice: Authentic[Any], account: Account) -> tuple[Fact | Inquiry, ...]:
    state = notice.content.text("state")
    if state == "IGNORED":
        return ()
    if state == "ASK":
        return (Inquiry("payment", "1"),)
    if state == "BROKEN":
        raise RuntimeError("a defect with a secret in its text: canary")
    raise UnknownMeaning("a state without a meaning")


def _reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    if callback.has_header("x-broken-reply"):
        raise RuntimeError("a defect with a secret in its text: canary")
    if callback.has_header("x-split-reply"):
        return Reply(200, "text/plain", b"", (("X", "a\r\nSet-Cookie: b"),))
    if receipt.success:
        return Reply(200, "text/plain; charset=utf-8", b"success")
    return Reply(receipt.status, "text/plain; charset=utf-8", b"failure")


def _json_reply(callback: Callback, receipt: Receipt, account: Account) -> Reply:
    word = "SUCCESS" if receipt.success else "FAIL"
    return Reply(receipt.status, "application/json", orjson.dumps({"code": word}))


def _handshake(callback: Callback, account: Account) -> Reply | None:
    if callback.has_header("x-broken-handshake"):
        raise RuntimeError("a defect with a secret in its text: canary")
    if callback.body.startswith(b"challenge:"):
        return Reply(200, "text/plain", callback.body.removeprefix(b"challenge:"))
    return None


PLAIN: Provider[Any] = Provider(
    name="plainpay",
    title="Plainpay",
    protocol="1",
    methods=("POST",),
    settings=(
        Setting(
            name="shop", required=True, pinned=True, choices=(), meaning="the shop", example="s"
        ),
    ),
    keys=(
        KeyForm(
            use="verify", kind="secret", decode=lambda text: Secret(text.encode()),
            required=True, chosen_by="tried in turn", note="a test's secret",
        ),
    ),
    check=no_check,
    authenticate=_authenticate,
    interpret=_interpret,
    reply_when="stored",
    reply=_reply,
    handshake=_handshake,
    retry_after_s=(60,),
)  # fmt: skip
FORMAL = replace(PLAIN, name="formalpay", reply=_json_reply, handshake=None)
ASKING = replace(PLAIN, name="getpay", methods=("GET", "POST"), handshake=None)


def account(provider: Provider[Any], name: str) -> Account:
    made, problems = build_account(
        provider, name=name, mode="test", ledger=None, settings={"shop": "s"},
        keys=[RawKey("1", "verify", "secret", SECRET.decode())], digest=Digest(b"test"),
    )  # fmt: skip
    assert made is not None, problems
    return made


class FakeAccounts:
    """Three providers, each with `shop`; `plainpay/checked` answers only what is verified."""

    def __init__(self) -> None:
        self.providers: Mapping[str, Provider[Any]] = {
            provider.name: provider for provider in (PLAIN, FORMAL, ASKING)
        }
        self.accounts = {
            (provider.name, name): account(provider, name)
            for provider in self.providers.values()
            for name in ("shop", "checked")
        }

    def get(self, provider: str, name: str) -> Account | None:
        return self.accounts.get((provider, name))

    def reply_when(self, provider: str, name: str) -> ReplyWhen:
        return "verified" if name == "checked" else "stored"


def signed(body: bytes) -> tuple[str, str]:
    """Return the header that proves a body to the test providers."""
    return "X-Signature", hmac.new(SECRET, body, hashlib.sha256).hexdigest()


class Clock:
    """Milliseconds that move only when told."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def __call__(self) -> int:
        return self.ms


class Ingress:
    """A running ingress as tests see it."""

    def __init__(self, log: Any, clock: Clock) -> None:
        self.log = log
        self.clock = clock
        self.registry = CollectorRegistry()
        self.stopping = asyncio.Event()
        self.address = ("127.0.0.1", 0)
        self.task: asyncio.Task[None] | None = None

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"tillstream_ingress_{name}", labels) or 0.0

    async def stop(self) -> None:
        self.stopping.set()
        assert self.task is not None
        await asyncio.wait_for(self.task, 20)


@asynccontextmanager
async def ingress(
    *,
    log: Any = None,
    limits: Limits | None = None,
    accounts: Any = None,
    new_id: Callable[[], str] | None = None,
    trusted_proxies: Sequence[str] = (),
    **changed: Any,
) -> AsyncIterator[Ingress]:
    """Run an ingress on a free loopback port; `changed` are limits that differ."""
    running = Ingress(log or FakeLog(), Clock())
    up: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    numbers = count()
    running.task = asyncio.create_task(
        serve_ingress(
            listen=("127.0.0.1", 0),
            log=running.log,
            accounts=accounts or FakeAccounts(),
            topics=TOPICS,
            deployment="test",
            limits=replace(limits or test_limits(), **changed),
            clock=running.clock,
            new_id=new_id or (lambda: f"00000000-0000-7000-8000-{next(numbers):012d}"),
            stopping=running.stopping,
            registry=running.registry,
            trusted_proxies=trusted_proxies,
            started=lambda *address: up.set_result(address),
        )
    )
    await asyncio.wait((running.task, up), return_when=asyncio.FIRST_COMPLETED)
    running.address = await up if up.done() else running.address
    try:
        if running.task.done():
            await running.task
        yield running
    finally:
        await running.stop()


def test_limits() -> Limits:
    """Return the real limits with a quicker clockwork, so that no test waits long."""
    return replace(DEFAULT_LIMITS, sweep_s=0.02, drain_s=5.0, linger_s=0.5)


test_limits.__test__ = False  # type: ignore[attr-defined]
