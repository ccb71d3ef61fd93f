"""Running commands in this process: what they print and their exit code."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from streams.cli import run


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Runner = Callable[..., Ran]


def runner(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Return a function that runs a command and gives back what came of it."""

    def command(*arguments: object) -> Ran:
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        capsys.readouterr()
        try:
            code = run([str(each) for each in arguments])
        finally:
            structlog.reset_defaults()
            root.handlers[:] = handlers
            root.setLevel(level)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return command
