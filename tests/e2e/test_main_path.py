"""From a provider's call to the announced event, on both logs: all providers, all scenarios, with
the faults of delivery; the commands that look at it; an account whose key comes later."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from streams.cli.frame import now_ms
from streams.simulate import (
    FOUNDING,
    SCENARIOS,
    AccountKeys,
    Delivery,
    Faults,
    Retry,
    deliver,
    plan,
)
from tests.support.deployment import Deployed
from tests.support.proof import Found, drained, found_in, prove

STORIES = 300
# Well formed, and good on the day that the key is known.
LATE = ("wechatpay-v3", "shop-2")
Deploy = Callable[[str], Deployed]


def start(deployed: Deployed, layout: str) -> None:
    """Start the roles: `embedded`, `kafka`, or `kafka-2` with two processes each."""
    if layout == "embedded":
        deployed.start("up")
        return
    more = ("--processes", "2") if layout == "kafka-2" else ()
    for role in ("ingress", "verify", "settle"):
        deployed.start(role, *more)


async def send(deployed: Deployed, deliveries: Sequence[Delivery], faults: Faults) -> None:
    report = await deliver(
        deliveries, deployed.base_url, concurrency=12, faults=faults, seconds_max=60,
        retry=Retry(speed=1e9),
    )  # fmt: skip
    assert report.unexpected == 0, report.members()
    assert not report.stopped_early


@pytest.mark.parametrize("layout", ["embedded", "kafka", "kafka-2"])
async def test_every_story_of_every_provider_comes_out_as_told(
    deploy: Deploy, demo_keys: Sequence[AccountKeys], layout: str
) -> None:
    deployed = deploy(layout.partition("-")[0])
    start(deployed, layout)
    told = plan(list(FOUNDING), list(SCENARIOS), STORIES, layout, demo_keys, now_ms=now_ms)
    assert {each.provider for each in told} == set(FOUNDING)
    assert {each.scenario for each in told} == set(SCENARIOS)
    faults = Faults(repeat=0.1, shuffle=0.1, hang_up=0.05, torn=0.05, seed=layout)
    await send(deployed, told, faults)
    await drained(deployed)
    assert_counted(deployed, await found_in(deployed))
    found = await prove(deployed, told)
    assert_tail_agrees(deployed, found)


def assert_counted(deployed: Deployed, found: Found) -> None:
    """The metrics of all processes of a role together say what was done; nothing was lost."""
    metrics = "".join(role.metrics() for role in deployed.processes.values())
    assert summed(metrics, "tillstream_events_total") == len(found.events)


def summed(metrics: str, name: str) -> float:
    lines = [line for line in metrics.splitlines() if line.startswith(f"{name}{{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def assert_tail_agrees(deployed: Deployed, found: Found) -> None:
    lines = deployed.run("tail", "--no-follow", "--json").stdout.splitlines()
    printed = [json.loads(line) for line in lines]
    assert sorted((each["id"], each["sequence"], each["type"]) for each in printed) == sorted(
        (event.id, event.sequence, event.type) for event in found.events
    )


def quarantine(deployed: Deployed, *arguments: str, code: int = 0) -> Any:
    done = deployed.run("quarantine", *arguments, check=False)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("log", ["embedded", "kafka"])
async def test_a_callback_waits_in_quarantine_for_its_key_and_is_announced_once(
    deploy: Deploy, demo_keys: Sequence[AccountKeys], log: str
) -> None:
    deployed = deploy(log)
    account = deployed.folder / "accounts" / LATE[0] / f"{LATE[1]}.toml"
    complete = account.read_text()
    other = (account.parent / "shop-1.toml").read_text()
    account.write_text(with_first_key_of(other, complete))
    start(deployed, log)
    keys = [each for each in demo_keys if (each.provider, each.account) == LATE]
    told = plan([LATE[0]], ["paid"], 3, f"late-{log}", keys, now_ms=now_ms)
    # This provider is told that we could not check it, and would come again; it is stored anyway.
    await deliver(told, deployed.base_url)
    await drained(deployed)

    held = quarantine(deployed, "list", "--json", code=1)
    assert [(each["outcome"], each["code"]) for each in held] == [("parked", "unknown_key")] * 3
    (cause,) = quarantine(deployed, "list", "--causes", "--json", code=1)
    assert (cause["code"], cause["account"], cause["items"]) == ("unknown_key", "/".join(LATE), 3)
    shown = quarantine(deployed, "show", held[0]["callback_id"])
    assert (shown["provider"], shown["account"]) == LATE
    # Without the key judging again changes nothing: no check is skipped.
    quarantine(deployed, "release", held[0]["callback_id"], "--json")
    await drained(deployed)
    assert len(quarantine(deployed, "list", "--json", code=1)) == 3
    assert not (await found_in(deployed)).events

    # Now the key is added beside the other, while everything runs.
    first_key = complete.index("[[keys]]")
    account.write_text(account.read_text() + "\n" + first_of(complete[first_key:]))
    released = quarantine(deployed, "release", "--code", "unknown_key", "--json")
    assert released["count"] == 3
    await drained(deployed)
    assert quarantine(deployed, "list", "--json") == []
    # A release of what is no longer held is refused, and the provider comes again by itself.
    assert deployed.run("quarantine", "release", held[0]["callback_id"], check=False).returncode
    await asyncio.to_thread(wait_in_force, deployed, keys[0].signing().kid)
    await send(deployed, told, Faults())
    found = await prove(deployed, told)
    assert len(found.events) == 3
    assert sum(map(len, found.callbacks.values())) == 6


def wait_in_force(deployed: Deployed, kid: str) -> None:
    """The running roles watch the folder: wait until each has told of the new key."""
    deadline = time.monotonic() + 20
    roles = list(deployed.processes.values())
    while not all(f'"{kid}"' in role.log_file.read_text() for role in roles):
        assert time.monotonic() < deadline, deployed.logged()
        time.sleep(0.1)


def first_of(keys: str) -> str:
    """Return the first `[[keys]]` table of a text that begins with it."""
    return "[[keys]]" + keys.split("[[keys]]")[1]


def with_first_key_of(other: str, own: str) -> str:
    """Return an account file with another account's first key in the place of its own."""
    own_first, other_first = (
        first_of(text[text.index("[[keys]]") :]) for text in (own, other)
    )  # fmt: skip
    return own.replace(own_first, other_first)
