"""Keys come and go: a second one works, one out of force does not, decoys do no harm."""

from typing import Any

import pytest

from processors.registry import PROVIDERS
from processors.vectors import BadCase
from schemas.times import rfc3339
from tests.support.cases import Case, Said, announcing, trial
from tests.support.signers import public_der
from tests.support.signers_more.truelayer import public_jwk


def on_keys(name: str, case: Case, keys: list[dict[str, Any]]) -> Said:
    return trial(name, case | {"account": case["account"] | {"keys": keys}}).said()


@pytest.mark.parametrize("name", PROVIDERS)
def test_key_is_out_of_force_from_its_end_on(name: str) -> None:
    for case in announcing(name, 8):
        keys = case["account"]["keys"]
        expected = trial(name, case).said()
        at_ms = case["received_at_ms"]
        ended = [key | {"not_after": rfc3339(at_ms)} for key in keys]
        assert not on_keys(name, case, ended).facts
        if not any("not_after" in key for key in keys):
            ending = [key | {"not_after": rfc3339(at_ms + 1)} for key in keys]
            assert on_keys(name, case, ending) == expected


@pytest.mark.parametrize("name", PROVIDERS)
def test_key_is_not_in_force_before_its_start(name: str) -> None:
    for case in announcing(name, 8):
        later = rfc3339(case["received_at_ms"] + 1)
        keys = [
            {k: v for k, v in key.items() if k != "not_after"} | {"not_before": later}
            for key in case["account"]["keys"]
        ]
        assert not on_keys(name, case, keys).facts


def public_like(key: dict[str, Any]) -> str:
    """Return our public key as that key is written."""
    return public_jwk() if key.get("text", "").startswith("{") else public_der()


@pytest.mark.parametrize("name", PROVIDERS)
def test_another_key_beside_the_right_one_does_no_harm(name: str) -> None:
    for case in announcing(name, 8):
        keys = case["account"]["keys"]
        expected = trial(name, case).said()
        for key in keys:
            if key["kind"] not in ("secret", "public-key"):
                continue
            decoy = {"kid": key["kid"] + "9", "use": key["use"], "kind": key["kind"]}
            decoy["text"] = key["text"][::-1] if key["kind"] == "secret" else public_like(key)
            try:
                assert on_keys(name, case, [decoy, *keys]) == expected
                assert on_keys(name, case, [*keys, decoy]) == expected
            except BadCase as problem:
                pytest.fail(f"the decoy does not load: {problem}")
