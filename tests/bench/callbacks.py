"""Signed callbacks of three providers and the accounts that they are for, in one folder."""

import logging
import os
import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from processors.registry import PROVIDERS
from processors.verdict import judge
from schemas.callback import Callback, encode_callback
from schemas.fact import encode_fact, fact_draft
from schemas.record import Draft, Position
from schemas.topics import Topics, partition_for_callback
from streams.accounts import WatchedAccounts
from streams.accounts.demo import demo_accounts, write_demo_account
from streams.config import Config, load_config
from streams.ingress import CallbackIds
from streams.simulate import load_keys, plan
from streams.verify import Book

# The proof that each of them needs: RSA-2048 and AES-GCM, RSA-2048, HMAC.
# The stages' own words are no figures; what ends one is raised.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
CHOSEN: Final = ("wechatpay-v3", "alipay", "stripe")
DEPLOYMENT: Final = "bench"
RECEIVED_AFTER_MS: Final = 250
# What a load balancer adds before the ingress sees a request.
_PROXY: Final = (
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Port", "443"),
    ("X-Real-Ip", "203.0.113.7"),
    ("X-Request-Id", "0f2f5f6f9ad54bd0a6f5b9d5b8f4c1d2"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One signed request. `payment_id` is what its event will name."""

    provider: str
    account: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    payment_id: str
    signed_ms: int

    @property
    def octets(self) -> bytes:
        """The request as it goes over a kept connection."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: callbacks.example"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *_PROXY)]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


def config_of(folder: Path, **more: str) -> Config:
    """Return the configuration of a folder; `more` are variables without their prefix."""
    environ = {"ACCOUNTS": str(folder / "accounts"), "STATE": str(folder / "state"), **more}
    return load_config({f"TILLSTREAM_{name}": value for name, value in environ.items()})


def prepare(folder: Path, each: int) -> None:
    """Write demo accounts, and `each` signed payments of every provider, into `folder`."""
    for name in CHOSEN:
        for account in demo_accounts(name):
            write_demo_account(folder / "accounts", account)
    # Signed a little ahead: the newest tolerance is five minutes, and a run takes three.
    now_ms = time.time_ns() // 1_000_000
    keys = load_keys(folder / "accounts")
    for name in CHOSEN:
        deliveries = plan([name], ["paid"], each, f"bench/{name}", keys, now_ms=lambda: now_ms)
        sent = [
            Sent(
                d.provider, d.account, d.method, d.target, tuple(d.headers), d.body,
                _payment_id(d.expectation), d.signed_ms,
            )
            for d in deliveries
        ]  # fmt: skip
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(sent))


def _payment_id(expectation: object) -> str:
    (item,) = expectation.items  # type: ignore[attr-defined]
    return str(item.event.payment_id)


def sent_by(folder: Path, provider: str) -> list[Sent]:
    """Return what `prepare` signed."""
    found: list[Sent] = pickle.loads((folder / f"{provider}.pickle").read_bytes())
    return found


def book_of(folder: Path) -> Book:
    """Return the accounts of a folder."""
    # The digest key of revisions is made on first use.
    os.makedirs(folder / "state", exist_ok=True)
    watched = WatchedAccounts.start(
        config_of(folder), PROVIDERS, registry=CollectorRegistry(), seen=()
    )
    return watched.current


def received(sent: Sequence[Sent], passes: int = 1) -> list[Callback]:
    """Return the callbacks that the ingress would store, `passes` times, each with its own id."""
    new_id = CallbackIds(lambda: time.time_ns() // 1_000_000)
    return [
        Callback(
            new_id(), each.provider, each.account, each.signed_ms + RECEIVED_AFTER_MS,
            each.method, each.target,
            (("Host", "callbacks.example"), *each.headers, *_PROXY,
             ("Content-Length", str(len(each.body)))),
            each.body, "203.0.113.7:40000", "203.0.113.7",
        )
        for _ in range(passes)
        for each in sent
    ]  # fmt: skip


def callback_drafts(callbacks: Sequence[Callback], topics: Topics) -> list[Draft]:
    """Return the records of callbacks, in the partitions that the ingress would choose."""
    topic = topics.callbacks
    return [
        encode_callback(
            each, topic=topic.name, deployment=DEPLOYMENT,
            partition=partition_for_callback(each.provider, each.account, n, topic.partitions),
        )
        for n, each in enumerate(callbacks)
    ]  # fmt: skip


def fact_drafts(
    callbacks: Sequence[Callback], passes: int, topics: Topics, book: Book
) -> list[Draft]:
    """Return the facts of callbacks, `passes` times, each time about other payments."""
    drafts = []
    for number, callback in enumerate(callbacks):
        account = book.get(callback.provider, callback.account)
        assert account is not None
        position = Position(topics.callbacks.name, 0, number)
        judged = judge(callback, position, book.providers[callback.provider], account)
        ((record, _),) = judged.facts
        for turn in range(passes):
            fact = replace(record.fact, payment_id=f"{record.fact.payment_id}{turn}")
            told = replace(record, fact=fact, callback_id=f"{record.callback_id[:-1]}{turn:x}")
            drafts.append(
                fact_draft(
                    told, encode_fact(told), topic=topics.facts.name,
                    partitions=topics.facts.partitions,
                )
            )  # fmt: skip
    return drafts
