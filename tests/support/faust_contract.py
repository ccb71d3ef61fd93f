"""What our overrides of Faust lean on, each looked at in a process of its own.

`python -m tests.support.faust_contract` prints for each check what is wrong, as JSON. In a process
of its own, for the library patches and warns where it is imported.
"""

import asyncio
import inspect
import json
import tempfile
import traceback
from collections import defaultdict
from pathlib import Path
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer as BaseConsumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP
from intervaltree import IntervalTree

from schemas.topics import topics
from streams.views.database import open_database
from streams.views.faust_app import build_app
from streams.views.faust_consumer import (
    CommittedConsumer,
    CommittedThread,
    CommittedTransport,
    ReadOffsets,
)
from streams.views.store import Store

WHERE = TP("events", 0)


def made_app() -> Any:
    made = topics(payment_partitions=2)
    return build_app(
        "contract", made, Store(open_database("sqlite:///:memory:"), made),
        settings={"bootstrap_servers": ["127.0.0.1:1"]}, watch=lambda counts: None,
        folder=Path(tempfile.mkdtemp()),
    )  # fmt: skip


def version() -> None:
    assert faust.__version__ == "0.15.3", faust.__version__


def settings() -> None:
    conf = made_app().conf
    assert conf.stream_wait_empty is True
    assert conf.web_enabled is False
    assert 8 <= conf.broker_session_timeout <= 10
    assert conf.consumer_auto_offset_reset == "none"
    assert conf.processing_guarantee.value == "at_least_once"
    assert conf.table_standby_replicas == 0
    assert conf.topic_allow_declare is False


def concurrency() -> None:
    agents = made_app().agents.values()
    assert len(agents) == 3
    assert {agent.concurrency for agent in agents} == {1}


def our_consumer_is_used() -> None:
    app = made_app()
    assert type(app.transport) is CommittedTransport
    consumer = app._new_consumer()
    assert type(consumer) is CommittedConsumer
    assert type(consumer._thread) is CommittedThread


def isolation() -> None:
    app = made_app()
    consumer = app._new_consumer()
    kept = AIOKafkaConsumerThread._create_worker_consumer(consumer._thread, app.transport)
    assert kept._isolation_level == "read_uncommitted", "the override is needed no more"
    ours = consumer._thread._create_worker_consumer(app.transport)
    assert ours._isolation_level == "read_committed"
    assert ours._auto_offset_reset == "none"
    assert "isolation_level=self._isolation_level" in inspect.getsource(AIOKafkaConsumer.start)


def bare(kind: type[Any]) -> Any:
    consumer = kind.__new__(kind)
    consumer._gap = defaultdict(IntervalTree)
    consumer._committed_offset = defaultdict(lambda: None)
    return consumer


def covered(kind: type[Any]) -> list[int]:
    consumer = bare(kind)
    asyncio.run(consumer._add_gap(WHERE, 6, 8))
    return [n for each in sorted(consumer._gap[WHERE]) for n in range(each.begin, each.end)]


def gap() -> None:
    assert covered(Consumer) == [6, 7, 8], "the library's gap excludes its end now"
    assert covered(CommittedConsumer) == [6, 7]
    calls = inspect.getsource(BaseConsumer._drain_messages)
    assert "self._add_gap(tp, r_offset + 1, offset)" in calls


def offset_zero() -> None:
    calls = inspect.getsource(BaseConsumer._drain_messages)
    assert "if gap > 1 and r_offset:" in calls, "offset 0 may be right now"
    assert "set_read_offset = self._read_offset.__setitem__" in calls
    offsets = ReadOffsets(lambda: None)
    assert not offsets[WHERE]
    offsets[WHERE] = 0
    assert offsets[WHERE], "offset 0 is a place"
    assert (offsets[WHERE] or 0) + 1 == 1
    app = made_app()
    assert type(app._new_consumer()._read_offset) is ReadOffsets


def recovery_seek() -> None:
    source = inspect.getsource(Recovery._build_offsets)
    assert "offset - 1 if offset is not None" in source, "recovery starts inside now"
    assert "consumer.seek_wait(new_offsets)" in inspect.getsource(Recovery._seek_offsets)
    consumer = bare(CommittedConsumer)
    sought: list[Any] = []

    class Thread:
        async def earliest_offsets(self, *partitions: Any) -> Any:
            return dict.fromkeys(partitions, 10)

        async def seek_wait(self, partitions: Any) -> None:
            sought.append(dict(partitions))

    consumer._thread = Thread()
    asyncio.run(consumer.seek_wait({WHERE: 9}))
    asyncio.run(consumer.seek_wait({WHERE: 12}))
    assert sought == [{WHERE: 10}, {WHERE: 12}]


def fetch() -> None:
    assert inspect.iscoroutinefunction(AIOKafkaConsumerThread._fetch_records)
    assert "self._fetch_records" in inspect.getsource(AIOKafkaConsumerThread.getmany)
    assert Transport.Consumer is Consumer


CHECKS = {
    check.__name__: check
    for check in (
        version, settings, concurrency, our_consumer_is_used, isolation, gap, offset_zero,
        recovery_seek, fetch,
    )
}  # fmt: skip

# The client is built only inside a running loop; others run one themselves.
IN_LOOP = ("our_consumer_is_used", "isolation", "offset_zero")


async def inside(name: str) -> None:
    CHECKS[name]()


def found(name: str) -> str:
    """Return what is wrong with a check; empty: it holds."""
    try:
        if name in IN_LOOP:
            asyncio.run(inside(name))
        else:
            CHECKS[name]()
    except Exception:  # noqa: BLE001 - told to the test
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    print(json.dumps({name: found(name) for name in CHECKS}))
