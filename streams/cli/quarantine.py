"""`quarantine list|show|release`: what was refused or parked, and what is done about it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.frame import current_config, now_ms, open_configured_log, run_async
from streams.cli.output import (
    EXIT_CODES,
    FINDING,
    JsonFlag,
    print_json,
    print_problems,
    print_result,
    table,
)

if TYPE_CHECKING:
    from schemas.topics import Topics
    from streams.log import Log
    from streams.quarantine import Held

Codes = Annotated[
    list[str] | None, typer.Option("--code", help="Only these codes, such as unknown_key.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Refused and parked items, read through their outcomes.", no_args_is_help=True
    )
    group.command(
        "list",
        help="What is held, by cause; --items lists one by one. JSON lists items unless --causes."
        f" 1: something is parked. {EXIT_CODES}",
    )(_list)
    group.command("show", help=f"One callback: outcomes, size, headers masked. {EXIT_CODES}")(
        _show
    )
    group.command(
        "release",
        help="Judge callbacks again with the newest accounts; no check is skipped. A conflict, a"
        f" stale or a too old item is closed with --decision. {EXIT_CODES}",
    )(_release)
    app.add_typer(group, name="quarantine")


def _list(
    codes: Codes = None,
    by_item: Annotated[
        bool | None,
        typer.Option("--items/--causes", help="One row an item, or one a cause and account."),
    ] = None,
    json_flag: JsonFlag = False,
) -> None:
    held, accounts = run_async(_held(codes))
    if json_flag if by_item is None else by_item:
        _print_items(held, json_flag)
    else:
        _print_causes(held, accounts, json_flag)
    if any(outcome.outcome == "parked" for each in held for outcome in each.outcomes):
        raise typer.Exit(FINDING)


def _print_items(held: "Sequence[Held]", json_flag: bool) -> None:
    plain = [_plain(outcome) for each in held for outcome in each.outcomes]
    rows = [[p["outcome"], p["code"], p["callback_id"], p["item"], p["items"]] for p in plain]
    title = f"{len(rows)} items in quarantine"
    columns = ("outcome", "code", "callback", "item", "of")
    print_result(json_flag, table(title, columns, rows), plain)


def _print_causes(held: "Sequence[Held]", accounts: dict[str, str], json_flag: bool) -> None:
    from streams.quarantine import by_cause

    causes = by_cause(held, accounts)
    plain = [asdict(each) | {"closing": each.closing} for each in causes]
    rows = [
        [each.outcome, each.code, each.account or "-", each.items, each.callbacks, each.last,
         each.closing]
        for each in causes
    ]  # fmt: skip
    title = f"{sum(each.items for each in causes)} items in quarantine"
    columns = ("outcome", "code", "account", "items", "callbacks", "last callback", "closed by")
    print_result(json_flag, table(title, columns, rows), plain)


def _show(
    callback_id: str,
    body: Annotated[
        bool, typer.Option(help="Write the raw body to stdout. It may hold personal data.")
    ] = False,
) -> None:
    run_async(_print_one(callback_id, body))


def _release(
    callback_ids: Annotated[list[str] | None, typer.Argument()] = None,
    codes: Codes = None,
    decision: Annotated[
        str | None, typer.Option(help="Close the items instead, for this reason.")
    ] = None,
    decided_by: Annotated[str, typer.Option(help="Who decided.", envvar="USER")] = "unknown",
    dry_run: Annotated[bool, typer.Option(help="Only say what would be released.")] = False,
    json_flag: JsonFlag = False,
) -> None:
    if not callback_ids and not codes:
        raise typer.BadParameter("name callbacks, or choose by --code")
    run_async(_release_all(callback_ids or [], codes, decision, decided_by, dry_run, json_flag))


async def _held(codes: Sequence[str] | None) -> "tuple[tuple[Held, ...], dict[str, str]]":
    """Return what is held, and the account of each revision."""
    from streams.quarantine import held_callbacks
    from streams.verify import published_revisions

    log, topics = await _opened()
    try:
        held = await held_callbacks(log, topics, codes=frozenset(codes or ()))
        revisions = await published_revisions(log, topics)
        return held, {each.name: each.key.decode() for each in revisions}
    finally:
        await log.close()


async def _print_one(callback_id: str, body: bool) -> None:
    import sys

    from streams.quarantine import describe, held_callbacks, original

    log, topics = await _opened()
    try:
        for each in await held_callbacks(log, topics):
            if each.callback_id == callback_id:
                record = await original(log, each)
                if body:
                    sys.stdout.buffer.write(record.value or b"")
                else:
                    print_json(describe(record) | {"outcomes": [_plain(o) for o in each.outcomes]})
                return
        print_problems([f"no callback {callback_id} is in quarantine"])
        raise typer.Exit(FINDING)
    finally:
        await log.close()


async def _release_all(
    callback_ids: Sequence[str],
    codes: Sequence[str] | None,
    decision: str | None,
    decided_by: str,
    dry_run: bool,
    json_flag: bool,
) -> None:
    from streams.quarantine import NotReleasable, decide, held_callbacks

    log, topics = await _opened()
    try:
        held = [
            each
            for each in await held_callbacks(log, topics, codes=frozenset(codes or ()))
            if not callback_ids or each.callback_id in callback_ids
        ]
        missing = set(callback_ids) - {each.callback_id for each in held}
        if missing:
            print_problems([f"not in quarantine: {each}" for each in sorted(missing)])
            raise typer.Exit(FINDING)
        if dry_run:
            done = len(held)
        elif decision is not None:
            done = await decide(log, topics, held, decision=decision, decided_by=decided_by)
        else:
            done = await _judge_again(log, topics, held)
    except NotReleasable as error:
        print_problems([str(error)])
        raise typer.Exit(FINDING) from error
    finally:
        await log.close()
    word = "would be released" if dry_run else "closed" if decision is not None else "released"
    print_result(json_flag, f"{done} {word}", {"count": done, "done": word})


async def _judge_again(log: "Log", topics: "Topics", held: "Sequence[Held]") -> int:
    from prometheus_client import CollectorRegistry

    from processors.registry import PROVIDERS
    from streams.accounts import WatchedAccounts
    from streams.metrics import StageMetrics
    from streams.quarantine import release
    from streams.verify import published_revisions

    seen = await published_revisions(log, topics)
    registry = CollectorRegistry()
    accounts = WatchedAccounts.start(
        current_config(), PROVIDERS, registry=registry, seen=seen, now_ms=now_ms()
    )
    return await release(log, topics, held, book=accounts.current, metrics=StageMetrics(registry))


async def _opened() -> "tuple[Log, Topics]":
    from streams.topology import existing_topics

    config = current_config()
    log = open_configured_log(config, role_default=True)
    return log, await existing_topics(log, config.prefix)


def _plain(outcome: Any) -> dict[str, Any]:
    return {
        "callback_id": outcome.callback_id,
        "item": outcome.item,
        "items": outcome.items,
        "outcome": outcome.outcome,
        "code": outcome.code,
        "revision": outcome.revision,
        "position": list(outcome.callback),
    }
