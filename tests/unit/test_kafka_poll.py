"""A poll takes what the broker holds, and never loses what it has taken."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError

from streams.kafka.client import poll

FIRST, SECOND = TopicPartition("facts", 0), TopicPartition("facts", 1)


class Answers:
    """A consumer that gives each answer once: records by partition, or an error."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[int | None] = []
        self._fetcher = SimpleNamespace(error_future=SimpleNamespace(done=lambda: False))

    async def getmany(self, *_: Any, timeout_ms: int, max_records: int | None) -> Any:
        self.asked.append(max_records)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def polled(consumer: Answers, **more: Any) -> Any:
    return await poll(consumer, timeout_ms=100, gather_ms=5, **more)


async def test_what_is_one_round_trip_away_comes_along_in_order() -> None:
    consumer = Answers({FIRST: [1]}, {FIRST: [2, 3], SECOND: [7]})
    assert await polled(consumer) == {FIRST: [1, 2, 3], SECOND: [7]}


async def test_both_fetches_together_keep_the_limit() -> None:
    consumer = Answers({FIRST: [1, 2]}, {FIRST: [3]})
    await polled(consumer, records_max=3)
    assert consumer.asked == [3, 1]
    full = Answers({FIRST: [1, 2, 3]})
    assert await polled(full, records_max=3) == {FIRST: [1, 2, 3]}


async def test_nothing_is_waited_for_after_an_empty_poll() -> None:
    consumer = Answers({})
    assert await polled(consumer) == {}
    assert consumer.asked == [None]


async def test_a_missing_offset_does_not_take_fetched_records_with_it() -> None:
    # Their positions have moved: an error instead of them would skip them for good.
    consumer = Answers({FIRST: [1]}, NoOffsetForPartitionError(SECOND))
    assert await polled(consumer) == {FIRST: [1]}


async def test_any_other_error_ends_the_process_which_fetches_again() -> None:
    with pytest.raises(KafkaError):
        await polled(Answers({FIRST: [1]}, KafkaError("damaged")))
