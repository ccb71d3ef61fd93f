"""`tillstream vectors run`: judge cases from files, ours or other people's, one JSON line each."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from streams.cli.output import EXIT_CODES, FINDING, USAGE, JsonFlag, print_problems, progress

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
HELP = f"""Judge and settle each case alone, from an empty ledger.

Prints one JSON line per case: provider, name, agrees, verdict, reason, events. Why a case does not
agree is said on stderr. Exit codes: 0 all agree; 1 a case disagrees or is not in the format;
2 a file cannot be read or is no vectors file. {EXIT_CODES}"""


class _NotVectors(ValueError):
    """A file that cannot be read as vectors; the message says why."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Cases: one callback and what must come of it.")
    group.command("run", help=HELP)(run_files)
    app.add_typer(group, name="vectors")


def run_files(
    files: Annotated[list[Path], typer.Argument(help="Vectors files.", metavar="FILE...")],
    json: JsonFlag = False,
) -> None:
    documents = []
    unreadable = []
    for file in files:
        try:
            documents += [(file, *each) for each in _documents(file)]
        except _NotVectors as error:
            unreadable.append(f"{file}: {error}")
    if unreadable:
        print_problems(unreadable)
        raise typer.Exit(USAGE)
    cases = [(file, provider, case) for file, provider, each in documents for case in each]
    disagreeing = sum(not _run(*case) for case in progress(cases, "cases"))
    if not json:
        print_problems([f"{len(cases)} cases, {len(cases) - disagreeing} agree"])
    raise typer.Exit(FINDING if disagreeing else 0)


def _documents(file: Path) -> Iterator[tuple[str, list[Any]]]:
    """Yield the provider and the cases of each document of a file.

    Raises:
        _NotVectors: no file, no JSON, or another form.
    """
    import orjson

    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise _NotVectors(f"larger than {FILE_BYTES_MAX} bytes")
        loaded = orjson.loads(file.read_bytes())
    except OSError as error:
        raise _NotVectors(f"cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise _NotVectors(f"not JSON: line {error.lineno}, column {error.colno}") from error
    for document in loaded if isinstance(loaded, list) else [loaded]:
        match document:
            case {"provider": str(provider), "cases": list(cases)}:
                yield provider, cases
            case _:
                raise _NotVectors('not a vectors file: write {"provider": ..., "cases": [...]}')


def _run(file: Path, provider: str, case: Any) -> bool:
    """Run one case, print its line, and return whether it agrees."""
    import orjson

    from processors.registry import PROVIDERS
    from processors.vectors import BadCase, run_case

    name = str(case.get("name", "")) if isinstance(case, dict) else ""
    line: dict[str, Any] = {"provider": provider, "name": name}
    try:
        result = run_case(PROVIDERS, provider, case)
    except BadCase as error:
        difference = str(error)
        line |= {"agrees": False, "verdict": None, "reason": None, "events": []}
        line["error"] = difference
    else:
        difference = result.difference
        line |= {"agrees": result.agrees, "verdict": result.verdict, "reason": result.reason}
        line["events"] = list(result.events)
    sys.stdout.write(orjson.dumps(line).decode() + "\n")
    if difference:
        print_problems([f"{file}: {provider}: {name or 'a case without a name'}: {difference}"])
    return not difference
