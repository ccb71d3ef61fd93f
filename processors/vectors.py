"""Cases as data: one account, one request, and what must come of it. Also other people's cases.

A case is judged and settled alone, from an empty ledger; only the fields that it names are
compared.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from processors.account import Account
from processors.account_form import Digest, RawKey, build_account
from processors.contract import Provider, Providers
from processors.settle import settle
from processors.verdict import Judgement, judge
from schemas.callback import Callback
from schemas.event import Event, event_members
from schemas.ledger import LedgerState
from schemas.record import Position
from schemas.times import parse_rfc3339

LEDGER_DAYS: Final = 540
_PATH: Final = re.compile(r"/v1/callbacks/([^/?]+)/([^/?]+)")
_POSITION: Final = Position("vectors", 0, 0)
_DIGEST: Final = Digest(b"vectors")


class BadCase(ValueError):
    """A case that is not in the format, or whose account does not load."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case. `reason` is the outcome's code; `events` are plain members."""

    provider: str
    name: str
    agrees: bool
    verdict: str
    reason: str | None
    events: tuple[dict[str, Any], ...]
    difference: str


def run_case(providers: Providers, provider_name: str, case: Mapping[str, Any]) -> CaseResult:
    """Return whether a case agrees.

    Raises:
        BadCase: unknown provider, another format, or an account that does not load.
    """
    provider = providers.get(provider_name)
    if provider is None:
        raise BadCase(f"no provider is called {provider_name}")
    try:
        account = case_account(provider, case["account"])
        callback = case_callback(provider_name, account.name, case)
        expected = case["expect"]
        judgement = judge(callback, _POSITION, provider, account)
        verdict, reason = verdict_of(judgement)
        events = tuple(_plain(event) for event in settled_events(judgement))
        difference = _difference(expected, verdict, events)
        return CaseResult(
            provider_name, case["name"], not difference, verdict, reason, events, difference
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, BadCase):
            raise
        raise BadCase(f"not a case in this format: {error}") from error


def case_account(provider: Provider[Any], raw: Mapping[str, Any]) -> Account:
    """Return the account of a case.

    Raises:
        BadCase: it does not load; the message names every fault.
    """
    keys = [
        RawKey(
            key["kid"], key["use"], key["kind"], key.get("text", key.get("pem", "")),
            _moment(key.get("not_before")), _moment(key.get("not_after")),
        )
        for key in raw["keys"]
    ]  # fmt: skip
    account, problems = build_account(
        provider, name="shop", mode=raw["mode"], ledger=None, settings=raw["settings"],
        keys=keys, digest=_DIGEST,
    )  # fmt: skip
    if account is None:
        faults = "; ".join(f"{problem.field}: {problem.sentence}" for problem in problems)
        raise BadCase(f"the account does not load: {faults}")
    return account


def case_callback(provider: str, account: str, case: Mapping[str, Any]) -> Callback:
    """Return the callback of a case."""
    request = case["request"]
    return Callback(
        id="00000000-0000-7000-8000-000000000000",
        provider=provider,
        account=account,
        received_at_ms=case["received_at_ms"],
        method=request["method"],
        target=request["target"],
        headers=tuple((name, value) for name, value in request["headers"]),
        body=base64.b64decode(request["body_base64"], validate=True),
    )


def verdict_of(judgement: Judgement) -> tuple[str, str | None]:
    """Return `accepted`, `refused` or `unsupported` and the code; any good item makes a batch
    good."""
    if judgement.accepted:
        return "accepted", next((o.code for o in judgement.outcomes if o.code is not None), None)
    families = {outcome.outcome for outcome in judgement.outcomes}
    code = judgement.outcomes[0].code
    return ("unsupported" if families == {"parked"} else "refused"), code


def settled_events(judgement: Judgement) -> tuple[Event, ...]:
    """Return the events of a judgement's facts, each payment from an empty ledger."""
    states: dict[bytes, LedgerState] = {}
    events = []
    for record, _ in judgement.facts:
        key = record.key or b""
        settlement = settle(
            states.get(key), record, recorded_at_ms=record.received_at_ms,
            ledger_days=LEDGER_DAYS,
        )  # fmt: skip
        states[key] = settlement.state
        if settlement.event is not None:
            events.append(settlement.event)
    return tuple(events)


def _plain(event: Event) -> dict[str, Any]:
    members = event_members(event)
    amount = members.pop("amount", None)
    if amount is not None:
        members["amount_minor"] = amount["minor"]
        members["currency"] = amount["currency"]
    return members


def _difference(
    expected: Mapping[str, Any], verdict: str, events: tuple[dict[str, Any], ...]
) -> str:
    wanted = expected.get("events")
    if wanted is None and expected["verdict"] == "accepted":
        # Only the proof is judged: parked for a meaning that we lack is a good proof too.
        return "" if verdict in ("accepted", "unsupported") else f"verdict {verdict}"
    if verdict != expected["verdict"]:
        return f"verdict {verdict}, expected {expected['verdict']}"
    if wanted is None or verdict != "accepted":
        return ""
    if len(wanted) != len(events):
        return f"{len(events)} events, expected {len(wanted)}"
    differing = [
        f"event {number}: {name} is {event.get(name)!r}, expected {value!r}"
        for number, (event, want) in enumerate(zip(events, wanted, strict=True))
        for name, value in want.items()
        if event.get(name) != value
    ]
    return "; ".join(differing)


def _moment(text: Any) -> int | None:
    if text is None:
        return None
    if isinstance(text, int):
        return text
    return parse_rfc3339(text if "." in text else text.replace("Z", ".000Z"))
