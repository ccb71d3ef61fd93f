"""Errors of starting up: what a person must change before any process of ours can run."""

from typing import Final

EXIT_CONFIGURATION: Final = 78


class ConfigurationError(Exception):
    """A setting, file or topic that cannot be worked with; the command ends with exit code 78."""


class RolesTaken(ConfigurationError):
    """Another process runs the roles on this embedded log."""
