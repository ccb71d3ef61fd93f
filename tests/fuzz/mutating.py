"""Changes that keep a message readable: bytes changed at random seldom get past a JSON parser."""

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from tests.fuzz.target import SELECTOR_BYTES
from tests.support.changes import NONSENSE, at, changed, paths

Mutate = Callable[[bytes, int], bytes]


def mutated(octets: bytes, most: int, seed: int, mutate: Mutate) -> bytes:
    """Return other bytes for an attempt, at most `most`; `mutate` is the fuzzer's own way."""
    chance = random.Random(seed)
    selector, payload = octets[:SELECTOR_BYTES], octets[SELECTOR_BYTES:]
    if chance.random() < 0.5 and len(selector) == SELECTOR_BYTES:
        made = _member_changed(payload, chance, mutate)
        if made is not None and len(made) <= most - SELECTOR_BYTES:
            return selector + made
    return mutate(octets, most)


def _member_changed(payload: bytes, chance: random.Random, mutate: Mutate) -> bytes | None:
    if payload[:1] in (b"{", b"["):
        try:
            tree = json.loads(payload)
        except (ValueError, RecursionError):
            return None
        return _json_changed(tree, chance, mutate)
    if b"=" in payload and b"<" not in payload:
        return _form_changed(payload, chance, mutate)
    return None


def _json_changed(tree: Any, chance: random.Random, mutate: Mutate) -> bytes | None:
    places = tuple(paths(tree))
    if not places:
        return None
    place = chance.choice(places)
    value = at(tree, place)
    if isinstance(value, str) and chance.random() < 0.5:
        octets = mutate(value.encode("utf-8", "surrogatepass"), len(value) + 16)
        other: Any = octets.decode("utf-8", "replace")
    elif chance.random() < 0.5:
        other = at(tree, chance.choice(places))
    else:
        other = chance.choice(NONSENSE)
    return json.dumps(changed(tree, place, other)).encode()


def _form_changed(payload: bytes, chance: random.Random, mutate: Mutate) -> bytes:
    pairs = [pair.partition(b"=") for pair in payload.split(b"&")]
    number = chance.randrange(len(pairs))
    name, equals, value = pairs[number]
    raw = unquote_to_bytes(value)
    other = mutate(raw, len(raw) + 16) if raw else chance.choice(pairs)[2]
    pairs[number] = (name, equals, quote_from_bytes(other).encode())
    return b"&".join(b"".join(pair) for pair in pairs)
