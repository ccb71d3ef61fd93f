"""The typed way to the client library: settings, starting, stopping, and its errors as ours.

What is read of the library's private parts is read here and nowhere else, with the reason.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, ProducerClosed
from aiokafka.helpers import create_ssl_context

from schemas.errors import Unavailable
from streams.errors import ConfigurationError

START_S_MAX: Final = 30
STOP_S_MAX: Final = 5
# The default of 16 KiB is two to six times slower. Uncompressed: zstd halves the bytes of a sealed
# callback, but costs 4 us of our one core per record, lz4 14; the broker's disk is the cheaper.
BATCH_BYTES_MAX: Final = 512 * 1024
REBALANCE_MS_MAX: Final = 30_000
# A fetch that left out a partition must not hold up its next record by the default of 500 ms.
FETCH_WAIT_MS: Final = 100
# The library asks a broker for nothing more while anything from it lies unconsumed, for this long;
# then it asks for the other partitions alone, and that request keeps all others waiting.
FETCH_TOGETHER_S: Final = 1.0
# What arrived while the last batch was worked on is one round trip away when a poll begins.
GATHER_MS: Final = 5
_TLS_FILES: Final = ("ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password")
_WORDS: Final = (
    "client_id", "security_protocol", "sasl_mechanism", "sasl_plain_username",
    "sasl_plain_password", "sasl_kerberos_service_name", "sasl_kerberos_domain_name",
)  # fmt: skip
_NUMBERS: Final = (
    "request_timeout_ms", "retry_backoff_ms", "metadata_max_age_ms", "connections_max_idle_ms",
)  # fmt: skip
_OBJECTS: Final = ("ssl_context", "sasl_oauth_token_provider")


@contextlib.contextmanager
def unavailable(doing: str) -> Iterator[None]:
    """Turn the library's and the network's errors into Unavailable; `doing` begins its text."""
    try:
        yield
    # The library asserts where a partition is unknown or a transaction in the wrong state.
    except (KafkaError, OSError, AssertionError) as error:
        # Only the type is repeated: the text may hold what the broker was sent.
        raise Unavailable(f"{doing}: {type(error).__name__}") from error


def client_settings(bootstrap: str, options: Mapping[str, object]) -> dict[str, Any]:
    """Return what every client is built with; `options` as text or as the library's objects.

    Raises:
        ConfigurationError: an option that is not known, or files that make no TLS context.
    """
    settings: dict[str, Any] = {
        "bootstrap_servers": bootstrap.split(","),
        "metadata_max_age_ms": 60_000,
        "request_timeout_ms": 40_000,
    }
    for name, value in options.items():
        if name in _NUMBERS:
            settings[name] = _number(name, value)
        elif name in _WORDS or name in _OBJECTS:
            settings[name] = value
        elif name not in _TLS_FILES:
            raise ConfigurationError(f"Kafka option {name!r} is not known")
    if str(settings.get("security_protocol", "")).endswith("SSL"):
        settings.setdefault("ssl_context", _tls(options))
    return settings


def _number(name: str, value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise ConfigurationError(f"Kafka option {name!r} is not a whole number")
    return int(text)


def _tls(options: Mapping[str, object]) -> object:
    files = {name[4:]: str(options[name]) for name in _TLS_FILES if name in options}
    for name in ("cafile", "certfile", "keyfile"):
        if name in files and not Path(files[name]).is_file():
            raise ConfigurationError(f"Kafka option 'ssl_{name}' names no file")
    try:
        return create_ssl_context(**files)
    except (OSError, ValueError) as error:
        raise ConfigurationError("the Kafka TLS files make no TLS context") from error


async def start_producer(settings: Mapping[str, Any], **more: object) -> AIOKafkaProducer:
    """Start an idempotent producer, or with `transactional_id` a transactional one.

    Raises:
        Unavailable: no answer within START_S_MAX.
    """
    producer = AIOKafkaProducer(
        **settings, acks="all", enable_idempotence=True, max_batch_size=BATCH_BYTES_MAX, **more
    )
    await _start(producer, "producer")
    return producer


async def start_consumer(
    settings: Mapping[str, Any], *, isolation: str = "read_committed", **more: object
) -> AIOKafkaConsumer:
    """Start a consumer that never resets an offset and never commits by itself.

    Raises:
        Unavailable: no answer within START_S_MAX.
    """
    fixed: dict[str, Any] = {
        "isolation_level": isolation,
        "auto_offset_reset": "none",
        "enable_auto_commit": False,
        "fetch_max_wait_ms": FETCH_WAIT_MS,
    }
    consumer = AIOKafkaConsumer(**settings, **fixed, **more)
    await _start(consumer, "consumer")
    consumer._fetcher._prefetch_backoff = FETCH_TOGETHER_S
    return consumer


def membership(group: str, instance_id: str | None) -> dict[str, Any]:
    """Return the settings of a group's member.

    A static member's restart fits into its session of 30 s; without an id a dead member's
    partitions are taken over after 9 s.
    """
    # The library keeps the assignor's memory on the class: members of two groups in one process
    # would tell each other's partitions.
    sticky = type("Sticky", (StickyPartitionAssignor,), {})
    return {
        "group_id": group,
        "group_instance_id": instance_id,
        "partition_assignment_strategy": (sticky,),
        "session_timeout_ms": 30_000 if instance_id else 9_000,
        "heartbeat_interval_ms": 2_000,
        "rebalance_timeout_ms": REBALANCE_MS_MAX,
    }


@contextlib.asynccontextmanager
async def admin(settings: Mapping[str, Any]) -> Any:  # an async iterator of the library's client
    """Lend an administrative client."""
    client = AIOKafkaAdminClient(**settings)
    try:
        with unavailable("reaching Kafka"):
            async with asyncio.timeout(START_S_MAX):
                await client.start()
        yield client
    finally:
        await client.close()


async def _start(client: Any, what: str) -> None:
    try:
        with unavailable(f"starting a {what}"):
            async with asyncio.timeout(START_S_MAX):
                await client.start()
    except BaseException:
        await _close(client)
        raise


async def discard_producer(producer: AIOKafkaProducer) -> None:
    """Stop a producer within STOP_S_MAX; what it has not sent by then fails."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(STOP_S_MAX):
            await producer.flush()
    # An idempotent batch never expires, so that `stop` alone would wait for a lost broker.
    producer._message_accumulator.fail_all(ProducerClosed())
    await _close(producer)


async def discard_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer within STOP_S_MAX; in a group it leaves the group."""
    await _close(consumer)


async def _close(client: Any) -> None:
    # Whatever stopping raises, the connections are closed: the client is thrown away.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(STOP_S_MAX):
            await client.stop()
    inner = client.client if isinstance(client, AIOKafkaProducer) else client._client
    with contextlib.suppress(Exception):
        await inner.close()


async def poll(
    consumer: AIOKafkaConsumer,
    partitions: tuple[TopicPartition, ...] = (),
    *,
    timeout_ms: int,
    records_max: int | None = None,
    gather_ms: int = 0,
) -> dict[TopicPartition, list[Any]]:
    """Return fetched records by partition; `partitions` empty: of all assigned ones.

    The request of a poll goes out when the last poll has taken everything, and is answered with
    the first record that comes; `gather_ms` is how long to wait for the answer to the next.

    Raises:
        KafkaError: as the library says, and where its fetching task has ended, which it hides:
            `getmany` would return nothing for ever.
    """
    fetched = await _fetched(consumer, partitions, timeout_ms, records_max)
    found = sum(map(len, fetched.values()))
    if not found or not gather_ms or found == records_max:
        return fetched
    left = None if records_max is None else records_max - found
    try:
        more = await _fetched(consumer, partitions, gather_ms, left)
    except NoOffsetForPartitionError:
        # Of another partition, and raised again by the next poll. Raised now it would take the
        # records above with it, whose positions have moved.
        return fetched
    for where, records in more.items():
        fetched.setdefault(where, []).extend(records)
    return fetched


async def _fetched(
    consumer: AIOKafkaConsumer,
    partitions: tuple[TopicPartition, ...],
    timeout_ms: int,
    records_max: int | None,
) -> dict[TopicPartition, list[Any]]:
    if consumer._fetcher.error_future.done():
        raise KafkaError("the fetching task has ended")
    fetched: dict[TopicPartition, list[Any]] = await consumer.getmany(
        *partitions, timeout_ms=timeout_ms, max_records=records_max
    )
    return fetched
