"""`books`: has every item its outcome, and every announced one its event?"""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.frame import current_config, open_configured_log, run_async
from streams.cli.output import EXIT_CODES, FINDING, JsonFlag, print_result, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from streams.books import Books


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "books",
        help="Compare callbacks, outcomes, events and ledger: does everything add up?"
        f" 1: it does not, or something is still on its way. {EXIT_CODES}",
    )(_books)


def _books(
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, max=3600, help="Seconds to wait for the balance.")
    ] = 0,
    json_flag: JsonFlag = False,
) -> None:
    books = run_async(_read(wait_s))
    print_result(json_flag, _shown(books), plain_books(books))
    if not books.balanced:
        raise typer.Exit(FINDING)


async def _read(wait_s: float) -> "Books":
    from streams.books import read_books
    from streams.topology import existing_topics

    config = current_config()
    log = open_configured_log(config, role_default=True)
    try:
        topics = await existing_topics(log, config.prefix)
        deadline = time.monotonic() + wait_s
        while True:
            books = await read_books(log, topics)
            if books.balanced or time.monotonic() >= deadline:
                return books
            await asyncio.sleep(0.2)
    finally:
        await log.close()


def plain_books(books: "Books") -> dict[str, object]:
    """Return the books as plain members."""
    return {
        "balanced": books.balanced,
        "callbacks": books.callbacks,
        "items": books.items,
        "in_flight": books.in_flight,
        "outcomes": [
            {"provider": provider, "outcome": outcome, "code": code or None, "count": count}
            for (provider, outcome, code), count in sorted(books.by_provider.items())
        ],
        "events": dict(sorted(books.events.items())),
        "discrepancies": dict(books.discrepancies),
        "examples": books.examples,
    }


def _shown(books: "Books") -> "RenderableType":
    rows: list[tuple[object, ...]] = [
        (outcome, code, count) for (outcome, code), count in sorted(books.by_outcome.items())
    ]
    rows += [("differs", what, count) for what, count in books.discrepancies.items()]
    verdict = "balanced" if books.balanced else "NOT balanced"
    title = (
        f"{books.callbacks} callbacks, {books.items} items, {sum(books.events.values())} events,"
        f" {books.in_flight} on their way: {verdict}"
    )
    return table(title, ("outcome", "code", "items"), rows)
