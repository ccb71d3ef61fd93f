"""What must hold after any fault: the one check that the kill tests and their mutants share."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence

from schemas.event import Event, read_event
from schemas.outcome import read_outcome
from schemas.record import Position
from streams.cli.frame import now_ms
from streams.open_log import open_log
from streams.simulate import Delivery, event_differences
from streams.topology import existing_topics
from tests.support.deployment import Deployed


async def prove(deployed: Deployed, answered: Sequence[Delivery], *, wait_s: int = 40) -> None:
    """Every callback answered with success has its outcome; each fact is announced once.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    done = deployed.run("books", "--wait", str(wait_s), "--json", check=False)
    books = json.loads(done.stdout)
    log = open_log(deployed.log_url, options={}, clock=now_ms)
    try:
        topics = await existing_topics(log, deployed.prefix)
        stored: dict[str, list[Position]] = {}
        async for record in log.read(topics.callbacks.name):
            digest = hashlib.sha256(record.value or b"").hexdigest()
            stored.setdefault(digest, []).append(record.position)
        outcomes = [read_outcome(record) async for record in log.read(topics.outcomes.name)]
        events = [read_event(record) async for record in log.read(topics.events.name)]
    finally:
        await log.close()
    lost = [d for d in answered if hashlib.sha256(d.body).hexdigest() not in stored]
    assert not lost, f"{len(lost)} callbacks answered with success are not stored"
    concluded = {outcome.callback for outcome in outcomes}
    open_ = [p for positions in stored.values() for p in positions if p not in concluded]
    assert not open_, f"{len(open_)} stored callbacks have no outcome"
    _assert_once(events)
    differences = event_differences(answered, events)
    assert not differences, f"events differ: {differences[:5]}"
    assert books["balanced"], f"the books do not balance: {books['examples']}, {books}"


def _assert_once(events: Sequence[Event]) -> None:
    doubled = [each for each, count in Counter(e.id for e in events).items() if count > 1]
    assert not doubled, f"{len(doubled)} facts were announced twice"
    sequences: dict[bytes, list[int]] = {}
    for event in events:
        sequences.setdefault(event.key, []).append(event.sequence)
    gaps = [key for key, each in sequences.items() if each != list(range(1, len(each) + 1))]
    assert not gaps, f"{len(gaps)} payments have gaps in their sequence"
