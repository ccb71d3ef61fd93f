"""Reads a provider's own file: its docstring's facts, what it can announce, which proofs it uses.

Nothing here is written down a second time: a table of such facts would go on claiming what the
code has ceased to do.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any, Final, get_args

from processors.contract import Provider
from processors.signing import HashName
from schemas.fact import FactType

_LABELLED: Final = re.compile(r"([A-Z][A-Za-z ]*?):\s+(.*)", re.DOTALL)
_INDENT: Final = " " * 8
PROOFS: Final = {
    "check_hmac": "HMAC",
    "check_secret_hmac": "HMAC",
    "check_keyed_digest": "keyed digest",
    "check_rsa": "RSA",
    "check_rsa_recovered": "RSA with recovery",
    "check_ecdsa": "ECDSA",
    "check_ed25519": "Ed25519",
    "check_opened": "opening with our secret",
    "check_token": "constant token",
}


def protocol_facts(provider: Provider[Any]) -> dict[str, str]:
    """Return the labelled facts of the provider's docstring, in their order, each on one line."""
    facts: dict[str, str] = {}
    label = ""
    for line in (_module(provider).__doc__ or "").splitlines()[1:]:
        found = _LABELLED.fullmatch(line)
        if found is not None and not line.startswith(" "):
            label = found[1]
            facts[label] = found[2].strip()
        elif label and line.startswith(_INDENT):
            facts[label] = f"{facts[label]} {line.strip()}"
        else:
            label = ""
    return {name: text.replace("``", "`") for name, text in facts.items()}


def announced_types(provider: Provider[Any]) -> tuple[FactType, ...]:
    """Return the types of fact that the provider's file names, in the order of the schema."""
    texts = set(_texts(provider))
    return tuple(each for each in get_args(FactType) if each in texts)


def asks(provider: Provider[Any]) -> bool:
    """Return whether some of its messages are only questions to ask."""
    return "Inquiry" in _names(provider)


def proofs(provider: Provider[Any]) -> tuple[str, ...]:
    """Return the kinds of proof that it checks, with the hashes that it names."""
    names = _names(provider)
    kinds = dict.fromkeys(kind for name, kind in PROOFS.items() if name in names)
    spoken = names | set(_texts(provider))
    hashes = [each.upper() for each in get_args(HashName) if each in spoken]
    return (*kinds, *hashes)


def judges_time(provider: Provider[Any]) -> bool:
    """Return whether a proven message can be refused as stale."""
    return "fresh" in _names(provider)


def opens(provider: Provider[Any]) -> bool:
    """Return whether it opens sealed content."""
    sealing = sys.modules["processors.sealing"]
    found = vars(_module(provider))
    return any(getattr(value, "__module__", "") == sealing.__name__ for value in found.values())


def _module(provider: Provider[Any]) -> Any:
    return sys.modules[provider.interpret.__module__]


def _texts(provider: Provider[Any]) -> Iterator[str]:
    """Yield every text that stands in the file's tables and functions."""
    module = _module(provider)
    for name, value in vars(module).items():
        if not name.startswith("__") and getattr(value, "__module__", None) in (
            None,
            module.__name__,
        ):
            yield from _of_value(value)


def _of_value(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield from _of_value(name)
            yield from _of_value(below)
    elif isinstance(value, tuple | list | set | frozenset):
        for below in value:
            yield from _of_value(below)
    elif isinstance(value, FunctionType):
        yield from _of_value(value.__code__)
    elif isinstance(value, CodeType):
        yield from _of_value(value.co_consts)


def _names(provider: Provider[Any]) -> set[str]:
    """Return the names that the file's functions use of other modules."""
    module = _module(provider)
    names: set[str] = set()
    for value in vars(module).values():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            names |= _of_code(value.__code__)
    return names


def _of_code(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for below in code.co_consts:
        if isinstance(below, CodeType):
            names |= _of_code(below)
    return names
