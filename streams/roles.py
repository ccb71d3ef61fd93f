"""Running roles: which parts one process starts, how they become ready and how they end.

Every role ends the process on its first error, before any offset moves; whoever supervises it
starts it again. SIGTERM and SIGINT end it in order: accepted requests are answered, batches
finished.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import structlog
from prometheus_client import CollectorRegistry

from processors.account import Account
from processors.contract import ReplyWhen
from processors.registry import PROVIDERS
from schemas.topics import Topics
from streams.accounts import WatchedAccounts
from streams.collector import tend_garbage
from streams.config import Config
from streams.embedded import EmbeddedLog
from streams.ingress import DEFAULT_LIMITS, CallbackIds, serve_admin, serve_ingress
from streams.ledger import DiskStores, MemoryStores, Stores
from streams.log import Log
from streams.metrics import StageMetrics
from streams.partition_count import RecordedCount
from streams.settle import Settling
from streams.topology import (
    check_partitions,
    ensure_topics,
    existing_topics,
)
from streams.verify import BATCH_RECORDS_MAX, published_revisions, run_verify
from streams.watch import StableOffsets, watch_lag, watch_stable_offsets

Role = Literal["ingress", "verify", "settle"]
ALL_ROLES: Final[tuple[Role, ...]] = ("ingress", "verify", "settle")
PARTITIONS_CHECK_S: Final = 60
# In one process the event loop is shared: short batches keep the ingress answering.
SHARED_BATCH_MAX: Final = 200
OPENAPI: Final = Path(__file__).parent.parent / "schemas" / "openapi.yaml"
_log = structlog.get_logger()


@dataclass(slots=True)
class Readiness:
    """Which of the started roles are ready; the admin port answers with it."""

    roles: dict[str, bool] = field(default_factory=dict)
    started: bool = False  # all roles have been ready once
    _listener: Callable[[bool], object] | None = None

    def of(self, role: str) -> Callable[[bool], None]:
        self.roles[role] = False

        def set_ready(ready: bool) -> None:
            if self.roles.get(role) != ready:
                _log.info("role_ready" if ready else "role_not_ready", role=role)
            self.roles[role] = ready
            if self._listener is not None:
                self._listener(self.all_ready())

        return set_ready

    def listen(self, listener: Callable[[bool], object]) -> None:
        """Let `listener` hear each time whether all roles are ready."""
        self._listener = listener

    def all_ready(self) -> bool:
        return bool(self.roles) and all(self.roles.values())


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the roles of a process share."""

    config: Config
    log: Log
    topics: Topics
    accounts: WatchedAccounts
    registry: CollectorRegistry
    clock: Callable[[], int]
    readiness: Readiness
    stopping: asyncio.Event
    ingress_socket: socket.socket | None = None

    def group(self, role: Role) -> str:
        return f"{self.config.prefix}-{role}"


async def open_deployment(
    config: Config,
    log: Log,
    *,
    clock: Callable[[], int],
    create_topics: bool,
    registry: CollectorRegistry,
    ingress_socket: socket.socket | None = None,
) -> Deployment:
    """Return what the roles need, checked: topics, partition counts, accounts.

    `create_topics`: make what is missing, as `up` does on the embedded log.

    Raises:
        ConfigurationError: topics or accounts that cannot be worked with.
    """
    topics = await existing_topics(log, config.prefix)
    if create_topics:
        await ensure_topics(log, topics)
    await check_partitions(log, topics)
    seen = await published_revisions(log, topics)
    accounts = WatchedAccounts.start(config, PROVIDERS, registry=registry, seen=seen)
    return Deployment(
        config,
        log,
        topics,
        accounts,
        registry,
        clock,
        Readiness(),
        asyncio.Event(),
        ingress_socket,
    )


async def run_roles(
    deployment: Deployment, roles: Sequence[Role], *, admin: tuple[str, int] | None
) -> None:
    """Run roles until SIGTERM or SIGINT, or until the first of them fails.

    `admin` None: a parent process serves the admin port.

    Raises:
        Exception: whatever ended the first role; the process must end with it.
    """
    if isinstance(deployment.log, EmbeddedLog):
        deployment.log.claim_roles()
        _log.warning("embedded_log", meaning="for trying out and small single-machine use")
    _stop_on_signals(deployment.stopping)
    metrics = StageMetrics(deployment.registry)
    tasks = {
        asyncio.create_task(_start(deployment, role, metrics, shared=len(roles) > 1), name=role)
        for role in roles
    }
    tasks.add(asyncio.create_task(_watch_accounts(deployment), name="accounts"))
    if "settle" in roles:
        tasks.add(asyncio.create_task(_watch_stable_offsets(deployment, metrics), name="stable"))
        tasks.add(asyncio.create_task(_watch_lag(deployment, "settle", metrics), name="lag"))
    if "verify" in roles:
        tasks.add(asyncio.create_task(_watch_lag(deployment, "verify", metrics), name="lag"))
    if "verify" in roles or "settle" in roles:
        tasks.add(asyncio.create_task(_watch_partitions(deployment), name="partitions"))
    helpers = {asyncio.create_task(_serve_admin(deployment, admin), name="admin")}
    try:
        await _first_end(tasks, helpers)
        deployment.stopping.set()
        await asyncio.gather(*tasks)
    finally:
        deployment.stopping.set()
        await _cancelled(tasks | helpers)
        await deployment.log.close()


async def _first_end(tasks: "set[asyncio.Task[None]]", helpers: "set[asyncio.Task[None]]") -> None:
    ended, _ = await asyncio.wait(tasks | helpers, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        failed = task.exception()
        if failed is not None:
            _log.error("role_failed", role=task.get_name(), error=type(failed).__name__)
            raise failed


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)


async def _start(
    deployment: Deployment, role: Role, metrics: StageMetrics, *, shared: bool
) -> None:
    ready = _tending(deployment.readiness, deployment.readiness.of(role))
    match role:
        case "ingress":
            await _run_ingress(deployment, ready)
        case "verify":
            await run_verify(
                deployment.log,
                deployment.topics,
                group=deployment.group("verify"),
                current_book=lambda: deployment.accounts.current,
                metrics=metrics,
                stopping=deployment.stopping.is_set,
                ready=ready,
                batch_records_max=SHARED_BATCH_MAX if shared else BATCH_RECORDS_MAX,
            )
        case "settle":
            await _run_settle(deployment, metrics, ready)


def _tending(readiness: Readiness, set_ready: Callable[[bool], None]) -> Callable[[bool], None]:
    """Tend the garbage collector as soon as the whole process has started."""

    def heard(ready: bool) -> None:
        set_ready(ready)
        if readiness.all_ready() and not readiness.started:
            readiness.started = True
            tend_garbage()

    return heard


async def _run_ingress(deployment: Deployment, ready: Callable[[bool], None]) -> None:
    config = deployment.config

    def started(host: str, port: int) -> None:
        _log.info("listening", host=host, port=port)
        ready(True)

    await serve_ingress(
        listen=config.listen,
        log=deployment.log,
        accounts=_CurrentAccounts(deployment.accounts),
        topics=deployment.topics,
        deployment=config.deployment,
        limits=DEFAULT_LIMITS,
        clock=deployment.clock,
        new_id=CallbackIds(deployment.clock),
        stopping=deployment.stopping,
        registry=deployment.registry,
        trusted_proxies=config.trusted_proxies,
        sock=deployment.ingress_socket,
        started=started,
    )


async def _run_settle(
    deployment: Deployment, metrics: StageMetrics, ready: Callable[[bool], None]
) -> None:
    stores = _ledger_stores(deployment)
    settling = Settling(
        deployment.log,
        deployment.topics,
        deployment=deployment.config.deployment,
        ledger_days=deployment.config.ledger_days,
        clock=deployment.clock,
        metrics=metrics,
        count=await RecordedCount(deployment.log, deployment.topics).read(),
        stores=stores,
    )
    await deployment.log.run_exactly_once(
        deployment.group("settle"),
        deployment.topics.facts.name,
        settling,
        ready=ready,
        stopping=deployment.stopping.is_set,
    )
    # Only after an orderly end: any other is judged anew by the next start.
    await stores.close()


def _ledger_stores(deployment: Deployment) -> Stores:
    """Return where the settled states are kept: on disk beside Kafka, else in memory.

    Raises:
        ConfigurationError: the state directory cannot be written.
    """
    if isinstance(deployment.log, EmbeddedLog):
        return MemoryStores()
    return DiskStores(deployment.config.state / "ledger" / deployment.topics.ledger.name)


async def _watch_accounts(deployment: Deployment) -> None:
    await deployment.accounts.watch(deployment.stopping)


async def _watch_partitions(deployment: Deployment) -> None:
    """Compare the counts again and again: a topic that grew behind our back splits keys."""
    recorded = RecordedCount(deployment.log, deployment.topics)
    while not deployment.stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(deployment.stopping.wait(), PARTITIONS_CHECK_S)
            return
        await check_partitions(deployment.log, deployment.topics, recorded)


async def _watch_stable_offsets(deployment: Deployment, metrics: StageMetrics) -> None:
    await watch_stable_offsets(
        deployment.log,
        deployment.topics,
        StableOffsets(),
        metrics=metrics,
        clock_s=asyncio.get_running_loop().time,
        stopping=deployment.stopping,
    )


async def _watch_lag(
    deployment: Deployment, role: Literal["verify", "settle"], metrics: StageMetrics
) -> None:
    topics = deployment.topics
    topic = topics.callbacks if role == "verify" else topics.facts
    await watch_lag(
        deployment.log,
        role,
        deployment.group(role),
        topic.name,
        metrics=metrics,
        clock=deployment.clock,
        stopping=deployment.stopping,
    )


async def _serve_admin(deployment: Deployment, admin: tuple[str, int] | None) -> None:
    if admin is None:
        await asyncio.Event().wait()
        return
    await serve_admin(
        admin,
        ready=deployment.readiness.all_ready,
        registry=deployment.registry,
        openapi=openapi(),
    )


def openapi() -> bytes | None:
    """Return the ingress's OpenAPI file."""
    return OPENAPI.read_bytes() if OPENAPI.is_file() else None


async def _cancelled(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _CurrentAccounts:
    """The accounts as they stand now, for the ingress."""

    def __init__(self, watched: WatchedAccounts) -> None:
        self._watched = watched
        self.providers = watched.current.providers

    def get(self, provider: str, name: str) -> Account | None:
        return self._watched.current.get(provider, name)

    def reply_when(self, provider: str, name: str) -> ReplyWhen:
        return self._watched.current.reply_when(provider, name)
