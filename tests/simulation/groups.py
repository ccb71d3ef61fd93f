"""Consumer groups of the simulated broker: eager rebalance, sessions, offsets."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiokafka.errors import IllegalGenerationError, UnknownError, UnknownMemberIdError

from tests.simulation.loop import SimulatedLoop

REBALANCE_S: Final = 30.0
Where = tuple[str, int]
Joined = Callable[[int, frozenset[Where]], None]


@dataclass(slots=True)
class Member:
    """One member; `joined` while it waits for the others."""

    topics: tuple[str, ...]
    session_s: float
    instance: str | None
    joined: Joined | None = None
    session: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Group:
    """A group and its committed offsets."""

    loop: SimulatedLoop
    count: Callable[[str], int]
    offsets: dict[Where, int] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    generation: int = 0
    assigned: dict[str, frozenset[Where]] = field(default_factory=dict)
    _preparing: asyncio.TimerHandle | None = None

    def join(
        self,
        name: str,
        topics: tuple[str, ...],
        session_s: float,
        instance: str | None,
        told: Joined,
    ) -> None:
        """Join, or join again; `told` hears generation and assignment when all have."""
        if instance is not None:
            for other in [n for n, m in self.members.items() if m.instance == instance]:
                if other != name:
                    self._remove(other)
        member = self.members.setdefault(name, Member(topics, session_s, instance))
        member.joined = told
        self._rest(member)
        self._prepare()

    def heartbeat(self, name: str, generation: int, instance: str | None) -> bool:
        """Return whether the member must join again.

        Raises:
            KafkaError: it is a member no more.
        """
        member = self._member(name, instance)
        self._watch(name, member)
        return self._preparing is not None or generation != self.generation

    def leave(self, name: str) -> None:
        if name in self.members:
            self._remove(name)
            self._prepare()

    def commit(self, name: str, generation: int, offsets: dict[Where, int]) -> None:
        """Commit for a member of this generation."""
        self._member(name, None)
        if generation != self.generation:
            raise IllegalGenerationError(name)
        self.offsets.update(offsets)

    def _member(self, name: str, instance: str | None) -> Member:
        if name not in self.members:
            if instance is not None:
                raise UnknownError(instance)  # The library has no name for a fenced instance.
            raise UnknownMemberIdError(name)
        return self.members[name]

    def _remove(self, name: str) -> None:
        self._rest(self.members.pop(name))

    def _rest(self, member: Member) -> None:
        if member.session is not None:
            member.session.cancel()
            member.session = None

    def _watch(self, name: str, member: Member) -> None:
        self._rest(member)
        when_s = self.loop.time() + member.session_s
        member.session = self.loop.outside(when_s, lambda: self._expire(name, member))

    def _expire(self, name: str, member: Member) -> None:
        if self.members.get(name) is member:
            self._remove(name)
            self._prepare()

    def _prepare(self) -> None:
        if all(member.joined is not None for member in self.members.values()):
            self._complete()
        elif self._preparing is None:
            when_s = self.loop.time() + REBALANCE_S
            self._preparing = self.loop.outside(when_s, self._complete)

    def _complete(self) -> None:
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None
        for name in [n for n, member in self.members.items() if member.joined is None]:
            self._remove(name)
        self.generation += 1
        self.assigned = self._assignment()
        for name, member in self.members.items():
            told, member.joined = member.joined, None
            self._watch(name, member)
            assert told is not None
            told(self.generation, self.assigned[name])

    def _assignment(self) -> dict[str, frozenset[Where]]:
        """Keep who had what, as far as it stays even; the rest goes to whoever has least."""
        names = sorted(self.members)
        topics = sorted({topic for member in self.members.values() for topic in member.topics})
        every = [(topic, p) for topic in topics for p in range(self.count(topic))]
        if not names:
            return {}
        most = -(-len(every) // len(names))
        given = {n: sorted(self.assigned.get(n, frozenset()))[:most] for n in names}
        taken = {where for each in given.values() for where in each}
        for where in every:
            if where not in taken:
                given[min(names, key=lambda n: (len(given[n]), n))].append(where)
        return {name: frozenset(each) for name, each in given.items()}
