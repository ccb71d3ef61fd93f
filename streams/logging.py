"""Logs: one JSON object a line on stderr, or for people where stderr is a terminal.

Every line passes the redaction last, those of libraries too. Tracebacks hold no local variables:
there lie bodies and keys.
"""

import contextlib
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN: Final = "<hidden>"
DEPTH_MAX: Final = 8
# Members whose content is never printed, whatever it is.
_NAMES: Final = re.compile(
    r"(secret|passw|token|credential|authorization|cookie|signature|private|body|plaintext"
    r"|material|pem$|^text$|^headers$|^key$|api_?key)",
    re.IGNORECASE,
)
_PEM: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|$)", re.DOTALL
)
_LOGIN: Final = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
_ENDPOINT_SECRET: Final = re.compile(r"\b(whsec|sk|rk|whpk)_[A-Za-z0-9+/=_]{8,}")
_DIGITS: Final = re.compile(r"(?<![\d-])(?:\d[ -]?){12,18}\d(?![\d-])")


def configure_logging(*, level: int = logging.INFO, human: bool | None = None) -> None:
    """Send all logs of the process to stderr; `human` None: where it is a terminal."""
    human = sys.stderr.isatty() if human is None else human
    shared = _shared(human)
    rendering = _rendering(human)
    structlog.configure(
        processors=[*shared, redacted, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_StderrFactory(),
        cache_logger_on_first_use=True,
    )
    lines = _Lines()
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redacted,
                *rendering,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(max(level, logging.WARNING))


def redacted(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Hide what must not be printed: by the member's name, by its type, by its look."""
    return {name: _member(name, value, 0) for name, value in event.items()}


class _Lines(logging.Handler):
    """Writes the lines of the standard library's loggers."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self.format(record))
        except (TypeError, ValueError, KeyError):
            # The library would print the record's arguments as they are.
            _write(f'{{"event":"a line of {record.name} could not be formatted"}}')


def _write(line: str) -> None:
    # Looked up at each line, for it may be replaced; that nobody reads it ends no stage.
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")


class _StderrFactory:
    """Makes loggers that write lines to stderr."""

    def __call__(self, *args: Any) -> "_StderrFactory":
        return self

    def msg(self, line: str) -> None:
        _write(line)

    debug = info = warning = error = critical = exception = fatal = log = msg


def _shared(human: bool) -> list[Processor]:
    exceptions: Processor = (
        structlog.processors.format_exc_info
        if human
        else structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    )
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exceptions,
    ]


def _rendering(human: bool) -> list[Processor]:
    if human:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.JSONRenderer(serializer=_dumps)]


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=lambda value: f"<{type(value).__name__}>").decode()


def _member(name: object, value: Any, depth: int) -> Any:
    if isinstance(name, str) and _NAMES.search(name) and value is not None:
        return HIDDEN
    return _value(value, depth + 1)


def _value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redacted_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth > DEPTH_MAX:
        return "..."
    if isinstance(value, Mapping):
        return {str(name): _member(name, each, depth) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(each, depth + 1) for each in value]
    return redacted_text(str(value))


def redacted_text(text: str) -> str:
    """Return a text without private keys, passwords in addresses, secrets and card numbers."""
    text = _PEM.sub(HIDDEN, text)
    text = _LOGIN.sub(HIDDEN, text)
    text = _ENDPOINT_SECRET.sub(HIDDEN, text)
    return _DIGITS.sub(lambda found: HIDDEN if _is_card(found[0]) else found[0], text)


def _is_card(text: str) -> bool:
    digits = [int(each) for each in text if each.isdigit()]
    doubled = [each * 2 - 9 * (each > 4) for each in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
