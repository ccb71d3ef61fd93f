"""Sending deliveries as their providers would: each reply judged by its provider, anything but
success repeated on its schedule, compressed in time.

Guarantees:  every delivery is sent at least once unless the run's time is over; the number of
             attempts and the time are bounded. Deliveries of one story go one after the other.
Does not:    reach beyond this machine unless told so: a simulator must not be pointed at
             strangers.
"""

import asyncio
import ipaddress
import random
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlsplit

from streams.simulate.connection import Connection, Reply, request_octets
from streams.simulate.messages import Delivery
from streams.simulate.senders import SIMULATED

CONNECT_TIMEOUT_S: Final = 5.0
REPLY_TIMEOUT_S: Final = 10.0
CATCH_UP_S: Final = 1.0
SAMPLES_MAX: Final = 20
# Only these say "later" to somebody who does not deserve a success.
LATER: Final = (429, 503)


class RemoteTarget(ValueError):
    """The target is another machine and nobody allowed that."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The provider's gaps divided by `speed`, at most `attempts_max` sends of one delivery."""

    speed: float = 10_000.0
    attempts_max: int = 16


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on the way, each with its share of deliveries (0 to 1) or stories.

    `repeat`: delivered twice; `shuffle`: a story's callbacks change places; `hang_up`: the sender
    ends the connection before the reply and tries again; `torn`: it does so within the body.
    """

    repeat: float = 0.0
    shuffle: float = 0.0
    hang_up: float = 0.0
    torn: float = 0.0
    seed: str = ""


@dataclass(slots=True)
class Report:
    """What became of a run. `unexpected` deliveries were answered otherwise than they should be.

    `latency_ms`: from the planned moment of an attempt (where a rate is set) to its reply.
    """

    deliveries: int = 0
    attempts: int = 0
    as_expected: int = 0
    unexpected: int = 0
    stopped_early: bool = False
    retries: int = 0
    no_reply: int = 0
    faults: int = 0
    seconds: float = 0.0
    replies: Counter[int] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)
    latencies_s: "array[float]" = field(default_factory=lambda: array("d"), repr=False)

    def latency_ms(self, share: float) -> float | None:
        """Return the latency that a share (0 to 1) of the replies stayed within."""
        if not self.latencies_s:
            return None
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    def members(self) -> dict[str, Any]:
        """Return the report as plain members for JSON."""
        members: dict[str, Any] = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name != "latencies_s"
        }
        members["replies"] = {str(status): count for status, count in self.replies.items()}
        members["per_second"] = self.attempts / self.seconds if self.seconds else None
        members |= {
            f"latency_p{share}_ms": self.latency_ms(share / 100) for share in (50, 99, 100)
        }  # fmt: skip
        return members


async def deliver(
    deliveries: Iterable[Delivery],
    base_url: str,
    *,
    rate: float | None = None,
    concurrency: int = 16,
    retry: Retry | None = None,
    faults: Faults | None = None,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    seconds_max: float = 600.0,
    allow_remote: bool = False,
    on_done: Callable[[Delivery], None] | None = None,
) -> Report:
    """Send deliveries and return the report; without `retry` nothing is repeated.

    `rate` in attempts a second over all connections; `concurrency` connections at once.
    `on_done` is called after the last attempt of each. After `seconds_max` the run stops, and the
    report says `stopped_early`.

    Raises:
        RemoteTarget: `base_url` is not on this machine and `allow_remote` is False.
        ValueError: not a plain http URL.
    """
    host, port = address(base_url, allow_remote=allow_remote)
    run = _Run(host, port, rate, retry, faults or Faults(), now_ms, on_done)
    waiting = run.stories(deliveries)
    started = time.perf_counter()
    workers = [asyncio.create_task(run.work(waiting)) for _ in range(concurrency)]
    try:
        async with asyncio.timeout(seconds_max):
            await asyncio.gather(*workers)
    except TimeoutError:
        run.report.stopped_early = True
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    run.report.seconds = time.perf_counter() - started
    return run.report


def address(base_url: str, *, allow_remote: bool) -> tuple[str, int]:
    """Return host and port of a target.

    Raises:
        RemoteTarget: see `deliver`.
        ValueError: not a plain http URL.
    """
    parts = urlsplit(base_url)
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("give the target as http://host:port")
    # A name could mean anybody, except this one, which is not looked up either.
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
    if not allow_remote and not _is_loopback(host):
        raise RemoteTarget(f"{parts.hostname} is not this machine")
    return host, parts.port or 80


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Run:
    """The state of one run: report, pace, and the workers that share them."""

    def __init__(
        self, host: str, port: int, rate: float | None, retry: Retry | None, faults: Faults,
        now_ms: Callable[[], int], on_done: Callable[[Delivery], None] | None,
    ) -> None:  # fmt: skip
        self.report = Report()
        self._host, self._port = host, port
        self._name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._gap_s = 1 / rate if rate else 0.0
        self._next_s = 0.0
        self._retry = retry
        self._faults = faults
        self._chance = random.Random(faults.seed)
        self._now_ms = now_ms
        self._on_done = on_done

    def stories(self, deliveries: Iterable[Delivery]) -> Iterator[list[Delivery]]:
        for _, group in groupby(deliveries, key=lambda delivery: delivery.story):
            story = list(group)
            if self._happens(self._faults.shuffle):
                self._chance.shuffle(story)
            again = [each for each in story if self._happens(self._faults.repeat)]
            yield story + again

    async def work(self, stories: Iterator[list[Delivery]]) -> None:
        lane = _Lane(self._host, self._port)
        try:
            for story in stories:
                for delivery in story:
                    await self._send(delivery, lane)
        finally:
            await lane.close()

    async def _send(self, delivery: Delivery, lane: "_Lane") -> None:
        """Send one delivery until its provider is content or gives up."""
        report, retry = self.report, self._retry
        reply = await self._attempt(delivery, lane)
        if retry is not None:
            gaps = SIMULATED[delivery.provider].retry_after_s[: retry.attempts_max - 1]
            for gap_s in gaps:
                if _is_final(delivery, reply):
                    break
                report.retries += 1
                await asyncio.sleep(gap_s / retry.speed)
                reply = await self._attempt(delivery, lane)
        report.deliveries += 1
        if _is_as_expected(delivery, reply):
            report.as_expected += 1
        else:
            report.unexpected += 1
            if len(report.samples) < SAMPLES_MAX:
                status = "no reply" if reply is None else f"status {reply.status}"
                report.samples.append(f"{delivery.provider} {delivery.scenario}: {status}")
        if self._on_done is not None:
            self._on_done(delivery)

    async def _attempt(self, delivery: Delivery, lane: "_Lane") -> Reply | None:
        planned_s = await self._slot()
        headers = delivery.headers_at(self._now_ms())
        octets = request_octets(
            delivery.method, delivery.target, self._name, headers, delivery.body
        )
        self.report.attempts += 1
        try:
            connection = await lane.connected()
            if self._breaks(connection, octets, len(delivery.body)):
                return None
            reply = await connection.ask(octets, timeout_s=REPLY_TIMEOUT_S)
        except OSError:  # NoReply, TimeoutError and refused connections are all of this kind.
            self.report.no_reply += 1
            return None
        self.report.latencies_s.append(time.perf_counter() - planned_s)
        self.report.replies[reply.status] += 1
        return reply

    async def _slot(self) -> float:
        """Wait for the next moment that the rate allows, and return it."""
        now_s = time.perf_counter()
        if not self._gap_s:
            return now_s
        # A short stall is made up for, a long one would end in a flood.
        planned_s = max(self._next_s or now_s, now_s - CATCH_UP_S)
        self._next_s = planned_s + self._gap_s
        if planned_s > now_s:
            await asyncio.sleep(planned_s - now_s)
        return planned_s

    def _breaks(self, connection: Connection, octets: bytes, body_bytes: int) -> bool:
        if self._happens(self._faults.torn):
            octets = octets[: len(octets) - max(1, body_bytes // 2)]
        elif not self._happens(self._faults.hang_up):
            return False
        self.report.faults += 1
        connection.tell(octets)
        connection.close()
        return True

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share


class _Lane:
    """One worker's connection, made again where it ended."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._connection: Connection | None = None

    async def connected(self) -> Connection:
        if self._connection is None or not self._connection.open:
            self._connection = await Connection.connect(
                *self._address, timeout_s=CONNECT_TIMEOUT_S
            )
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            await self._connection.gone.wait()


def _is_final(delivery: Delivery, reply: Reply | None) -> bool:
    """Whether this sender would not try again."""
    if reply is None:
        return False
    if delivery.expectation.http == "success":
        return SIMULATED[delivery.provider].accepts(reply.status, reply.body)
    # Forgers and probes come once, unless nobody was there to look at them.
    return reply.status not in LATER


def _is_as_expected(delivery: Delivery, reply: Reply | None) -> bool:
    if reply is None or (delivery.expectation.http != "success" and reply.status in LATER):
        return False
    accepted = SIMULATED[delivery.provider].accepts(reply.status, reply.body)
    expected = {"success": accepted, "failure": not accepted, "either": True}
    return expected[delivery.expectation.http]
