"""Approved changes of old facts: docs/changes/*.md, each with its reason and its cases."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

HEAD: Final = "| provider | case | was | is | what |\n| --- | --- | --- | --- | --- |\n"
_ROW: Final = re.compile(
    r"\| ([^ |]+) \| (.+?) \| ([0-9a-f]{16}) \| ([0-9a-f]{16}|gone) \| (.*) \|"
)
_WHY: Final = re.compile(r"^Why: (.+?)\n\n", re.MULTILINE | re.DOTALL)
WHY_LETTERS_MIN: Final = 20


class NotApproved(ValueError):
    """A file that approves nothing; the message says what it lacks."""


class Difference(NamedTuple):
    """A case whose line was `was` and is `is_` now: marks of the corpus, `gone`: no such case."""

    provider: str
    case: str
    was: str
    is_: str
    what: str


@dataclass(frozen=True, slots=True)
class Approved:
    """Every approved step, by provider, case and what it was."""

    steps: dict[tuple[str, str, str], str]

    def newest(self, provider: str, case: str, mark: str) -> str:
        """Return what a line has become by all approved changes.

        Raises:
            NotApproved: the changes lead back to where they began.
        """
        seen = {mark}
        while (after := self.steps.get((provider, case, mark))) is not None:
            if after in seen:
                raise NotApproved(f"{provider}/{case}: changes that go round in a circle")
            seen.add(after)
            mark = after
        return mark


def read_changes(folder: Path) -> Approved:
    """Return the steps of all files but README.md.

    Raises:
        NotApproved: a file without a reason or cases, or two that disagree.
    """
    steps: dict[tuple[str, str, str], str] = {}
    for path in sorted(folder.glob("*.md")):
        if path.name == "README.md":
            continue
        for provider, case, was, is_, _ in _rows(path):
            if steps.setdefault((provider, case, was), is_) != is_:
                raise NotApproved(
                    f"{path.name}: {provider}/{case} was changed otherwise elsewhere"
                )
    return Approved(steps)


def _rows(path: Path) -> Sequence[tuple[str, str, str, str, str]]:
    text = path.read_text("utf-8")
    why = _WHY.search(text)
    if why is None or sum(map(str.isalpha, why[1])) < WHY_LETTERS_MIN:
        raise NotApproved(f"{path.name}: no reason: write a paragraph that begins with `Why: `")
    rows = [line for line in text.splitlines() if line.startswith("|")][2:]
    found = [_ROW.fullmatch(row) for row in rows]
    if not found or None in found:
        raise NotApproved(f"{path.name}: no cases, or a row that cannot be read")
    return [match.groups() for match in found if match is not None]  # type: ignore[misc]


def write_change(path: Path, why: str, differing: Sequence[Difference]) -> None:
    """Write an approval.

    Raises:
        FileExistsError: there is one of that name; an approval is not edited either.
    """
    title = path.stem.replace("-", " ").capitalize()
    rows = "".join(f"| {' | '.join(each)} |\n" for each in differing)
    with path.open("x", encoding="utf-8") as file:
        file.write(f"# {title}\n\nWhy: {why}\n\n{HEAD}{rows}")
