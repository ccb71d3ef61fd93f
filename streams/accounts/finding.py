"""What a check finds: file, field, and a sentence that says what to do. Never key material."""

from dataclasses import dataclass
from typing import Literal

from processors.account_form import Problem

# A problem keeps the account from being used; a warning and a note do not.
Weight = Literal["problem", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault. `file` is the path as a person finds it; `field` empty: the file as a whole."""

    file: str
    field: str
    sentence: str
    weight: Weight = "problem"

    def __str__(self) -> str:
        where = f"{self.file}: {self.field}" if self.field else self.file
        return f"{where}: {self.sentence}"

    @property
    def is_problem(self) -> bool:
        return self.weight == "problem"


def found(file: str, problem: Problem) -> Finding:
    """Return an account form's problem as a finding about its file."""
    weight: Weight = "warning" if problem.warning else "problem"
    return Finding(file, problem.field, problem.sentence, weight)
