"""Short texts about a provider, the same on the terminal and in the document."""

import re
from typing import Any, Final

from streams.provider_pages.described import ORIGINS

_URL: Final = re.compile(r"\bURL\b")
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def facts_of(plain: dict[str, Any]) -> dict[str, str]:
    """Return what stands in a provider's section, line by line: what it is about and the text."""
    return {
        "Console": _URL.sub(f"`{plain['callback_url']}`", plain["console"]),
        "Proof": f"{_proof(plain)}. {plain['proof']['signed'] or ''}".strip(),
        "Encrypted": plain["encrypted"] or "nothing.",
        "Replay window": plain["window"] or "none.",
        "Events": _events(plain) + ".",
        "Retries": _schedule(plain) + ".",
        "Reply": _reply(plain),
        **plain["more"],
        **{f"Limit ({name.lower()})": text for name, text in plain["limits"].items()},
        "Cases": _cases(plain) + ".",
        "Source": plain["source"] or "see its file.",
    }


def _span(seconds: int) -> str:
    """Return a span of time in the largest unit that needs no fraction."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _proof(plain: dict[str, Any]) -> str:
    """Return the kinds of proof and who can make one."""
    kinds = ", ".join(plain["proof"]["kinds"]) or "see below"
    return f"{kinds} ({plain['proof']['strength']})"


def _events(plain: dict[str, Any]) -> str:
    """Return what it can announce."""
    told = ", ".join(plain["events"])
    if plain["asks"]:
        return f"{told}; else a question to ask" if told else "none: each is a question to ask"
    return told or "none"


def _schedule(plain: dict[str, Any]) -> str:
    """Return the repetitions: as documents tell them, and as `simulate` sends them."""
    spans = [_span(each) for each in plain["retry_after_s"]]
    simulated = f"`simulate` repeats after {', '.join(_runs(spans))}"
    return f"{plain['retries']} {simulated}" if plain["retries"] else simulated


def _reply(plain: dict[str, Any]) -> str:
    """Return when it is answered, and with what."""
    told = plain["reply"]
    when = (
        "after verification, always"
        if plain["reply_always_verified"]
        else 'once stored, or with `reply_when = "verified"` after verification'
    )
    texts = [f"{name} {_answer(told[name])}" for name in ("success", "failure") if told[name]]
    if told["success"] is None:
        texts.append("success is made of what is proven")
    note = f" {told['note']}" if told["note"] else ""
    return f"{when}; {'; '.join(texts)}.{note}"


def _cases(plain: dict[str, Any]) -> str:
    """Return how many cases there are of each origin."""
    counts = plain["cases"]
    if counts is None:
        return "not counted yet"
    return ", ".join(f"{counts.get(o, 0)} {name}" for o, name in ORIGINS.items())


def _answer(answer: dict[str, Any]) -> str:
    return f"{answer['status']} `{answer['body']}`" if answer["body"] else f"{answer['status']}"


def _runs(spans: list[str]) -> list[str]:
    """Return the spans, equal ones in a row counted."""
    runs: list[tuple[str, int]] = []
    for each in spans:
        if runs and runs[-1][0] == each:
            runs[-1] = (each, runs[-1][1] + 1)
        else:
            runs.append((each, 1))
    return [each if count == 1 else f"{count} x {each}" for each, count in runs]
