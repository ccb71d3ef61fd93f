"""`downstream`: the small services on the events, and what came of them."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from streams.cli.frame import current_config, now_ms, open_configured_log, run_async
from streams.cli.output import EXIT_CODES, FINDING, USAGE, JsonFlag, fail, print_result, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.config import Config

ServiceName = Literal["orders", "coupons", "messages", "all"]
Listing = Literal["orders", "coupons", "messages", "failures"]
Mode = Literal["live", "test"]
_COLUMNS: Final = {
    "orders": ("order", "mode", "status", "total", "paid", "refunded", ""),
    "coupons": ("order", "mode", "coupon", "state"),
    "messages": ("order", "sent", "message"),
    "failures": ("consumer", "topic", "partition", "offset", "event", "error"),
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    downstream = typer.Typer(
        help="Orders, coupons and messages that follow from the events, each effect once.",
        rich_markup_mode=None,
    )
    downstream.command("run", help=f"Run a service, or all of them, on the events. {EXIT_CODES}")(
        _run
    )
    downstream.command(
        "list", help=f"Show what came of the events. 1: something failed. {EXIT_CODES}"
    )(_list)
    downstream.command(
        "expect",
        help=f"Say what an order costs. Without it the first payment pays the order. {EXIT_CODES}",
    )(_expect)
    app.add_typer(downstream, name="downstream")


def _run(
    service: Annotated[ServiceName, typer.Argument(help="Which service.")],
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Apply what the log holds and the inbox does not know, from the beginning,"
            " and end. Mends a service whose offsets ran ahead of its database.",
        ),
    ] = False,
    instance_id: Annotated[
        str | None, typer.Option(help="Static membership: a name that survives restarts.")
    ] = None,
    json_flag: JsonFlag = False,
) -> None:
    from streams.downstream.role import SERVICES

    config = current_config()
    names = SERVICES if service == "all" else (service,)
    if once:
        applied = run_async(_apply(config, names))
        rows = [(n, *(f.get(k, 0) for k in ("applied", "known", "failed"))) for n, f in
                applied.items()]  # fmt: skip
        shown = table("", ("consumer", "applied", "known already", "failed"), rows)
        print_result(json_flag, shown, applied)
        return
    run_async(_serve(config, names, instance_id, json_flag))


async def _serve(
    config: "Config", names: "Sequence[str]", instance_id: str | None, json_flag: bool
) -> None:
    from prometheus_client import CollectorRegistry

    from streams.downstream.outbox import ConsoleSender
    from streams.downstream.role import run_services
    from streams.roles import Readiness

    log = open_configured_log(config, role_default=True, instance_id=instance_id)
    try:
        await run_services(
            config, log, names, clock=now_ms, registry=CollectorRegistry(), readiness=Readiness(),
            sender=ConsoleSender(_write, as_json=json_flag),
        )  # fmt: skip
    finally:
        await log.close()


def _write(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()  # Whoever reads a pipe must not wait for more.


async def _apply(config: "Config", names: "Sequence[str]") -> dict[str, Any]:
    from streams.downstream.role import apply_services

    log = open_configured_log(config, role_default=True)
    try:
        return await apply_services(config, log, names)
    finally:
        await log.close()


def _list(
    what: Annotated[Listing, typer.Argument(help="What to show.")],
    order: Annotated[str | None, typer.Option(help="Only of this order number.")] = None,
    json_flag: JsonFlag = False,
) -> None:
    from streams.downstream.read import LISTINGS
    from streams.views.database import open_database

    database = open_database(current_config().database)
    try:
        rows = LISTINGS[what](database, order)
    finally:
        database.close()
    print_result(json_flag, table("", _COLUMNS[what], [_shown(what, each) for each in rows]), rows)
    if what == "failures" and rows:
        raise typer.Exit(FINDING)


def _expect(
    order: Annotated[str, typer.Argument(help="The order number.")],
    minor: Annotated[int, typer.Argument(min=0, help="The total in minor units: 1280.")],
    currency: Annotated[str, typer.Argument(help="Three capitals: EUR.")],
    mode: Annotated[Mode, typer.Option(help="The mode of the payments that count.")] = "live",
    json_flag: JsonFlag = False,
) -> None:
    from schemas.errors import Malformed
    from schemas.money import Money
    from streams.downstream.order import OrderKey
    from streams.downstream.read import orders
    from streams.downstream.role import expect_total, open_durable

    try:
        total = Money.from_minor(minor, currency)
    except Malformed as error:
        fail(f"no such total: {error}", USAGE)
    database = open_durable(current_config())
    try:
        expect_total(database, OrderKey(mode, order), total)
        rows = [each for each in orders(database, order) if each["mode"] == mode]
    finally:
        database.close()
    shown = [_shown("orders", each) for each in rows]
    print_result(json_flag, table("", _COLUMNS["orders"], shown), rows[0])


def _shown(what: str, row: dict[str, Any]) -> tuple[object, ...]:
    match what:
        case "orders":
            amounts = (_money(row, row[f"{each}_minor"]) for each in ("total", "paid", "refunded"))
            return (row["number"], row["mode"], row["status"], *amounts,
                    "another currency too" if row["mixed"] else "")  # fmt: skip
        case "coupons":
            return row["number"], row["mode"], row["code"], row["state"]
        case "messages":
            from schemas.times import rfc3339

            sent = row["sent_at_ms"]
            when = f"not yet ({row['attempts']})" if sent is None else rfc3339(sent)
            return row["number"] or "", when, row["text"]
    return tuple(row.values())


def _money(row: dict[str, Any], minor: int | None) -> str:
    from schemas.money import Money
    from streams.downstream.messages import shown_money

    if minor is None or row["currency"] is None:
        return ""
    return shown_money(Money(minor, row["currency"], row["exponent"]))
