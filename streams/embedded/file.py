"""The SQLite file: tables, connections, and how a record becomes a row.

One table holds all records. Its integer key is topic, partition and offset side by side, so a
partition is one contiguous range and needs no second index.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import orjson

from schemas.errors import Unavailable
from schemas.record import Headers
from streams.errors import ConfigurationError

Location = Path | Literal[":memory:"]

# topic (11 bits) | partition (12 bits) | offset (40 bits); topic and partition are the slot.
PARTITION_BITS: Final = 12
OFFSET_BITS: Final = 40
PARTITIONS_MAX: Final = 1 << PARTITION_BITS
TOPICS_MAX: Final = 2_000
OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1

BUSY_TIMEOUT_S: Final = 5.0
_APPLICATION_ID: Final = 0x54494C4C
_VERSION: Final = 1
_SCHEMA: Final = (
    """CREATE TABLE topics (
        topic INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
        partitions INTEGER NOT NULL, config TEXT NOT NULL) STRICT""",
    """CREATE TABLE partitions (
        slot INTEGER PRIMARY KEY, log_start INTEGER NOT NULL, log_end INTEGER NOT NULL,
        compacted_end INTEGER NOT NULL, compacted_count INTEGER NOT NULL) STRICT""",
    """CREATE TABLE records (
        id INTEGER PRIMARY KEY, timestamp_ms INTEGER NOT NULL,
        key BLOB, headers BLOB NOT NULL, value BLOB) STRICT""",
    """CREATE TABLE offsets (
        consumer_group TEXT NOT NULL, slot INTEGER NOT NULL, next_offset INTEGER NOT NULL,
        PRIMARY KEY (consumer_group, slot)) STRICT, WITHOUT ROWID""",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {_VERSION}",
)


def slot_of(topic: int, partition: int) -> int:
    return topic << PARTITION_BITS | partition


def first_id(slot: int) -> int:
    """Return the key of offset 0 of a partition; offset n has this key + n."""
    return slot << OFFSET_BITS


def encode_headers(headers: Headers) -> bytes:
    # Latin-1 maps every byte to one character and back, so any header value survives exactly.
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in headers])


def decode_headers(octets: bytes) -> Headers:
    return tuple([(name, value.encode("latin-1")) for name, value in orjson.loads(octets)])


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn every complaint of SQLite (disk full, I/O error, locked) into Unavailable."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise Unavailable(f"embedded log: {name}") from error


def open_writable(location: Location) -> sqlite3.Connection:
    """Open the file for writing; create it and its tables where they are missing.

    Raises:
        ConfigurationError: the path cannot hold a log, or holds something else.
        Unavailable: SQLite could not open it now.
    """
    if isinstance(location, Path):
        _create_private(location)
    with store_errors():
        connection = _connect(location)
        try:
            # FULL: in WAL mode this is one fsync of the log file per commit, before it returns.
            for setting in (
                "journal_mode = WAL", "synchronous = FULL", "fullfsync = ON",
                "checkpoint_fullfsync = ON", "wal_autocheckpoint = 4000",
                "journal_size_limit = 67108864", "cache_size = -16384",
            ):  # fmt: skip
                connection.execute(f"PRAGMA {setting}").fetchall()
            _prepare(connection, location)
        except BaseException as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                raise ConfigurationError(f"{location} is not an embedded log") from error
            raise
    return connection


def open_readable(location: Path) -> sqlite3.Connection:
    """Open a second connection, which cannot write, beside that of `open_writable`."""
    with store_errors():
        connection = _connect(location)
        connection.execute("PRAGMA query_only = ON").fetchall()
    return connection


def _connect(location: Location) -> sqlite3.Connection:
    # Autocommit: transactions are begun and ended in so many words. The thread check is off
    # because one thread opens a connection and another one, alone, uses it.
    return sqlite3.connect(
        location, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )


def _create_private(path: Path) -> None:
    """Create the file readable by its owner alone: bodies hold personal data."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # SQLite syncs the directory for its WAL, but not for the database file itself.
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot hold the embedded log: {error}") from error


def _prepare(connection: sqlite3.Connection, location: Location) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables:
            _check_ours(connection, location)
        else:
            for statement in _SCHEMA:
                connection.execute(statement)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _check_ours(connection: sqlite3.Connection, location: Location) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, version) != (_APPLICATION_ID, _VERSION):
        raise ConfigurationError(
            f"{location} is a database of another kind or version"
            f" (application {application}, version {version})"
        )
