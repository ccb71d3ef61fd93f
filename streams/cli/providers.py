"""`tillstream providers`: which providers there are and what each account of theirs needs."""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from processors.contract import Provider


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="The providers that callbacks may come from.")
    group.command("list", help=f"List all providers. {EXIT_CODES}")(list_providers)
    group.command("show", help=f"Show what one provider needs. {EXIT_CODES}")(show_provider)
    app.add_typer(group, name="providers")


def list_providers(json: JsonFlag = False) -> None:
    from processors.registry import PROVIDERS

    plain = [
        {"name": each.name, "title": each.title, "protocol": each.protocol}
        for each in PROVIDERS.values()
    ]
    rows = [tuple(row.values()) for row in plain]
    print_result(json, table("", ("name", "title", "protocol"), rows), plain)


def show_provider(name: str, json: JsonFlag = False) -> None:
    from processors.registry import PROVIDERS

    provider = PROVIDERS.get(name)
    if provider is None:
        fail(f"no provider is called {name}; tillstream providers list", USAGE)
        return
    plain = described(provider)
    if json:
        print_json(plain)
    else:
        _print_for_people(plain)


def described(provider: "Provider[Any]") -> dict[str, Any]:
    """Return what a merchant must know of a provider, as plain members."""
    return {
        "name": provider.name,
        "title": provider.title,
        "protocol": provider.protocol,
        "callback_url": f"https://HOST/v1/callbacks/{provider.name}/ACCOUNT",
        "methods": list(provider.methods),
        "settings": [
            {
                "name": setting.name,
                "required": setting.required,
                "pinned": setting.pinned,
                "choices": list(setting.choices),
                "meaning": setting.meaning,
                "example": setting.example,
            }
            for setting in provider.settings
        ],
        "keys": [
            {
                "use": form.use,
                "kind": form.kind,
                "required": form.required,
                "chosen_by": form.chosen_by,
                "note": form.note,
            }
            for form in provider.keys
        ],
        "reply_when": provider.reply_when,
        "reply_always_verified": provider.reply_when == "verified",
        "challenges": provider.handshake is not None,
        "retry_after_s": list(provider.retry_after_s),
    }


def _print_for_people(plain: dict[str, Any]) -> None:
    from rich.markup import escape

    from streams.cli.output import console

    out = console()
    out.print(f"[bold]{escape(plain['title'])}[/bold] ({plain['name']}): ", end="")
    out.print(escape(plain["protocol"]))
    out.print(f"\nEnter in the provider's console: [bold]{plain['callback_url']}[/bold]")
    out.print("  HOST: the public name of your ingress; ACCOUNT: the account file's name")
    out.print(f"  called with {', '.join(plain['methods'])}; {_reply(plain)}")
    out.print(f"  retries: {_schedule(plain['retry_after_s'])}\n")
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


def _reply(plain: dict[str, Any]) -> str:
    if plain["reply_always_verified"]:
        return "answered after verification, always"
    return 'answered once stored; reply_when = "verified" in the account file verifies first'


def _schedule(seconds: list[int]) -> str:
    if not seconds:
        return "none are known"
    return f"{len(seconds)}, after " + ", ".join(_span(each) for each in seconds)


def _span(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
