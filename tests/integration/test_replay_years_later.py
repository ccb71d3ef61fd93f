"""The same verdict in three years: every case of the founding providers, all keys rotated since.

The clock of the log is three years ahead, and every key of then is retired and has an heir. What
is judged by the wall clock, or without the retired keys, comes out differently: shown as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processors.account import Account
from processors.account_form import RawKey
from processors.registry import PROVIDERS
from processors.replay import Judge
from processors.revised_account import Ring, ring_of
from processors.vectors import case_account, case_callback
from processors.verdict import Judgement, judge
from schemas.callback import Callback
from schemas.fact import encode_fact
from schemas.record import Position
from schemas.revision import revision_draft
from schemas.times import DAY_MS
from streams.replay import Range, Replay, Report, Wanted
from streams.replay.store import Store
from tests.support.cases import cases_of
from tests.support.stages import DIGEST, Line, revision_of

FOUNDING = (
    "adyen", "alipay", "paypal", "stripe", "unionpay", "wechatpay-v2", "wechatpay-v3",
)  # fmt: skip
THREE_YEARS_MS = 3 * 366 * DAY_MS
Where = tuple[str, str]


class Past:
    """A line that has heard every case, each to an account of its own, and then grew old."""

    def __init__(self) -> None:
        self.raw: dict[Where, list[RawKey]] = {}
        self.accounts: list[Account] = []
        self.callbacks: list[Callback] = []
        for provider in FOUNDING:
            for number, case in enumerate(cases_of(provider)):
                self._add(provider, f"shop-{number}", case)
        self.first_ms = min(each.received_at_ms for each in self.callbacks)
        self.last_ms = max(each.received_at_ms for each in self.callbacks)
        self.line = Line(*self.accounts, now_ms=self.last_ms + 1_000)
        topics = self.line.topics
        # Kept for years, as the archive keeps them.
        self.line.topics = replace(
            topics,
            callbacks=replace(topics.callbacks, retention_ms=-1),
            facts=replace(topics.facts, retention_ms=-1),
        )

    def _add(self, provider: str, name: str, case: dict[str, Any]) -> None:
        account = replace(
            case_account(PROVIDERS[provider], case["account"]), name=name, ledger=name
        )
        self.accounts.append(replace(account, revision=revision_of(account, DIGEST).name))
        self.callbacks.append(case_callback(provider, name, case))
        self.raw[provider, name] = [
            RawKey(key["kid"], key["use"], key["kind"], key.get("text", key.get("pem", "")))
            for key in case["account"]["keys"]
        ]

    async def happen(self) -> "Past":
        await self.line.open()
        for callback in self.callbacks:
            # Each case is received when it was: the clock of the line goes along.
            self.line.now_ms = callback.received_at_ms + 500
            await self.line.store(callback)
        await self.line.verify()
        self.line.now_ms = self.last_ms + 1_000
        await self.line.settle()
        await self._rotate()
        self.line.now_ms += THREE_YEARS_MS
        return self

    async def _rotate(self) -> None:
        """Retire every key after the last receive time, name an heir, publish the revisions."""
        rotated = []
        for (provider, name), raw in self.raw.items():
            retired = [replace(key, not_after_ms=self.last_ms + 10 * DAY_MS) for key in raw]
            heirs = [
                replace(key, kid=f"{key.kid}-heir", not_before_ms=self.last_ms + 9 * DAY_MS)
                for key in raw
            ]
            self.raw[provider, name] = [*heirs, *retired]
            account = next(a for a in self.accounts if (a.provider, a.name) == (provider, name))
            dated = tuple(
                replace(key, not_after_ms=self.last_ms + 10 * DAY_MS) for key in account.keys
            )
            rotated.append(revision_of(replace(account, keys=dated), DIGEST))
        topic = self.line.topics.accounts.name
        await self.line.append(*(revision_draft(each, topic=topic) for each in rotated))

    def rings(self, keys: Callable[[RawKey], bool] = lambda _: True) -> Callable[..., Ring]:
        def ring(provider: str, account: str) -> Ring:
            kept = [key for key in self.raw[provider, account] if keys(key)]
            return ring_of(PROVIDERS[provider], kept, DIGEST)

        return ring

    async def replay(
        self,
        folder: Path,
        *,
        rings: Callable[..., Ring] | None = None,
        judging: Judge = judge,
        covered: Range | None = None,
        into: str | None = None,
    ) -> Report:
        wanted = Wanted(
            range=covered or Range(self.first_ms, self.last_ms + 1), prefix="payments", into=into,
            deployment="tests", ledger_days=540, log="memory",
        )  # fmt: skip
        store = Store(folder / "replay.db")
        replay = Replay(
            log=self.line.log, wanted=wanted, store=store, providers=PROVIDERS,
            rings=rings or self.rings(), judge=judging,
        )  # fmt: skip
        try:
            return await replay.run()
        finally:
            store.remove()

    async def ends(self) -> dict[str, Any]:
        """Everything of the live path that a replay must not touch."""
        log, topics = self.line.log, self.line.topics
        ends: dict[str, Any] = {t.name: await log.bounds(t.name) for t in topics.all()}
        for group in ("verify", "settle"):
            for topic in topics.all():
                offsets = await log.committed_offsets(f"payments-{group}", topic.name)
                ends[f"{group} {topic.name}"] = offsets
        return ends


@pytest.fixture(scope="module")
async def past() -> Past:
    return await Past().happen()


async def test_nothing_differs_three_years_later(past: Past, tmp_path: Path) -> None:
    before = await past.ends()
    codes = {outcome.code for outcome in await past.line.outcomes()}
    # The cases that a clock would change are among them.
    assert {"stale", "too_old", "bad_signature", "undecryptable", "unknown_key"} <= codes
    report = await past.replay(tmp_path)
    assert report.findings == ()
    assert report.same
    assert report.counts["callbacks"] == len(past.callbacks)
    assert report.counts["facts"] > 250
    assert report.counts["events"] == len(await past.line.events())
    assert await past.ends() == before


def by_the_wall_clock(now_ms: int) -> Judge:
    """A judge that asks what time it is, and is honest about all else."""

    def judging(callback: Callback, position: Position, provider: Any, account: Account) -> Any:
        late = judge(replace(callback, received_at_ms=now_ms), position, provider, account)
        facts = [replace(f, received_at_ms=callback.received_at_ms) for f, _ in late.facts]
        return Judgement(
            tuple((fact, encode_fact(fact)) for fact in facts), late.outcomes, late.errors,
            late.proven,
        )  # fmt: skip

    return judging


async def test_judging_by_the_wall_clock_is_noticed(past: Past, tmp_path: Path) -> None:
    report = await past.replay(tmp_path, judging=by_the_wall_clock(past.line.now_ms))
    assert not report.same
    gone = [detail for _, _, detail in report.of("fact_gone")]
    said = {change[2] for detail in gone for change in detail["changes"]}
    # Windows and the dates of certificates.
    assert {"refused stale", "refused bad_signature"} <= said
    assert report.counts["event_missing"] > 50


async def test_dropping_retired_keys_is_noticed(past: Past, tmp_path: Path) -> None:
    def in_force(key: RawKey) -> bool:
        return key.not_after_ms is None or past.line.now_ms < key.not_after_ms

    heirs = past.rings(lambda key: in_force(key) and not key.kid.endswith("-heir"))
    report = await past.replay(tmp_path, rings=heirs)
    assert not report.same
    assert report.not_provable > 150
    assert report.differences == 0


async def test_a_kid_that_is_gone_takes_its_own_callbacks_and_nothing_else(
    past: Past, tmp_path: Path
) -> None:
    announced = [
        outcome.callback_id
        for outcome in await past.line.outcomes()
        if outcome.outcome == "announced"
    ]
    positions = {o.callback_id: o.callback for o in await past.line.outcomes()}
    # Each case has its own account: one account's key is one callback's.
    callback_id = announced[0]
    lost = past.callbacks[positions[callback_id].offset]
    where = lost.provider, lost.account

    def rings(provider: str, account: str) -> Ring:
        return Ring() if (provider, account) == where else past.rings()(provider, account)

    report = await past.replay(tmp_path, rings=rings)
    assert report.differences == 0
    assert [subject for _, subject, _ in report.of("not_provable")] == [callback_id]
    kids = {kid for _, _, kid in report.lost_kids()}
    assert kids == {key.kid for key in past.raw[where] if not key.kid.endswith("-heir")}
    assert report.counts["events"] == len(await past.line.events())


async def test_facts_and_events_are_written_again_byte_for_byte(
    past: Past, tmp_path: Path
) -> None:
    before = await past.ends()
    await past.replay(tmp_path, into="again")
    log = past.line.log
    for name in ("facts", "events"):
        then = [r async for r in log.read(f"payments.{name}.v1")]
        now = [r async for r in log.read(f"again.{name}.v1")]
        assert {(r.partition, r.key, r.value) for r in now} == {
            (r.partition, r.key, r.value) for r in then
        }
        assert len(now) == len(then)
        headers = {r.headers for r in then}
        assert {r.headers[:-1] for r in now} == headers
        assert {r.headers[-1][0] for r in now} == {"replay.id"}
    assert await past.ends() == before


async def test_a_range_takes_its_start_and_leaves_its_end(past: Past, tmp_path: Path) -> None:
    times = sorted(each.received_at_ms for each in past.callbacks)
    start, end = times[len(times) // 3], times[2 * len(times) // 3]
    expected = [each for each in past.callbacks if start <= each.received_at_ms < end]
    report = await past.replay(tmp_path, covered=Range(start, end))
    assert report.same
    assert report.counts["callbacks"] == len(expected)
    of_stripe = await past.replay(tmp_path, covered=Range(0, past.last_ms + 1, "stripe"))
    assert of_stripe.same
    assert of_stripe.counts["callbacks"] == len(cases_of("stripe"))


def changed(which: str, **members: Any) -> Judge:
    """Today's code with a change: the first fact of a provider says something else."""

    def judging(callback: Callback, position: Position, provider: Any, account: Account) -> Any:
        judged = judge(callback, position, provider, account)
        if provider.name != which or not judged.facts:
            return judged
        facts: Sequence[Any] = [
            replace(record, fact=replace(record.fact, **members)) for record, _ in judged.facts
        ]
        return replace(judged, facts=tuple((fact, encode_fact(fact)) for fact in facts))

    return judging


async def test_a_changed_field_is_named_in_facts_and_events(past: Past, tmp_path: Path) -> None:
    report = await past.replay(tmp_path, judging=changed("stripe", merchant_order_id="A-0"))
    fact = report.of("fact_changed")[0][2]
    assert [(field, now) for field, _, now in fact["changes"]] == [("merchant_order_id", "A-0")]
    event = report.of("event_changed")[0][2]
    assert [field for field, _, _ in event["changes"]] == ["merchant_order_id"]
    # A failed attempt that no payment id names is keyed by its order: another one is another fact.
    moved = [d["payment"] for _, _, d in report.of("event_missing")]
    assert [payment for payment in moved if "/order:" not in payment] == []


async def test_another_payment_id_is_an_event_less_and_an_event_more(
    past: Past, tmp_path: Path
) -> None:
    report = await past.replay(tmp_path, judging=changed("unionpay", payment_id="other"))
    assert report.counts["event_missing"] > 5
    assert report.counts["event_surplus"] > 5
    assert report.counts["fact_changed"] == sum(
        1 for o in report.of("fact_changed") if o[2]["changes"]
    )


async def test_code_that_fails_is_a_difference_and_no_crash(past: Past, tmp_path: Path) -> None:
    def failing(callback: Callback, position: Position, provider: Any, account: Account) -> Any:
        if provider.name == "alipay":
            raise RuntimeError("a defect")
        return judge(callback, position, provider, account)

    report = await past.replay(tmp_path, judging=failing)
    said = {c[2] for _, _, d in report.of("fact_gone") for c in d["changes"]}
    assert said == {"parked defect"}
