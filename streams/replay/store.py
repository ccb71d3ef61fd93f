"""The working store and state file of one replay: one SQLite file that several processes share.

Every write can be repeated: a part that was interrupted is done again from its beginning and
writes the same rows over.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

BUSY_MS: Final = 60_000
# Of each kind in each part; more are only counted.
FINDINGS_MAX: Final = 1_000
_SCHEMA: Final = """
CREATE TABLE plan (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), octets BLOB NOT NULL);
CREATE TABLE parts (phase TEXT, part INTEGER, state TEXT NOT NULL, done INTEGER NOT NULL,
  PRIMARY KEY (phase, part));
CREATE TABLE outcomes (partition INTEGER, offset INTEGER, log_partition INTEGER, place INTEGER,
  callback_id TEXT, item INTEGER, items INTEGER, outcome TEXT, code TEXT, event_id TEXT,
  revision TEXT, at_ms INTEGER,
  PRIMARY KEY (partition, offset, log_partition, place)) WITHOUT ROWID;
CREATE TABLE facts (partition INTEGER, offset INTEGER, log_partition INTEGER, place INTEGER,
  item INTEGER, revision TEXT, kid TEXT, digest BLOB, part INTEGER,
  PRIMARY KEY (partition, offset, log_partition, place)) WITHOUT ROWID;
CREATE TABLE keys (part INTEGER, key BLOB, PRIMARY KEY (part, key))
  WITHOUT ROWID;
CREATE TABLE derived (part INTEGER, instead INTEGER, partition INTEGER, offset INTEGER,
  item INTEGER, revision TEXT, octets BLOB, elsewhere INTEGER,
  PRIMARY KEY (part, instead, partition, offset, item, revision)) WITHOUT ROWID;
CREATE TABLE findings (kind TEXT, subject TEXT, phase TEXT, part INTEGER, detail BLOB NOT NULL,
  PRIMARY KEY (kind, subject)) WITHOUT ROWID;
CREATE TABLE counts (phase TEXT, part INTEGER, name TEXT, count INTEGER NOT NULL,
  PRIMARY KEY (phase, part, name)) WITHOUT ROWID;
"""


class OutcomeRow(NamedTuple):
    """A recorded outcome by the place of its callback."""

    partition: int
    offset: int
    log_partition: int
    place: int
    callback_id: str
    item: int
    items: int
    outcome: str
    code: str | None
    event_id: str | None
    revision: str | None
    at_ms: int


class FactRow(NamedTuple):
    """A recorded fact by the place of its callback; `place` is its own offset, `part` where its
    payment lies today."""

    partition: int
    offset: int
    log_partition: int
    place: int
    item: int
    revision: str
    kid: str
    digest: bytes
    part: int


class DerivedRow(NamedTuple):
    """A fact of today that is not what was recorded: `instead` of a recorded one, or a further
    one. `octets` None: there is none instead. `elsewhere`: its payment lies in another partition,
    which has a further one."""

    part: int
    instead: bool
    partition: int
    offset: int
    item: int
    revision: str
    octets: bytes | None
    elsewhere: bool = False


class Store:
    """Opened by each process for itself.

    Raises:
        OSError: the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Facts name payments: nobody else reads them here either.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self.path = path
        self._connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        # Rows are read while others are written: one snapshot must not hold up the other.
        self._reading = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)

    @property
    def is_begun(self) -> bool:
        found = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'plan'")
        return found.fetchone() is not None and self.plan() is not None

    def begin(self, plan: bytes, parts: Mapping[str, int]) -> None:
        self._connection.executescript("BEGIN IMMEDIATE;" + _SCHEMA)
        self._connection.execute("INSERT INTO plan VALUES (1, ?)", (plan,))
        self._connection.executemany(
            "INSERT INTO parts VALUES (?, ?, 'open', 0)",
            [(phase, part) for phase, count in parts.items() for part in range(count)],
        )
        self._connection.execute("COMMIT")

    def plan(self) -> bytes | None:
        row = self._connection.execute("SELECT octets FROM plan").fetchone()
        return None if row is None else bytes(row[0])

    def reopen(self) -> None:
        """Give back the parts of processes that are no more. Called before any process starts."""
        self._connection.execute("UPDATE parts SET state = 'open', done = 0 WHERE state = 'taken'")

    def take(self, phase: str) -> int | None:
        """Take an open part of a phase for this process, None where there is none."""
        row = self._connection.execute(
            "UPDATE parts SET state = 'taken' WHERE phase = ?1 AND part ="
            " (SELECT min(part) FROM parts WHERE phase = ?1 AND state = 'open') RETURNING part",
            (phase,),
        ).fetchone()
        return None if row is None else int(row[0])

    def finish(self, phase: str, part: int, counts: Mapping[str, int]) -> None:
        with self.writing() as connection:
            connection.execute(
                "UPDATE parts SET state = 'done' WHERE phase = ? AND part = ?", (phase, part)
            )
            connection.execute("DELETE FROM counts WHERE phase = ? AND part = ?", (phase, part))
            connection.executemany(
                "INSERT INTO counts VALUES (?, ?, ?, ?)",
                [(phase, part, name, count) for name, count in counts.items()],
            )

    def forget_findings(self, phase: str, part: int) -> None:
        self._connection.execute(
            "DELETE FROM findings WHERE phase = ? AND part = ?", (phase, part)
        )

    def open_parts(self, phase: str) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM parts WHERE phase = ? AND state <> 'done'", (phase,)
        ).fetchone()
        return int(row[0])

    def records_done(self) -> int:
        return int(self._connection.execute("SELECT sum(done) FROM parts").fetchone()[0] or 0)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def write(
        self,
        phase: str,
        part: int,
        *,
        done: int,
        outcomes: Iterable[OutcomeRow] = (),
        facts: Iterable[FactRow] = (),
        keys: Iterable[tuple[int, bytes]] = (),
        derived: Iterable[DerivedRow] = (),
        findings: Iterable[tuple[str, str, object]] = (),
    ) -> None:
        """Write what came of some records of a part; `done`: records of the part so far."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE parts SET done = ? WHERE phase = ? AND part = ?", (done, phase, part)
            )
            for table, rows in (
                ("outcomes", outcomes),
                ("facts", facts),
                ("keys", keys),
                ("derived", derived),
            ):
                _insert(connection, table, list(rows))
            found = [(k, s, phase, part, orjson.dumps(d)) for k, s, d in findings]
            _insert(connection, "findings", found)

    def recorded_outcomes(self, partition: int) -> Iterator[OutcomeRow]:
        """Yield outcomes by the offsets of a callbacks partition, each callback's in order."""
        rows = self._reading.execute(
            "SELECT * FROM outcomes WHERE partition = ?"
            " ORDER BY partition, offset, log_partition, place",
            (partition,),
        )
        return (OutcomeRow(*row) for row in rows)

    def recorded_facts(self, partition: int) -> Iterator[FactRow]:
        rows = self._reading.execute(
            "SELECT * FROM facts WHERE partition = ?"
            " ORDER BY partition, offset, log_partition, place",
            (partition,),
        )
        return (FactRow(*row) for row in rows)

    def settled_at(self, code: str) -> dict[tuple[str, int], int]:
        """Return when items that ended with `code` were settled, by callback id and item."""
        rows = self._connection.execute(
            "SELECT callback_id, item, at_ms FROM outcomes WHERE code = ?", (code,)
        )
        return {(callback_id, item): at_ms for callback_id, item, at_ms in rows}

    def keys(self, part: int) -> set[bytes]:
        rows = self._connection.execute("SELECT key FROM keys WHERE part = ?", (part,))
        return {bytes(key) for (key,) in rows}

    def derived(self, part: int) -> list[DerivedRow]:
        rows = self._connection.execute(
            "SELECT * FROM derived WHERE part = ?"
            " ORDER BY instead, partition, offset, item, revision",
            (part,),
        )
        return [DerivedRow(row[0], bool(row[1]), *row[2:]) for row in rows]

    def counts(self) -> dict[str, int]:
        rows = self._connection.execute("SELECT name, sum(count) FROM counts GROUP BY name")
        return {name: int(count) for name, count in rows}

    def findings(self) -> list[tuple[str, str, Any]]:
        rows = self._connection.execute(
            "SELECT kind, subject, detail FROM findings ORDER BY kind, subject"
        )
        return [(kind, subject, orjson.loads(detail)) for kind, subject, detail in rows]

    def close(self) -> None:
        self._reading.close()
        self._connection.close()

    def remove(self) -> None:
        """Close and remove the file."""
        self.close()
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)


def _insert(connection: sqlite3.Connection, table: str, rows: list[Any]) -> None:
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)
