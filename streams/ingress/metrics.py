"""What the front door counts. Labels come from closed sets: provider names and our own codes."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

NO_PROVIDER: Final = "none"
_APPEND_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class IngressMetrics:
    """Counters with their children bound once: finding a child costs more than counting."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "tillstream_ingress_requests",
            "Requests to a known provider and account by HTTP status of the answer",
            ("provider", "status"), registry=registry,
        )  # fmt: skip
        self._refused = Counter(
            "tillstream_ingress_refused",
            "Requests refused before they were stored",
            ("provider", "cause"), registry=registry,
        )  # fmt: skip
        self._defects = Counter(
            "tillstream_ingress_defects",
            "Failures of our own code; the callback was stored where it was whole",
            registry=registry,
        )
        self._append_failures = Counter(
            "tillstream_ingress_append_failures",
            "Rounds that the log did not acknowledge",
            registry=registry,
        )
        self.append_seconds = Histogram(
            "tillstream_ingress_append_seconds",
            "From the end of a round to its acknowledgement",
            buckets=_APPEND_S, registry=registry,
        )  # fmt: skip
        self.pending_bytes = Gauge(
            "tillstream_ingress_pending_bytes",
            "Bytes that await an acknowledgement",
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self.receiving_bytes = Gauge(
            "tillstream_ingress_receiving_bytes",
            "Bytes of bodies that have not arrived whole",
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self.connections = Gauge(
            "tillstream_ingress_connections", "Open connections",
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self._answer: dict[tuple[str, int], Counter] = {}
        self._refusal: dict[tuple[str, str], Counter] = {}

    def answered(self, provider: str, status: int) -> None:
        child = self._answer.get((provider, status))
        if child is None:
            child = self._answers.labels(provider, str(status))
            self._answer[provider, status] = child
        child.inc()

    def refused(self, provider: str, cause: str) -> None:
        child = self._refusal.get((provider, cause))
        if child is None:
            child = self._refusal[provider, cause] = self._refused.labels(provider, cause)
        child.inc()

    def defect(self) -> None:
        self._defects.inc()

    def append_failed(self) -> None:
        self._append_failures.inc()
