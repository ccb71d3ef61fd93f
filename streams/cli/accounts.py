"""`tillstream accounts`: making account files, and showing accounts without their secrets."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.output import (
    EXIT_CODES,
    FINDING,
    USAGE,
    JsonFlag,
    fail,
    print_problems,
    print_result,
    table,
)

if TYPE_CHECKING:
    from schemas.revision import RevisionKey
    from streams.accounts.book import Entry

FolderOption = Annotated[
    Path | None, typer.Option(help="The accounts folder; default TILLSTREAM_ACCOUNTS.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Our contracts with providers.")
    group.command(
        "init",
        help="Make the accounts folder with its digest key, and an account file to fill in for"
        " each provider named; with --demo accounts with fresh keys (default: two of each of the"
        " seven founding providers; with --all of every provider). Files that exist are left as"
        f" they are. {EXIT_CODES}",
    )(init)
    group.command("show", help=f"Show accounts as they load, secrets masked. {EXIT_CODES}")(show)
    app.add_typer(group, name="accounts")


def init(
    providers: Annotated[
        list[str] | None, typer.Argument(help="Names of providers.", metavar="[PROVIDER]...")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Fresh keys, for trying out with the simulator.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="With --demo: every provider that is simulated.")
    ] = False,
    name: Annotated[str, typer.Option(help="The account's name.")] = "shop-1",
    folder: FolderOption = None,
    json: JsonFlag = False,
) -> None:
    from processors.account_form import NAME
    from processors.registry import PROVIDERS
    from streams.accounts.demo import every_demo_provider
    from streams.cli.frame import current_config
    from streams.errors import ConfigurationError

    folder = folder or current_config().accounts
    unknown = [each for each in providers or () if each not in PROVIDERS]
    if unknown:
        fail(f"no provider is called {', '.join(unknown)}; tillstream providers list", USAGE)
    if not NAME.fullmatch(name):
        fail("--name: use 1 to 64 of a-z, 0-9, dot, dash, underscore", USAGE)
    if every and (not demo or providers):
        fail("--all goes with --demo and without names", USAGE)
    if demo and providers is not None and not set(providers) <= set(every_demo_provider()):
        fail(f"demo accounts are for {', '.join(every_demo_provider())}", USAGE)
    chosen = list(every_demo_provider()) if every else providers or []
    try:
        written, kept = _write(folder, chosen, name, demo=demo)
    except OSError as error:
        raise ConfigurationError(f"{error.filename or folder}: {error.strerror}") from error
    plain = {"folder": str(folder), "written": written, "kept": kept}
    rows = [(path, "written") for path in written] + [(path, "was there") for path in kept]
    print_result(json, table("", ("file", "now"), rows), plain)


def _write(
    folder: Path, providers: list[str], name: str, *, demo: bool
) -> tuple[list[str], list[str]]:
    from processors.registry import PROVIDERS
    from streams.accounts.demo import (
        demo_accounts,
        demo_providers,
        write_demo_account,
        write_private,
    )
    from streams.accounts.digest_key import FILE, create_digest_key

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    results = [(folder / FILE, create_digest_key(folder))]
    if demo:
        for provider in providers or demo_providers():
            for account in demo_accounts(provider):
                path = folder / provider / f"{account.name}.toml"
                results.append((path, write_demo_account(folder, account)))
    else:
        from streams.accounts.template import account_template

        for provider in providers:
            path = folder / provider / f"{name}.toml"
            missing = not path.exists()
            if missing:
                write_private(path, account_template(PROVIDERS[provider], name))
            results.append((path, missing))
    written = [str(path) for path, new in results if new]
    return written, [str(path) for path, new in results if not new]


def show(
    provider: Annotated[str | None, typer.Argument(metavar="[PROVIDER")] = None,
    account: Annotated[str | None, typer.Argument(metavar="ACCOUNT]")] = None,
    json: JsonFlag = False,
) -> None:
    from processors.registry import PROVIDERS
    from streams.accounts import load_accounts, load_digest
    from streams.cli.frame import current_config
    from streams.errors import ConfigurationError

    config = current_config()
    digest, found = load_digest(config.accounts)
    if digest is None:
        raise ConfigurationError(*(str(finding) for finding in found))
    book, findings = load_accounts(
        config.accounts,
        PROVIDERS,
        environ=os.environ,
        mode=config.mode,
        digest=digest,
        seen=(),
    )
    chosen = [
        entry
        for entry in book.entries.values()
        if provider in (None, entry.account.provider) and account in (None, entry.account.name)
    ]
    problems = [str(finding) for finding in findings if finding.is_problem]
    if provider is not None:
        folder = config.accounts / provider
        here = str(folder if account is None else folder / f"{account}.toml")
        problems = [problem for problem in problems if problem.startswith(here)]
    plain = [masked(entry) for entry in chosen]
    columns = ("account", "mode", "ledger", "reply when", "revision", "settings", "keys")
    print_result(json, table("", columns, [_row(each) for each in plain]), plain)
    print_problems(problems)
    if provider is not None and not chosen and not problems:
        fail("no such account", FINDING)
    raise typer.Exit(FINDING if problems else 0)


def masked(entry: "Entry") -> dict[str, Any]:
    """Return an account as plain members; of a secret there is only its name."""
    revision = entry.revision
    return {
        "provider": revision.provider,
        "account": revision.account,
        "file": entry.path,
        "mode": revision.mode,
        "ledger": revision.ledger,
        "reply_when": entry.reply_when,
        "revision": revision.name,
        "callback_path": f"/v1/callbacks/{revision.provider}/{revision.account}",
        "settings": dict(revision.settings),
        "keys": [_masked_key(key) for key in revision.keys],
    }


def _masked_key(key: "RevisionKey") -> dict[str, Any]:
    from schemas.times import rfc3339

    def moment(ms: int | None) -> str | None:
        return None if ms is None else rfc3339(ms)

    return {
        "kid": key.kid,
        "use": key.use,
        "kind": key.kind,
        "material": "<secret>" if key.public is None else key.public,
        "not_before": moment(key.not_before_ms),
        "not_after": moment(key.not_after_ms),
    }


def _row(plain: dict[str, Any]) -> tuple[str, ...]:
    settings = "\n".join(f"{name} = {value}" for name, value in plain["settings"].items())
    keys = "\n".join(f"{key['use']} {key['kind']} {key['kid']}" for key in plain["keys"])
    return (
        f"{plain['provider']}/{plain['account']}",
        plain["mode"],
        plain["ledger"],
        plain["reply_when"],
        plain["revision"],
        settings,
        keys,
    )
