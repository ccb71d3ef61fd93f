"""The history of a run: what was sent, answered and done, and what was found; one line each.

It is all that the judge needs, so that a verdict can be reached again years later.
"""

import base64
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.oracle import Row, Verdict, judge
from tests.chaos.senders import Delivery, Told


def _text(octets: bytes | None) -> str | None:
    return None if octets is None else base64.b64encode(octets).decode()


def _octets(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


class History:
    """Writes a history; calls may come from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._began_s = time.monotonic()

    def note(self, kind: str, **members: Any) -> None:
        line = json.dumps({"k": kind, "s": round(time.monotonic() - self._began_s, 3), **members})
        with self._lock:
            self._file.write(line + "\n")

    def sent(self, delivery: Delivery) -> None:
        """Before its first attempt: what an unknown body in the log would be measured against."""
        self.note(
            "sent", provider=delivery.provider, account=delivery.account,
            body=_text(delivery.body), told=[asdict(each) for each in delivery.told],
        )  # fmt: skip

    def answered(self, delivery: Delivery, status: int, success: bool) -> None:
        self.note("answer", digest=delivery.digest, status=status, success=success)

    def rows(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.note("row", topic=row.topic, partition=row.partition, offset=row.offset,
                      key=_text(row.key), value=_text(row.value), headers=row.headers)  # fmt: skip

    def close(self) -> None:
        with self._lock:
            self._file.close()


@dataclass(slots=True)
class Kept:
    """What a history file holds."""

    sent: list[Delivery] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)
    partitions: int = 0
    notes: list[dict[str, Any]] = field(default_factory=list)


def read(path: Path) -> Kept:
    """Return what a history holds.

    Raises:
        ValueError: a damaged line.
    """
    found = Kept()
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        match line["k"]:
            case "sent":
                told = tuple(Told(**each) for each in line["told"])
                body = _octets(line["body"]) or b""
                found.sent.append(Delivery(line["provider"], line["account"], body, told, ""))
            case "answer" if line["success"]:
                found.answered.add(line["digest"])
            case "row":
                found.rows.append(
                    Row(line["topic"], line["partition"], line["offset"], _octets(line["key"]),
                        _octets(line["value"]), line["headers"])
                )  # fmt: skip
            case "read":
                found.partitions = line["partitions"]
            case _:
                found.notes.append(line)
    return found


def judged(path: Path) -> Verdict:
    """Return the verdict on a history."""
    found = read(path)
    if not found.partitions:
        raise ValueError(f"{path} ends before the log was read")
    return judge(found.sent, found.answered, found.rows, partitions=found.partitions)
