"""One partition's share of a phase, written to the store chunk by chunk."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from streams.replay.store import FINDINGS_MAX, DerivedRow, FactRow, OutcomeRow, Store

CHUNK: Final = 2_000


@dataclass(slots=True)
class Part:
    """Collects what a part found. Nothing of a chunk counts before it is written."""

    store: Store
    phase: str
    number: int
    advanced: Callable[[int], None]
    counts: Counter[str] = field(default_factory=Counter)
    outcomes: list[OutcomeRow] = field(default_factory=list)
    facts: list[FactRow] = field(default_factory=list)
    keys: set[tuple[int, bytes]] = field(default_factory=set)
    derived: list[DerivedRow] = field(default_factory=list)
    _findings: list[tuple[str, str, object]] = field(default_factory=list)
    _kept: Counter[str] = field(default_factory=Counter)
    _done: int = 0
    _written: int = 0

    def begin(self) -> None:
        """Forget what an interrupted run of this part found."""
        self.store.forget_findings(self.phase, self.number)

    def found(self, kind: str, subject: str, detail: object) -> None:
        """Count a finding, and keep the first of each kind."""
        self.counts[kind] += 1
        self.explained(kind, subject, detail)

    def explained(self, kind: str, subject: str, detail: object) -> None:
        """Keep a finding that is counted elsewhere."""
        if self._kept[kind] < FINDINGS_MAX:
            self._kept[kind] += 1
            self._findings.append((kind, subject, detail))

    def record_done(self) -> None:
        self._done += 1
        if self._done - self._written >= CHUNK:
            self.write()

    def write(self) -> None:
        self.store.write(
            self.phase, self.number, done=self._done, outcomes=self.outcomes, facts=self.facts,
            keys=self.keys, derived=self.derived, findings=self._findings,
        )  # fmt: skip
        for each in (self.outcomes, self.facts, self.keys, self.derived, self._findings):
            each.clear()
        self.advanced(self._done - self._written)
        self._written = self._done

    def finish(self) -> None:
        self.write()
        self.store.finish(self.phase, self.number, self.counts)
