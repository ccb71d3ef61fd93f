"""Secrets, card numbers and names go in through every bad path of every provider, and come out
nowhere: not in logs, metrics, replies, outcomes, events or the published revisions."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from streams.cli.frame import now_ms
from streams.simulate import SCENARIOS, SIMULATED, AccountKeys, plan
from streams.simulate.connection import Connection, NoReply, Reply, request_octets
from streams.simulate.messages import Headers, Ids, Payment
from streams.topology import existing_topics
from tests.support.deployment import Deployed
from tests.support.proof import drained, opened

CARD = "4929123456781234"
NAME = "Zsofia-Canary"
SECRET = "canary0secret1canary2secret3"
CANARIES = (CARD, NAME, SECRET)
POISON = f'{{"holder": "{NAME}", "number": "{CARD}", "key": "{SECRET}"}}'
PROVEN = {"card_holder": NAME, "card_number": CARD, "api_key": SECRET}
SILENT_TOPICS = ("outcomes", "events", "accounts", "ledger")
SHORT = "wechatpay-v3/shop-2.toml"
KEY = f'kind = "secret"\ntext = "{SECRET}{NAME}{CARD}"\n'
Deploy = Callable[[str], Deployed]


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Headers
    body: bytes


def bad_requests(keys: AccountKeys) -> Iterator[Request]:
    """Yield requests of one account, each with canaries in it."""
    sender = SIMULATED[keys.provider]
    told = plan([keys.provider], list(SCENARIOS), 40, "canaries", [keys], now_ms=now_ms)
    target = told[0].target
    more: Headers = (("Authorization", f"Bearer {SECRET}"), ("X-Payer", f"{NAME} {CARD}"))
    for each in told:
        yield Request(each.method, target, (*each.headers, *more), each.body)
    genuine = told[0]
    poison = POISON.encode()
    # Damage of every kind: the body behind, before and instead, the headers, the query.
    for body in (genuine.body + poison, poison + genuine.body, poison, CARD.encode(),
                 b"\xff\xfe" + poison, b"DEFECT " + poison, b"<xml>" + poison + b"</xml>",
                 f"name={NAME}&card={CARD}&sign={SECRET}&sign={SECRET}".encode()):  # fmt: skip
        yield Request(genuine.method, target, genuine.headers, body)
    for place, (name, _) in enumerate(genuine.headers):
        for value in CANARIES:
            damaged = list(genuine.headers)
            damaged[place] = (name, value)
            yield Request(genuine.method, target, tuple(damaged), genuine.body)
    yield Request(genuine.method, f"{target}?card={CARD}&name={NAME}", (), b"")
    yield Request("BREW", f"{target}?key={SECRET}", genuine.headers, poison)
    yield Request("POST", f"/v1/callbacks/{keys.provider}/{NAME.lower()}-{CARD}", (), poison)
    # Well signed, with personal data where the provider may put it.
    moment = now_ms() // 1000 * 1000 - 5000
    payment = Payment(sender.payment_id(Ids("p"), moment), "ORDER-1", 100, sender.currency, moment)
    content = sender.payment(payment, keys, Ids("p"))
    inside = [content, *(v for v in content.values() if isinstance(v, dict)),
              *(v for vs in content.values() if isinstance(vs, list) for v in vs)]  # fmt: skip
    for each in inside:
        if isinstance(each, dict):
            each.update(PROVEN)
    signed = sender.sign(content, keys, "0" * 32, now_ms())
    yield Request(sender.method, target, signed.headers, signed.body)


async def ask(port: int, request: Request) -> Reply | None:
    connection = await Connection.connect("127.0.0.1", port, timeout_s=5)
    octets = request_octets(
        request.method, request.target, "127.0.0.1", request.headers, request.body
    )
    try:
        return await connection.ask(octets, timeout_s=10)
    except NoReply:
        return None
    finally:
        connection.close()
        await connection.gone.wait()


def secrets_of(keys: Sequence[AccountKeys]) -> set[str]:
    """Return what the accounts' files and the simulator's hold in secret."""
    secrets = set()
    for account in keys:
        for key in account.keys:
            if key.secret:
                secrets.add(key.secret)
            if key.private_pem:
                secrets.add(key.private_pem.splitlines()[2])
    return secrets


async def written(deployed: Deployed, *names: str) -> bytes:
    """Return everything that stands in topics, keys and headers included."""
    log = opened(deployed)
    parts: list[bytes] = []
    try:
        topics = await existing_topics(log, deployed.prefix)
        for name in names:
            async for record in log.read(getattr(topics, name).name):
                parts += [record.key or b"", record.value or b""]
                parts += [part for n, value in record.headers for part in (n.encode(), value)]
    finally:
        await log.close()
    return b"\n".join(parts)


def found_words(words: Sequence[str], text: bytes) -> list[str]:
    """Return which words stand in a text, in any case, as they are or as JSON escapes them."""
    lowered = text.lower()
    return [
        word
        for word in words
        if word.lower().encode() in lowered or json.dumps(word)[1:-1].lower().encode() in lowered
    ]


def break_accounts(deployed: Deployed) -> None:
    """Spoil two files, and wait until every role has told of both."""
    accounts = deployed.folder / "accounts"
    unparsable, short = (accounts / name for name in ("stripe/shop-1.toml", SHORT))
    unparsable.write_text(f"{unparsable.read_text()}\n{SECRET} {NAME} = {CARD} {CARD}\n")
    tables = short.read_text().split("[[keys]]")
    short.write_text(f'{tables[0]}[[keys]]\nkid = "1"\nuse = "decrypt"\n{KEY}')
    deadline = time.monotonic() + 20
    for role in deployed.processes.values():
        while any(name not in role.log_file.read_text() for name in ("stripe/shop-1", SHORT)):
            assert time.monotonic() < deadline, role.tail()
            time.sleep(0.1)


@pytest.mark.parametrize("log", ["embedded", "kafka"])
async def test_nothing_secret_or_personal_comes_out(
    deploy: Deploy, demo_keys: Sequence[AccountKeys], log: str
) -> None:
    deployed = deploy(log)
    for role in ("up",) if log == "embedded" else ("ingress", "verify", "settle"):
        deployed.start(role, fault="defect" if role in ("up", "verify") else None)
    # Accounts whose files break while everything runs: the problem is told, and no more.
    break_accounts(deployed)
    accounts = [each for each in demo_keys if each.account == "shop-1"]
    requests = [request for keys in accounts for request in bad_requests(keys)]
    replies = [await ask(deployed.listen_port, request) for request in requests]
    await drained(deployed)
    metrics = "".join(role.metrics() for role in deployed.processes.values()).encode()
    shown = deployed.run("check", "--json", check=False)
    assert set(deployed.stop().values()) == {0}

    words = [*CANARIES, *secrets_of(demo_keys)]
    # They did go in, and what looks for them finds them.
    stored = await written(deployed, "callbacks")
    assert found_words(CANARIES, stored) == list(CANARIES)
    outcomes = await written(deployed, "outcomes")
    for code in (b"bad_signature", b"malformed", b"unknown_meaning", b"defect", b"wrong_account"):
        assert code in outcomes
    places = {
        "replies": b"\n".join(reply.body for reply in replies if reply is not None),
        "logs": deployed.logged().encode(),
        "metrics": metrics,
        "check": (shown.stdout + shown.stderr).encode(),
    }
    for topic in SILENT_TOPICS:
        places[topic] = await written(deployed, topic)
    assert b"judging_failed" in places["logs"]
    assert b"account_broken" in places["logs"]
    leaks = {place: found_words(words, text) for place, text in places.items()}
    assert not any(leaks.values()), {place: found for place, found in leaks.items() if found}
