"""One received field is another, the proof stays: refused, or the same facts.

This is what keeps `Message.proves` honest: a field outside the signature that makes money,
identity or type is found here.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote_plus
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest

from processors.registry import PROVIDERS
from tests.support.cases import announcing, assert_no_more, trial
from tests.support.changes import GONE, at, changed, others, paths
from tests.support.signers import SIGNERS, SIGNS_RAW_BYTES, body_of


def read_json(body: bytes) -> Any:
    return json.loads(body)


def write_json(tree: Any) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode()


def read_form(body: bytes) -> Any:
    # Latin-1 both ways: whatever the charset, unchanged bytes stay what they are.
    return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1"))


def write_form(tree: Any) -> bytes:
    pairs = (
        (name, quote_plus(str(value), encoding="latin-1", errors="replace"))
        for name, value in tree.items()
    )
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def read_xml(body: bytes) -> Any:
    return children(ElementTree.fromstring(body))


def children(element: ElementTree.Element) -> Any:
    return {local(each): children(each) if len(each) else each.text or "" for each in element}


def local(element: ElementTree.Element) -> str:
    """Return an element's own name: namespaces are written by nobody below."""
    return element.tag.rpartition("}")[2]


def write_xml(tree: Any, root: str) -> bytes:
    return element(root, tree).encode()


def element(name: str, value: Any) -> str:
    inner = (
        "".join(element(each, below) for each, below in value.items())
        if isinstance(value, dict)
        else escape(str(value))
    )
    return f"<{name}>{inner}</{name}>"


def read_sealed(body: bytes) -> Any:
    return {"sealed": body.decode()}


def write_sealed(tree: Any) -> bytes:
    return str(tree.get("sealed", "")).encode()


Form = tuple[Callable[[bytes], Any], Callable[[Any], bytes]]


def form_of(body: bytes) -> Form:
    start = body.lstrip()[:1]
    if start == b"{":
        return read_json, write_json
    if re.fullmatch(rb"[A-Za-z0-9+/]+=*", body):
        return read_sealed, write_sealed
    if start != b"<":
        return read_form, write_form
    root = local(ElementTree.fromstring(body))
    return read_xml, lambda tree: write_xml(tree, root)


def variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the body with each member in turn near to what it was, gone, or another's value."""
    read, write = form_of(body)
    tree = read(body)
    places = tuple(paths(tree))
    texts = [value for place in places if isinstance(value := at(tree, place), str)][:6]
    for place in places:
        for value in (*others(at(tree, place)), *texts):
            if value is GONE and isinstance(place[-1], int):
                continue  # An item that is not in the batch was not received: nothing to compare.
            yield f"{'.'.join(map(str, place))} changed", write(changed(tree, place, value))
    if isinstance(tree, dict):
        for extra in ("status", "success", "amount", "refund_fee", "total_fee", "added"):
            if extra not in tree:
                yield f"{extra} added", write(tree | {extra: "1"})
        yield "everything taken away", write({})


@pytest.mark.parametrize("name", PROVIDERS)
def test_one_changed_field_announces_nothing_else(name: str) -> None:
    for case in announcing(name, 6):
        whole = trial(name, case)
        before = whole.said()
        for what, body in variants(body_of(case)):
            assert_no_more(before, whole.with_body(body).said(), f"{case['name']}: {what}")


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_the_variants_are_made_of_still_says_the_same(name: str) -> None:
    # Where even unchanged members could not be written back, the test above would prove nothing.
    written = 0
    for case in announcing(name, 6):
        read, write = form_of(body_of(case))
        whole = trial(name, case)
        said = whole.with_body(write(read(body_of(case)))).said()
        assert said == whole.said() or "bad_signature" in said.faults
        written += said == whole.said()
    assert written or name not in SIGNERS or name in SIGNS_RAW_BYTES
