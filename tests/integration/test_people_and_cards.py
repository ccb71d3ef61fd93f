"""A card number and a name in callbacks, and the secrets of accounts: in no log, metric, outcome,
event, ledger, revision or view. The callbacks topic alone holds what was received.

Every founding provider, every way a callback can go: announced, told again, a proof that does not
fit, a body cut short, another account, a meaning that nobody knows, code of ours that fails.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from processors.account import Account
from processors.contract import Provider
from processors.registry import PROVIDERS
from processors.vectors import case_account, case_callback
from schemas.callback import Callback
from schemas.fact import Fact
from streams.logging import configure_logging
from streams.metrics import StageMetrics
from streams.views.database import open_database
from streams.views.feed import catch_up
from streams.views.store import Store
from streams.views.tables import dump
from tests.support.cases import Case, announcing
from tests.support.signers import SIGNERS, resigned
from tests.support.stages import FixedBook, Line

FOUNDING = (
    "adyen", "alipay", "paypal", "stripe", "unionpay", "wechatpay-v2", "wechatpay-v3",
)  # fmt: skip
CARD = "4000056655665556"
NAME = "Zenobia Quartermain"
CASES_MAX = 4
# Members in which these providers tell of people, cards and what a merchant added, besides new
# members in every object.
PERSONAL = frozenset(
    ("accNo", "payCardNo", "customerInfo", "reserved", "buyer_id", "buyer_logon_id", "subject",
     "body", "passback_params", "attach", "openid", "sub_openid", "device_info", "reason",
     "receipt_email", "description", "summary", "email", "email_address", "custom",
     "note_to_payer", "user_received_account", "refund_recv_accout", "customer_email", "name",
     "shopperReference")
)  # fmt: skip


def told_of_a_person(tree: Any) -> Any:
    """Return the tree with a card and a name wherever a provider may tell of them."""
    if isinstance(tree, list):
        return [told_of_a_person(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    told = {
        name: CARD if name in PERSONAL and isinstance(value, str) else told_of_a_person(value)
        for name, value in tree.items()
    }
    return told | {"zz_card_number": CARD, "zz_name": NAME}


def ways(name: str, case: Case) -> Iterator[Case]:
    """Yield callbacks that go every way, of a case that announces."""
    tree = told_of_a_person(SIGNERS[name].tree(case))
    good = resigned(name, case, tree)
    yield good
    yield good
    request = good["request"]
    body = base64.b64decode(request["body_base64"])
    yield with_request(good, headers=[*request["headers"], ["X-Card", CARD]],
                       target=f"{request['target']}?card={CARD}")  # fmt: skip
    yield with_request(good, body=body[:-1])
    yield with_request(good, body=body + CARD.encode())
    yield with_request(good, body=CARD.encode())
    yield with_request(good, headers=[[each[0], CARD] for each in request["headers"]])
    yield with_request(resigned(name, case, tree | unknown_words(tree)))


def unknown_words(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that say what happened, saying a card's number instead."""
    words = ("type", "event_type", "trade_status", "respCode", "result_code", "eventType")
    return {name: CARD for name in words if name in tree}


def with_request(case: Case, *, body: bytes | None = None, **changes: Any) -> Case:
    if body is not None:
        changes["body_base64"] = base64.b64encode(body).decode()
    return case | {"request": case["request"] | changes}


def callbacks() -> tuple[list[Account], list[Callback]]:
    """Return accounts, and callbacks to them; the last of each provider go to another account."""
    accounts: list[Account] = []
    told: list[Callback] = []
    for provider in FOUNDING:
        for number, case in enumerate(announcing(provider, CASES_MAX)):
            for way in ways(provider, case):
                account = replace(
                    case_account(PROVIDERS[provider], way["account"]), name=f"shop-{number}"
                )
                told.append(case_callback(provider, account.name, way))
            accounts.append(account)
        told.append(replace_account(told[-8], "shop-0"))
        told.append(replace_account(told[-9], "nobody"))
    return accounts, told


def replace_account(callback: Callback, account: str) -> Callback:
    return Callback(
        callback.id, callback.provider, account, callback.received_at_ms, callback.method,
        callback.target, callback.headers, callback.body,
    )  # fmt: skip


def secrets(case: Case) -> set[str]:
    """Return what an account keeps secret, as text that could be printed."""
    return {
        line
        for key in case["account"]["keys"]
        if key["kind"] in ("secret", "private-key")
        for line in (key.get("text") or key["pem"]).splitlines()
        if len(line) >= 16 and not line.startswith("-----")
    }


async def run(accounts: list[Account], told: list[Callback], book: FixedBook) -> tuple[str, Line]:
    """Return everything that is written of the callbacks but themselves."""
    line = await Line(*accounts, now_ms=max(each.received_at_ms for each in told) + 1_000).open()
    registry = CollectorRegistry()
    line.metrics = StageMetrics(registry)
    line.book = book
    for each in told:
        await line.store(each)
    await line.verify()
    await line.settle()
    views = Store(open_database("sqlite:///:memory:"), line.topics)
    await catch_up(line.log, line.topics, views)
    written = [repr(dump(views.database)), generate_latest(registry).decode()]
    views.database.close()
    for topic in line.topics.all():
        if topic.name != line.topics.callbacks.name:
            written += [repr(record) async for record in line.log.read(topic.name)]
    return "\n".join(written), line


class Failing:
    """A provider whose code fails, with what it read in the error's text."""

    def __init__(self, inner: Provider[Any]) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def interpret(self, proven: Any, account: Account) -> Any:
        raise KeyError(f"{CARD} {NAME} {proven!r}")


class Leaking(Failing):
    """A provider whose facts tell who paid."""

    def interpret(self, proven: Any, account: Account) -> Any:
        return tuple(
            replaced_method(each) if isinstance(each, Fact) else each
            for each in self._inner.interpret(proven, account)
        )


def replaced_method(fact: Fact) -> Fact:
    return Fact(**{name: getattr(fact, name) for name in Fact.__slots__} | {"method": NAME})


def with_providers(kind: type[Failing] | None) -> dict[str, Any]:
    planted = {} if kind is None else {name: kind(PROVIDERS[name]) for name in FOUNDING}
    return {**PROVIDERS, **planted}


async def test_a_provider_that_tells_who_paid_is_found() -> None:
    accounts, told = callbacks()
    written, _ = await run(accounts, told, FixedBook(tuple(accounts), with_providers(Leaking)))
    assert NAME in written


@pytest.mark.parametrize("failing", [False, True], ids=["as it is", "code that fails"])
async def test_people_cards_and_secrets_are_written_nowhere(
    capfd: pytest.CaptureFixture[str], failing: bool
) -> None:
    accounts, told = callbacks()
    providers = with_providers(Failing if failing else None)
    configure_logging(human=False)
    written, line = await run(accounts, told, FixedBook(tuple(accounts), providers))
    written += "".join(capfd.readouterr())

    codes = {(each.outcome, each.code) for each in await line.outcomes()}
    if failing:
        assert ("parked", "defect") in codes
        assert '"error"' in written
    else:
        assert {"announced", "duplicate", "refused", "parked"} <= {word for word, _ in codes}
        assert {"bad_signature", "unknown_meaning", "malformed"} <= {code for _, code in codes}
    assert CARD not in written
    assert NAME not in written
    held = {each for name in FOUNDING for case in announcing(name, CASES_MAX)
            for each in secrets(case)}  # fmt: skip
    assert len(held) > len(FOUNDING)
    assert not [each for each in held if each in written]
    # The callbacks themselves are kept exactly: the canaries were really there.
    kept = [record.value or b"" async for record in line.log.read(line.topics.callbacks.name)]
    assert sum(CARD.encode() in each for each in kept) > len(accounts)
