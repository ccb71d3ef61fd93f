"""Hazards that people met in public and that cases alone do not show: zones of the host."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stages import VECTORS

ROOT = Path(__file__).parents[2]
FOUNDING = ("adyen", "alipay", "paypal", "stripe", "unionpay", "wechatpay-v2", "wechatpay-v3")
WRONG = """
import sys, time
from processors import fields

def local_ms(text, *, offset_minutes, what):
    digits = "".join(each for each in text if each.isdigit())[:14]
    return int(time.mktime(time.strptime(digits, "%Y%m%d%H%M%S"))) * 1000

fields.local_ms = local_ms
from streams.cli.__main__ import main
sys.argv = ["tillstream", *sys.argv[1:]]
main()
"""


def in_zone(zone: str, *program: str) -> subprocess.CompletedProcess[str]:
    """Run every case of the founding providers on a host of this zone."""
    files = [str(VECTORS / f"{name}.json") for name in FOUNDING]
    return subprocess.run(
        [sys.executable, *program, "vectors", "run", *files, "--json"],
        env={**os.environ, "TZ": zone}, capture_output=True, text=True, cwd=ROOT, check=False,
        timeout=120,
    )  # fmt: skip


def test_times_do_not_depend_on_the_zone_of_the_host() -> None:
    """R16: local times and the night of the clock change, judged in another zone."""
    said = [in_zone(zone, "-m", "streams.cli") for zone in ("UTC", "Pacific/Auckland")]
    assert said[0].returncode == said[1].returncode == 0, said[1].stderr
    assert said[0].stdout == said[1].stdout
    assert len(said[0].stdout.splitlines()) > 500


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland"])
def test_taking_local_times_in_the_zone_of_the_host_is_caught(zone: str) -> None:
    wrong = in_zone(zone, "-c", WRONG)
    differing = [json.loads(line) for line in wrong.stdout.splitlines()]
    assert {each["provider"] for each in differing if not each["agrees"]} >= {"alipay"}


def test_cases_of_the_reports_are_among_ours() -> None:
    """The published hazards of founding providers are cases here, by their names."""
    names = {
        each["name"]
        for provider in FOUNDING
        for each in json.loads((VECTORS / f"{provider}.json").read_text())["cases"]
    }
    hazards = {name.split("-")[0] for name in names if name.startswith("r") and name[1].isdigit()}
    assert {"r04", "r08", "r10", "r14", "r16", "r17"} <= hazards
