"""`simulate --all` against the running system: every provider tells a payment, a refund of a part
of it, and both once more; what its proof is too weak for announces nothing and waits.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.event import Event
from streams.books import final_outcomes
from streams.simulate import FOUNDING, SIMULATED, ExpectedEvent, event_agrees
from tests.support.deployment import Deployed
from tests.support.proof import BY_ORDER, Found, drained, found_in

# Which of two tellings comes first depends on the partitions that they lie in.
ONCE = {outcome for outcome, _ in BY_ORDER}
Line = dict[str, Any]


@pytest.fixture
def deployed(tmp_path: Path) -> Any:
    made = Deployed(tmp_path, f"embedded://{tmp_path / 'state' / 'log.db'}", "payments")
    (tmp_path / "state").mkdir()
    yield made
    made.stop()


async def test_every_provider_tells_its_round_and_each_fact_is_announced_once(
    deployed: Deployed,
) -> None:
    made = json.loads(deployed.run("accounts", "init", "--demo", "--all", "--json").stdout)
    accounts = {Path(each).parent.name for each in made["written"] if each.endswith(".toml")}
    assert accounts == set(SIMULATED)
    deployed.start("up")
    expected = deployed.folder / "expected.jsonl"
    sent = deployed.run("simulate", "--all", "--expect", str(expected), "--json")
    report = json.loads(sent.stdout)
    lines = [json.loads(line) for line in expected.read_text().splitlines()]
    assert report["as_expected"] == report["deliveries"] == len(lines), report
    await drained(deployed)
    assert set(deployed.stop().values()) == {0}
    found = await found_in(deployed)
    wrong = [each for line in lines for each in outcome_faults(line, found)]
    assert wrong == []
    for provider in SIMULATED:
        told = [line for line in lines if line["provider"] == provider]
        events = [event for event in found.events if event.provider == provider]
        assert_rounds(provider, told, events)
    assert deployed.run("books", "--json", check=False).returncode == 0


def outcome_faults(line: Line, found: Found) -> list[str]:
    """Return what became of a callback otherwise than it should."""
    name = f"{line['provider']} {line['story']}"
    held = found.callbacks.get(line["body_sha256"], [])
    faults = [] if held else [f"{name}: not stored"]
    for callback_id, _ in held:
        final = final_outcomes(found.outcomes[callback_id])
        for place, item in enumerate(line["items"]):
            got = final[place]
            same = (got.outcome, got.code) == (item["outcome"], item["code"])
            if not same and not {got.outcome, item["outcome"]} <= ONCE:
                faults.append(f"{name}: {got.outcome} {got.code}, not {item['outcome']}")
    return faults


def assert_rounds(provider: str, told: list[Line], events: list[Event]) -> None:
    """Each account had one payment and, where refunds are told, one refund; each event once."""
    sender, accounts = SIMULATED[provider], len({line["account"] for line in told})
    assert len(told) == accounts * (2 if sender.refund is None else 4)
    assert accounts == (2 if provider in FOUNDING else 1)
    wanted = {
        "PaymentSucceeded": 0 if "payment" in sender.weak else accounts,
        "RefundCompleted": 0 if "refund" in sender.weak or sender.refund is None else accounts,
    }
    assert Counter(each.type for each in events) == Counter(wanted), provider
    for line in told:
        for item in line["items"]:
            if item["event"] is None:
                assert (item["outcome"], item["code"]) == (
                    sender.weak_item.outcome, sender.weak_item.code,
                ), provider  # fmt: skip
                continue
            # The sum beside a refund is known only once its payment is.
            members = {n: v for n, v in item["event"].items() if n != "refunded_total_minor"}
            assert {"type", "amount_minor", "currency"} <= members.keys()
            agreeing = [each for each in events if event_agrees(ExpectedEvent(**members), each)]
            assert len(agreeing) == 1, f"{provider}: {members}"
