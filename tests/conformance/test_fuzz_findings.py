"""What fuzzing found stays found, and its target notices what it is to notice.

The fuzzer itself runs by `make fuzz`: here are its findings, and faults planted on purpose.
"""

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from processors.registry import PROVIDERS
from processors.verdict import judge
from tests.fuzz import target
from tests.fuzz.mutating import mutated
from tests.fuzz.target import BELIEVED, BODY, HEADERS, SIGNED, WAYS, Attempt, seeds
from tests.support.cases import POSITION, announcing, trial
from tests.support.signers import body_of

FINDINGS = json.loads((Path(__file__).parents[1] / "fuzz/findings.json").read_text("utf-8"))


def attempt_of(told: dict[str, Any]) -> Attempt:
    payload = base64.b64decode(told["payload"])
    return Attempt(told["provider"], told["case"], told["way"], payload)


def test_findings_stay_fixed() -> None:
    for told in FINDINGS:
        attempt_of(told).run()


def test_every_provider_is_a_seed_in_every_way_that_it_can_be() -> None:
    found: dict[str, set[str]] = {name: set() for name in PROVIDERS}
    for seed in seeds():
        found[seed.provider].add(seed.way)
        assert Attempt.of(seed.octets) == seed
        assert attempt_of(seed.told()) == seed
    assert all(BELIEVED in ways for ways in found.values())
    told = [name for name in PROVIDERS if announcing(name, 1)]
    assert all({BODY, HEADERS} <= found[name] for name in told)
    assert all(SIGNED in found[name] for name in told if name in target.SIGNERS)


@pytest.mark.parametrize("octets", [b"", b"\xff" * 4, b"\0" * 5, b"\xff" * 50, b"abcde{}"])
def test_all_bytes_mean_an_attempt(octets: bytes) -> None:
    Attempt.of(octets).run()


@pytest.mark.parametrize("way", WAYS)
def test_fault_that_escapes_is_noticed(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*_: Any) -> Any:
        raise KeyError("amount")

    case = announcing("stripe", 1)[0]
    octets = "\n".join(value for _, value in case["request"]["headers"]).encode()
    payload = octets if way == HEADERS else body_of(case)
    attempt = Attempt("stripe", case["name"], way, payload)
    attempt.run()
    monkeypatch.setattr(target, "judge", careless)
    with pytest.raises(KeyError):
        attempt.run()


def test_money_without_proof_is_noticed() -> None:
    case = announcing("stripe", 1)[0]
    body = body_of(case).replace(b'"pi_', b'"pi_9')
    with target.proofs_stand_open(), pytest.raises(AssertionError, match="not proven"):
        Attempt("stripe", case["name"], BODY, body).run()
    Attempt("stripe", case["name"], BODY, body).run()


def test_proofs_are_closed_again() -> None:
    case = announcing("stripe", 1)[0]
    whole = trial("stripe", case).with_body(body_of(case) + b" ")
    with target.proofs_stand_open():
        assert judge(whole.callback, POSITION, whole.provider, whole.account).facts
    assert not judge(whole.callback, POSITION, whole.provider, whole.account).facts


def test_changed_messages_can_mostly_still_be_read() -> None:
    def bytewise(octets: bytes, most: int) -> bytes:
        return octets[:most] + b"\xff"

    seed = next(each for each in seeds() if each.provider == "stripe" and each.way == BELIEVED)
    read = 0
    for number in range(100):
        octets = mutated(seed.octets, 4_096, number, bytewise)
        assert len(octets) <= 4_097
        attempt = Attempt.of(octets)
        assert (attempt.provider, attempt.case, attempt.way) == ("stripe", seed.case, BELIEVED)
        with suppress(ValueError):
            read += json.loads(attempt.payload) is not None
        attempt.run()
    assert read > 30
