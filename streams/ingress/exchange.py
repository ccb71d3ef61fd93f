"""One request and its answer, and what a server serves: the seam between HTTP and its pages."""

from collections.abc import Callable
from typing import Protocol

from processors.contract import Reply
from streams.ingress.problems import ProblemCode

Serve = Callable[[bytes], None]


class Answering(Protocol):
    """The connection of an exchange: writes what is answered, in order."""

    peer: str

    def flush(self) -> None: ...


class Service(Protocol):
    """What is served on a connection. Called in the loop; must not block."""

    def admit(self, exchange: "Exchange") -> Reply | Serve:
        """Decide when the headers are complete: a refusal, or what takes the whole body.

        What takes the body answers the exchange once, now or later.
        """

    def refuse(self, exchange: "Exchange", code: ProblemCode) -> Reply:
        """Return the answer to a request that breaks a limit; its target may be empty."""

    def failed(self, error: BaseException) -> None:
        """Hear of a defect of ours; the request is answered 500 or its connection dropped."""

    def sweep(self, now_s: float) -> None:
        """Hear the server's tick: a moment to forget what is no longer needed."""


class Exchange:
    """One request and, in time, its answer. `received_at_ms`: when its headers were complete."""

    __slots__ = (
        "_connection", "expects", "headers", "http_10", "last", "method", "received_at_ms",
        "refusal", "reply", "target",
    )  # fmt: skip

    def __init__(
        self,
        connection: Answering,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...],
        received_at_ms: int,
    ) -> None:
        self._connection = connection
        self.method = method
        self.target = target
        self.headers = headers
        self.received_at_ms = received_at_ms
        self.http_10 = False
        self.last = False
        self.expects = False
        self.refusal: Reply | None = None
        self.reply: Reply | None = None

    @property
    def peer(self) -> str:
        return self._connection.peer

    def answer(self, reply: Reply) -> None:
        """Answer, once; a second answer, or one to a peer that has gone, is dropped."""
        if self.reply is None:
            self.reply = reply
            self._connection.flush()
