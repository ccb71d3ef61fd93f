"""What befalls processes and the cluster, by chance."""

import asyncio
import random
from typing import Any, Final, Protocol

from tests.simulation.loop import Process, SimulatedLoop

PARTITIONS: Final = 2  # of facts, events and ledger
GROUPS: Final = ("s-verify", "s-settle")
REQUESTS: Final = ("initialise", "append", "offsets", "end", "commit", "look")
MOMENTS: Final = ("before", "sent", "after")


class Cluster(Protocol):
    """What may befall a log."""

    def go_away(self, for_s: float) -> None: ...

    def forget_offsets(self, group: str) -> None: ...

    def lose_ledger(self, partition: int, *, every: int) -> None:
        """Lose one of `every` records of a ledger partition; 0: its newest transactions."""


class Fates:
    """`over`: nothing befalls anybody any more. `duel`: two that settle, each put to sleep with a
    transaction in its hands while the other takes over: what only fencing decides.
    """

    def __init__(self, chance: random.Random, loop: SimulatedLoop, cluster: Cluster) -> None:
        self.chance = chance
        self.loop = loop
        self.cluster = cluster
        self.over = False
        self.duel = False
        self.happened: dict[str, int] = {}
        self._wakes_at: dict[Process, str] = {}

    def note(self, what: str) -> None:
        self.happened[what] = self.happened.get(what, 0) + 1

    def of(
        self, name: str, wish: asyncio.Event
    ) -> tuple[dict[int, Any], dict[str, tuple[int, Any]]]:
        """Return what befalls a process: before a step, or around a request."""
        if self.over or self.chance.random() < 0.15:
            return {}, {}
        duel = self.duel and name.startswith("settle")
        kind = self.chance.choices(("kill", "stop", "end"), (1, 8, 0) if duel else (5, 4, 1))[0]

        def strike(process: Process) -> None:
            if self.over or process.struck:
                return
            process.struck = True
            self.note(kind)
            if kind == "kill":
                process.kill()
            elif kind == "end":
                wish.set()
            else:
                self._put_to_sleep(process)

        if duel:
            request = self.chance.choice(("initialise", "append", "append", "offsets", "end"))
            return {}, {f"{request} {self.chance.choice(MOMENTS)}": (1, strike)}
        # What runs on a file alone asks nobody: only its steps can be counted.
        if name == "up" or self.chance.random() < 0.4:
            return {int(3 ** self.chance.uniform(0.5, 7.0)): strike}, {}
        # Every process passes some of these; the first that comes is its fate.
        when, number = self.chance.choice(MOMENTS), self.chance.randint(1, 4)
        return {}, {f"{request} {when}": (number, strike) for request in REQUESTS
                    if self.chance.random() < 0.4}  # fmt: skip

    def _put_to_sleep(self, process: Process) -> None:
        """Stop a process for a while; often it wakes just when another one takes its place."""
        process.stop()
        asleep_s = self.chance.choice((0.5, 5.0, 12.0, 12.0, 12.0, 35.0))
        if self.chance.random() < (0.7 if self.duel else 0.2):
            self._wakes_at[process] = self.chance.choice(("initialise before", "look sent"))
        self.loop.outside(self.loop.time() + asleep_s, lambda: process.wake(self.loop))

    def observe(self, observed: Process, request: str) -> None:
        for process, awaited in list(self._wakes_at.items()):
            if awaited == request and process is not observed:
                del self._wakes_at[process]
                process.wake(self.loop)

    async def befall_cluster(self) -> None:
        """Let the cluster suffer once in a while: away, offsets gone, a ledger gone."""
        while not self.over:
            await asyncio.sleep(self.chance.uniform(3, 20))
            if self.over:
                return
            kind = self.chance.choice(("away", "offsets", "ledger", "nothing"))
            self.note(kind)
            if kind == "away":
                self.cluster.go_away(self.chance.uniform(0.2, 15))
            elif kind == "offsets":
                self.cluster.forget_offsets(self.chance.choice(GROUPS))
            elif kind == "ledger":
                partition = self.chance.randrange(PARTITIONS)
                self.cluster.lose_ledger(partition, every=self.chance.choice((0, 0, 1, 2, 5)))
