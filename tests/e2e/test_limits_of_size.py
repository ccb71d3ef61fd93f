"""The largest of each thing passes every stage on topics with the planned settings, and one more
is refused where it belongs: sizes nest."""

import json
from collections.abc import Callable, Sequence

from schemas.event import Event
from schemas.topics import BODY_BYTES_MAX, FACT_BYTES_MAX, HEADERS_BYTES_MAX, ITEMS_MAX
from streams.books import final_outcomes
from streams.cli.frame import now_ms
from streams.simulate import SIMULATED, AccountKeys
from streams.simulate.connection import Connection, request_octets
from streams.simulate.messages import Content, Headers, Ids, Payment
from streams.topology import existing_topics
from tests.support.deployment import Deployed
from tests.support.proof import digest, drained, found_in, opened

Deploy = Callable[[str], Deployed]
STRIPE, ADYEN = SIMULATED["stripe"], SIMULATED["adyen"]
# A record's position and its callback's item are written with as many digits as they have.
DIGITS = 16


class Sender:
    """Sends one callback at a time, and keeps what each led to."""

    def __init__(self, deployed: Deployed, keys: AccountKeys) -> None:
        self.deployed, self.keys = deployed, keys
        self._target = f"/v1/callbacks/{keys.provider}/{keys.account}"

    def signed(self, content: Content) -> tuple[Headers, bytes]:
        made = SIMULATED[self.keys.provider].sign(content, self.keys, "0" * 32, now_ms())
        return made.headers, made.body

    async def send(self, headers: Headers, body: bytes) -> int:
        """Send and return the status."""
        port = self.deployed.listen_port
        connection = await Connection.connect("127.0.0.1", port, timeout_s=5)
        octets = request_octets("POST", self._target, f"127.0.0.1:{port}", headers, body)
        reply = await connection.ask(octets, timeout_s=10)
        connection.close()
        await connection.gone.wait()
        return reply.status

    async def outcomes(self, body: bytes) -> list[tuple[str, str | None]]:
        """Return what became of each item of a body that was sent, once all is settled."""
        await drained(self.deployed)
        found = await found_in(self.deployed)
        ((callback_id, _),) = found.callbacks[digest(body)]
        final = final_outcomes(found.outcomes[callback_id])
        return [(final[item].outcome, final[item].code) for item in sorted(final)]

    async def header_sizes(self, body: bytes) -> int:
        """Return how many bytes the stored headers of a body have as JSON."""
        for record in await records(self.deployed, "callbacks"):
            if record.value == body:
                return len(dict(record.headers)["http.headers"])
        raise LookupError("not stored")


async def records(deployed: Deployed, topic: str) -> list:  # type: ignore[type-arg]
    log = opened(deployed)
    try:
        topics = await existing_topics(log, deployed.prefix)
        return [record async for record in log.read(getattr(topics, topic).name)]
    finally:
        await log.close()


def a_payment(number: int, order: str) -> Payment:
    return Payment(f"pi_3size{number}", order, 100, "EUR", now_ms() // 1000 * 1000 - 5000)


def padded(content: Content, body_bytes: int, sender: Sender) -> tuple[Headers, bytes]:
    """Sign content that is filled up to a body of this size."""
    resource = content["data"]["object"]
    resource["description"] = ""
    resource["description"] = "x" * (body_bytes - len(sender.signed(content)[1]))
    headers, body = sender.signed(content)
    assert len(body) == body_bytes
    return headers, body


def started(deployed: Deployed) -> Deployed:
    for role in ("ingress", "verify", "settle"):
        deployed.start(role)
    return deployed


def first_of(keys: Sequence[AccountKeys], provider: str) -> AccountKeys:
    return next(each for each in keys if each.provider == provider)


async def test_the_largest_callback_is_announced_and_a_larger_one_is_not_taken(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = started(deploy("kafka"))
    sender = Sender(deployed, first_of(demo_keys, "stripe"))

    def content(number: int) -> Content:
        return STRIPE.payment(a_payment(number, f"S-{number}"), sender.keys, Ids(f"{number}"))

    headers, body = padded(content(1), 300 * 1024, sender)
    assert await sender.send(headers, body) == 200
    assert await sender.outcomes(body) == [("announced", None)]

    fillers = tuple((f"X-Fill-{n:02d}", "y" * 1000) for n in range(30))
    headers, body = padded(content(2), BODY_BYTES_MAX, sender)
    assert await sender.send((*headers, *fillers, ("X-Last", "")), body) == 200
    room = HEADERS_BYTES_MAX - await sender.header_sizes(body)
    headers, body = padded(content(3), BODY_BYTES_MAX, sender)
    full = (*headers, *fillers, ("X-Last", "z" * room))
    assert await sender.send(full, body) == 200
    assert await sender.header_sizes(body) == HEADERS_BYTES_MAX
    assert await sender.outcomes(body) == [("announced", None)]

    assert await sender.send((*full, ("X-More", "")), body) == 431
    headers, body = padded(content(4), BODY_BYTES_MAX + 1, sender)
    assert await sender.send(headers, body) == 413
    assert len(await records(deployed, "callbacks")) == 3


async def test_the_largest_fact_is_announced_and_a_larger_one_is_malformed(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = started(deploy("kafka"))
    sender = Sender(deployed, first_of(demo_keys, "stripe"))

    async def sent(number: int, order_chars: int) -> bytes:
        payment = a_payment(number, "o" * order_chars)
        headers, body = sender.signed(STRIPE.payment(payment, sender.keys, Ids(f"{number}")))
        assert await sender.send(headers, body) == 200
        return body

    small = await sent(1, 10)
    assert await sender.outcomes(small) == [("announced", None)]
    (fact,) = await records(deployed, "facts")
    room = FACT_BYTES_MAX - len(fact.value) + 10
    large = await sent(2, room - DIGITS)
    assert await sender.outcomes(large) == [("announced", None)]
    sizes = [len(record.value) for record in await records(deployed, "facts")]
    assert FACT_BYTES_MAX - 2 * DIGITS <= max(sizes) <= FACT_BYTES_MAX
    # Its event and its ledger state hold the long text as well.
    events: list[Event] = (await found_in(deployed)).events
    assert max(len(each.merchant_order_id or "") for each in events) == room - DIGITS
    larger = await sent(3, room + DIGITS)
    assert await sender.outcomes(larger) == [("refused", "malformed")]


async def test_five_hundred_items_are_announced_and_one_more_is_malformed(
    deploy: Deploy, demo_keys: Sequence[AccountKeys]
) -> None:
    deployed = started(deploy("kafka"))
    sender = Sender(deployed, first_of(demo_keys, "adyen"))

    async def sent(count: int) -> bytes:
        ids = Ids(f"{count}")
        moment = now_ms() // 1000 * 1000 - 5000
        payments = tuple(
            Payment(ADYEN.payment_id(ids, moment), f"B-{count}-{n}", 100 + n, "EUR", moment)
            for n in range(count)
        )
        assert ADYEN.batch is not None
        content = ADYEN.batch(payments, sender.keys, ids)
        del content["items"][1]["damaged"]
        headers, body = sender.signed(content)
        assert len(json.loads(body)["notificationItems"]) == count
        assert await sender.send(headers, body) < 300
        return body

    body = await sent(ITEMS_MAX)
    assert await sender.outcomes(body) == [("announced", None)] * ITEMS_MAX
    assert len((await found_in(deployed)).events) == ITEMS_MAX
    body = await sent(ITEMS_MAX + 1)
    assert await sender.outcomes(body) == [("refused", "malformed")]
    assert len((await found_in(deployed)).events) == ITEMS_MAX
    assert deployed.run("books", "--wait", "5").returncode == 0
