"""How commands speak: a result on stdout, as JSON with `--json`, all else on stderr."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import orjson
import typer

if TYPE_CHECKING:  # Loading rich costs a third of the time that --help may take.
    from rich.console import Console, RenderableType
    from rich.table import Table

GOOD: Final = 0
FINDING: Final = 1
USAGE: Final = 2
EXIT_CODES: Final = "Exit codes: 0 good, 1 a finding, 2 usage, 78 configuration."
JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
T = TypeVar("T")


def print_result(json_flag: bool, rich_renderable: "RenderableType", plain: object) -> None:
    """Print `plain` as one line of JSON, or `rich_renderable` for people."""
    if json_flag:
        print_json(plain)
    else:
        console().print(rich_renderable)


def print_json(plain: object) -> None:
    """Print one line of JSON."""
    sys.stdout.write(orjson.dumps(plain, default=str).decode() + "\n")


def print_problems(problems: Iterable[str]) -> None:
    """Print one problem a line on stderr."""
    for problem in problems:
        sys.stderr.write(f"{problem}\n")


def console() -> "Console":
    """Return the console of stdout; wide where nobody sees its edge, so that lines stay whole."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 200
    return Console(file=sys.stdout, width=width, highlight=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
    """Return a table of texts; nothing in them is read as markup."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title or None, title_justify="left")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    return made


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """Yield the items with a bar on stderr, which only a terminal gets."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, description=what, console=Console(stderr=True), transient=True)


def fail(sentence: str, code: int) -> Any:
    """End the command with a sentence on stderr.

    Raises:
        typer.Exit: always.
    """
    print_problems([sentence])
    raise typer.Exit(code)
