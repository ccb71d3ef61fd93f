"""A PostgreSQL server of the tests' own, on a socket in a folder and a port of loopback."""

import os
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import Unavailable
from streams.views.database import open_database


@contextmanager
def postgres_server() -> Iterator[str]:
    """Lend the address of a server's superuser; skip, or in CI fail, where there is none."""
    program, initdb = shutil.which("postgres"), shutil.which("initdb")
    if program is None or initdb is None:
        reason = "no PostgreSQL: postgres and initdb are not on the PATH"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    # A socket's path is short, and the server's own user must reach it.
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    folder.chmod(0o755)
    owner = "postgres" if os.getuid() == 0 else None
    if owner:
        shutil.chown(folder, owner)
    run: dict[str, Any] = {
        "cwd": folder, "user": owner, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT,
    }  # fmt: skip
    place = str(folder / "data")
    subprocess.run([initdb, "-D", place, "-U", "views", "-A", "trust", "-N"], check=True, **run)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [program, "-D", place, "-k", str(folder), "-h", "127.0.0.1", "-p", str(port), "-F"], **run
    )
    try:
        url = f"postgresql://views@127.0.0.1:{port}/postgres"
        for _ in range(100):
            try:
                open_database(url).close()
                break
            except Unavailable:
                assert server.poll() is None, "the server ended"
                subprocess.run(["sleep", "0.1"], check=True)
        yield url
    finally:
        # The fast end, which waits for no client.
        server.send_signal(signal.SIGINT)
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def empty_database(server: str) -> str:
    """Create a database on the server and return its address."""
    name = f"t{uuid.uuid4().hex[:12]}"
    database = open_database(server)
    database.run(f"CREATE DATABASE {name}")
    database.close()
    return server.removesuffix("postgres") + name
