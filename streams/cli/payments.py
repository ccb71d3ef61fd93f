"""`payments show`: from raw callback to event, with reasons."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.frame import current_config, open_configured_log, run_async
from streams.cli.output import EXIT_CODES, FINDING, JsonFlag, fail, print_result, table

if TYPE_CHECKING:
    from processors.views import Moment
    from streams.views.read import Story


def register(app: typer.Typer) -> None:
    """Add the command."""
    payments = typer.Typer(help="Payments as the views know them.", rich_markup_mode=None)
    payments.callback()(_payments)
    payments.command(
        "show",
        help="Show what happened to an order, payment, refund, dispute, callback or event."
        f" 1: nothing is known by that id. {EXIT_CODES}",
    )(_show)
    app.add_typer(payments, name="payments")


def _payments() -> None:
    pass  # A group of its own even with a single command.


def _show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Any id of it.")],
    json_flag: JsonFlag = False,
) -> None:
    story = run_async(_find(name))
    if story is None:
        fail(
            f"nothing is known by {name!r}; tillstream views (or views rebuild) reads the log",
            FINDING,
        )
        return
    plain = plain_story(story)
    rows = [
        (each["at"], each["kind"], each["callback_id"], each["word"], each["code"] or "",
         each["text"]) for each in plain["moments"]
    ]  # fmt: skip
    columns = ("at", "what", "callback", "", "code", "reason or amount")
    print_result(json_flag, table(_title(plain), columns, rows), plain)


async def _find(name: str) -> "Story | None":
    from streams.views.feed import catch_up
    from streams.views.read import find_story
    from streams.views.role import open_store

    config = current_config()
    log = open_configured_log(config, role_default=True)
    try:
        store, topics = await open_store(config, log)
        # A file of this machine is read on quickly; on Kafka the views' processes do that.
        if config.log_of_up.startswith("embedded://"):
            await catch_up(log, topics, store)
        try:
            return find_story(store.database, name)
        finally:
            store.database.close()
    finally:
        await log.close()


def plain_story(story: "Story") -> dict[str, Any]:
    """Return a story as plain members; times as RFC 3339."""
    return {
        "payments": list(story.payments),
        "moments": [_plain_moment(moment) for moment in story.moments],
    }


def _plain_moment(moment: "Moment") -> dict[str, Any]:
    from processors.views import CallbackRow, OutcomeRow
    from schemas.times import rfc3339

    common = {
        "at": rfc3339(moment.at_ms), "kind": moment.kind, "callback_id": moment.callback_id,
        "word": moment.word, "code": None, "text": moment.reason,
    }  # fmt: skip
    of = moment.of
    if isinstance(of, CallbackRow):
        return common | {
            "provider": of.provider, "account": of.account, "position": list(of.position),
            "body_bytes": of.body_bytes, "caused_by": of.causation_id,
            "text": f"{of.provider}/{of.account}, {of.body_bytes} bytes",
        }  # fmt: skip
    if isinstance(of, OutcomeRow):
        return common | {
            "item": of.item, "items": of.items, "code": of.code, "event_id": of.event_id,
            "revision": of.revision,
        }  # fmt: skip
    from streams.cli.tail import plain_event

    amount = of.amount
    money = "" if amount is None else f"{amount.minor}e-{amount.exponent} {amount.currency}"
    return common | {"event": plain_event(of), "text": f"{money} {of.refund_id or ''}".strip()}


def _title(plain: dict[str, Any]) -> str:
    return "; ".join(
        f"{each['payment_key']}: {each['status']}, order {each['merchant_order_id'] or '-'},"
        f" paid {each['paid_minor']}, refunded {each['refunded_minor']}"
        f" e-{each['exponent']} {each['currency']}"
        + (" REFUNDED TOO MUCH" if each["over_refunded"] else "")
        for each in plain["payments"]
    )
