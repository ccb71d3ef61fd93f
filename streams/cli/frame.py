"""What every command needs: the configuration, a log, an event loop, and the commands' list."""

import asyncio
import os
import time
from collections.abc import Coroutine
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar

import typer

from streams.cli.output import EXIT_CODES

if TYPE_CHECKING:  # Loaded by the commands that use them: --help must not wait for them.
    from streams.config import Config
    from streams.log import Log

T = TypeVar("T")
# In the order of --help. Each module has `register(app)` and loads what it uses when called.
COMMAND_MODULES: Final = (
    "roles", "views", "simulate", "tail", "payments", "quarantine", "books", "providers",
    "accounts", "topics", "check", "doctor", "audit", "vectors", "bench", "downstream",
)  # fmt: skip


def build_app() -> typer.Typer:
    """Return the command line with every command module that exists."""
    app = typer.Typer(
        name="tillstream",
        help=f"Payment callbacks become proven facts, and events that happen once. {EXIT_CODES}",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # Rich help costs more than all else that --help does.
        pretty_exceptions_enable=False,  # Those show local variables, keys included.
    )
    app.callback()(_root)
    for name in COMMAND_MODULES:
        full = f"streams.cli.{name}"
        try:
            module = import_module(full)
        except ModuleNotFoundError as error:
            if error.name != full:
                raise
            continue
        module.register(app)
    return app


def _root() -> None:
    from streams.logging import configure_logging

    configure_logging()


def current_config() -> "Config":
    """Return the configuration of the environment.

    Raises:
        ConfigurationError: with every problem.
    """
    from streams.config import load_config

    return load_config(os.environ)


def open_configured_log(
    config: "Config", *, role_default: bool, instance_id: str | None = None
) -> "Log":
    """Open the log that the configuration names; `role_default`: `up`, which has a default.

    Raises:
        ConfigurationError: none is set and there is no default, or it cannot be used.
        Unavailable: the embedded log cannot be opened now.
    """
    from streams.errors import ConfigurationError
    from streams.open_log import open_log

    if config.log is None and not role_default:
        raise ConfigurationError(
            "TILLSTREAM_LOG: not set; write kafka://host:port,host:port or embedded:///path/to/file"
        )
    if config.log is None:
        try:
            config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"TILLSTREAM_STATE: {config.state} cannot be made: {error.strerror}"
            ) from error
    return open_log(config.log_of_up, options=config.kafka, clock=now_ms, instance_id=instance_id)


def now_ms() -> int:
    """Return the wall clock in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, on uvloop where it is there."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(coroutine)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)
