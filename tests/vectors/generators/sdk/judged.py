"""What an SDK is asked about the cases that are there, and what it has to answer."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.vectors.generators.cases import VECTORS
from tests.vectors.generators.sdk.written import Json

# Answers every question: True, anything that is no proof, or None: it is not its business.
Judge = Callable[[list[Json]], Sequence[Any]]


def in_force(key: Json, at_ms: int) -> bool:
    def ms(name: str, absent: float) -> float:
        return datetime.fromisoformat(key[name]).timestamp() * 1000 if name in key else absent

    return ms("not_before", 0) <= at_ms < ms("not_after", float("inf"))


def asked(provider: str, case: Json) -> list[Json]:
    """Return one question for each key; a case is proven if one of them is answered with yes."""
    request, account = case["request"], case["account"]
    told = {
        "provider": provider, "at_ms": case["received_at_ms"], "mode": account["mode"],
        "body": request["body_base64"], "settings": account["settings"],
        "query": request["target"].partition("?")[2],
        "headers": {name.lower(): value for name, value in request["headers"]},
        "own": [key["text"] for key in account["keys"] if key["use"] == "decrypt"],
    }  # fmt: skip
    every: dict[str, list[str]] = {}
    for name, value in request["headers"]:
        every.setdefault(name.lower(), []).append(value)
    told["all"] = every
    return [
        told | {"key": key.get("text") or key["pem"], "kid": key["kid"]}
        for key in account["keys"]
        if key["use"] in ("verify", "root") and in_force(key, case["received_at_ms"])
    ]


def proven(expect: Json) -> bool | None:
    """Return what an SDK that judges the proof has to say; None: it depends on more."""
    if expect["verdict"] == "accepted" or expect.get("reason") == "unknown_meaning":
        return True
    return False if expect.get("reason") == "bad_signature" else None


def disagreements(provider: str, judge: Judge) -> Iterator[tuple[str, str]]:
    cases = json.loads((VECTORS / f"{provider}.json").read_text("utf-8"))["cases"]
    judged = [(case, asked(provider, case)) for case in cases
              if proven(case["expect"]) is not None]  # fmt: skip
    told = iter(judge([question for _, questions in judged for question in questions]))
    agreed = others = 0
    for case, questions in judged:
        said = [next(told) for _ in questions]
        if None in said:
            others += 1
        elif (True in said) == proven(case["expect"]):
            agreed += 1
        else:
            yield case["name"], f"we expect {case['expect']['verdict']}, it says {said}"
    print(f"{provider}: {agreed} of {len(judged) - others} alike")


def report(judges: Mapping[str, Judge], known: Mapping[str, Sequence[str]]) -> int:
    """Print what differs; return the exit code. `known` begins each reason with its provider."""
    whys = {(why.partition(":")[0], name): why for why, names in known.items() for name in names}
    unknown = 0
    for provider, judge in judges.items():
        for name, what in disagreements(provider, judge):
            why = whys.pop((provider, name), None)
            unknown += why is None
            print(f"  {name}: {why or what}")
    for provider, name in whys:
        print(f"{provider}: {name} is judged alike by now")
    return 1 if unknown else 0
