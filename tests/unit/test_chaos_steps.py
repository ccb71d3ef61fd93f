"""The steps at which the chaos runs strike are there, and striking comes to pass."""

from pathlib import Path

import pytest

from tests.chaos.faults import FIRST_STEPS, STEPS, ZOMBIE_MOMENTS
from tests.support.struck_roles import Wish, steps


def test_every_step_of_the_plan_can_be_struck() -> None:
    named = {step for each in (*STEPS.values(), *FIRST_STEPS.values()) for step in each}
    named |= {step for step, _ in ZOMBIE_MOMENTS} | {"revoke", "rebuild"}
    assert named <= steps().keys()


@pytest.mark.parametrize("step", sorted(steps()))
def test_every_step_is_a_function_of_the_product_as_it_is_called(step: str) -> None:
    for place, name in steps()[step]:
        assert callable(getattr(place, name))


def test_a_wish_is_struck_at_its_time_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    struck: list[int] = []
    monkeypatch.setattr("os.kill", lambda _, number: struck.append(number))
    wish = Wish(tmp_path / "wish")
    wish.comes_to("commit", "before")
    (tmp_path / "wish").write_text("commit before 2 stop")
    for moment in ("after", "before", "after"):
        wish.comes_to("commit", moment)
    assert struck == []
    wish.comes_to("commit", "before")
    wish.comes_to("commit", "before")
    assert len(struck) == 1
    assert not (tmp_path / "wish").exists()
