"""`python -m tests.bench.providers [--json]`: CPU of one callback of every provider.

Beside it stands the bare primitive: what its cryptographic functions take of that time, called
with the same keys and texts. It prints and does not judge, like the other figures.
"""

import argparse
import platform
import sys
import time
from collections import Counter
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from processors.registry import PROVIDERS
from processors.verdict import judge
from streams.collector import tend_garbage
from tests.support.cases import POSITION, Trial, announcing, cases_of, trial

CALLBACKS: Final = 1_000
TIMES_PRIMITIVE: Final = 2
BEYOND_US: Final = 40
# Modules whose functions and objects are primitives; all of them are written in C or Rust.
PRIMITIVE: Final = ("cryptography", "ciphers", "_hashlib", "_hmac", "_md5", "_sha1", "_sha2")
SETTING_UP: Final = ("public_key", "load_", "not_valid", "extensions", "subject", "issuer", "get_")


@dataclass(frozen=True, slots=True)
class Figure:
    """CPU in us of one callback, and of its primitives, of which `calls` are made."""

    provider: str
    case: str
    judged_us: float
    primitive_us: float
    calls: tuple[str, ...]

    @property
    def most_us(self) -> float:
        """What it may cost."""
        return TIMES_PRIMITIVE * self.primitive_us + BEYOND_US

    def members(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "case": self.case,
            "us": round(self.judged_us, 1),
            "primitive_us": round(self.primitive_us, 1),
            "most_us": round(self.most_us, 1),
            "primitives": list(self.calls),
            "within": self.judged_us <= self.most_us,
        }


class Primitives:
    """A profiler that sums up what the primitives take, from call to return."""

    def __init__(self) -> None:
        self.ns = 0
        self.calls: Counter[str] = Counter()
        self._began: tuple[object, int] | None = None

    def __call__(self, frame: object, event: str, called: Any) -> None:
        now_ns = time.perf_counter_ns()
        if self._began is None:
            if event == "c_call" and (name := primitive(called)):
                self.calls[name] += 1
                self._began = called, time.perf_counter_ns()
        elif event in ("c_return", "c_exception") and called is self._began[0]:
            # Its own return, not that of what it calls: padding is looked at in Python.
            self.ns += now_ns - self._began[1]
            self._began = None


def primitive(called: Any) -> str:
    """Return the name of a primitive, empty for anything else."""
    owner, name = getattr(called, "__self__", None), called.__name__
    if owner is None or isinstance(owner, ModuleType):
        module = called.__module__ or ""
    else:
        module = type(owner).__module__
    if not module.startswith(PRIMITIVE) or name.startswith(SETTING_UP):
        return ""
    return str(name)


def chosen(name: str) -> tuple[str, Trial] | None:
    """Return the case that is measured: a payment, else whatever is accepted."""
    for case in (*announcing(name, 1), *cases_of(name)):
        if case["expect"]["verdict"] == "accepted":
            whole = trial(name, case)
            if whole.said().accepted:  # Of some cases the proof alone is good.
                return case["name"], whole
    return None


def measured(whole: Trial, times: int = CALLBACKS) -> tuple[float, float, tuple[str, ...]]:
    """Return what judging it takes, what its primitives take of that, and their names, in us.

    The two are measured in turn, so that the machine is as busy for the one as for the other.
    """
    judged_ns, primitive_ns = [], []
    calls: Counter[str] = Counter()
    for _ in range(times):
        # As it comes from a record: without the index that a first judging leaves behind.
        whole.callback._index.clear()
        started_ns = time.perf_counter_ns()
        judge(whole.callback, POSITION, whole.provider, whole.account)
        judged_ns.append(time.perf_counter_ns() - started_ns)
        primitives = Primitives()
        sys.setprofile(primitives)
        try:
            judge(whole.callback, POSITION, whole.provider, whole.account)
        finally:
            sys.setprofile(None)
        primitive_ns.append(primitives.ns)
        calls = primitives.calls
    return quartile_us(judged_ns), quartile_us(primitive_ns), tuple(sorted(calls))


def quartile_us(figures_ns: list[int]) -> float:
    """Return the first quartile: other work on the machine only adds."""
    return sorted(figures_ns)[len(figures_ns) // 4] / 1000


def measure() -> list[Figure]:
    """Return the figures of every provider that has cases."""
    tend_garbage()
    figures = []
    for name in sorted(PROVIDERS):
        found = chosen(name)
        if found is not None:
            case, whole = found
            figures.append(Figure(name, case, *measured(whole)))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.providers", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object, no table")
    figures = measure()
    if parser.parse_args().json:
        document = {
            "python": platform.python_version(),
            "providers": [f.members() for f in figures],
        }
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(title="CPU of one callback, us", title_justify="left")
    for column in ("provider", "callback", "primitive", "2 x primitive + 40", "", "primitives"):
        table.add_column(column, justify="right" if "p" in column[1:] else "left")
    for each in figures:
        within = "" if each.judged_us <= each.most_us else "above"
        table.add_row(
            each.provider, f"{each.judged_us:.1f}", f"{each.primitive_us:.1f}",
            f"{each.most_us:.1f}", within, ", ".join(each.calls),
        )  # fmt: skip
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
