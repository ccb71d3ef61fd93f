"""Fixtures that more than one test file asks for."""

import uuid
from collections.abc import Iterator

import pytest

from tests.support.broker import any_broker


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The bootstrap address of a real Kafka, one for the whole session."""
    with any_broker() as bootstrap:
        yield bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for this test's topics and groups, so that no test sees another's."""
    return f"t{uuid.uuid4().hex[:12]}"
