"""`audit replay`: facts and events of a range derived again, and what differs from then."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streams.cli.frame import current_config, now_ms, run_async
from streams.cli.output import FINDING, JsonFlag, console, print_json, table

if TYPE_CHECKING:
    from streams.config import Config
    from streams.replay import Report, Wanted
    from streams.replay.process import Progress

SHOWN_MAX: Final = 50
PROCESSES_MAX: Final = 64
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
HELP: Final = """Derive facts and events of a range of receive times again.

Today's code, the account revisions of then, keys as of the receive time. Live topics, groups and
offsets stay as they are. Exit codes: 0 no difference; 1 with --diff: differences, or callbacks
that are not provable any more; 2 usage; 78 configuration."""


class Source(StrEnum):
    """Where records come from: the log that is configured."""

    KAFKA = "kafka"
    EMBEDDED = "embedded"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Proof: what was announced, and why.")
    group.callback()(_group)
    group.command("replay", help=HELP)(replay_range)
    app.add_typer(group, name="audit")


def _group() -> None:
    return


def replay_range(
    from_: Annotated[str, typer.Option("--from", help="First receive time, RFC 3339.")],
    to: Annotated[str, typer.Option("--to", help="End of the range, itself outside of it.")],
    provider: Annotated[str | None, typer.Option(help="Only this provider's callbacks.")] = None,
    account: Annotated[str | None, typer.Option(help="Only callbacks of this account.")] = None,
    source: Annotated[
        Source | None, typer.Option(help="The configured log; said, it must be of this kind.")
    ] = None,
    diff: Annotated[bool, typer.Option(help="Compare with what was recorded then.")] = False,
    into: Annotated[
        str | None,
        typer.Option(help="Write to <PREFIX>.facts.v1 and .events.v1.", metavar="PREFIX"),
    ] = None,
    processes: Annotated[
        int, typer.Option(help="Processes at work.", min=1, max=PROCESSES_MAX)
    ] = 1,
    resume: Annotated[bool, typer.Option(help="Go on with an interrupted replay.")] = False,
    json: JsonFlag = False,
) -> None:
    config = current_config()
    wanted = _wanted(config, from_, to, provider, account, source, into)
    report = run_async(_run(config, wanted, processes, resume))
    if json:
        print_json(report.plain(diff=diff))
    else:
        _show(report, diff=diff)
    if diff and not report.same:
        raise typer.Exit(FINDING)


async def _run(config: "Config", wanted: "Wanted", processes: int, resume: bool) -> "Report":
    from streams.collector import tend_garbage
    from streams.replay.process import replay

    tend_garbage()
    with _bar() as progress:
        return await replay(
            config, wanted, processes=processes, resume=resume, clock=now_ms, progress=progress
        )


def _wanted(
    config: "Config",
    from_: str,
    to: str,
    provider: str | None,
    account: str | None,
    source: Source | None,
    into: str | None,
) -> "Wanted":
    from processors.registry import PROVIDERS
    from streams.replay import Range, Wanted

    covered = Range(_moment(from_, "--from"), _moment(to, "--to"), provider, account)
    if covered.from_ms >= covered.to_ms:
        raise typer.BadParameter("--to must lie behind --from")
    if provider is not None and provider not in PROVIDERS:
        raise typer.BadParameter(f"no provider is called {provider}")
    if source is not None and not config.log_of_up.startswith(f"{source}://"):
        raise typer.BadParameter(f"--source {source}: TILLSTREAM_LOG names another kind of log")
    if into is not None and (not _PREFIX.fullmatch(into) or into == config.prefix):
        raise typer.BadParameter("--into: choose a prefix of its own, of A-Z a-z 0-9 . _ -")
    return Wanted(
        range=covered,
        prefix=config.prefix,
        into=into,
        deployment=config.deployment,
        ledger_days=config.ledger_days,
        log=config.log_of_up,
    )


def _moment(text: str, option: str) -> int:
    try:
        if _TIME.fullmatch(text) is None:
            raise ValueError(text)  # noqa: TRY301
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise typer.BadParameter(
            f"{option}: write an RFC 3339 time with its zone: 2026-11-23T04:05:06Z"
        ) from error
    return (moment - _EPOCH) // timedelta(milliseconds=1)


@contextmanager
def _bar() -> "Iterator[Progress]":
    """A bar on stderr, which only a terminal gets."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("records", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show(report: "Report", *, diff: bool) -> None:
    out = console()
    plain = report.plain(diff=diff)
    rows = [(name.replace("_", " "), value) for name, value in plain.items() if _is_plain(value)]
    out.print(table("Replay", ("what", "figure"), rows))
    if not diff:
        return
    kinds = [(kind, count) for kind, count in plain["differences"].items()]
    kinds += [(f"{kind} (apart)", count) for kind, count in plain["apart"].items()]
    out.print(table("Differences", ("kind", "count"), kinds) if kinds else "no difference")
    for lost in plain["not_provable"]:
        out.print(
            f"not provable any more: {lost['callbacks']} callbacks of {lost['provider']}/"
            f"{lost['account']}, key {lost['kid']}: its material is in no account file",
            markup=False,
        )
    explained = [each for each in report.findings if each[0] != "not_provable"]
    for kind, subject, detail in explained[:SHOWN_MAX]:
        out.print(f"{kind}: {subject}", markup=False)
        for field, then, now in detail.get("changes", ()):
            out.print(f"  {field}: {then!r} -> {now!r}", markup=False)
    if len(explained) > SHOWN_MAX:
        out.print(f"{len(explained) - SHOWN_MAX} more; --json has them")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int)
