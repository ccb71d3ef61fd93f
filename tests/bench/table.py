"""The figures of one run as a table or as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: CPU in us per callback unless `unit` says otherwise."""

    what: str
    provider: str | None
    figure: float
    target: str = ""
    unit: str = "us"

    def ratio(self, bare: "Line") -> float | None:
        """How many bare RSA verifications of the same run it costs."""
        return self.figure / bare.figure if self.unit == "us" else None

    def members(self, bare: "Line") -> dict[str, Any]:
        ratio = self.ratio(bare)
        return {
            "what": self.what,
            "provider": self.provider,
            "figure": round(self.figure, 2),
            "unit": self.unit,
            "ratio_to_bare_rsa": None if ratio is None else round(ratio, 2),
            "target": self.target or None,
        }


def show(lines: Sequence[Line], *, title: str) -> None:
    """Print the table; the first line is the bare verification that ratios are of."""
    table = Table(title=title, title_justify="left")
    for name in ("provider", "measured"):
        table.add_column(name)
    for name in ("figure", "of a bare RSA"):
        table.add_column(name, justify="right")
    table.add_column("target")
    before: str | None = None
    for line in lines:
        if line.provider != before:
            table.add_section()
            before = line.provider
        ratio = line.ratio(lines[0])
        shown = "" if ratio is None else f"{ratio:.2f}"
        figure = f"{line.figure:,.0f}" if line.unit == "/s" else f"{line.figure:.1f}"
        table.add_row(line.provider or "", line.what, f"{figure} {line.unit}", shown, line.target)
    Console(width=100).print(table)
