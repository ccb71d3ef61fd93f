"""kill -9 of every role under load, on both logs, ten times each; zombies; and planted faults.

The load goes on until the faults are over. Every delivery is sent until its provider is content,
so each is an obligation; earlier ones are sent again, as providers do. `prove` is the one check,
and the planted faults show that it can fail, by the promise that each of them breaks.
"""

import asyncio
import random
import signal
from collections.abc import Callable, Iterator, Sequence

import pytest

from streams.cli.frame import now_ms
from streams.simulate import SIMULATED, AccountKeys, Delivery, stories
from streams.simulate.connection import Connection, request_octets
from tests.support.deployment import Deployed, RoleProcess
from tests.support.faulty_roles import STOP_WISH
from tests.support.proof import prove

KILLS = 10
ZOMBIES = 2
SECONDS_MAX = 120.0
RATE = 60.0  # attempts a second, of all lanes
LANES = 24
REPEATED = 0.2
PROVIDERS = ["stripe", "adyen", "wechatpay-v3", "alipay", "unionpay"]
SCENARIOS = ["paid", "partly-refunded", "duplicate", "running-total", "refunded-before-paid"]
Deploy = Callable[[str], Deployed]


class Load:
    """Callbacks without end until `over` is set. Each is sent until its provider is content, so
    that all of `sent` are obligations when `run` returns."""

    def __init__(self, deployed: Deployed, keys: Sequence[AccountKeys], seed: int) -> None:
        self.over = False
        self.sent: list[Delivery] = []
        self.attempts = 0
        self._port = deployed.listen_port
        self._chance = random.Random(seed)
        told = stories(PROVIDERS, SCENARIOS, 100_000, str(seed), keys, now_ms=now_ms)
        self._stories = self._with_repeats(told)

    async def run(self) -> None:
        async with asyncio.timeout(SECONDS_MAX), asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(self._work())
        print(f"load: {len(self.sent)} callbacks, {self.attempts} attempts")

    def _with_repeats(self, told: Iterator[list[Delivery]]) -> Iterator[list[Delivery]]:
        for story in told:
            self.sent += story
            yield story
            if self._chance.random() < REPEATED:
                yield [self._chance.choice(self.sent)]

    async def _work(self) -> None:
        connection: Connection | None = None
        while not self.over:
            for delivery in next(self._stories):
                while True:
                    connection, accepted = await self._attempt(delivery, connection)
                    await asyncio.sleep(self._chance.uniform(0.5, 1.5) * LANES / RATE)
                    if accepted:
                        break
        if connection is not None:
            connection.close()
            await connection.gone.wait()

    async def _attempt(
        self, delivery: Delivery, connection: Connection | None
    ) -> tuple[Connection | None, bool]:
        self.attempts += 1
        octets = request_octets(
            delivery.method, delivery.target, f"127.0.0.1:{self._port}",
            delivery.headers_at(now_ms()), delivery.body,
        )  # fmt: skip
        try:
            if connection is None or not connection.open:
                connection = await Connection.connect("127.0.0.1", self._port, timeout_s=5)
            reply = await connection.ask(octets, timeout_s=10)
        except OSError:
            return None, False
        return connection, SIMULATED[delivery.provider].accepts(reply.status, reply.body)


async def kill_again_and_again(role: RoleProcess, chance: random.Random, kills: int) -> None:
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        role.restart_after_kill()
        await asyncio.to_thread(role.wait_ready)


async def prove_under_kills(
    deployed: Deployed, keys: Sequence[AccountKeys], killed: Sequence[RoleProcess], kills: int
) -> None:
    """Kill each of the roles again and again under load, then check every promise."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    load = Load(deployed, keys, seed)
    loading = asyncio.create_task(load.run())
    killing = [
        kill_again_and_again(role, random.Random(seed + place), kills)
        for place, role in enumerate(killed)
    ]
    try:
        await asyncio.gather(*killing)
        await asyncio.sleep(0.5)
        assert not loading.done() or loading.exception() is not None, "the load ended early"
    finally:
        load.over = True
        await loading
    assert [role.starts for role in killed] == [kills + 1] * len(killed)
    await prove(deployed, load.sent)


def start_roles(deployed: Deployed, faulty: str = "", fault: str = "") -> dict[str, RoleProcess]:
    """Start the roles on Kafka, one with a fault. Who comes back under its name takes over at
    once: that is static membership."""
    return {
        role: deployed.start(role, *name, fault=fault if role == faulty else None)
        for role, name in (
            ("ingress", ()),
            ("verify", ("--instance-id", "verify-0")),
            ("settle", ("--instance-id", "settle-0")),
        )
    }


async def test_the_embedded_log_survives_ten_kills(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = deploy("embedded")
    up = deployed.start("up")
    await prove_under_kills(deployed, demo_keys, [up], KILLS)


async def test_every_role_on_kafka_survives_ten_kills(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = deploy("kafka")
    roles = start_roles(deployed)
    await prove_under_kills(deployed, demo_keys, list(roles.values()), KILLS)


@pytest.mark.parametrize(
    ("log", "role", "fault", "broken"),
    [
        ("kafka", "verify", "commit-first", "stored callbacks have no outcome"),
        ("kafka", "ingress", "reply-first", "answered with success are not stored"),
        ("kafka", "settle", "forgetful", "facts were announced twice"),
        ("embedded", "up", "hasty", "answered with success are not stored"),
    ],
)
async def test_a_planted_fault_is_caught_under_kills(
    deploy: Deploy, demo_keys: Sequence[AccountKeys], log: str, role: str, fault: str, broken: str
) -> None:
    deployed = deploy(log)
    if log == "kafka":
        faulty = start_roles(deployed, role, fault)[role]
    else:
        deployed.start(role).stop()  # The topics are made by the right one.
        faulty = deployed.start(role, fault=fault)
    with pytest.raises(AssertionError, match=broken):
        await prove_under_kills(deployed, demo_keys, [faulty], 3)


async def test_a_settle_that_knows_callbacks_and_no_identities_is_caught(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = deploy("embedded")
    up = deployed.start("up", fault="by-callback")
    with pytest.raises(AssertionError, match=r"events differ: .* too many"):
        await prove_under_kills(deployed, demo_keys, [up], 1)


async def prove_with_zombies(
    deployed: Deployed, keys: Sequence[AccountKeys], fault: str, zombies: int
) -> list[int]:
    """Let settle stop itself with a batch in its hands, another one take over, and the first one
    wake up; then check every promise. Return with which codes the woken ones ended."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    wish = deployed.folder / "stop"
    deployed.extra_environment = {STOP_WISH: str(wish)}
    deployed.start("ingress")
    deployed.start("verify", "--instance-id", "verify-0")
    owner = deployed.start("settle", name="settle-0", fault=fault)
    load = Load(deployed, keys, seed)
    loading = asyncio.create_task(load.run())
    codes = []
    try:
        for number in range(1, zombies + 1):
            wish.touch()
            await asyncio.to_thread(owner.wait_stopped)
            # Ready once the sleeper's session has ended and its partitions are restored here.
            heir = await asyncio.to_thread(
                deployed.start, "settle", name=f"settle-{number}", fault=fault
            )
            await asyncio.sleep(1)
            owner.send(signal.SIGCONT)
            codes += await asyncio.to_thread(_ended_or_ready, owner)
            owner = heir
    finally:
        load.over = True
        await loading
    await prove(deployed, load.sent)
    return codes


def _ended_or_ready(role: RoleProcess) -> list[int]:
    """Wait for what a woken process does: end, as it must, or go on. Return the exit code."""
    try:
        return [role.wait_end(8)]
    except TimeoutError:
        return []


async def test_a_zombie_settles_nothing(deploy: Deploy, demo_keys: Sequence[AccountKeys]) -> None:
    codes = await prove_with_zombies(deploy("kafka"), demo_keys, "stop-holding", ZOMBIES)
    assert codes == [1] * ZOMBIES


async def test_transactional_ids_per_process_let_a_zombie_settle(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    with pytest.raises(AssertionError, match="facts were announced twice"):
        await prove_with_zombies(deploy("kafka"), demo_keys, "unique-ids", 1)
