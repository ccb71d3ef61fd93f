"""Errors of starting up: what a person must change before any process of ours can run."""

from traceback import walk_tb
from typing import Final

EXIT_CONFIGURATION: Final = 78


class ConfigurationError(Exception):
    """Settings, files or topics that cannot be worked with; the command ends with exit code 78.

    Holds every problem that was found, one sentence each: a person mends them in one go.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class RolesTaken(ConfigurationError):
    """Another process runs the roles on this embedded log."""


def places(error: BaseException) -> list[str]:
    """Return where an error was raised, outermost first, as `module:line`.

    This is what logs say of an unexpected error: its text may repeat what a provider sent.
    """
    frames = walk_tb(error.__traceback__)
    return [f"{frame.f_globals.get('__name__', '')}:{line}" for frame, line in frames]
