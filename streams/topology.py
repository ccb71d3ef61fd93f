"""Topics as they should be and as they are; the recorded partition count is kept to."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from schemas.topics import Topic, Topics, partition_for_key, topics
from streams.errors import ConfigurationError
from streams.log import Log, TopicState
from streams.partition_count import PartitionCount, RecordedCount, record_count


@dataclass(frozen=True, slots=True)
class Difference:
    """What a topic has otherwise than it should. `mend`: whether `apply` mends it."""

    topic: str
    kind: Literal["missing", "partitions", "config", "record"]
    wanted: str
    found: str
    mend: bool

    def __str__(self) -> str:
        return f"{self.topic}: {self.kind} {self.found}, wanted {self.wanted}"


async def check_partitions(
    log: Log, topics: Topics, recorded_count: RecordedCount | None = None
) -> None:
    """Compare the counts of facts, events, ledger and the recorded one with those of `topics`.

    Who asks again and again keeps one `recorded_count`: without it each call reads the ledger's
    first partition from its beginning.

    Raises:
        ConfigurationError: a topic is missing, a count differs, or none is recorded.
    """
    states = await log.describe()
    wanted = topics.facts.partitions
    problems = []
    for topic in topics.by_payment():
        state = states.get(topic.name)
        if state is None:
            problems.append(f"topic {topic.name} does not exist; tillstream topics apply makes it")
        elif state.partitions != wanted:
            problems.append(f"topic {topic.name} has {state.partitions} partitions, not {wanted}")
    if not problems:
        recorded = await (recorded_count or RecordedCount(log, topics)).read()
        if recorded is None:
            problems.append(
                f"topic {topics.ledger.name} records no partition count;"
                " tillstream topics apply records it"
            )
        elif recorded.growing_to is not None:
            problems.append(
                f"topic {topics.ledger.name} records that payments move to"
                f" {recorded.growing_to} partitions; tillstream topics migrate finishes that"
            )
        elif recorded.partitions != wanted:
            problems.append(
                f"topic {topics.ledger.name} records {recorded.partitions} partitions,"
                f" not {wanted}"
            )
    if problems:
        raise ConfigurationError(*problems)


async def ensure_topics(log: Log, topics: Topics) -> None:
    """Create what is missing and record the partition count; what exists is left as it is.

    Raises:
        ConfigurationError: events lie where another count put them, and its record is lost.
    """
    await log.create(topics.all())
    if await recorded_partitions(log, topics) is None:
        states = await log.describe()
        counts = {states[topic.name].partitions for topic in topics.by_payment()}
        if len(counts) == 1:
            count = counts.pop()
            await _check_places(log, topics.events.name, count)
            await record_count(log, topics, PartitionCount(count))


async def _check_places(log: Log, events: str, count: int) -> None:
    """A rebuild looks for a payment's events where `count` puts them. After a growth older ones
    lie elsewhere, and only the lost record said where: their payments would be announced again.
    """
    async with aclosing(log.read(events)) as records:
        async for record in records:
            if partition_for_key(record.key or b"", count) != record.partition:
                raise ConfigurationError(
                    f"topic {events} holds events of an earlier partition count, and the ledger"
                    " that recorded it is lost; restore the ledger topic from a copy"
                )


async def existing_topics(log: Log, prefix: str) -> Topics:
    """Return the topics of a deployment with the partition counts that the log has.

    A missing topic has the default count: who needs it says so (`check_partitions`).
    """
    states = await log.describe()
    facts = states.get(topics(prefix).facts.name)
    standard = (
        topics(prefix) if facts is None else topics(prefix, payment_partitions=facts.partitions)
    )
    return replace(
        standard,
        callbacks=_as_found(standard.callbacks, states),
        outcomes=_as_found(standard.outcomes, states),
    )


async def wanted_topics(log: Log, prefix: str, partitions: int | None) -> Topics:
    """Return the topics as they should be: with the count that is recorded or, before there is
    one, the count asked for; where the ledger was lost, and nobody asks, that of facts
    and events.

    Raises:
        ConfigurationError: another count was recorded; growing it is another command's work.
    """
    standard = topics(prefix)
    states = await log.describe()
    exists = standard.ledger.name in states
    recorded = await recorded_partitions(log, standard) if exists else None
    if recorded is not None and partitions not in (None, recorded):
        raise ConfigurationError(
            f"topic {standard.ledger.name} records {recorded} partitions, not {partitions};"
            " the count is chosen once, and tillstream topics migrate grows it"
        )
    count = recorded or partitions or _settled_count(states, standard)
    return standard if count is None else topics(prefix, payment_partitions=count)


def _settled_count(states: Mapping[str, TopicState], standard: Topics) -> int | None:
    """Return the one count that facts and events have; None where either is missing."""
    counts = {states[t.name].partitions if t.name in states else None
              for t in (standard.facts, standard.events)}  # fmt: skip
    return counts.pop() if len(counts) == 1 else None


async def recorded_partitions(log: Log, topics: Topics) -> int | None:
    """Return the partition count that the ledger topic records, None where it records none.

    Raises:
        ConfigurationError: a record of another version.
    """
    recorded = await RecordedCount(log, topics).read()
    return None if recorded is None else recorded.partitions


async def differences(log: Log, topics: Topics) -> list[Difference]:
    """Return what `topics apply` would do, and what it would leave to a person."""
    states = await log.describe()
    found = []
    for topic in topics.all():
        state = states.get(topic.name)
        if state is None:
            wanted = f"{topic.partitions} partitions"
            found.append(Difference(topic.name, "missing", wanted, "none", mend=True))
        else:
            found += _differing(topic, state)
    ledger = topics.ledger
    recorded = await recorded_partitions(log, topics) if ledger.name in states else None
    if recorded != ledger.partitions:
        shown = "none" if recorded is None else str(recorded)
        found.append(
            Difference(ledger.name, "record", str(ledger.partitions), shown, mend=recorded is None)
        )
    return found


def _differing(topic: Topic, state: TopicState) -> list[Difference]:
    found = []
    if state.partitions != topic.partitions:
        found.append(
            Difference(
                topic.name, "partitions", str(topic.partitions), str(state.partitions), mend=False
            )
        )
    for name, value in topic.config().items():
        held = state.config.get(name)
        if held != value:
            found.append(
                Difference(
                    topic.name,
                    "config",
                    f"{name}={value}",
                    f"{name}={held or 'unset'}",
                    mend=False,
                )
            )
    return found


def _as_found(topic: Topic, states: Mapping[str, TopicState]) -> Topic:
    state = states.get(topic.name)
    return topic if state is None else replace(topic, partitions=state.partitions)
