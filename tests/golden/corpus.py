"""The golden corpus: what came of every vectors case when it was added, and what comes today.

    python -m tests.golden.corpus                     compare; exit code 1: something differs
    python -m tests.golden.corpus add [PROVIDER...]   add cases that are not there yet
    python -m tests.golden.corpus approve NAME WHY    write docs/changes/NAME.md for what differs

A line that is there is never edited. A change of code that alters it is named and approved in
docs/changes, and the line stays.
"""  # fmt: skip

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from processors.contract import Providers
from processors.registry import PROVIDERS
from processors.settle import settle
from processors.vectors import LEDGER_DAYS, case_account, case_callback
from processors.verdict import judge
from schemas.callback import decode_callback, encode_callback
from schemas.event import event_draft
from schemas.fact import fact_draft, read_fact
from schemas.ledger import LedgerState
from schemas.record import Draft, Record
from schemas.topics import topics
from tests.golden.changes import Approved, Difference, read_changes, write_change

VECTORS: Final = Path(__file__).parents[1] / "vectors"
FOLDER: Final = Path(__file__).parent / "facts"
CHANGES: Final = Path(__file__).parents[2] / "docs" / "changes"
TOPICS: Final = topics()
DEFECT: Final = "defect"
REVISION: Final = "0123456789abcdef"


class Entry(NamedTuple):
    """What came of a case. `case` stands for account and request, `facts` and `events` for their
    records' bytes ("": none), `said` is what became of its items, for people."""

    case: str
    said: str
    facts: str
    events: str

    @property
    def mark(self) -> str:
        return digest(each.encode() for each in self)


def digest(parts: Iterable[bytes]) -> str:
    """Return 16 hex digits for a list of byte strings; "" for an empty one."""
    found = [len(part).to_bytes(8, "big") + part for part in parts]
    return hashlib.sha256(b"".join(found)).hexdigest()[:16] if found else ""


def entries(name: str, providers: Providers = PROVIDERS) -> dict[str, Entry]:
    """Return what comes of every case of a provider today."""
    document = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return {case["name"]: entry(name, case, providers) for case in document["cases"]}


def entry(name: str, case: Mapping[str, Any], providers: Providers = PROVIDERS) -> Entry:
    """Send a case through the pipeline, from record to record: verify, then settle."""
    given = digest(
        orjson.dumps(case[part], option=orjson.OPT_SORT_KEYS)
        for part in ("account", "request", "received_at_ms")
    )
    # A replay takes the revision's name as it was published, whatever would name it today.
    account = replace(case_account(providers[name], case["account"]), revision=REVISION)
    sent = case_callback(name, account.name, case)
    stored = _record(
        encode_callback(sent, topic=TOPICS.callbacks.name, partition=0, deployment="golden")
    )
    callback = decode_callback(stored)
    try:
        judged = judge(callback, stored.position, providers[name], account)
    except Exception:  # noqa: BLE001 - as verify says of our own defect
        return Entry(given, DEFECT, "", "")
    facts = [
        fact_draft(fact, octets, topic=TOPICS.facts.name, partitions=TOPICS.facts.partitions)
        for fact, octets in judged.facts
    ]
    said = [f"{each.outcome} {each.code or ''}".strip() for each in judged.outcomes]
    events = []
    states: dict[bytes | None, LedgerState] = {}
    for draft in facts:
        fact = read_fact(_record(draft))
        settlement = settle(
            states.get(draft.key), fact, recorded_at_ms=fact.received_at_ms,
            ledger_days=LEDGER_DAYS,
        )  # fmt: skip
        states[draft.key] = settlement.state
        if settlement.event is None:
            said.append(f"settled {fact.fact.type}")
            continue
        said.append(f"announced {settlement.event.type}")
        events.append(
            event_draft(
                settlement.event, topic=TOPICS.events.name, partition=draft.partition,
                deployment="golden",
            )
        )  # fmt: skip
    return Entry(given, _counted(said), _digest_of(facts), _digest_of(events))


def _record(draft: Draft) -> Record:
    return Record(draft.topic, draft.partition, 0, 0, draft.key, draft.value, tuple(draft.headers))


def _digest_of(drafts: Iterable[Draft]) -> str:
    return digest(part for draft in drafts for part in _parts(draft))


def _parts(draft: Draft) -> Iterator[bytes]:
    yield from (draft.topic.encode(), str(draft.partition).encode())
    yield from (draft.key or b"", draft.value or b"")
    for name, octets in draft.headers:
        yield from (name.encode(), octets)


def _counted(said: Iterable[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in Counter(said).items())


def corpus(name: str) -> dict[str, Entry]:
    """Return what stands in a provider's file, nothing where there is none."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        return {}
    return {case: Entry(*each) for case, each in json.loads(path.read_text("utf-8")).items()}


def write_corpus(name: str, found: Mapping[str, Entry]) -> None:
    lines = [
        f"{json.dumps(case, ensure_ascii=False)}: {json.dumps(list(each), ensure_ascii=False)}"
        for case, each in sorted(found.items())
    ]
    (FOLDER / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def differences(name: str, today: Mapping[str, Entry], approved: Approved) -> list[Difference]:
    """Return the cases of a provider whose lines do not come out, approvals counted in."""
    found = []
    for case, then in corpus(name).items():
        now = today.get(case)
        was, mark = approved.newest(name, case, then.mark), now.mark if now else "gone"
        if mark != was:
            found.append(Difference(name, case, was, mark, _what(then, now)))
    return found


def _what(then: Entry, now: Entry | None) -> str:
    if now is None:
        return "the case is gone"
    parts = [
        part for part in ("case", "facts", "events") if getattr(then, part) != getattr(now, part)
    ]
    if then.said != now.said:
        parts.append(f"{then.said} -> {now.said}")
    return ", ".join(parts) or "as it was added"


def missing(name: str, today: Mapping[str, Entry]) -> list[str]:
    """Return the cases that the corpus does not hold."""
    return sorted(today.keys() - corpus(name).keys())


def main(arguments: list[str]) -> int:
    command, rest = (arguments or ["compare"])[0], arguments[1:]
    approved = read_changes(CHANGES)
    differing: list[Difference] = []
    for name in (rest if command == "add" else ()) or sorted(PROVIDERS):
        today = entries(name)
        differing += differences(name, today, approved)
        new = missing(name, today)
        if command == "add" and new:
            write_corpus(name, corpus(name) | {case: today[case] for case in new})
        if new:
            print(f"{name}: {len(new)} cases", "added" if command == "add" else "without a line")
    for each in differing:
        print(f"{each.provider}/{each.case}: {each.what}")
    if command == "approve" and differing:
        change, why = rest
        write_change(CHANGES / f"{change}.md", why, differing)
        return 0
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
