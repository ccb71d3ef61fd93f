"""Sending what lies in the outbox: at least once, each message under its own id.

A message is taken for a while, sent, and then marked as sent. Whoever dies in between leaves it to
be taken again when the while is over; the receiver knows it by its id. No transaction stays open
while something is sent.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, Protocol

import orjson
import structlog

from streams.views.database import Database

TAKEN_MS: Final = 60_000
TAKE_MAX: Final = 20
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is that of the event; `number` the order that it is about, where that is known."""

    id: str
    mode: str
    number: str | None
    type: str
    text: str


class Sender(Protocol):
    """Hands a message to the outside: a mail server, a telephone network, a screen."""

    async def send(self, message: Message) -> None:
        """Return once the other side has taken it; pass on `message.id`, so that it knows
        repetitions. Any exception: it is sent again later."""


class ConsoleSender:
    """Sends to a screen, or as JSON to a pipe; `write` takes a line with its end."""

    def __init__(self, write: Callable[[str], object], *, as_json: bool = False) -> None:
        self._write = write
        self._as_json = as_json

    async def send(self, message: Message) -> None:
        line = f"{message.id}  {message.text}"
        self._write((orjson.dumps(asdict(message)).decode() if self._as_json else line) + "\n")


class Outbox:
    """The messages that are to be sent; `clock` returns milliseconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    async def send_some(self, sender: Sender) -> int:
        """Send a few messages that nobody else is sending; return how many were sent."""
        sent = 0
        for message in self._take():
            try:
                await sender.send(message)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again later
                _log.warning("message_not_sent", message_id=message.id,
                             error=type(error).__name__)  # fmt: skip
                continue
            self._database.run(
                "UPDATE downstream_outbox SET sent_at_ms = ? WHERE message_id = ?",
                (self._clock(), message.id),
            )
            sent += 1
        return sent

    def _take(self) -> list[Message]:
        now_ms = self._clock()
        free = self._database.rows(
            "SELECT message_id, mode, number, type, text FROM downstream_outbox"
            " WHERE sent_at_ms IS NULL AND taken_until_ms <= ?"
            " ORDER BY written_for_ms, sequence, message_id LIMIT ?",
            (now_ms, TAKE_MAX),
        )
        if not free:
            return []
        with self._database.transaction():
            return [Message(*row) for row in free if self._take_one(row[0], now_ms)]

    def _take_one(self, message_id: str, now_ms: int) -> bool:
        """Take a message, unless another process has done so since it was seen."""
        changed = self._database.run(
            "UPDATE downstream_outbox SET taken_until_ms = ?, attempts = attempts + 1"
            " WHERE message_id = ? AND sent_at_ms IS NULL AND taken_until_ms <= ?",
            (now_ms + TAKEN_MS, message_id, now_ms),
        )
        return changed == 1
