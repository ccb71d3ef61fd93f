"""`tillstream providers`: which providers there are and what each account of theirs needs."""

from typing import Any

import typer

from streams.cli.output import (
    EXIT_CODES,
    USAGE,
    JsonFlag,
    fail,
    print_json,
    print_result,
    table,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The providers that callbacks may come from.")
    group.command("list", help=f"List all providers. {EXIT_CODES}")(list_providers)
    group.command(
        "show",
        help="Show what one provider signs, sends and needs, and what to enter in its console."
        f" {EXIT_CODES}",
    )(show_provider)
    app.add_typer(group, name="providers")


def list_providers(json: JsonFlag = False) -> None:
    from processors.registry import PROVIDERS
    from streams.provider_pages import OVERVIEW, described, overview_row

    told = [described(PROVIDERS[name]) for name in sorted(PROVIDERS)]
    print_result(json, table("", OVERVIEW, [overview_row(each) for each in told]), told)


def show_provider(name: str, json: JsonFlag = False) -> None:
    from processors.registry import PROVIDERS
    from streams.provider_pages import described

    provider = PROVIDERS.get(name)
    if provider is None:
        fail(f"no provider is called {name}; tillstream providers list", USAGE)
        return
    plain = described(provider)
    if json:
        print_json(plain)
    else:
        _print_for_people(plain)


def _print_for_people(plain: dict[str, Any]) -> None:
    from rich.markup import escape

    from streams.cli.output import console
    from streams.provider_pages import facts_of

    out = console()
    out.print(f"[bold]{escape(plain['title'])}[/bold] ({plain['name']}): ", end="")
    out.print(escape(plain["protocol"]))
    out.print(f"\nEnter at the provider: [bold]{plain['callback_url']}[/bold]")
    out.print("  HOST: the public name of your ingress; ACCOUNT: the account file's name")
    out.print(f"  called with {', '.join(plain['methods'])}\n")
    out.print(table("", ("", ""), facts_of(plain).items()))
    settings = [
        (
            each["name"],
            _needed(each["required"], each["pinned"]),
            ", ".join(each["choices"]),
            each["meaning"],
            each["example"],
        )
        for each in plain["settings"]
    ]
    columns = ("setting", "required", "choices", "meaning", "example")
    out.print(table("Settings", columns, settings))
    keys = [
        (
            each["use"],
            each["kind"],
            _needed(each["required"], False),
            each["chosen_by"],
            each["note"],
        )
        for each in plain["keys"]
    ]
    out.print(table("Keys", ("use", "kind", "required", "chosen by", "note"), keys))


def _needed(required: bool, pinned: bool) -> str:
    return ("yes" if required else "no") + (", pinned" if pinned else "")
