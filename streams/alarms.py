"""Alarms of verify that single outcomes do not show: an account that stopped verifying, a clock.

Each alarm is a log line and a count. Texts name accounts and settings, never bytes of a message.
All times are receive times, so that a backlog raises what it would have raised when it came.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from processors.contract import Provider
from processors.verdict import Judgement
from schemas.callback import Callback
from schemas.errors import BadSignature, InvalidRecord, Stale, Unavailable
from schemas.fact import read_fact
from schemas.times import DAY_MS
from schemas.topics import Topics
from streams.log import Log
from streams.metrics import StageMetrics

RECENT: Final = 20  # verdicts of one account that are looked at, none older than a day
MANY_BAD: Final = 5  # of them for an alarm, and at least half: small accounts count too
SIGNED_RECENT: Final = 60  # signed times of all accounts that are looked at
MANY_FAR: Final = 10  # of them for an alarm: one of several ingress hosts may be the wrong one
FAR_EACH: Final = 3  # of each of two providers: one provider's late delivery is not our clock
QUIET_MS: Final = 3_600_000  # the same alarm is not repeated sooner
FACTS_TAIL: Final = 200  # of each partition, read at the start
_log = structlog.get_logger()


@dataclass(slots=True)
class _AccountProofs:
    """The last verdicts of one account with their receive times."""

    recent: deque[tuple[int, bool]] = field(default_factory=lambda: deque(maxlen=RECENT))
    good_at_ms: int | None = None
    told_at_ms: int | None = None

    def note(self, now_ms: int, *, good: bool) -> None:
        self.recent.append((now_ms, good))
        if good:
            self.good_at_ms = now_ms

    def stopped(self, now_ms: int) -> bool:
        """Whether it verified within a day and fails mostly now; strangers never verified."""
        if not _within(DAY_MS, self.good_at_ms, now_ms):
            return False
        lately = [good for at_ms, good in self.recent if _within(DAY_MS, at_ms, now_ms)]
        bad = lately.count(False)
        return bad >= MANY_BAD and 2 * bad >= len(lately)


class ProofAlarms:
    """Watches judgements account by account. Memory is bounded by the accounts configured."""

    def __init__(self, metrics: StageMetrics) -> None:
        self._metrics = metrics
        self._accounts: dict[tuple[str, str], _AccountProofs] = {}
        self._signed: deque[tuple[int, str, bool]] = deque(maxlen=SIGNED_RECENT)
        self._clock_told_at_ms: int | None = None

    def proved_before(self, provider: str, account: str, received_at_ms: int) -> None:
        """Remember a proof of an earlier process: settings change at restarts above all."""
        seen = self._accounts.setdefault((provider, account), _AccountProofs())
        seen.good_at_ms = max(seen.good_at_ms or 0, received_at_ms)

    def judged(self, callback: Callback, judgement: Judgement, provider: Provider[object]) -> None:
        """Take note of one judgement of a configured account."""
        good = bool(judgement.proven)
        if good or any(isinstance(error, BadSignature) for error in judgement.errors):
            self._metrics.proof(callback.provider, callback.account, good=good)
            self._note_proof(callback, good=good, provider=provider)
        far = _is_far(callback, judgement)
        if far is not None:
            self._note_signed(callback, far)

    def _note_proof(self, callback: Callback, *, good: bool, provider: Provider[object]) -> None:
        now_ms = callback.received_at_ms
        seen = self._accounts.setdefault((callback.provider, callback.account), _AccountProofs())
        seen.note(now_ms, good=good)
        if good or not seen.stopped(now_ms) or _within(QUIET_MS, seen.told_at_ms, now_ms):
            return
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

    def _note_signed(self, callback: Callback, far: bool) -> None:
        now_ms = callback.received_at_ms
        self._signed.append((now_ms, callback.provider, far))
        if not far or _within(QUIET_MS, self._clock_told_at_ms, now_ms):
            return
        away = Counter(
            name for at_ms, name, is_far in self._signed
            if is_far and _within(QUIET_MS, at_ms, now_ms)
        )  # fmt: skip
        providers = sorted(name for name, count in away.items() if count >= FAR_EACH)
        if away.total() < MANY_FAR or len(providers) < 2:
            return
        self._clock_told_at_ms = now_ms
        self._metrics.alarm("clock")
        _log.error(
            "clock_is_wrong",
            alarm="clock",
            providers=providers,
            meaning="signed times of several providers lie far from ours: look at the clock of"
            " the ingress, this is no forgery",
        )


async def recall_proofs(log: Log, topics: Topics, alarms: ProofAlarms) -> None:
    """Tell `alarms` who verified lately, from the newest facts: what one process knew outlives it.

    An account whose facts lie further back than FACTS_TAIL of each partition is not recalled; its
    alarm then waits for its next good callback.
    """
    name = topics.facts.name
    try:
        bounds = await log.bounds(name)
        start = {p: max(each.start, each.end - FACTS_TAIL) for p, each in bounds.items()}
        # To committed data only: a stranger's open transaction must not hold up the start.
        ends = {p: each.stable for p, each in bounds.items()}
        newest = await _newest_facts(log, name, start, ends)
    except Unavailable as error:
        # An alarm is not worth a stage that does not start.
        _log.warning("proofs_not_recalled", reason=str(error))
        return
    for (provider, account), received_at_ms in newest.items():
        alarms.proved_before(provider, account, received_at_ms)


async def _newest_facts(
    log: Log, name: str, start: Mapping[int, int], ends: Mapping[int, int]
) -> dict[tuple[str, str], int]:
    newest: dict[tuple[str, str], int] = {}
    async for record in log.read(name, start=start, end=ends):
        try:
            fact = read_fact(record)
        except InvalidRecord:
            continue  # Settling stops at a damaged one, and says so.
        key = (fact.provider, fact.account)
        newest[key] = max(newest.get(key, 0), fact.received_at_ms)
    return newest


def _is_far(callback: Callback, judgement: Judgement) -> bool | None:
    """Whether a signed time lies more than half a window away; None where none is signed."""
    for error in judgement.errors:
        if isinstance(error, Stale):
            return True
    for proven in judgement.proven:
        if proven.signed_ms is not None and proven.window_ms is not None:
            return 2 * abs(proven.signed_ms - callback.received_at_ms) > proven.window_ms
    return None


def _within(span_ms: int, then_ms: int | None, now_ms: int) -> bool:
    """Whether two times lie close; to either side, since the clock may be what is wrong."""
    return then_ms is not None and abs(now_ms - then_ms) < span_ms
