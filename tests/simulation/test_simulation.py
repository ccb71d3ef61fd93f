"""The main path under simulated faults: seeds hold every promise, planted faults are noticed."""

import pytest

from tests.simulation.install import installed
from tests.simulation.pipeline import World, quiet
from tests.simulation.planted import PLANTED, planted
from tests.simulation.seeds import simulate

CHUNKS = 6
SEEDS_PER_CHUNK = 40
EMBEDDED_SEEDS = 60
TRIED_MAX = 700


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_seed_keeps_every_promise(chunk: int) -> None:
    for seed in range(chunk * SEEDS_PER_CHUNK, (chunk + 1) * SEEDS_PER_CHUNK):
        result = simulate(str(seed))
        found = "\n".join(result.verdict.examples)
        assert not result.verdict.broken, f"again: {result.command}\n{found}"
        assert result.verdict.counts["events"] > 0


def test_every_seed_on_the_embedded_log_keeps_every_promise() -> None:
    for seed in range(EMBEDDED_SEEDS):
        result = simulate(f"e{seed}")
        found = "\n".join(result.verdict.examples)
        assert not result.verdict.broken, f"again: {result.command}\n{found}"


def test_the_seeds_meet_every_kind_of_fault() -> None:
    happened = set()
    for seed in range(30):
        happened |= simulate(str(seed)).happened.keys()
    assert happened >= {"kill", "stop", "end", "away", "offsets", "ledger"}


def test_a_seed_tells_the_same_story_again() -> None:
    def told() -> list[object]:
        world = World("again")
        with quiet(), installed(world.network):
            world.loop.run_until_complete(world.run())
            rows: list[object] = list(world.rows())
            world.loop.bury()
        return rows

    assert told() == told()


@pytest.mark.parametrize("fault", sorted(PLANTED))
def test_a_planted_fault_is_noticed(fault: str) -> None:
    noticed_at = PLANTED[fault][1]
    # The seed that noticed it when it was planted comes first: most often it still does.
    seeds = [noticed_at, *range(TRIED_MAX)]
    with planted(fault):
        for seed in seeds:
            if simulate(str(seed)).verdict.broken:
                return
    pytest.fail(f"{len(seeds)} seeds did not notice {fault}")
