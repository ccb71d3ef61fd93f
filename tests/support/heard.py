"""A deployment that has heard signed callbacks and settled them: what a replay looks back on."""

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from processors.registry import PROVIDERS
from schemas.callback import Callback, encode_callback
from schemas.record import Draft
from schemas.topics import partition_for_callback, topics
from streams.accounts import AccountBook, WatchedAccounts
from streams.accounts.demo import demo_accounts, demo_providers, write_demo_account
from streams.config import Config, load_config
from streams.growth import migrate
from streams.kafka import KafkaLog
from streams.log import Log
from streams.open_log import open_log
from streams.simulate import SCENARIOS, Delivery, load_keys, plan
from tests.support.stages import Line

# Few: on Kafka each is read by a client of its own, which takes a moment to start.
PARTITIONS = 2


class Heard:
    """Accounts and state in `folder`, a log at `log_url`, and what became of the callbacks."""

    def __init__(self, folder: Path, log_url: str, prefix: str = "payments") -> None:
        self.folder = folder
        self.environment = {
            "TILLSTREAM_LOG": log_url,
            "TILLSTREAM_ACCOUNTS": str(folder / "accounts"),
            "TILLSTREAM_STATE": str(folder / "state"),
            "TILLSTREAM_PREFIX": prefix,
        }
        self.prefix = prefix
        self.start_ms = time.time_ns() // 1_000_000
        self.sent: list[Delivery] = []
        self.heard = 0  # callbacks, repeated ones included

    @property
    def config(self) -> Config:
        return load_config(self.environment)

    def command_environment(self) -> dict[str, str]:
        """Return the environment of a command's own process."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("TILLSTREAM_")}
        return inherited | self.environment

    def opened(self) -> Log:
        return open_log(self.environment["TILLSTREAM_LOG"], options={}, clock=self.clock)

    def clock(self) -> int:
        return time.time_ns() // 1_000_000

    async def happen(self, stories: int, scenarios: Sequence[str] = tuple(SCENARIOS)) -> "Heard":
        """Let the founding providers tell stories, some callbacks twice, and settle everything."""
        names = demo_providers()
        for name in names:
            for account in demo_accounts(name):
                write_demo_account(self.folder / "accounts", account)
        keys = load_keys(self.folder / "accounts")
        self.sent = plan(names, scenarios, stories, "heard", keys, now_ms=lambda: self.start_ms)
        await self._settled([*self.sent, *self.sent[::10]], self._book(), PARTITIONS)
        return self

    async def move(self, partitions: int) -> None:
        """Move payments to more partitions, and tell everything once more."""
        log = self.opened()
        assert isinstance(log, KafkaLog)
        await migrate(log, topics(self.prefix, payment_partitions=PARTITIONS), partitions,
                      prefix=self.prefix)  # fmt: skip
        await log.close()
        await self._settled(self.sent, self._book(), partitions)

    def _book(self) -> AccountBook:
        return WatchedAccounts.start(
            self.config, PROVIDERS, registry=CollectorRegistry(), seen=()
        ).current

    async def _settled(
        self, deliveries: Sequence[Delivery], book: AccountBook, partitions: int
    ) -> None:
        log = self.opened()
        try:
            line = Line(now_ms=self.start_ms, partitions=partitions, log=log, prefix=self.prefix)
            line.book = book
            line.topics = replace(
                line.topics,
                callbacks=replace(line.topics.callbacks, partitions=PARTITIONS),
                outcomes=replace(line.topics.outcomes, partitions=PARTITIONS),
            )
            await line.open()
            await line.append(*self._drafts(line, deliveries))
            await line.verify()
            await line.settle()
        finally:
            await log.close()

    def _drafts(self, line: Line, deliveries: Sequence[Delivery]) -> list[Draft]:
        topic = line.topics.callbacks
        first, self.heard = self.heard, self.heard + len(deliveries)
        return [
            encode_callback(
                Callback(
                    str(uuid.UUID(int=number)), each.provider, each.account,
                    self.start_ms + number, each.method, each.target, tuple(each.headers),
                    each.body,
                ),
                topic=topic.name, deployment="tests",
                partition=partition_for_callback(
                    each.provider, each.account, number, topic.partitions
                ),
            )
            for number, each in enumerate(deliveries, start=first)
        ]  # fmt: skip

    async def live(self) -> Mapping[str, Any]:
        """Return everything of the live path that a replay must not touch."""
        log = self.opened()
        try:
            names = [n for n in await log.describe() if n.startswith(f"{self.prefix}.")]
            found: dict[str, Any] = {name: await log.bounds(name) for name in sorted(names)}
            for role in ("verify", "settle"):
                for name in names:
                    group = f"{self.prefix}-{role}"
                    found[f"{group} of {name}"] = await log.committed_offsets(group, name)
            return found
        finally:
            await log.close()

    async def values(self, topic: str) -> list[tuple[int, bytes | None, bytes | None]]:
        """Return partition, key and value of every committed record, in order."""
        log = self.opened()
        try:
            return [(r.partition, r.key, r.value) async for r in log.read(topic)]
        finally:
            await log.close()
