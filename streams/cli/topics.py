"""`tillstream topics`: what the log's topics lack, and creating what is missing."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from streams.cli.output import EXIT_CODES, FINDING, JsonFlag, print_result, table

if TYPE_CHECKING:
    from streams.growth import GrowableLog, Growth
    from streams.topology import Difference

COUNT_MAX = 1_000
PartitionsOption = Annotated[
    int | None,
    typer.Option(
        help="Partitions of facts, events and ledger; chosen once, at the first apply (12).",
        min=1,
        max=COUNT_MAX,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The topics of this deployment.")
    group.command("plan", help=f"Show what differs; exit code 1 if anything does. {EXIT_CODES}")(
        plan
    )
    group.command(
        "apply",
        help="Create missing topics and record the partition count. Counts and settings of topics"
        f" that exist are never changed: what still differs then ends with 1. {EXIT_CODES}",
    )(apply)
    group.command(
        "migrate",
        help="Give facts, events and ledger more partitions. Stop verify, settle and views first,"
        f" once settling has caught up; the ingress may run. {EXIT_CODES}",
    )(migrate)
    app.add_typer(group, name="topics")


def plan(partitions: PartitionsOption = None, json: JsonFlag = False) -> None:
    _finish(_run(partitions, apply=False), json)


def apply(partitions: PartitionsOption = None, json: JsonFlag = False) -> None:
    _finish(_run(partitions, apply=True), json)


def migrate(
    partitions: Annotated[
        int, typer.Option(help="How many there shall be.", min=1, max=COUNT_MAX)
    ],
    json: JsonFlag = False,
) -> None:
    grown = _migrated(partitions)
    said = (
        f"{grown.before} -> {grown.partitions} partitions, {grown.payments_moved} payments moved;"
        " start verify and settle again"
    )
    print_result(json, said, asdict(grown))


def _migrated(partitions: int) -> "Growth":
    from streams.cli.frame import current_config, open_configured_log, run_async
    from streams.embedded import EmbeddedLog
    from streams.errors import ConfigurationError
    from streams.growth import migrate
    from streams.topology import existing_topics

    config = current_config()

    async def work() -> "Growth":
        log = open_configured_log(config, role_default=False)
        try:
            if isinstance(log, EmbeddedLog):
                raise ConfigurationError("the embedded log has one process: more partitions than"
                                         " it has are of no use to it")  # fmt: skip
            return await migrate(
                cast("GrowableLog", log), await existing_topics(log, config.prefix), partitions,
                prefix=config.prefix,
            )  # fmt: skip
        finally:
            await log.close()

    return run_async(work())


def _run(partitions: int | None, *, apply: bool) -> "list[Difference]":
    from streams.cli.frame import current_config, open_configured_log, run_async
    from streams.topology import differences, ensure_topics, wanted_topics

    config = current_config()

    async def work() -> "list[Difference]":
        log = open_configured_log(config, role_default=False)
        try:
            topics = await wanted_topics(log, config.prefix, partitions)
            if apply:
                await ensure_topics(log, topics)
            return await differences(log, topics)
        finally:
            await log.close()

    return run_async(work())


def _finish(found: "Sequence[Difference]", json: bool) -> None:
    plain: list[dict[str, Any]] = [
        {
            "topic": each.topic,
            "kind": each.kind,
            "wanted": each.wanted,
            "found": each.found,
            "apply_mends": each.mend,
        }
        for each in found
    ]
    rows = [
        (each.topic, each.kind, each.wanted, each.found, "yes" if each.mend else "no")
        for each in found
    ]
    columns = ("topic", "kind", "wanted", "found", "apply mends it")
    if rows or json:
        print_result(json, table("", columns, rows), plain)
    else:
        typer.echo("every topic is as it should be")
    raise typer.Exit(FINDING if found else 0)
