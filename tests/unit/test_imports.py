"""The house: schemas <- processors <- streams, and no outside world below streams.

Verdicts and events are replayed years later: a clock, a file or a random number down there would
make them come out differently.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "schemas": {"schemas"},
    "processors": {"schemas", "processors"},
    "streams": {"schemas", "processors", "streams"},
}
PURE = ("schemas", "processors")
PROJECT = {*ALLOWED, "tests", "deploy"}
# Clock, network, file, environment, randomness, logging, processes.
OUTSIDE = frozenset(
    (
        "aiokafka", "argparse", "asyncio", "builtins", "concurrent", "ctypes", "fcntl", "ftplib",
        "getpass", "glob", "http", "httptools", "importlib", "io", "logging", "mmap",
        "multiprocessing", "os", "pathlib", "platform", "prometheus_client", "random", "requests",
        "secrets", "select", "selectors", "shutil", "signal", "smtplib", "socket", "sqlite3",
        "ssl", "structlog", "subprocess", "sys", "tempfile", "threading", "time", "urllib.request",
        "uuid6", "uvloop", "watchfiles",
    )
)  # fmt: skip
CALLS = frozenset(
    ("open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint")
)
ATTRIBUTES = frozenset(
    ("now", "utcnow", "today", "fromtimestamp", "uuid1", "uuid4", "urandom", "generate_key",
     "generate", "generate_private_key", "read_text", "read_bytes", "write_text", "write_bytes")
)  # fmt: skip


def imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return []


def called(node):
    """Return the last name of what a call calls; a bare reference counts for attributes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in CALLS else None
    if isinstance(node, ast.Attribute):
        return node.attr if node.attr in ATTRIBUTES else None
    return None


def faults(package, file):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        line = f"{file.name}:{getattr(node, 'lineno', 0)}"
        for name in imported(node):
            top = name.partition(".")[0]
            if top in PROJECT and top not in ALLOWED[package]:
                yield f"{line}: {package} imports {top}"
            if package in PURE and (top in OUTSIDE or name in OUTSIDE):
                yield f"{line}: {package} imports {name}"
            if package in PURE and name.rpartition(".")[2] in ATTRIBUTES:
                yield f"{line}: {package} imports {name}"
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{line}: a relative import hides its layer"
        if package in PURE and (name := called(node)):
            yield f"{line}: {package} uses {name}"


def violations(root):
    return [
        fault
        for package in ALLOWED
        for file in sorted((root / package).rglob("*.py"))
        for fault in faults(package, file)
    ]


def test_house_is_in_order():
    assert violations(ROOT) == []


def test_every_layer_was_looked_at():
    for package in ALLOWED:
        assert len(list((ROOT / package).rglob("*.py"))) > 10


@pytest.mark.parametrize(
    ("package", "planted"),
    [
        ("schemas", "from processors.verdict import judge"),
        ("schemas", "import streams.log"),
        ("processors", "from streams import log"),
        ("streams", "from tests.support import settling"),
        ("processors", "from . import verdict"),
        ("processors", "import time"),
        ("processors", "from time import time_ns"),
        ("schemas", "import os.path"),
        ("schemas", "import random"),
        ("processors", "import logging"),
        ("processors", "import urllib.request"),
        ("processors", "from urllib import request"),
        ("processors", "from uuid import uuid4"),
        ("processors", "def later():\n    import socket"),
        ("processors", "from datetime import datetime\nNOW = datetime.now()"),
        ("processors", "import datetime\nNOW = datetime.datetime.utcnow"),
        ("schemas", "print('seen')"),
        ("schemas", "TEXT = open('keys').read()"),
        ("processors", "from pathlib import Path"),
        ("processors", "NONCE = AESGCM.generate_key(256)"),
    ],
)
def test_planted_violation_is_found(tmp_path, package, planted):
    for name in ALLOWED:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('"""Nothing yet."""\n')
    assert violations(tmp_path) == []
    (tmp_path / package / "planted.py").write_text(planted + "\n")
    assert violations(tmp_path) != []


def test_innocent_code_is_not_accused(tmp_path):
    for name in ALLOWED:
        (tmp_path / name).mkdir()
    (tmp_path / "processors" / "plain.py").write_text(
        "from datetime import UTC, datetime\nfrom urllib.parse import quote\n"
        "from uuid import UUID\nfrom schemas.money import Money\n"
        "MOMENT = datetime.fromisoformat('2026-01-01')\n"
    )
    (tmp_path / "streams" / "busy.py").write_text("import os, time\nprint(time.time())\n")
    assert violations(tmp_path) == []
