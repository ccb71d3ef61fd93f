"""Requests to the simulated broker: they take time, keep their order on a line, and get lost."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

from aiokafka.errors import KafkaError

from tests.simulation.broker import Broker, Where, lost_answer
from tests.simulation.loop import SimulatedLoop, strike

Serve = Callable[[Callable[[Any], None]], None]
HASTE_S: Final = 0.001
SLOW_S: Final = 1.2
LOST_AFTER_S: Final = 1.5


class Line:
    """One connection: what is asked first arrives first, and is answered first."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.arrives_s = 0.0
        self.answers_s = 0.0


class Network:
    """`trouble`: the share of requests whose request or answer is lost, while it lasts."""

    def __init__(self, loop: SimulatedLoop, broker: Broker, chance: random.Random) -> None:
        self.loop = loop
        self.broker = broker
        self.chance = chance
        self.trouble = 0.0
        self.refusing = 0.0  # share of batches that the broker does not take
        self.slow = 0.0  # share of ways that take up to SLOW_S
        self.away_until_s = 0.0  # nothing arrives at the broker before

    def delay_s(self) -> float:
        slow = self.chance.random() < self.slow
        return self.chance.random() * (SLOW_S if slow else HASTE_S)

    async def ask(self, line: Line, work: Callable[[], Any], kind: str = "") -> Any:
        """Let the broker do `work`, and return its answer.

        `kind` names a request before or after which a process can be struck.
        """
        if not kind:
            return await self.exchange(line, lambda reply: reply(work()))
        async with line.turn:
            await strike(kind, "before")
            asked = self.loop.create_task(self.exchange(line, lambda reply: reply(work())))
            await strike(kind, "sent")
        result = await asked
        await strike(kind, "after")
        return result

    async def exchange(self, line: Line, serve: Serve) -> Any:
        """Call `serve` at the broker, with what sends its one answer back, now or later."""
        loop, future = self.loop, self.loop.create_future()
        lost = self.chance.random() < self.trouble
        carried_out = not lost or self.chance.random() < 0.5

        def settle(result: Any, error: Exception | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        def answer(result: Any, error: Exception | None = None) -> None:
            line.answers_s = max(line.answers_s, loop.time() + self.delay_s())
            loop.outside(line.answers_s, lambda: settle(result, error))

        def arrive() -> None:
            try:
                serve(answer if not lost else lambda _: None)
            except KafkaError as error:
                if not lost:
                    answer(None, error)

        now_s = max(loop.time(), self.away_until_s)
        line.arrives_s = max(line.arrives_s, now_s + self.delay_s())
        if carried_out:
            loop.outside(line.arrives_s, arrive)
        if lost:
            loop.outside(loop.time() + LOST_AFTER_S, lambda: settle(None, lost_answer()))
        return await future

    async def fetch(
        self,
        line: Line,
        positions: dict[Where, int],
        *,
        records_max: int,
        committed: bool,
        wait_s: float,
    ) -> dict[Where, tuple[list[Any], int, int]]:
        """Return records, next position and stable end by partition; waits for the first."""

        def look() -> dict[Where, tuple[list[Any], int, int]]:
            found, left = {}, records_max
            for where, position in positions.items():
                records, after = self.broker.fetch(where, position, left, committed=committed)
                found[where] = (records, after, self.broker.log(where).stable(where))
                left -= len(records)
            return found

        def serve(reply: Callable[[Any], None]) -> None:
            answered = False

            def look_again(*, last: bool = False) -> None:
                nonlocal answered
                if answered:
                    return
                found = look()
                if last or any(each[0] for each in found.values()):
                    answered = True
                    reply(found)
                else:
                    self.broker.on_arrival(look_again)

            look_again()
            if not answered:
                self.loop.outside(self.loop.time() + wait_s, lambda: look_again(last=True))

        result: dict[Where, tuple[list[Any], int, int]] = await self.exchange(line, serve)
        return result
