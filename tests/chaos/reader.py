"""Reading the log with another client library than the one under test: librdkafka."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.chaos.oracle import Row

TOPICS: Final = ("callbacks", "outcomes", "events", "ledger")
GROUPS: Final = {"verify": "callbacks", "settle": "facts"}
CALL_S: Final = 20.0
PAUSE_S: Final = 0.3


def _consumer(bootstrap: str, group: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False,
            "isolation.level": "read_committed", "auto.offset.reset": "error",
            "enable.partition.eof": True, "log_level": 2,
        }
    )  # fmt: skip


def partitions(bootstrap: str, topic: str) -> int:
    """Return a topic's partition count."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    return len(admin.list_topics(topic, timeout=CALL_S).topics[topic].partitions)


class Stuck(Exception):
    """The groups do not come to the end of what they consume."""


def wait_drained(bootstrap: str, prefix: str, *, within_s: float) -> None:
    """Wait until both groups have committed the ends of their topics.

    Raises:
        Stuck: they have not, within the time.
    """
    deadline_s = time.monotonic() + within_s
    for role, short in GROUPS.items():
        topic = f"{prefix}.{short}.v1"
        consumer = _consumer(bootstrap, f"{prefix}-{role}")
        try:
            while missing := _behind(consumer, topic, partitions(bootstrap, topic)):
                if time.monotonic() > deadline_s:
                    raise Stuck(f"{role}: {missing}")
                time.sleep(PAUSE_S)
        finally:
            consumer.close()


def _behind(consumer: Consumer, topic: str, count: int) -> list[str]:
    asked = [TopicPartition(topic, number) for number in range(count)]
    behind = []
    try:
        for found in consumer.committed(asked, timeout=CALL_S):
            _, end = consumer.get_watermark_offsets(found, timeout=CALL_S, cached=False)
            if max(found.offset, 0) < end:
                behind.append(f"{topic}-{found.partition} at {found.offset} of {end}")
    except KafkaException as error:  # A coordinator that is still loading, a leader on its way.
        behind.append(str(error))
    return behind


def committed_rows(bootstrap: str, prefix: str) -> Iterator[Row]:
    """Yield every committed record of the topics that are judged."""
    for short in TOPICS:
        yield from _rows(bootstrap, f"{prefix}.{short}.v1", short)


def _rows(bootstrap: str, topic: str, short: str) -> Iterator[Row]:
    consumer = _consumer(bootstrap, f"judge-{topic}")
    count = partitions(bootstrap, topic)
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in range(count)])
        open_ = set(range(count))
        deadline_s = time.monotonic() + 120
        while open_:
            if time.monotonic() > deadline_s:
                raise Stuck(f"{topic} cannot be read to its end")
            message = consumer.poll(1.0)
            if message is None:
                continue
            error = message.error()
            if error is None:
                yield _row(message, short)
            elif error.code() == KafkaError._PARTITION_EOF:
                open_.discard(message.partition())
            elif not error.retriable():
                raise KafkaException(error)
    finally:
        consumer.close()


def _row(message: Any, short: str) -> Row:
    headers: Mapping[str, str] = {
        name: value.decode("latin-1") for name, value in message.headers() or ()
    }
    return Row(short, message.partition(), message.offset(), message.key(), message.value(),
               headers)  # fmt: skip


def delete_offsets(bootstrap: str, group: str) -> None:
    """Delete a group with its offsets; it must have no member."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    deadline_s = time.monotonic() + 60
    while True:
        try:
            admin.delete_consumer_groups([group])[group].result(CALL_S)
        except KafkaException as error:
            # Members that were killed are still counted until their session ends.
            if time.monotonic() > deadline_s:
                raise
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return
            time.sleep(1)
        else:
            return


def delete_topic(bootstrap: str, topic: str) -> None:
    """Delete a topic, and wait until nobody lists it any more."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    admin.delete_topics([topic])[topic].result(CALL_S)
    deadline_s = time.monotonic() + 60
    while topic in admin.list_topics(timeout=CALL_S).topics:
        if time.monotonic() > deadline_s:
            raise Stuck(f"{topic} is still there")
        time.sleep(PAUSE_S)
