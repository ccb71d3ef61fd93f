"""What a replay says of a log that is not as it should be, and of one that only looks so."""

from dataclasses import replace
from pathlib import Path

import pytest

from processors.account import Account
from processors.keys import Secret
from processors.registry import PROVIDERS
from processors.revised_account import Ring
from schemas.callback import Callback
from schemas.event import event_draft, read_event
from schemas.fact import fact_draft, read_fact
from schemas.outcome import outcome_draft
from schemas.record import Draft, Record, TopicPartition
from schemas.times import DAY_MS
from streams.quarantine import decide, held_callbacks, release
from streams.replay import Range, Replay, Report, Wanted
from streams.replay.store import Store
from tests.support.payments import payments
from tests.support.stages import DIGEST, FixedBook, Line

NOW_MS = 1_790_000_000_000
COUNT = 6


async def line_of(*, settled: bool = True) -> tuple[Line, Account, list[Callback]]:
    """Return a line with a few payments of Stripe."""
    account, callbacks = payments("stripe", COUNT, at_ms=NOW_MS)
    line = await Line(account, now_ms=NOW_MS + 1_000).open()
    for callback in callbacks:
        await line.store(callback)
    if settled:
        await line.verify()
        await line.settle()
    return line, account, callbacks


async def replayed(line: Line, folder: Path, *accounts: Account) -> Report:
    def ring(provider: str, account: str) -> Ring:
        held = [key.material for each in accounts for key in each.keys
                if (each.provider, each.name) == (provider, account)]  # fmt: skip
        secrets = [material for material in held if isinstance(material, Secret)]
        return Ring({DIGEST(each.reveal()): each for each in secrets})

    wanted = Wanted(
        range=Range(0, NOW_MS + 900 * DAY_MS), prefix="payments", into=None, deployment="tests",
        ledger_days=540, log="memory",
    )  # fmt: skip
    store = Store(folder / "replay.db")
    try:
        replay = Replay(log=line.log, wanted=wanted, store=store, providers=PROVIDERS, rings=ring)
        return await replay.run()
    finally:
        store.remove()


async def records(line: Line, topic: str) -> list[Record]:
    return [record async for record in line.log.read(topic)]


def again(record: Record, value: bytes | None = None) -> Draft:
    return Draft(record.topic, record.partition, record.key, value or record.value, record.headers)


async def test_a_good_log_is_the_same(tmp_path: Path) -> None:
    line, account, _ = await line_of()
    report = await replayed(line, tmp_path, account)
    assert report.same
    assert (report.counts["callbacks"], report.counts["events"]) == (COUNT, COUNT)


async def test_an_event_that_no_callback_led_to_is_found(tmp_path: Path) -> None:
    line, account, _ = await line_of()
    event = read_event((await records(line, line.topics.events.name))[0])
    forged = replace(event, type="RefundCompleted", id="0" * 36, causation_id="nobody", sequence=2)
    place = (await records(line, line.topics.events.name))[0].partition
    await line.append(
        event_draft(forged, topic=line.topics.events.name, partition=place, deployment="tests")
    )
    report = await replayed(line, tmp_path, account)
    assert [subject for _, subject, _ in report.findings] == [forged.id]
    assert report.findings[0][0] == "event_without_fact"


async def test_a_fact_that_was_changed_in_the_log_is_found(tmp_path: Path) -> None:
    line, account, _ = await line_of(settled=False)
    await line.verify()
    stored = (await records(line, line.topics.facts.name))[-1]
    fact = read_fact(stored)
    # After verify, before settle: what is announced is not what was proven.
    changed = replace(fact, fact=replace(fact.fact, merchant_order_id="another"))
    octets = (stored.value or b"").replace(
        f'"{fact.fact.merchant_order_id}"'.encode(), b'"another"'
    )
    assert octets != stored.value
    draft = fact_draft(
        changed, octets, topic=line.topics.facts.name, partitions=line.topics.facts.partitions
    )
    await line.append(draft)
    await line.settle()
    report = await replayed(line, tmp_path, account)
    (found,) = report.of("fact_changed")
    assert found[2]["changes"] == [["merchant_order_id", "another", fact.fact.merchant_order_id]]


async def test_a_callback_without_any_outcome_is_found(tmp_path: Path) -> None:
    line, account, callbacks = await line_of()
    lost = await line.store(replace(callbacks[0], id="lost"), new_id=False)
    where = TopicPartition(line.topics.callbacks.name, 0)
    consumer = await line.log.consumer("payments-verify", [where.topic])
    await consumer.commit({where: COUNT + 1})
    await consumer.close()
    report = await replayed(line, tmp_path, account)
    assert [(kind, subject) for kind, subject, _ in report.findings] == [
        ("nothing_recorded", lost)
    ]


async def test_an_outcome_that_was_said_otherwise_is_found(tmp_path: Path) -> None:
    line, account, callbacks = await line_of()
    stranger = replace(callbacks[0], body=callbacks[0].body + b" ")
    await line.store(stranger)
    await line.verify()
    refused = next(o for o in await line.outcomes() if o.outcome == "refused")
    said = replace(refused, outcome="ignored", code=None)
    topic = line.topics.outcomes
    await line.append(outcome_draft(said, topic=topic.name, partitions=topic.partitions))
    report = await replayed(line, tmp_path, account)
    (found,) = report.findings
    assert (found[0], found[2]["changes"]) == (
        "outcome_changed", [["outcome", "ignored", "refused bad_signature"]]
    )  # fmt: skip


async def test_what_the_live_path_has_not_reached_is_no_finding(tmp_path: Path) -> None:
    line, account, callbacks = await line_of(settled=False)
    await line.verify()
    await line.store(callbacks[0])
    report = await replayed(line, tmp_path, account)
    assert report.same
    assert (report.counts["unsettled"], report.counts["in_flight"]) == (COUNT, 1)


async def test_a_fact_that_stands_twice_is_announced_once(tmp_path: Path) -> None:
    line, account, _ = await line_of(settled=False)
    await line.verify()
    # A batch judged again after a crash.
    await line.append(*[again(each) for each in await records(line, line.topics.facts.name)])
    await line.settle()
    report = await replayed(line, tmp_path, account)
    assert report.same
    assert report.counts["events"] == COUNT


@pytest.mark.parametrize("held", [True, False])
async def test_a_release_is_judged_under_each_of_its_revisions(tmp_path: Path, held: bool) -> None:
    line, account, callbacks = await line_of(settled=False)
    secret = replace(account.keys[0], kid="9", material=Secret(b"whsec_of_another_endpoint"))
    wrong = replace(account, keys=(secret,), revision="")
    wrong = replace(wrong, revision=FixedBook((wrong,)).revisions()[0].name)
    line.book = FixedBook((wrong,))
    await line.verify()
    codes = {outcome.code for outcome in await line.outcomes()}
    assert codes == {"bad_signature"}
    await release(
        line.log, line.topics, await held_callbacks(line.log, line.topics),
        book=FixedBook((account,)), metrics=line.metrics,
    )  # fmt: skip
    await line.settle()
    assert len(await line.events()) == COUNT
    # The wrong secret need not be there any more: without it, too, the signature was bad.
    report = await replayed(line, tmp_path, account, *([wrong] if held else []))
    assert report.same, report.findings
    assert report.counts["callbacks"] == len(callbacks)
    # The right one must.
    report = await replayed(line, tmp_path, wrong)
    assert report.not_provable == COUNT
    assert report.differences == 0


async def test_a_recorded_decision_is_no_difference(tmp_path: Path) -> None:
    line, account, callbacks = await line_of()
    late = replace(callbacks[0], received_at_ms=callbacks[0].received_at_ms + DAY_MS)
    await line.store(late)
    await line.verify()
    held = await held_callbacks(line.log, line.topics, codes=frozenset(("stale",)))
    assert await decide(line.log, line.topics, held, decision="seen", decided_by="a test") == 1
    report = await replayed(line, tmp_path, account)
    assert report.same, report.findings


async def test_a_revision_that_was_never_published_is_named(tmp_path: Path) -> None:
    line, account, _ = await line_of()
    outcome = (await line.outcomes())[0]
    odd = replace(outcome, revision="0123456789abcdef", outcome="ignored", code=None)
    topic = line.topics.outcomes
    await line.append(outcome_draft(odd, topic=topic.name, partitions=topic.partitions))
    report = await replayed(line, tmp_path, account)
    assert [kind for kind, _, _ in report.findings] == ["revision_unknown"]
