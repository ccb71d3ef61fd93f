"""YAML for generated documents: block style, JSON scalars, one text for one value."""

import json
import re
from typing import Any, Final

# Words that no YAML reader takes for anything but themselves.
_PLAIN: Final = re.compile(r"[A-Za-z$/][A-Za-z0-9_./$-]*")
_NOT_PLAIN: Final = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def to_yaml(value: Any) -> str:
    """Return a document of mappings, lists and JSON scalars; keys keep their order."""
    return "\n".join(_block(value, "")) + "\n"


def _block(value: Any, indent: str) -> list[str]:
    if isinstance(value, dict) and value:
        lines = []
        for key, member in value.items():
            lines += _entry(f"{indent}{_scalar(key)}:", member, indent)
        return lines
    if isinstance(value, list) and value:
        lines = []
        for member in value:
            # The first line of a nested block stands beside its dash.
            first, *rest = _block(member, indent + "  ")
            lines += [f"{indent}- {first[len(indent) + 2 :]}", *rest]
        return lines
    return [indent + _scalar(value)]


def _entry(head: str, member: Any, indent: str) -> list[str]:
    if isinstance(member, dict | list) and member:
        return [head, *_block(member, indent + "  ")]
    return [f"{head} {_scalar(member)}"]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    return json.dumps(value, ensure_ascii=False)
