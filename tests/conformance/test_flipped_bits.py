"""A flipped bit is refused, or it was no part of what is announced."""

from typing import Any

import pytest

from processors.registry import PROVIDERS
from tests.support.cases import announcing
from tests.support.flips import flip_everything

CASES = [
    pytest.param(name, case, id=f"{name}-{case['name']}")
    for name in PROVIDERS
    for case in announcing(name, 3)
]


@pytest.mark.parametrize(("name", "case"), CASES)
def test_flipped_bit_announces_nothing_else(name: str, case: dict[str, Any]) -> None:
    flip_everything(name, case)
