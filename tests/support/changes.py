"""Small changes to trees of plain values, to texts and to bytes."""

from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


class Gone:
    """Stands for a member that is taken away."""


GONE = Gone()
NONSENSE: tuple[Any, ...] = (
    GONE, None, 0, -1, 10**30, 1.5, True, [], {}, [1], {"a": 1}, "", "x" * 10_240, "\x00",
    "\ud800", "NaN", "1_0", "٣", "0" * 400,
)  # fmt: skip


def paths(tree: Any, here: Path = ()) -> Iterator[Path]:
    """Yield the path of every member, lists and objects included."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield (*here, name)
            yield from paths(value, (*here, name))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield (*here, number)
            yield from paths(value, (*here, number))


def at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def changed(tree: Any, path: Path, value: Any) -> Any:
    """Return a copy of the tree with another value at `path`, or without it."""
    step, rest = path[0], path[1:]
    if isinstance(tree, dict):
        copy: Any = dict(tree)
    else:
        copy = list(tree)
    if rest:
        copy[step] = changed(copy[step], rest, value)
    elif value is GONE:
        del copy[step]
    else:
        copy[step] = value
    return copy


def others(value: Any) -> tuple[Any, ...]:
    """Return values that could stand in place of one, near to it first."""
    if isinstance(value, bool):
        return (not value, GONE)
    if isinstance(value, int):
        return (value + 1, value * 10, str(value), GONE)
    if isinstance(value, str):
        swapped = {"true": "false", "false": "true"}.get(value, value[::-1])
        return (value + "1", value[:-1], value.swapcase(), swapped, " " + value, "", GONE)
    return (None, GONE)
