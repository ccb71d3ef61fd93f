"""SQLite or PostgreSQL behind three calls. Statements say `?`; both know ON CONFLICT."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from schemas.errors import Unavailable
from streams.errors import ConfigurationError

SQLITE: Final = "sqlite:///"
BUSY_S: Final = 10.0
# Any number that no other program of the same database locks.
ALONE: Final = 0x7469_6C6C_7374_7265
Row = tuple[Any, ...]


class Database(Protocol):
    """One connection, used from one thread. `share_lock` keeps a row that is read as it is until
    the transaction ends; SQLite, with one writer at a time, needs none."""

    share_lock: str

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement and return how many rows it changed."""

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]: ...

    def transaction(self) -> Any:
        """Return a context: all or nothing of what is run in it."""

    def alone(self) -> None:
        """Wait, within a transaction, until no other that called this is under way."""

    def close(self) -> None: ...


def open_database(url: str, *, durable: bool = False) -> Database:
    """Open `sqlite:///path` (`sqlite:///:memory:`) or `postgresql://...`.

    `durable`: a commit waits for the disk. Views do not need it, for their rows say how far they
    reach; a consumer whose offsets lie elsewhere does.

    Raises:
        ConfigurationError: the file cannot be opened, or psycopg is not installed.
        Unavailable: the server is away.
    """
    if url.startswith(SQLITE):
        return SqliteDatabase(url.removeprefix(SQLITE), durable=durable)
    return PostgresDatabase(url, durable=durable)


class SqliteDatabase:
    """One file. Unless `durable`, a loss of power may take the last second."""

    share_lock = ""

    def __init__(self, path: str, *, durable: bool = False) -> None:
        try:
            if path != ":memory:":
                Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            level = "FULL" if durable else "NORMAL"
            self._connection.execute(f"PRAGMA synchronous={level}")
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"TILLSTREAM_DATABASE: the SQLite file cannot be opened: {type(error).__name__}"
            ) from error

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        with _unavailable(sqlite3.OperationalError):
            return self._connection.execute(statement, values).rowcount

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        with _unavailable(sqlite3.OperationalError):
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        # Immediate: what is read before it is written must not change in between.
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self.run("COMMIT")

    def alone(self) -> None:
        """Nothing to do: a file has one writing transaction at a time."""

    def close(self) -> None:
        self._connection.close()


class PostgresDatabase:
    """A server. Unless `durable`, its loss of power may take the last second."""

    share_lock = " FOR SHARE"

    def __init__(self, url: str, *, durable: bool = False) -> None:
        self._durable = durable
        try:
            self._psycopg: Any = import_module("psycopg")
        except ImportError as error:
            raise ConfigurationError(
                "TILLSTREAM_DATABASE: PostgreSQL needs psycopg; install tillstream[postgres]"
            ) from error
        self._url = url
        self._connection: Any = None
        self._connect()

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        return int(self._execute(statement, values).rowcount)

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        found: list[Row] = self._execute(statement, values).fetchall()
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with _unavailable(self._psycopg.OperationalError):
            if self._connection.broken:
                self._connect()
            with self._connection.transaction():
                yield

    def alone(self) -> None:
        self.run("SELECT pg_advisory_xact_lock(?)", (ALONE,))

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> None:
        with _unavailable(self._psycopg.OperationalError):
            self._connection = self._psycopg.connect(
                self._url, autocommit=True, connect_timeout=10
            )
            if not self._durable:
                self._connection.execute("SET synchronous_commit = off")
            self._connection.execute("SET lock_timeout = '10s'")

    def _execute(self, statement: str, values: Sequence[object]) -> Any:
        with _unavailable(self._psycopg.OperationalError):
            return self._connection.execute(statement.replace("?", "%s"), values)


@contextmanager
def _unavailable(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        # Only the type is repeated: the text may hold rows or the address with its password.
        raise Unavailable(f"the database: {type(error).__name__}") from error
