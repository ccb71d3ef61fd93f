"""What the views tell Prometheus. Labels come from closed sets; never ids, amounts or people."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge

from streams.views.read import alarms
from streams.views.store import Store

HOUR_MS = 3_600_000


class Watch:
    """Looks at the views from time to time; the clock returns milliseconds since 1970."""

    def __init__(
        self, store: Store, registry: CollectorRegistry, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._clock = clock
        self._since_ms = 0
        self._oldest = Gauge(
            "tillstream_views_oldest_open_seconds",
            "Age of the oldest callback of which an item has no outcome; 0: all have.",
            registry=registry,
        )
        self._open_alarms = Gauge(
            "tillstream_views_alarms",
            "Payments refunded above what was paid, callbacks in conflict, records not applied.",
            ("alarm",),
            registry=registry,
        )
        self._recent = Gauge(
            "tillstream_views_hour_events",
            "Events of the last hour in this process's partitions.",
            ("provider", "type"),
            registry=registry,
        )

    def look(self, recent: Mapping[tuple[str, str], int] | None = None) -> None:
        """Read the alarms, drop old counts, and note `recent` where somebody counts it."""
        now_ms = self._clock()
        found = alarms(self._store.database, self._since_ms)
        oldest_ms = found.oldest_open_ms
        # Receive times of different partitions are not in order, by an hour at most.
        self._since_ms = max(0, (now_ms if oldest_ms is None else oldest_ms) - HOUR_MS)
        self._oldest.set(0 if oldest_ms is None else max(0, now_ms - oldest_ms) / 1000)
        self._open_alarms.labels("over_refund").set(len(found.over_refunded))
        self._open_alarms.labels("conflict").set(len(found.conflicts))
        self._open_alarms.labels("views_failure").set(found.failures)
        for (provider, kind), count in (recent or {}).items():
            self._recent.labels(provider, kind).set(count)
        self._store.prune(now_ms)
