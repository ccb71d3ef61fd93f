"""Log lines of the front door: closed words, and no flood of them."""

from types import TracebackType
from typing import Final

import structlog

EVERY_S: Final = 1.0


class Notes:
    """Writes each word at most once a second, with the number of times it was left out.

    Nothing that a peer sent is ever an argument here: no target, header, query or body. Of an
    exception only its class and the place of ours that raised it are said, never its text.
    """

    def __init__(self) -> None:
        self._log = structlog.get_logger("tillstream.ingress")
        self._last_s: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def failure(self, word: str, error: BaseException, now_s: float) -> None:
        last_s = self._last_s.get(word)
        if last_s is not None and now_s - last_s < EVERY_S:
            self._left_out[word] = self._left_out.get(word, 0) + 1
            return
        self._last_s[word] = now_s
        self._log.error(
            word,
            error=type(error).__name__,
            place=_place(error.__traceback__),
            left_out=self._left_out.pop(word, 0),
        )


def _place(traceback: TracebackType | None) -> str:
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_globals.get('__name__', '')}:{traceback.tb_lineno}"
