"""Conditions that single outcomes do not show: an account that stopped verifying, a wrong clock, a
transaction that never ends.

Each alarm is a log line and a count. Texts name accounts and settings, never bytes of a message.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from processors.contract import Provider
from processors.verdict import Judgement
from schemas.callback import Callback
from schemas.errors import BadSignature, Stale
from schemas.record import TopicPartition
from schemas.times import DAY_MS
from schemas.topics import Topics
from streams.log import Log, PartitionBounds
from streams.metrics import StageMetrics

RECENT: Final = 20  # verdicts looked at
MANY: Final = 10  # of them, for an alarm
QUIET_MS: Final = 3_600_000  # the same alarm is not repeated sooner
STANDS_STILL_S: Final = 30.0
LOOK_S: Final = 10.0
_log = structlog.get_logger()


@dataclass(slots=True)
class _AccountProofs:
    """The last verdicts of one account. Forgers who never knew a key raise nothing."""

    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))
    good_at_ms: int | None = None
    told_at_ms: int | None = None


class ProofAlarms:
    """Watches judgements by their receive times: a backlog raises what it would have raised."""

    def __init__(self, metrics: StageMetrics) -> None:
        self._metrics = metrics
        self._accounts: dict[tuple[str, str], _AccountProofs] = {}
        self._skews: deque[tuple[str, bool]] = deque(maxlen=RECENT)
        self._clock_told_at_ms: int | None = None

    def judged(self, callback: Callback, judgement: Judgement, provider: Provider[object]) -> None:
        """Take note of one judgement."""
        forged = any(isinstance(error, BadSignature) for error in judgement.errors)
        if judgement.proven or forged:
            self._note_proof(callback, good=bool(judgement.proven), provider=provider)
        far = _is_far(callback, judgement)
        if far is not None:
            self._note_skew(callback, far)

    def _note_proof(self, callback: Callback, *, good: bool, provider: Provider[object]) -> None:
        now_ms = callback.received_at_ms
        seen = self._accounts.setdefault((callback.provider, callback.account), _AccountProofs())
        seen.recent.append(good)
        if good:
            seen.good_at_ms = now_ms
        verified_lately = seen.good_at_ms is not None and now_ms - seen.good_at_ms < DAY_MS
        if not verified_lately or seen.recent.count(False) < MANY:
            return
        if not _quiet(seen.told_at_ms, now_ms):
            seen.told_at_ms = now_ms
            self._metrics.alarm("stopped_verifying")
            _log.error(
                "account_stopped_verifying",
                alarm="stopped_verifying",
                provider=callback.provider,
                account=callback.account,
                look_at=[setting.name for setting in provider.settings] + ["keys"],
                meaning="this account used to verify; most of its callbacks fail now",
            )

    def _note_skew(self, callback: Callback, far: bool) -> None:
        now_ms = callback.received_at_ms
        self._skews.append((callback.provider, far))
        providers = {provider for provider, is_far in self._skews if is_far}
        many = sum(is_far for _, is_far in self._skews) >= MANY
        if many and len(providers) > 1 and not _quiet(self._clock_told_at_ms, now_ms):
            self._clock_told_at_ms = now_ms
            self._metrics.alarm("clock")
            _log.error(
                "clock_is_wrong",
                alarm="clock",
                providers=sorted(providers),
                meaning="signed times of several providers lie far from ours: look at the clock of"
                " the ingress, this is no forgery",
            )


def _is_far(callback: Callback, judgement: Judgement) -> bool | None:
    """Whether a signed time lies more than half a window away; None where none is signed."""
    for error in judgement.errors:
        if isinstance(error, Stale):
            return True
    for proven in judgement.proven:
        if proven.signed_ms is not None and proven.window_ms is not None:
            return 2 * abs(proven.signed_ms - callback.received_at_ms) > proven.window_ms
    return None


def _quiet(told_at_ms: int | None, now_ms: int) -> bool:
    return told_at_ms is not None and now_ms - told_at_ms < QUIET_MS


class StableOffsets:
    """Notices a last stable offset that stands still: readers of committed data see nothing there.

    Ordinary lag does not show it, since readers are at the end of what they may read.
    """

    def __init__(self, metrics: StageMetrics, *, stands_still_s: float = STANDS_STILL_S) -> None:
        self._metrics = metrics
        self._stands_still_s = stands_still_s
        self._since: dict[TopicPartition, tuple[int, float]] = {}
        self._told: set[TopicPartition] = set()

    def look(self, topic: str, bounds: Mapping[int, PartitionBounds], now_s: float) -> None:
        """Compare the bounds of a topic with those seen before; `now_s` is monotonic."""
        for partition, each in bounds.items():
            where = TopicPartition(topic, partition)
            before = self._since.get(where)
            if each.stable >= each.end or before is None or before[0] != each.stable:
                self._since[where] = (each.stable, now_s)
                self._told.discard(where)
            elif now_s - before[1] >= self._stands_still_s and where not in self._told:
                self._told.add(where)
                self._metrics.alarm("stable_offset")
                _log.error(
                    "stable_offset_stands_still",
                    alarm="stable_offset",
                    topic=topic,
                    partition=partition,
                    stable=each.stable,
                    end=each.end,
                    meaning="an open transaction hides what lies behind it; docs/runbook.md",
                )


async def watch_stable_offsets(
    log: Log,
    topics: Topics,
    watch: StableOffsets,
    *,
    clock_s: Callable[[], float],
    stopping: asyncio.Event,
    every_s: float = LOOK_S,
) -> None:
    """Look at the topics that transactions write, until `stopping`."""
    while not stopping.is_set():
        for topic in (topics.events, topics.ledger, topics.outcomes):
            watch.look(topic.name, await log.bounds(topic.name), clock_s())
        try:
            await asyncio.wait_for(stopping.wait(), every_s)
        except TimeoutError:
            continue
