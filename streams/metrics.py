"""Prometheus metrics of the stages. Labels come from closed sets; never ids, amounts or people."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from processors.verdict import Judgement
from schemas.errors import OutcomeWord

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300, 3600)


class StageMetrics:
    """What verify and settle count. One instance per process.

    Children are bound once: finding one by its labels costs more than counting. Labels come from
    closed sets, so that there are few.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._outcomes = Counter(
            "tillstream_outcomes",
            "Outcomes recorded, by stage, provider, outcome and code.",
            ("stage", "provider", "outcome", "code"),
            registry=registry,
        )
        self._key_hits = Counter(
            "tillstream_key_hits",
            "Items proven, by provider and whether the account's first or another key fitted.",
            ("provider", "key"),
            registry=registry,
        )
        self._alarms = Counter(
            "tillstream_alarms",
            "Conditions that a person should look at.",
            ("alarm",),
            registry=registry,
        )
        self._facts = Counter(
            "tillstream_facts", "Facts stated.", ("provider", "type"), registry=registry
        )
        self._events = Counter(
            "tillstream_events", "Events announced.", ("provider", "type"), registry=registry
        )
        self.age = Histogram(
            "tillstream_settled_age_seconds",
            "From receipt of the callback to its settling.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._skew = Gauge(
            "tillstream_signed_skew_seconds",
            "Signed time minus receive time of the newest callback that signs one.",
            ("provider",),
            registry=registry,
        )
        self.ledger_payments = Gauge(
            "tillstream_ledger_payments", "Payments in the ledger.", ("partition",),
            registry=registry,
        )  # fmt: skip
        self._proofs = Counter(
            "tillstream_account_proofs",
            "Callbacks whose proof was good or did not fit, by configured account.",
            ("provider", "account", "proof"),
            registry=registry,
        )
        self._lag = Gauge(
            "tillstream_lag_age_seconds",
            "Age of the oldest record that a stage has not processed; 0 where there is none.",
            ("stage",),
            registry=registry,
        )

        self._proof = cache(self._proofs.labels)
        self._outcome = cache(self._outcomes.labels)
        self._key_hit = cache(self._key_hits.labels)
        self._fact = cache(self._facts.labels)
        self._event = cache(self._events.labels)
        self._skew_of = cache(self._skew.labels)

    def judged(self, provider: str, judgement: Judgement) -> None:
        for outcome in judgement.outcomes:
            self.recorded("verify", provider, outcome.outcome, outcome.code)
        for record, _ in judgement.facts:
            self._fact(provider, record.fact.type).inc()

    def key_hit(self, provider: str, *, first: bool) -> None:
        self._key_hit(provider, "first" if first else "other").inc()

    def skewed(self, provider: str, skew_ms: int) -> None:
        self._skew_of(provider).set(skew_ms / 1000)

    def proof(self, provider: str, account: str, *, good: bool) -> None:
        """Count a proof. Only of configured accounts: their names are a closed set."""
        self._proof(provider, account, "good" if good else "bad").inc()

    def lagging(self, stage: str, age_s: float) -> None:
        self._lag.labels(stage).set(age_s)

    def announced(self, provider: str, event_type: str, count: int) -> None:
        self._event(provider, event_type).inc(count)

    def recorded(
        self, stage: str, provider: str, word: OutcomeWord, code: str | None, count: int = 1
    ) -> None:
        self._outcome(stage, provider, word, code or "").inc(count)

    def alarm(self, alarm: str) -> None:
        self._alarms.labels(alarm).inc()
