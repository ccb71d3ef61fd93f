"""From a request to a stored callback and the provider's answer.

Guarantees:  a success is answered only after the log acknowledged the callback; with `verified`
             also only after a good proof. A refused proof is stored before it is answered.
Does not:    judge under `stored`: the verify stage does, from the record.
Our own failures (413, 429, 503) take the provider's failure form where it has one that is more
than plain text, and a problem document otherwise: a bare "fail" says less than the document, and
every provider that sends on anything but its success word sends on a document too.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, Final, Protocol

from processors.account import Account
from processors.contract import Provider, Receipt, Reply, ReplyWhen
from processors.verdict import Judgement, judge
from schemas.callback import Callback, encode_callback
from schemas.errors import UnknownMeaning
from schemas.record import Position
from schemas.topics import Topics, partition_for_callback
from streams.ingress.batcher import Batcher
from streams.ingress.buckets import Buckets
from streams.ingress.clients import Clients, network
from streams.ingress.exchange import Exchange, Serve
from streams.ingress.limits import Limits
from streams.ingress.metrics import NO_PROVIDER, IngressMetrics
from streams.ingress.notes import Notes
from streams.ingress.problems import PROBLEMS, ProblemCode, problem
from streams.ingress.server import HttpServer

PATH: Final = "/v1/callbacks/{provider}/{account}"
_PREFIX: Final = "/v1/callbacks/"
# What a record weighs beside its body and headers.
_RECORD_BYTES: Final = 512
SUCCESS: Final = Receipt(200)


class AccountsLike(Protocol):
    """The accounts as they stand now; a swap shows at the next call."""

    @property
    def providers(self) -> Mapping[str, Provider[Any]]: ...

    def get(self, provider: str, name: str) -> Account | None: ...

    def reply_when(self, provider: str, name: str) -> ReplyWhen:
        """Return the account's moment. It can only tighten: where the provider's own is
        `verified` (it signs its replies), nobody is asked.
        """


class _Intake:
    """One admitted request on its way: who it is for, and from whom."""

    __slots__ = ("account", "client", "exchange", "provider", "when")

    def __init__(
        self,
        exchange: Exchange,
        provider: Provider[Any],
        account: Account,
        when: ReplyWhen,
        client: str,
    ) -> None:
        self.exchange = exchange
        self.provider = provider
        self.account = account
        self.when = when
        self.client = client

    @property
    def bucket(self) -> tuple[str, str, str]:
        return self.account.provider, self.account.name, network(self.client)


class CallbackApp:
    """The `Service` behind the public port."""

    def __init__(
        self,
        *,
        batcher: Batcher,
        accounts: AccountsLike,
        topics: Topics,
        deployment: str,
        limits: Limits,
        new_id: Callable[[], str],
        clients: Clients,
        metrics: IngressMetrics,
        notes: Notes,
    ) -> None:
        self._batcher = batcher
        self._accounts = accounts
        self._topic = topics.callbacks
        self._deployment = deployment
        self._limits = limits
        self._new_id = new_id
        self._clients = clients
        self._metrics = metrics
        self._notes = notes
        self._time_s = asyncio.get_running_loop().time
        self._server: HttpServer | None = None
        self._turns: dict[tuple[str, str], count[int]] = {}
        self._rate = Buckets(
            per_s=limits.rate_per_s, burst=limits.rate_burst, keys_max=limits.buckets_max
        )
        self._failing = Buckets(
            per_s=limits.failing_per_s, burst=limits.failing_burst, keys_max=limits.buckets_max
        )

    def watch(self, server: HttpServer) -> None:
        """Show this server's connections and bytes in the gauges."""
        self._server = server

    # -- the connection's calls --------------------------------------------------------------

    def admit(self, exchange: Exchange) -> Reply | Serve:
        intake = self._intake(exchange)
        if intake is None:
            return self._refusal(NO_PROVIDER, "not-found")
        methods = intake.provider.methods
        if exchange.method not in methods:
            allow = (("Allow", ", ".join(methods)),)
            return self._refusal(intake.provider.name, "method-not-allowed", allow)
        if self._batcher.full:
            return self._failure(intake, "busy")
        if intake.when == "stored" and not self._rate.take(intake.bucket, self._time_s()):
            return self._failure(intake, "too-many-requests")
        return partial(self._receive, intake)

    def refuse(self, exchange: Exchange, code: ProblemCode) -> Reply:
        intake = self._intake(exchange)
        if intake is None:
            return self._refusal(NO_PROVIDER, code)
        return self._failure(intake, code)

    def failed(self, error: BaseException) -> None:
        self._metrics.defect()
        self._notes.failure("defect", error, self._time_s())

    def sweep(self, now_s: float) -> None:
        self._rate.forget_full(now_s)
        self._failing.forget_full(now_s)
        self._metrics.pending_bytes.set(self._batcher.pending_bytes)
        if self._server is not None:
            self._metrics.receiving_bytes.set(self._server.receiving_bytes)
            self._metrics.connections.set(self._server.connections)

    # -- inside ------------------------------------------------------------------------------

    def _intake(self, exchange: Exchange) -> _Intake | None:
        """Match the path as it came: no decoding, folding, trimming or redirecting. A provider
        follows no redirect with a body, so a lenient path would only hide a wrong address.
        """
        path = exchange.target.partition("?")[0]
        if not path.startswith(_PREFIX):
            return None
        provider_name, _, name = path[len(_PREFIX) :].partition("/")
        provider = self._accounts.providers.get(provider_name)
        account = None if provider is None else self._accounts.get(provider_name, name)
        if provider is None or account is None:
            return None
        when = provider.reply_when
        if when == "stored":
            when = self._accounts.reply_when(provider_name, name)
        client = self._clients.client(exchange.peer, exchange.headers)
        return _Intake(exchange, provider, account, when, client)

    def _receive(self, intake: _Intake, body: bytes) -> None:
        """Take a whole request: challenge, judge where due, hand to the log."""
        callback = self._callback(intake, body)
        if intake.provider.handshake is not None:
            challenge = self._handshake(intake, callback)
            if challenge is not None:
                self._answer(intake, challenge)
                return
        if self._batcher.full:
            self._answer(intake, self._failure(intake, "busy"))
            return
        receipt = SUCCESS
        if intake.when == "verified":
            receipt = self._verdict(intake, callback)
            if not receipt.success and not self._failing.take(intake.bucket, self._time_s()):
                self._answer(intake, self._failure(intake, "too-many-requests"))
                return
        draft = encode_callback(
            callback, topic=self._topic.name, partition=self._partition(intake.account),
            deployment=self._deployment,
        )  # fmt: skip
        size_bytes = len(body) + len(draft.headers[8][1]) + _RECORD_BYTES
        self._batcher.submit(draft, size_bytes, partial(self._told, intake, callback, receipt))

    def _told(self, intake: _Intake, callback: Callback, receipt: Receipt, stored: bool) -> None:
        """Answer when the log has spoken, or has been silent for too long."""
        if not stored:
            self._answer(intake, self._failure(intake, "log-unavailable"))
            return
        try:
            reply = intake.provider.reply(callback, receipt, intake.account)
        except Exception as error:  # noqa: BLE001 - stored already; the provider may send again
            self.failed(error)
            reply = problem("defect", retry_after_s=self._limits.retry_after_s)
        self._answer(intake, reply)

    def _answer(self, intake: _Intake, reply: Reply) -> None:
        self._metrics.answered(intake.provider.name, reply.status)
        intake.exchange.answer(reply)

    def _callback(self, intake: _Intake, body: bytes) -> Callback:
        exchange = intake.exchange
        return Callback(
            id=self._new_id(),
            provider=intake.account.provider,
            account=intake.account.name,
            received_at_ms=exchange.received_at_ms,
            method=exchange.method,
            target=exchange.target,
            headers=exchange.headers,
            body=body,
            peer=exchange.peer,
            client=intake.client,
        )

    def _partition(self, account: Account) -> int:
        key = (account.provider, account.name)
        turns = self._turns.get(key)
        if turns is None:
            turns = self._turns[key] = count()
        return partition_for_callback(*key, next(turns), self._topic.partitions)

    def _handshake(self, intake: _Intake, callback: Callback) -> Reply | None:
        """Return the answer to a challenge; where looking for one fails, store the callback."""
        assert intake.provider.handshake is not None
        try:
            return intake.provider.handshake(callback, intake.account)
        except Exception as error:  # noqa: BLE001 - a challenge that we cannot read is not lost
            self.failed(error)
            return None

    def _verdict(self, intake: _Intake, callback: Callback) -> Receipt:
        """Judge before the reply. The position is not known yet, and only the verdict counts."""
        position = Position(self._topic.name, 0, 0)
        try:
            judgement = judge(callback, position, intake.provider, intake.account)
        except Exception as error:  # noqa: BLE001 - verify parks it; unproven is no success
            self.failed(error)
            return Receipt(500)
        return Receipt(200 if _good(judgement) else 401, judgement.proven or None)

    def _refusal(
        self, provider: str, code: ProblemCode, headers: tuple[tuple[str, str], ...] = ()
    ) -> Reply:
        self._metrics.refused(provider, code)
        return problem(code, retry_after_s=self._limits.retry_after_s, headers=headers)

    def _failure(self, intake: _Intake, code: ProblemCode) -> Reply:
        """Return a refusal in the provider's own form where it has one."""
        ours = self._refusal(intake.provider.name, code)
        status = PROBLEMS[code][0]
        try:
            # Without the body: this is said about requests that are not taken.
            theirs = intake.provider.reply(
                self._callback(intake, b""), Receipt(status), intake.account
            )
        except Exception as error:  # noqa: BLE001 - the problem document says the same
            self.failed(error)
            return ours
        if theirs.content_type.partition(";")[0].strip().lower() in ("", "text/plain"):
            return ours
        return replace(theirs, headers=theirs.headers + ours.headers)


def _good(judgement: Judgement) -> bool:
    """Whether the proof is good. A meaning that we lack is ours to add, not theirs to repeat."""
    return judgement.accepted or any(
        outcome.code == UnknownMeaning.reason for outcome in judgement.outcomes
    )
