"""Random bodies, headers and JSON: `CallbackError` is all that comes out, and nothing is told."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.registry import PROVIDERS
from tests.support.cases import announcing, trial
from tests.support.signers import SIGNERS, SIGNS_RAW_BYTES, resigned

LATIN_1 = st.text(st.characters(max_codepoint=255), max_size=80)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)
QUICK = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("name", PROVIDERS)
@QUICK
@given(body=st.binary(max_size=400), data=st.data())
def test_random_body_and_headers_announce_nothing(
    name: str, body: bytes, data: st.DataObject
) -> None:
    for case in announcing(name, 1):
        whole = trial(name, case)
        headers = [(header, data.draw(LATIN_1)) for header, _ in whole.callback.headers]
        said = whole.with_body(body).with_headers(headers).said()
        assert said.faults
        assert not said.facts


@pytest.mark.parametrize("name", [n for n in PROVIDERS if n in SIGNERS])
@QUICK
@given(member=JSON, data=st.data())
def test_signed_message_with_a_random_member_crashes_nothing(
    name: str, member: Any, data: st.DataObject
) -> None:
    for case in announcing(name, 1):
        tree = SIGNERS[name].tree(case)
        place = data.draw(st.sampled_from(sorted(tree)))
        trial(name, resigned(name, case, tree | {place: member})).said()


@pytest.mark.parametrize("name", [n for n in PROVIDERS if n in SIGNS_RAW_BYTES])
@QUICK
@given(body=st.binary(max_size=200) | JSON.map(lambda tree: json.dumps(tree).encode()))
def test_signed_random_bytes_announce_nothing(name: str, body: bytes) -> None:
    for case in announcing(name, 1):
        assert not trial(name, resigned(name, case, body)).said().facts
