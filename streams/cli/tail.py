"""`tail`: events as they are announced."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.frame import current_config, open_configured_log, run_async
from streams.cli.output import EXIT_CODES, JsonFlag, print_json

if TYPE_CHECKING:
    from schemas.event import Event


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("tail", help=f"Print events, the held ones first, then new ones. {EXIT_CODES}")(
        _tail
    )


def _tail(
    event_type: Annotated[str | None, typer.Option("--type", help="Only this event type.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Stay and wait for more.")
    ] = True,
    json_flag: JsonFlag = False,
) -> None:
    from schemas.event import EVENT_TYPES

    if event_type is not None and event_type not in EVENT_TYPES:
        raise typer.BadParameter(f"one of {', '.join(EVENT_TYPES)}", param_hint="--type")
    run_async(_print(event_type, follow, json_flag))


async def _print(event_type: str | None, follow: bool, json_flag: bool) -> None:
    from streams.cli.output import console

    out = console()
    async for event in _events(follow):
        if event_type is None or event.type == event_type:
            if json_flag:
                print_json(plain_event(event))
            else:
                out.print(_line(event), markup=False)


async def _events(follow: bool) -> "AsyncIterator[Event]":
    from schemas.event import read_event
    from streams.topology import existing_topics

    config = current_config()
    log = open_configured_log(config, role_default=True)
    try:
        topics = await existing_topics(log, config.prefix)
        async for record in log.read(topics.events.name, follow=follow):
            yield read_event(record)
    finally:
        await log.close()


def plain_event(event: "Event") -> dict[str, Any]:
    """Return an event as plain members: its data, and the attributes that a reader needs."""
    from schemas.event import event_members

    return {
        "id": event.id,
        "sequence": event.sequence,
        "causation_id": event.causation_id,
        **event_members(event),
        "out_of_order": event.out_of_order,
        "derived": event.derived,
        "unlinked": event.unlinked,
        "reverses": event.reverses,
    }


def _line(event: "Event") -> str:
    amount = event.amount
    money = "" if amount is None else f"{amount.minor}e-{amount.exponent} {amount.currency}"
    marks = " ".join(
        name
        for name, true in (
            ("out-of-order", event.out_of_order), ("derived", event.derived),
            ("unlinked", event.unlinked),
        )
        if true
    )  # fmt: skip
    return (
        f"{event.type:<17} {event.provider:<12} {event.account:<10} {event.payment_id or '-':<30}"
        f" {event.merchant_order_id or '-':<20} {money:<16} {marks}"
    ).rstrip()
