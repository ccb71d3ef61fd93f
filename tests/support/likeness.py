"""Which lines of code two files share, several in a row.

Imports, prose, punctuation and what the contract makes every provider write say nothing. In
functions lines count as the same where they differ in texts and numbers alone; in tables and
records, which consist of these, only to the letter.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

# What the contract asks of every provider, because no field of its record has a default.
FORMAL = re.compile(
    r"(name|title|protocol|methods|check|authenticate|interpret|reply|reply_when|handshake)=.*,"
    r"|retry_after_s=\(?[\d_, ]*\)?,|(settings|keys)=\(|PROVIDER: Final = Provider\("
    r"|return \(|return \(\)|Fact\(|type=announced,"
)
PUNCTUATION = re.compile(r"[\s()\[\]{},:]*")
LITERAL = re.compile(r"""(?:\b[rbf]{1,2})?"[^"]*"|\b\d[\d_]*\b""")


class Line(NamedTuple):
    """What one line says, and in which function: a run does not cross from one into another."""

    number: int
    text: str
    function: str


def said(source: str) -> list[Line]:
    """Return the lines that say something."""
    tree = ast.parse(source)
    silent = {number for node in _silent(tree) for number in _lines(node)}
    functions = {number: node.name for node in _functions(tree) for number in _lines(node)}
    found = []
    for number, line in enumerate(_without_comments(source), start=1):
        text = " ".join(line.split())
        if number in silent or PUNCTUATION.fullmatch(text) or FORMAL.fullmatch(text):
            continue
        function = functions.get(number, "")
        found.append(Line(number, LITERAL.sub("_", text) if function else text, function))
    return found


def shared_runs(files: Mapping[str, str], least: int) -> list[str]:
    """Return a sentence for each run of `least` lines that two files share."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, source in files.items():
        lines = said(source)
        for start in range(len(lines) - least + 1):
            run = lines[start : start + least]
            if len({line.function for line in run}) == 1:
                places[tuple(line.text for line in run)].append(f"{name}:{run[0].number}")
    return sorted(
        f"{one} ~ {other}"
        for found in places.values()
        for one, other in combinations(found, 2)
        if one.partition(":")[0] != other.partition(":")[0]
    )


def _silent(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        is_prose = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_prose or isinstance(node, ast.Import | ast.ImportFrom):
            yield node


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in tree.body if isinstance(node, ast.FunctionDef))


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _without_comments(source: str) -> list[str]:
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return lines
