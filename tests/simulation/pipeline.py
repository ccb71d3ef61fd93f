"""One seed: payments told, roles killed, stopped and ended at random steps, and the verdict.

The stages, the exactly-once loop, the appender and the front door's application are the product's
own; simulated are time, network, broker, the client library, and the processes' ends.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry

from processors.account import Account
from processors.registry import PROVIDERS
from processors.vectors import case_account
from schemas.topics import Topic, Topics, topics
from streams.ingress import DEFAULT_LIMITS, CallbackIds
from streams.ingress.app import CallbackApp
from streams.ingress.batcher import Batcher
from streams.ingress.clients import Clients
from streams.ingress.exchange import Exchange
from streams.ingress.metrics import IngressMetrics
from streams.ingress.notes import Notes
from streams.kafka import KafkaLog
from streams.log import Log
from streams.metrics import StageMetrics
from streams.settle import Settling
from streams.verify import run_verify
from tests.chaos.oracle import Row
from tests.chaos.senders import ADYEN, MERCHANT, STRIPE, Delivery, Keys, Teller
from tests.simulation.broker import Broker
from tests.simulation.fates import PARTITIONS, Fates
from tests.simulation.loop import START_S, Process, SimulatedLoop, Stuck
from tests.simulation.network import Network
from tests.support.stages import FixedBook

STORIES: Final = 4
FAULTS_S: Final = 15.0  # of simulated time; afterwards everything must come to rest
DRAINED_S: Final = 200.0
CALM_S: Final = 12.0
BATCH_MAX: Final = 7
KEYS: Final = Keys.of_seed("simulation")


@cache
def accounts() -> tuple[Account, ...]:
    """Return the two accounts that receive callbacks."""
    settings = {
        STRIPE: {"order_id_metadata_key": "order_id"},
        ADYEN: {
            "webhook_type": "standard", "merchant_account_code": MERCHANT,
            "capture_delay": "manual",
        },
    }  # fmt: skip
    texts = {STRIPE: KEYS.stripe, ADYEN: KEYS.adyen}
    return tuple(
        replace(
            case_account(
                PROVIDERS[provider],
                {
                    "mode": "live", "settings": settings[provider],
                    "keys": [{"kid": "1", "use": "verify", "kind": "secret", "text": text}],
                },
            ),
            name="shop-1", ledger="shop-1",
        )
        for provider, text in texts.items()
    )  # fmt: skip


@cache
def metrics() -> tuple[StageMetrics, IngressMetrics]:
    """Return metrics that nobody reads; making them costs more than a whole seed."""
    return StageMetrics(CollectorRegistry()), IngressMetrics(CollectorRegistry())


def small_topics() -> Topics:
    found = topics("s", payment_partitions=PARTITIONS)
    return replace(
        found,
        callbacks=replace(found.callbacks, partitions=4),
        outcomes=replace(found.outcomes, partitions=2),
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Let nothing be logged: a thousand seeds say the same thing a thousand times."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


class _Peer:
    """The connection of a request; its answer goes back by `told`."""

    def __init__(self, told: Callable[[Exchange], None]) -> None:
        self.peer = "127.0.0.1"
        self._told = told
        self.exchange: Exchange | None = None

    def flush(self) -> None:
        assert self.exchange is not None
        self._told(self.exchange)


class World:
    """Everything of one seed."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.chance = random.Random(seed)
        self.loop = SimulatedLoop()
        self.broker = Broker(self.loop)
        self.network = Network(self.loop, self.broker, random.Random(f"network {seed}"))
        self.topics = small_topics()
        self.fates = Fates(self.chance, self.loop, self)
        self.sent: list[Delivery] = []
        self.answered: set[str] = set()
        self._teller = Teller(f"payments {seed}", KEYS, int(START_S))
        self._front: dict[Process, Callable[[Exchange, bytes], None]] = {}
        self._running: list[Process] = []
        self._ids = random.Random(f"ids {seed}")
        self._book = FixedBook(accounts())
        self.make_topics()

    # -- the log -----------------------------------------------------------------------------

    def make_topics(self) -> None:
        for topic in self.topics.all():
            self.broker.create(topic.name, topic.partitions, topic.config())

    def open_log(self, process: Process) -> Log:
        """Return the log as a process opens it; who settles may be a static member."""
        static = self.static and process.name.startswith("settle")
        return KafkaLog("simulated:1", instance_id=process.name if static else None)

    def behind(self, group: str, topic: Topic) -> bool:
        """Whether a group has not committed the ends of a topic."""
        offsets = self.broker.group(group).offsets
        return any(
            len(log.entries) > offsets.get((topic.name, number), 0)
            for number, log in enumerate(self.broker.topics[topic.name])
        )

    def go_away(self, for_s: float) -> None:
        self.network.away_until_s = self.loop.time() + for_s

    def forget_offsets(self, group: str) -> None:
        self.broker.forget_offsets(group)

    def lose_ledger(self, partition: int, *, every: int) -> None:
        self.broker.lose(self.topics.ledger.name, partition, every=every)

    # -- the roles ---------------------------------------------------------------------------

    async def ingress(self, process: Process, stopping: asyncio.Event) -> None:
        appender = self.open_log(process).appender()
        batcher = Batcher(
            appender, limits=DEFAULT_LIMITS, appended=lambda _: None, failed=lambda _: None
        )
        app = CallbackApp(
            batcher=batcher, accounts=_Accounts(self._book), topics=self.topics,
            deployment="simulated", limits=DEFAULT_LIMITS,
            new_id=CallbackIds(self.loop.now_ms, self._ids.randbytes), clients=Clients(()),
            metrics=metrics()[1], notes=Notes(),
        )  # fmt: skip

        def serve(exchange: Exchange, body: bytes) -> None:
            admitted = app.admit(exchange)
            if callable(admitted):
                admitted(body)
            else:
                exchange.answer(admitted)

        self._front[process] = serve
        process.tell_ready(True)
        await stopping.wait()
        del self._front[process]
        await batcher.drain()
        await appender.close()

    async def verify(self, process: Process, stopping: asyncio.Event) -> None:
        log = self.open_log(process)
        try:
            await run_verify(
                log, self.topics, group="s-verify", current_book=lambda: self._book,
                metrics=metrics()[0], stopping=stopping.is_set, ready=process.tell_ready,
                batch_records_max=BATCH_MAX,
            )  # fmt: skip
        finally:
            await log.close()

    async def settle(self, process: Process, stopping: asyncio.Event) -> None:
        log = self.open_log(process)
        settling = Settling(
            log, self.topics, deployment="simulated", ledger_days=540, clock=self.loop.now_ms,
            metrics=metrics()[0],
        )  # fmt: skip
        await log.run_exactly_once(
            "s-settle",
            self.topics.facts.name,
            settling,
            ready=process.tell_ready,
            stopping=stopping.is_set,
        )

    # -- their lives and deaths --------------------------------------------------------------

    async def supervise(self, name: str, role: Callable[..., Any]) -> None:
        """Start a role again and again; until the faults are over something befalls it."""
        while True:
            wish = asyncio.Event()
            process = Process(name, *self.fates.of(name, wish))
            process.observed = partial(self.fates.observe, process)
            self._running[:] = [each for each in self._running if not each.ended] + [process]
            self.loop.spawn(process, role(process, wish))
            await process.over.wait()
            self._front.pop(process, None)
            await asyncio.sleep(self.chance.choice((0.01, 0.2, 2.0)))

    # -- what is sent ------------------------------------------------------------------------

    async def tell(self) -> None:
        """Send every story, each delivery until its provider is content."""
        lanes = [self._tell_story(self._teller.story()) for _ in range(STORIES)]
        await asyncio.gather(*lanes)

    async def _tell_story(self, story: list[Delivery]) -> None:
        await asyncio.sleep(self.chance.uniform(0, 6))
        for delivery in story:
            self.sent.append(delivery)
            while not await self._attempt(delivery):  # noqa: ASYNC110 - a provider's retries
                await asyncio.sleep(self.chance.uniform(0.2, 3))
            self.answered.add(delivery.digest)
            await asyncio.sleep(self.chance.choice((0, 0.01, 1)))

    async def _attempt(self, delivery: Delivery) -> bool:
        """Send once; whether the answer came within the provider's patience, and was success."""
        if not self._front:
            return False
        process = self.chance.choice(list(self._front))
        serve = self._front[process]
        heard: asyncio.Future[bool] = self.loop.create_future()

        def told(exchange: Exchange) -> None:
            assert exchange.reply is not None
            success = delivery.accepts(exchange.reply.status, exchange.reply.body)
            if not heard.done():
                heard.set_result(success)

        peer = _Peer(told)
        headers = tuple(delivery.headers(int(self.loop.time())))
        now_ms = self.loop.now_ms()
        exchange = peer.exchange = Exchange(peer, "POST", delivery.target, headers, now_ms)
        # As the process itself: what it does with a request dies with it.
        self.loop.call_soon(serve, exchange, delivery.body, context=process.context)
        done, _ = await asyncio.wait({heard}, timeout=10)
        return bool(done) and heard.result()

    # -- from the beginning to the verdict ---------------------------------------------------

    def roles(self, *, duel: bool) -> list[tuple[str, Callable[..., Any]]]:
        """Return the processes of this seed, by name."""
        found: list[tuple[str, Callable[..., Any]]] = [
            ("ingress-0", self.ingress),
            ("verify-0", self.verify),
            ("settle-0", self.settle),
        ]
        if duel or self.chance.random() < 0.6:
            found.append(("settle-1", self.settle))
        if not duel and self.chance.random() < 0.2:
            found.append(("verify-1", self.verify))
        return found  # fmt: skip

    async def run(self) -> None:
        chance, network = self.chance, self.network
        # Two that settle, each put to sleep with a transaction in its hands while the other
        # takes over: what only fencing decides.
        self.fates.duel = duel = chance.random() < 0.3
        self.static = not duel and chance.random() < 0.4
        network.trouble = chance.choice((0, 0, 0.004, 0.02))
        network.refusing = chance.choice((0, 0, 0.004, 0.02))
        network.slow = chance.choice((0.01, 0.03, 0.15))
        roles = self.roles(duel=duel)
        supervisors = [asyncio.ensure_future(self.supervise(*each)) for each in roles]
        befalling = asyncio.ensure_future(self.fates.befall_cluster())
        telling = asyncio.ensure_future(self.tell())
        await asyncio.sleep(FAULTS_S)
        self.fates.over = True
        network.trouble = network.refusing = network.slow = 0.0
        await befalling
        await telling
        # Whoever runs on keeps in memory what the cluster lost: all of them begin anew.
        last = list(self._running)
        for process in last:
            process.kill()
        await self._drained(len(roles), last)
        for each in supervisors:
            each.cancel()

    async def _drained(self, roles: int, before: list[Process]) -> None:
        pairs = (("s-verify", self.topics.callbacks), ("s-settle", self.topics.facts))
        deadline_s = self.loop.time() + DRAINED_S
        # Who joins last may be ready with nothing, until the members that died are counted out.
        calm_s = 0.0
        while calm_s < CALM_S:
            if self.loop.time() > deadline_s:
                raise Stuck("a role does not become ready")
            await asyncio.sleep(0.5)
            ready = sum(each.ready for each in self._running if each not in before)
            calm_s = calm_s + 0.5 if ready == roles else 0.0
        for group, topic in pairs:
            while self.behind(group, topic):
                if self.loop.time() > deadline_s:
                    raise Stuck(f"{group} does not reach the end of {topic.name}")
                await asyncio.sleep(0.5)

    def rows(self) -> list[Row]:
        """Return every committed record, as a reader of committed data sees it."""
        found = []
        for topic in self.topics.all():
            short = topic.name.split(".")[1]
            for number, log in enumerate(self.broker.topics[topic.name]):
                entries, _ = self.broker.fetch(
                    (topic.name, number), 0, len(log.entries), committed=True
                )
                for offset, entry in entries:
                    headers = {name: value.decode("latin-1") for name, value in entry.headers}
                    found.append(Row(short, number, offset, entry.key, entry.value, headers))
        return found


class _Accounts:
    """The accounts for the front door, which replies once a callback is stored."""

    def __init__(self, book: FixedBook) -> None:
        self.providers = book.providers
        self.get = book.get

    def reply_when(self, provider: str, name: str) -> str:
        return "stored"
