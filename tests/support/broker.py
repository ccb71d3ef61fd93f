"""A real Kafka for the tests, from the first place that has one.

In this order: TILLSTREAM_TEST_BOOTSTRAP; a running container engine that holds (or quickly pulls)
the image KAFKA_IMAGE; a local process from Maven's jars. Where none is to be had, the tests are
skipped with the reason, or fail where CI or TILLSTREAM_REQUIRE_BROKER says that they must run.

TILLSTREAM_TEST_BROKER=container asks for the container alone: no other place is tried, and the
tests fail where it cannot be had.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.kafka_local import BrokerMissing, LocalBroker
from tests.support.kafka_container import ContainerMissing, KafkaContainer, sweep


def container_is_demanded() -> bool:
    """Tell whether the broker must come from a container.

    Raises:
        ValueError: TILLSTREAM_TEST_BROKER is set to a word without meaning.
    """
    place = os.environ.get("TILLSTREAM_TEST_BROKER", "")
    if place not in ("", "container"):
        raise ValueError(f"TILLSTREAM_TEST_BROKER is {place!r}; the one word it knows: container")
    return place == "container"


@contextmanager
def any_broker() -> Iterator[str]:
    """Lend the bootstrap address of a broker, or skip or fail the test that asks."""
    demanded = container_is_demanded()
    given = os.environ.get("TILLSTREAM_TEST_BOOTSTRAP")
    if given and not demanded:
        yield given
        return
    container = KafkaContainer()
    try:
        try:
            sweep()
            container.start()
        except ContainerMissing as missing:
            if demanded:
                pytest.fail(f"no Kafka in a container: {missing}")
        else:
            yield container.bootstrap
            return
    finally:
        container.stop()
    with local_broker() as broker:
        yield broker.bootstrap


@contextmanager
def local_broker(**settings: Any) -> Iterator[LocalBroker]:
    """Lend a broker process of one's own, for tests that kill it or set it up differently."""
    broker = LocalBroker(**settings)
    try:
        try:
            broker.start()
        except BrokerMissing as missing:
            _give_up(f"no Kafka: {missing}")
        yield broker
    finally:
        broker.close()


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true" or os.environ.get("TILLSTREAM_REQUIRE_BROKER"):
        pytest.fail(reason)
    pytest.skip(reason)
