"""From a seed to its verdict. A seed that begins with `e` runs on the embedded log."""

from dataclasses import dataclass

from tests.chaos.oracle import Verdict, judge
from tests.simulation.embedded import EmbeddedWorld
from tests.simulation.fates import PARTITIONS
from tests.simulation.install import installed
from tests.simulation.loop import START_S, Stuck
from tests.simulation.pipeline import World, quiet


@dataclass(slots=True)
class Result:
    """What came of a seed. `happened`: which faults struck, by name."""

    seed: str
    verdict: Verdict
    happened: dict[str, int]
    simulated_s: float

    @property
    def command(self) -> str:
        return f".venv/bin/python -m tests.simulation {self.seed}"


def simulate(seed: str) -> Result:
    """Run one seed to its verdict."""
    world = EmbeddedWorld(seed) if seed.startswith("e") else World(seed)
    with quiet(), installed(world.network):
        try:
            world.loop.run_until_complete(world.run())
            verdict = judge(world.sent, world.answered, world.rows(), partitions=PARTITIONS)
        except Stuck as stuck:
            verdict = Verdict()
            verdict.finds("open", str(stuck))
        finally:
            world.loop.bury()
    return Result(seed, verdict, world.fates.happened, world.loop.time() - START_S)
