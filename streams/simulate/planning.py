"""From providers, scenarios and a seed to signed deliveries."""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Final

from streams.simulate.keys import AccountKeys, NoKeys
from streams.simulate.messages import Delivery, Headers, Ids, Signed, Simulated
from streams.simulate.scenarios import SCENARIOS, NotHere, Scene, Step
from streams.simulate.senders import SIMULATED

STORIES_MAX: Final = 1_000_000
OF_THE_WEAK: Final = frozenset(("paid", "refunded", "round", "wrong-signature"))


def available(sender: Simulated, scenario: str, keys: AccountKeys) -> bool:
    """Whether a provider can tell this story to this account."""
    # What has to be asked ends all the same, whatever the order and the amounts.
    if sender.weak and scenario not in OF_THE_WEAK:
        return False
    if sender.unavailable(scenario, keys.settings):
        return False
    try:
        SCENARIOS[scenario](Scene(sender, keys, Ids("probe"), 1_700_000_000_000))
    except NotHere:
        return False
    return True


def combinations(
    providers: Sequence[str], scenarios: Sequence[str], keys: Sequence[AccountKeys]
) -> int:
    """Return how many stories tell every scenario once to every account that can hear it.

    Raises:
        NoKeys, ValueError: see `plan`.
    """
    return len(_tellable(providers, scenarios, keys))


def plan(
    providers: Sequence[str],
    scenarios: Sequence[str],
    count: int,
    seed: str,
    keys: Sequence[AccountKeys],
    *,
    now_ms: Callable[[], int],
) -> list[Delivery]:
    """Return the deliveries of `count` stories, dealt out in turn over what providers can tell.

    Equal seed, keys and clock give equal deliveries, but for signatures and seals that the
    provider's own scheme makes anew each time. `now_ms` is asked once per story: the time
    of sending that is signed. See `stories` for one at a time.

    Raises:
        NoKeys: an account lacks a key that a recipe needs.
        ValueError: unknown names, nothing to tell, or more than 1,000,000 stories.
    """
    told = stories(providers, scenarios, count, seed, keys, now_ms=now_ms)
    return [delivery for story in told for delivery in story]


def stories(
    providers: Sequence[str],
    scenarios: Sequence[str],
    count: int,
    seed: str,
    keys: Sequence[AccountKeys],
    *,
    now_ms: Callable[[], int],
) -> Iterator[list[Delivery]]:
    """Return an iterator over stories, each signed when it is asked for; see `plan`."""
    if not 1 <= count <= STORIES_MAX:
        raise ValueError(f"between 1 and {STORIES_MAX} stories, not {count}")
    tellable = _tellable(providers, scenarios, keys)
    return _told(tellable, count, seed, now_ms)


def _told(
    tellable: list[tuple[Simulated, str, AccountKeys]],
    count: int,
    seed: str,
    now_ms: Callable[[], int],
) -> Iterator[list[Delivery]]:
    for number, (sender, scenario, keys) in zip(range(count), cycle(tellable), strict=False):
        name = f"{seed}/{number}"
        scene = Scene(sender, keys, Ids(f"{name}/{sender.name}/{scenario}"), now_ms())
        yield [
            _delivery(scene, scenario, name, step) for step in SCENARIOS[scenario](scene)
        ]  # fmt: skip


def _tellable(
    providers: Sequence[str], scenarios: Sequence[str], keys: Sequence[AccountKeys]
) -> list[tuple[Simulated, str, AccountKeys]]:
    for name in providers:
        if name not in SIMULATED:
            raise ValueError(f"no simulated provider {name}; there are {', '.join(SIMULATED)}")
    for name in scenarios:
        if name not in SCENARIOS:
            raise ValueError(f"no scenario {name}; there are {', '.join(SCENARIOS)}")
    held = [account for account in keys if account.provider in providers]
    missing = set(providers) - {account.provider for account in held}
    if missing:
        raise NoKeys(f"no simulator keys for {', '.join(sorted(missing))}")
    found = [
        (SIMULATED[account.provider], scenario, account)
        for scenario in scenarios
        for account in held
        if available(SIMULATED[account.provider], scenario, account)
    ]
    if not found:
        raise ValueError("none of these scenarios exists at these providers")
    return found


def _delivery(scene: Scene, scenario: str, story: str, step: Step) -> Delivery:
    sender, nonce = scene.sender, scene.ids.hex(32)
    resign = None
    if isinstance(step.content, Signed):
        signed = step.content
    else:
        signed = sender.sign(step.content, step.keys, nonce, scene.now_ms + step.shift_ms)
        if sender.signs_time:
            resign = _resigner(sender, step, nonce)
    body = signed.body if step.damage is None else step.damage(signed.body)
    target = f"/v1/callbacks/{sender.name}/{scene.keys.account}"
    query = signed.query
    if sender.method == "GET":
        query, body = body.decode("latin-1"), b""
    if query:
        target = f"{target}?{query}"
    return Delivery(
        provider=sender.name,
        account=scene.keys.account,
        method=sender.method,
        target=target,
        headers=signed.headers,
        body=body,
        expectation=step.expectation,
        scenario=scenario,
        story=story,
        signed_ms=scene.now_ms,
        resign=resign,
        fresh_ms=sender.fresh_ms,
    )


def _resigner(sender: Simulated, step: Step, nonce: str) -> Callable[[int], Headers]:
    content, keys, shift_ms = step.content, step.keys, step.shift_ms
    assert not isinstance(content, Signed)

    def headers_at(now_ms: int) -> Headers:
        return sender.sign(content, keys, nonce, now_ms + shift_ms).headers

    return headers_at
