"""What a replay found, as plain members and as an exit code."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from streams.replay.plan import Plan, Wanted
from streams.replay.store import Store

# Facts byte for byte, outcomes by word and code, events as sets.
DIFFERENCES: Final = (
    "fact_changed", "fact_gone", "fact_new", "outcome_changed", "nothing_recorded",
    "revision_unknown", "event_missing", "event_surplus", "event_changed", "event_without_fact",
)  # fmt: skip
APART: Final = ("event_placed",)
NOT_PROVABLE: Final = "not_provable"
FIGURES: Final = (
    "callbacks", "facts", "payments", "events", "in_flight", "unsettled", "fact_too_long_ago",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """`counts` by kind; `findings` are the first of each kind: kind, subject, detail."""

    wanted: Wanted
    code: str
    counts: dict[str, int]
    findings: tuple[tuple[str, str, Any], ...]

    @property
    def differences(self) -> int:
        return sum(self.counts.get(kind, 0) for kind in DIFFERENCES)

    @property
    def not_provable(self) -> int:
        """Callbacks whose verdict cannot be made again, for want of a key."""
        return self.counts.get(NOT_PROVABLE, 0)

    @property
    def same(self) -> bool:
        return not self.differences and not self.not_provable

    def of(self, *kinds: str) -> list[tuple[str, str, Any]]:
        return [each for each in self.findings if each[0] in kinds]

    def lost_kids(self) -> dict[tuple[str, str, str], int]:
        """Return how many of the callbacks explained each key (provider, account, kid) lost."""
        lost: Counter[tuple[str, str, str]] = Counter()
        for _, _, detail in self.of(NOT_PROVABLE):
            for kid in detail["kids"]:
                lost[detail["provider"], detail["account"], kid] += 1
        return dict(sorted(lost.items()))

    def plain(self, *, diff: bool) -> dict[str, Any]:
        """Return the report as JSON members; without `diff` the figures alone."""
        plain: dict[str, Any] = {
            "replay": self.wanted.id,
            "code": self.code,
            "into": self.wanted.into,
            **{name: self.counts.get(name, 0) for name in FIGURES},
        }
        if not diff:
            return plain
        return plain | {
            "same": self.same,
            "differences": {k: n for k in DIFFERENCES if (n := self.counts.get(k, 0))},
            "apart": {k: n for k in APART if (n := self.counts.get(k, 0))},
            "not_provable": [
                {"provider": provider, "account": account, "kid": kid, "callbacks": count}
                for (provider, account, kid), count in self.lost_kids().items()
            ],
            "findings": [
                {"kind": kind, "subject": subject, **detail}
                for kind, subject, detail in self.findings
            ],
        }


def read_report(store: Store, wanted: Wanted, plan: Plan) -> Report:
    """Return the report of a replay that is done."""
    return Report(wanted, plan.code, store.counts(), tuple(store.findings()))
