"""Each override of Faust against the library: another version fails here, not in production."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    """What is wrong with each check; empty where it holds."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.support.faust_contract"], cwd=ROOT, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    checks: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return checks


@pytest.mark.parametrize(
    "name",
    ["version", "settings", "concurrency", "our_consumer_is_used", "isolation", "gap",
     "offset_zero", "recovery_seek", "fetch"],
)  # fmt: skip
def test_what_an_override_leans_on_is_there(found: dict[str, str], name: str) -> None:
    assert found[name] == ""


def test_commands_load_faust_only_to_run_it() -> None:
    script = (
        "import sys\nfrom streams.cli import run\nrun(['views', '--help'])\n"
        "run(['payments', 'show', '--help'])\nimport streams.views.role\n"
        "sys.exit('faust' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
