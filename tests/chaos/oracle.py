"""The judge: what was sent and answered against what a reader of the log finds.

It restates the wire contract (identities, keys, partitions, the ledger's form) and shares no code
with what it judges. Each finding begins with the promise that is broken:

    lost      answered with success and not stored          open      an item without outcome
    unmet     stated by a stored callback, not announced    outcome   another outcome than due
    twice     announced more than once                      sequence  a gap, or in two partitions
    unproven  announced and told by no genuine callback     ledger    not the fold of the events
    content   announced otherwise than told                 identity  another id or key than due
"""

import hashlib
import json
import uuid
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.chaos.senders import Delivery, Told

NAMESPACE: Final = uuid.UUID("5bf50970-239c-52b3-9bb1-66a8a72d20b3")
STANDING: Final = ("announced", "duplicate", "superseded")
WITH_PART: Final = ("RefundCompleted", "PaymentFailed")
FINDINGS_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One committed record. `topic` is its short name: callbacks, events, ledger, outcomes."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, str]


@dataclass(slots=True)
class Verdict:
    """What was found wrong, by promise, with examples; and how much was looked at."""

    broken: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def finds(self, promise: str, what: str) -> None:
        self.broken[promise] += 1
        if len(self.examples) < FINDINGS_MAX:
            self.examples.append(f"{promise}: {what}")


@dataclass(frozen=True, slots=True)
class Stored:
    """A callback that lies in the log, and what its items state."""

    callback_id: str
    told: tuple[Told, ...]
    provider: str
    account: str


def judge(
    sent: Iterable[Delivery], answered: Iterable[str], rows: Sequence[Row], *, partitions: int
) -> Verdict:
    """Return what is wrong.

    `answered`: digests of the bodies that were answered with success; `partitions` of the events.
    """
    verdict = Verdict()
    by_digest = {each.digest: each for each in sent}
    stored = _stored(verdict, by_digest, set(answered), rows)
    events = [row for row in rows if row.topic == "events"]
    announced = _events(verdict, events, stored, partitions)
    _outcomes(verdict, rows, stored, announced)
    _ledger(verdict, rows, events)
    verdict.counts = {
        "sent": len(by_digest), "answered": len(set(answered)), "stored": len(stored),
        "items": sum(len(each.told) for each in stored.values()), "events": len(events),
    }  # fmt: skip
    return verdict


def _stored(
    verdict: Verdict, sent: Mapping[str, Delivery], answered: set[str], rows: Sequence[Row]
) -> dict[str, Stored]:
    stored: dict[str, Stored] = {}
    seen = set()
    for row in rows:
        if row.topic != "callbacks":
            continue
        digest = hashlib.sha256(row.value or b"").hexdigest()
        callback_id = row.headers["ce_id"]
        seen.add(digest)
        if digest not in sent:
            verdict.finds("unproven", f"a stored body that nobody sent, {callback_id}")
            continue
        if callback_id in stored:
            verdict.finds("identity", f"two callbacks are {callback_id}")
        each = sent[digest]
        stored[callback_id] = Stored(callback_id, each.told, each.provider, each.account)
    for digest in sorted(answered - seen):
        verdict.finds("lost", f"{sent[digest].provider} {digest[:12]} was answered, not stored")
    return stored


def identity(provider: str, account: str, kind: str, payment: str, part: str) -> str:
    """Return the event id that the wire contract gives to what happened."""
    parts = [each.encode() for each in (provider, account, kind, payment, part)]
    name = b"".join(len(each).to_bytes(4, "big") + each for each in parts)
    digest = hashlib.sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


def _identity_of(stored: Stored, told: Told) -> str:
    return identity(stored.provider, stored.account, told.type, told.payment, told.part)


def _events(
    verdict: Verdict, events: Sequence[Row], stored: Mapping[str, Stored], partitions: int
) -> dict[str, Row]:
    """Judge each event against the item that caused it; return the events by id."""
    announced: dict[str, Row] = {}
    homes: dict[bytes, int] = {}
    last: dict[bytes, int] = {}
    refunded: dict[bytes, int] = {}
    for row in events:
        headers, key = row.headers, row.key or b""
        event_id = headers["ce_id"]
        if event_id in announced:
            verdict.finds("twice", f"{headers['ce_type']} {event_id}")
        announced[event_id] = row
        if homes.setdefault(key, row.partition) != row.partition:
            verdict.finds("sequence", f"{key!r} lies in two partitions")
        if zlib.crc32(key) % partitions != row.partition:
            verdict.finds("identity", f"{key!r} lies in partition {row.partition}")
        last[key] = last.get(key, 0) + 1
        if headers["ce_sequence"] != str(last[key]):
            verdict.finds("sequence", f"{key!r} goes on with {headers['ce_sequence']}")
        told = _cause(verdict, row, stored)
        if told is not None:
            _content(verdict, row, told, stored[headers["ce_causationid"]], refunded)
    return announced


def _cause(verdict: Verdict, row: Row, stored: Mapping[str, Stored]) -> Told | None:
    """Return the item that caused an event, if a genuine one did."""
    cause = stored.get(row.headers["ce_causationid"])
    place = int(row.headers.get("ce_causationitem", "0"))
    name = f"{row.headers['ce_type']} {row.headers['ce_id']}"
    if cause is None or place >= len(cause.told):
        verdict.finds("unproven", f"{name} names a callback that nobody sent")
        return None
    told = cause.told[place]
    if told.meaning not in ("fact", "weak"):
        verdict.finds("unproven", f"{name} comes of a callback that is {told.meaning}")
        return None
    return told


def _content(
    verdict: Verdict, row: Row, told: Told, cause: Stored, refunded: dict[bytes, int]
) -> None:
    body = json.loads(row.value or b"{}")
    due_key = f"{cause.provider}/{cause.account}/{told.payment}".encode()
    if row.headers["ce_id"] != _identity_of(cause, told) or row.key != due_key:
        verdict.finds("identity", f"{told.type} of {told.payment}: {row.headers['ce_id']}")
    due = {
        "type": told.type, "mode": "live", "provider": cause.provider, "account": cause.account,
        "payment_id": told.payment, "merchant_order_id": told.order,
        "amount": {"minor": told.minor, "currency": told.currency, "exponent": 2},
    }  # fmt: skip
    if told.type == "RefundCompleted":
        total = refunded.get(due_key, 0) + told.minor
        refunded[due_key] = total
        due["refund_id"] = told.part
        due["refunded_total"] = {"minor": total, "currency": told.currency, "exponent": 2}
    elif told.type == "PaymentSucceeded" and told.part:
        due["capture_id"] = told.part
    wrong = [name for name, value in due.items() if body.get(name) != value]
    if wrong or row.headers["ce_type"] != f"io.tillstream.{told.type}.v1":
        verdict.finds("content", f"{told.type} of {told.payment}: {', '.join(wrong)}")
    if _milliseconds(body.get("occurred_at")) != told.at_s * 1000:
        verdict.finds("content", f"{told.type} of {told.payment}: occurred_at")


def _milliseconds(text: str | None) -> int | None:
    if text is None:
        return None
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def _outcomes(
    verdict: Verdict,
    rows: Sequence[Row],
    stored: Mapping[str, Stored],
    announced: Mapping[str, Row],
) -> None:
    final: dict[str, dict[int, dict[str, Any]]] = {}
    for row in rows:
        if row.topic == "outcomes":
            said = json.loads(row.value or b"{}")
            items = final.setdefault(said["callback_id"], {})
            before = items.get(said["item"])
            if before is None or before["outcome"] not in STANDING:
                items[said["item"]] = said
    for callback_id in final.keys() - stored.keys():
        verdict.finds("outcome", f"an outcome of {callback_id}, which is not stored")
    for callback_id, callback in stored.items():
        said_of = final.get(callback_id, {})
        if sorted(said_of) != list(range(len(callback.told))):
            verdict.finds("open", f"{callback.provider} {callback_id}: items {sorted(said_of)}")
        for place, told in enumerate(callback.told):
            _outcome(verdict, callback, place, told, said_of.get(place), announced)


def _outcome(
    verdict: Verdict,
    callback: Stored,
    place: int,
    told: Told,
    said: Mapping[str, Any] | None,
    announced: Mapping[str, Row],
) -> None:
    word = (said["outcome"], said["code"]) if said else None
    event = announced.get(_identity_of(callback, told))
    if told.meaning == "forged":
        due = ("refused", "bad_signature")
    elif told.meaning == "ignored":
        due = ("ignored", None)
    elif event is None and told.meaning == "weak":
        due = ("superseded", None)
    elif event is None:
        verdict.finds("unmet", f"{told.type} of {told.payment} was told and not announced")
        return
    elif (event.headers["ce_causationid"], int(event.headers.get("ce_causationitem", "0"))) == (
        callback.callback_id, place,
    ):  # fmt: skip
        due = ("announced", None)
    else:
        stated = json.loads(event.value or b"{}")["amount"]
        same = (stated["minor"], stated["currency"]) == (told.minor, told.currency)
        due = ("duplicate", None) if same else ("parked", "conflict")
    if word is not None and (word[0] != due[0] or (due[1] and word[1] != due[1])):
        verdict.finds("outcome", f"{told.type or told.meaning}, {told.payment}: {word}, due {due}")


def _ledger(verdict: Verdict, rows: Sequence[Row], events: Sequence[Row]) -> None:
    folded: dict[bytes, dict[str, Any]] = {}
    for row in events:
        _fold(folded.setdefault(row.key or b"", _empty()), row)
    held: dict[bytes, Any] = {}
    counts: dict[int, Any] = {}
    homes: dict[bytes, int] = {}
    for row in rows:
        if row.topic != "ledger" or row.key == b"partitions":
            continue
        value = None if row.value is None else json.loads(row.value)
        if row.key == b"count":
            counts[row.partition] = value
        elif value is None:
            held.pop(row.key or b"", None)
        else:
            held[row.key or b""] = value
            homes[row.key or b""] = row.partition
    for key in sorted(folded.keys() | held.keys()):
        if folded.get(key) != held.get(key):
            verdict.finds("ledger", f"{key!r} is not the fold of its events")
    for partition in sorted({row.partition for row in events}):
        keys = [key for key in held if homes[key] == partition]
        due = {"payments": len(keys), "events": sum(held[k]["sequence"] for k in keys)}
        if {**(counts.get(partition) or {}), **due} != counts.get(partition):
            verdict.finds("ledger", f"partition {partition} counts {counts.get(partition)}")


def _empty() -> dict[str, Any]:
    return {"v": 1, "sequence": 0, "refunded": 0, "since_ms": None, "last_ms": 0, "announced": []}


def _fold(state: dict[str, Any], row: Row) -> None:
    headers, body = row.headers, json.loads(row.value or b"{}")
    amount, total = body.get("amount") or {}, body.get("refunded_total")
    recorded = _milliseconds(headers["ce_recordedtime"])
    occurred = _milliseconds(body["occurred_at"])
    state["sequence"] = int(headers["ce_sequence"])
    state["refunded"] = total["minor"] if total else state["refunded"]
    state["since_ms"] = recorded if state["since_ms"] is None else state["since_ms"]
    state["last_ms"] = max(state["last_ms"], occurred or 0, recorded or 0)
    state["announced"].append(
        [
            headers["ce_id"], body["type"], headers.get("ce_partid"), amount.get("minor"),
            amount.get("currency"), total["minor"] if total and "ce_derived" in headers else None,
            body["merchant_order_id"], occurred, headers["ce_causationid"],
            int(headers.get("ce_causationitem", "0")),
        ]
    )  # fmt: skip
