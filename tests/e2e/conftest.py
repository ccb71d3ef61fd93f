"""Deployments for the end-to-end tests: accounts once, a folder and a prefix for each."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.accounts.demo import demo_accounts, demo_providers, write_demo_account
from streams.accounts.digest_key import create_digest_key
from streams.simulate import AccountKeys, load_keys
from tests.support.deployment import Deployed

PARTITIONS = 4


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Accounts of all founding providers, with the simulator's keys."""
    folder = tmp_path_factory.mktemp("demo") / "accounts"
    folder.mkdir(mode=0o700)
    create_digest_key(folder)
    for provider in demo_providers():
        for account in demo_accounts(provider):
            write_demo_account(folder, account)
    return folder


@pytest.fixture(scope="session")
def demo_keys(demo_folder: Path) -> tuple[AccountKeys, ...]:
    return load_keys(demo_folder)


@pytest.fixture
def deploy(
    demo_folder: Path,
    tmp_path: Path,
    topic_prefix: str,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[str], Deployed]]:
    """Make a deployment on `embedded` or `kafka`; its processes end with the test."""
    made: list[Deployed] = []

    def make(log: str) -> Deployed:
        folder = tmp_path / log
        (folder / "state").mkdir(parents=True)
        shutil.copytree(demo_folder, folder / "accounts")
        if log == "kafka":
            url = f"kafka://{request.getfixturevalue('kafka_bootstrap')}"
            prefix = topic_prefix
        else:
            url, prefix = f"embedded://{folder / 'state' / 'log.db'}", "payments"
        deployed = Deployed(folder, url, prefix)
        made.append(deployed)
        if log == "kafka":
            deployed.run("topics", "apply", "--partitions", str(PARTITIONS))
        return deployed

    yield make
    for deployed in made:
        deployed.stop()
