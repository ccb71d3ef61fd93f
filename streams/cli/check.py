"""`tillstream check`: every problem of settings and account files at once, secrets masked."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

import typer

from streams.cli.output import (
    EXIT_CODES,
    FINDING,
    JsonFlag,
    console,
    print_json,
    print_problems,
    table,
)

if TYPE_CHECKING:
    from schemas.revision import Revision
    from streams.accounts import AccountBook, Finding
    from streams.config import Config

HELP = f"""Check settings and account files, and show them with secrets masked.

Where TILLSTREAM_LOG is set, the accounts topic tells which keys were once in force: one that
was dropped is a problem. {EXIT_CODES} Warnings and notes alone are good."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check", help=HELP)(check)


def check(
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not read the accounts topic.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    from processors.registry import PROVIDERS
    from streams.accounts import load_accounts, load_digest
    from streams.accounts.finding import Finding
    from streams.cli.frame import current_config, now_ms

    config = current_config()
    seen, unread = _seen(config) if config.log is not None and not offline else ((), None)
    digest, digest_findings = load_digest(config.accounts)
    book, findings = load_accounts(
        config.accounts,
        PROVIDERS,
        environ=os.environ,
        mode=config.mode,
        digest=digest or _no_digest(),
        seen=seen,
        now_ms=now_ms(),
    )
    findings = (*digest_findings, *findings)
    if unread is not None:
        findings = (*findings, Finding("TILLSTREAM_LOG", "", unread))
    problems = any(finding.is_problem for finding in findings)
    if json:
        print_json(_plain(config, book, findings, good=not problems))
    else:
        _print_for_people(config, book, findings)
    raise typer.Exit(FINDING if problems else 0)


def _no_digest() -> Any:
    from processors.account_form import Digest

    # Digests of this run are compared with nothing: the missing key is a problem of its own.
    return Digest(b"absent")


def _seen(config: "Config") -> "tuple[Sequence[Revision], str | None]":
    """Return the revisions of the accounts topic, and a sentence where it cannot be read."""
    from schemas.errors import InvalidRecord, Unavailable
    from schemas.topics import topics
    from streams.cli.frame import open_configured_log, run_async
    from streams.verify import published_revisions

    if _is_absent_file(config.log or ""):
        return (), None  # Opening it would make it; a check changes nothing.

    async def read() -> "Sequence[Revision]":
        log = open_configured_log(config, role_default=False)
        names = topics(config.prefix)
        try:
            if names.accounts.name not in await log.describe():
                return ()
            return await published_revisions(log, names)
        finally:
            await log.close()

    try:
        return run_async(read()), None
    except (Unavailable, InvalidRecord) as error:
        return (), f"the accounts topic cannot be read: {error}; --offline goes without"


def _is_absent_file(url: str) -> bool:
    path = unquote(url.removeprefix("embedded://"))
    return url.startswith("embedded:///") and not Path(path).exists()


def settings_plain(config: "Config") -> dict[str, Any]:
    """Return the configuration with everything secret masked."""
    from streams.logging import HIDDEN, redacted_text

    kafka = {name: HIDDEN if "password" in name else value for name, value in config.kafka.items()}
    return {
        "log": None if config.log is None else redacted_text(config.log),
        "accounts": str(config.accounts),
        "state": str(config.state),
        "listen": str(config.listen),
        "admin": None if config.admin is None else str(config.admin),
        "database": redacted_text(config.database),
        "prefix": config.prefix,
        "deployment": config.deployment,
        "mode": config.mode,
        "ledger_days": config.ledger_days,
        "trusted_proxies": list(config.trusted_proxies),
        "kafka": kafka,
    }


def _plain(
    config: "Config", book: "AccountBook", findings: "Sequence[Finding]", *, good: bool
) -> dict[str, Any]:
    from streams.cli.accounts import masked

    return {
        "good": good,
        "settings": settings_plain(config),
        "accounts": [masked(entry) for entry in book.entries.values()],
        "findings": [
            {
                "weight": finding.weight,
                "file": finding.file,
                "field": finding.field,
                "sentence": finding.sentence,
            }
            for finding in findings
        ],
    }


def _print_for_people(
    config: "Config", book: "AccountBook", findings: "Sequence[Finding]"
) -> None:
    out = console()
    rows = [
        (name, "" if value is None else value) for name, value in settings_plain(config).items()
    ]
    out.print(table("Settings", ("setting", "value"), rows))
    accounts = [
        (
            f"{account.provider}/{account.name}",
            account.mode,
            account.ledger,
            account.revision,
            ", ".join(f"{key.use} {key.kid}" for key in account.keys),
        )
        for account in book
    ]
    columns = ("account", "mode", "ledger", "revision", "keys")
    out.print(table("Accounts that load", columns, accounts))
    for weight in ("note", "warning", "problem"):
        print_problems(f"{weight}: {each}" for each in findings if each.weight == weight)
