"""Fixtures that more than one test file asks for."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.broker import any_broker
from tests.support.postgres import empty_database, postgres_server


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """The bootstrap address of a real Kafka, one for the whole session."""
    with any_broker() as bootstrap:
        yield bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for this test's topics and groups, so that no test sees another's."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL's superuser, one for the whole session."""
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, in a file and on a server in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rows.db'}"
    return empty_database(request.getfixturevalue("postgres"))
