"""`views`: rows for people, kept up to date; `views rebuild`, `views status`."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.frame import current_config, now_ms, open_configured_log, run_async
from streams.cli.output import EXIT_CODES, JsonFlag, print_result, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from streams.config import Config


def register(app: typer.Typer) -> None:
    """Add the commands."""
    views = typer.Typer(rich_markup_mode=None)
    views.callback(
        invoke_without_command=True,
        help="Keep the views (payments, outcomes, rates, alarms) up to date in the database."
        f" {EXIT_CODES}",
    )(_views)
    views.command("rebuild", help=f"Build every row again from the log. {EXIT_CODES}")(_rebuild)
    views.command("status", help=f"Show outcomes, rates and alarms. {EXIT_CODES}")(_status)
    app.add_typer(views, name="views")


def _views(
    context: typer.Context,
    processes: Annotated[
        int, typer.Option("--processes", min=1, max=64, help="How many share the work (Kafka).")
    ] = 1,
    instance_id: Annotated[
        str | None, typer.Option(help="Static membership: a name that survives restarts.")
    ] = None,
    ready_fd: Annotated[int | None, typer.Option("--ready-fd", hidden=True)] = None,
) -> None:
    if context.invoked_subcommand is not None:
        return
    config = current_config()
    if processes > 1:
        _many(config, processes, instance_id)
        return
    run_async(_serve(config, instance_id, ready_fd))


def _many(config: "Config", processes: int, instance_id: str | None) -> None:
    from streams.config import admin_address
    from streams.errors import ConfigurationError
    from streams.supervisor import Supervisor

    if config.log is None or config.log.startswith("embedded://"):
        raise ConfigurationError("--processes: the embedded log is for one process; use Kafka")
    command = ["views"]
    if instance_id is not None:
        command += ["--instance-id", f"{instance_id}-{{n}}"]
    supervisor = Supervisor(command, processes)
    code = run_async(supervisor.run(admin_address(config, "views"), openapi=None))
    if code:
        raise typer.Exit(code)


async def _serve(config: "Config", instance_id: str | None, ready_fd: int | None) -> None:
    from prometheus_client import REGISTRY, CollectorRegistry

    from streams.config import admin_address
    from streams.roles import Readiness
    from streams.views.role import run_views

    readiness = Readiness()
    if ready_fd is not None:
        readiness.listen(lambda ready: os.write(ready_fd, b"1" if ready else b"0"))
    log = open_configured_log(config, role_default=False, instance_id=instance_id)
    try:
        await run_views(
            config, log, clock=now_ms,
            # A child's metrics go into files that its parent reads.
            registry=CollectorRegistry() if ready_fd is None else REGISTRY,
            readiness=readiness, instance_id=instance_id,
            admin=admin_address(config, "views") if ready_fd is None else None,
        )  # fmt: skip
    finally:
        await log.close()


def _rebuild(json_flag: JsonFlag = False) -> None:
    applied = run_async(_rebuilt())
    print_result(json_flag, f"{applied} records applied", {"records": applied})


async def _rebuilt() -> int:
    from streams.views.role import rebuild_views

    config = current_config()
    log = open_configured_log(config, role_default=True)
    try:
        return await rebuild_views(config, log)
    finally:
        await log.close()


def _status(json_flag: JsonFlag = False) -> None:
    from streams.views.database import open_database
    from streams.views.read import alarms, outcome_counts, windows
    from streams.views.tables import create_tables

    database = open_database(current_config().database)
    try:
        create_tables(database)
        now = now_ms()
        found = alarms(database)
        oldest = found.oldest_open_ms
        plain: dict[str, Any] = {
            "oldest_open_s": None if oldest is None else max(0, now - oldest) / 1000,
            "over_refunded": found.over_refunded,
            "conflicts": found.conflicts,
            "failures": found.failures,
            "outcomes": [
                dict(zip(("provider", "account", "outcome", "code", "items"), row, strict=True))
                for row in outcome_counts(database)
            ],
            "windows": [
                {
                    "minutes": each.minutes, "start_ms": each.start_ms, "end_ms": each.end_ms,
                    "provider": each.provider, "account": each.account,
                    "counts": dict(each.counts), "outcomes": dict(each.outcomes),
                    "success_ratio": each.success_ratio,
                }
                for each in windows(database, now)
            ],
        }  # fmt: skip
    finally:
        database.close()
    print_result(json_flag, _shown(plain), plain)


def _shown(plain: dict[str, Any]) -> "RenderableType":
    title = (
        f"oldest open {plain['oldest_open_s']} s, {len(plain['over_refunded'])} over-refunded,"
        f" {len(plain['conflicts'])} in conflict, {plain['failures']} not applied"
    )
    rows = [[each or "" for each in row.values()] for row in plain["outcomes"]]
    return table(title, ("provider", "account", "outcome", "code", "items"), rows)
