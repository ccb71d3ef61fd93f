"""Accounts swapped while running: the good ones at once, the broken ones not at all."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from processors.registry import PROVIDERS
from streams.accounts import AccountBook, WatchedAccounts
from streams.config import load_config
from streams.errors import ConfigurationError
from tests.support.account_files import secret_key, write_account

WAIT_S_MAX = 20


def start(folder: Path, registry: CollectorRegistry | None = None) -> WatchedAccounts:
    config = load_config({"TILLSTREAM_ACCOUNTS": str(folder)})
    registry = registry or CollectorRegistry()
    return WatchedAccounts.start(config, PROVIDERS, registry=registry, environ={})


def stripe(folder: Path, name: str, text: str, *, mode: str = "live", more: str = "") -> Path:
    return write_account(folder, "stripe", name, keys=[secret_key(text)], mode=mode, more=more)


def secret_of(book: AccountBook, name: str) -> bytes | None:
    account = book.get("stripe", name)
    return None if account is None else account.keys[0].secret.reveal()


def test_the_first_loading_refuses_every_problem_at_once(tmp_path: Path) -> None:
    stripe(tmp_path, "a", "")
    stripe(tmp_path, "b", '"quoted"')
    stripe(tmp_path, "good", "whsec_1")
    with pytest.raises(ConfigurationError) as raised:
        start(tmp_path)
    assert len(raised.value.problems) == 2


def test_a_changed_account_is_swapped_and_the_others_keep_their_own(tmp_path: Path) -> None:
    stripe(tmp_path, "a", "whsec_a1")
    stripe(tmp_path, "b", "whsec_b1")
    watched = start(tmp_path)
    heard: list[AccountBook] = []
    watched.listen(heard.append)
    before = watched.current
    stripe(tmp_path, "a", "whsec_a2")
    watched.reload()
    assert secret_of(watched.current, "a") == b"whsec_a2"
    assert secret_of(before, "a") == b"whsec_a1"
    assert watched.current.get("stripe", "b") is before.get("stripe", "b")
    assert heard == [watched.current]


def test_looking_again_at_the_same_files_changes_nothing(tmp_path: Path) -> None:
    stripe(tmp_path, "a", "whsec_a1")
    watched = start(tmp_path)
    book = watched.current
    watched.reload()
    assert watched.current is book


def test_a_broken_file_keeps_the_old_revision_and_raises_the_alarm(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    path = stripe(tmp_path, "a", "whsec_a1")
    stripe(tmp_path, "b", "whsec_b1")
    watched = start(tmp_path, registry)
    assert registry.get_sample_value("tillstream_accounts_broken") == 0
    path.write_text("[[[")
    stripe(tmp_path, "b", "whsec_b2")
    findings = watched.reload()
    assert secret_of(watched.current, "a") == b"whsec_a1"
    assert secret_of(watched.current, "b") == b"whsec_b2"
    assert registry.get_sample_value("tillstream_accounts_broken") == 1
    assert [finding.file for finding in findings if finding.is_problem] == [str(path)]
    stripe(tmp_path, "a", "whsec_a2")
    watched.reload()
    assert secret_of(watched.current, "a") == b"whsec_a2"
    assert registry.get_sample_value("tillstream_accounts_broken") == 0


def test_a_vanished_file_keeps_its_account_and_raises_the_alarm(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    path = stripe(tmp_path, "a", "whsec_a1")
    watched = start(tmp_path, registry)
    path.unlink()
    watched.reload()
    assert secret_of(watched.current, "a") == b"whsec_a1"
    assert registry.get_sample_value("tillstream_accounts_broken") == 1


def test_a_folder_that_goes_away_takes_no_account_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    stripe(folder, "a", "whsec_a1")
    watched = start(folder)
    folder.rename(tmp_path / "elsewhere")
    watched.reload()
    assert secret_of(watched.current, "a") == b"whsec_a1"


def test_a_kid_dropped_while_running_is_refused(tmp_path: Path) -> None:
    keys = [secret_key("whsec_1", kid="1"), secret_key("whsec_2", kid="2")]
    write_account(tmp_path, "stripe", "a", keys=keys)
    watched = start(tmp_path)
    write_account(tmp_path, "stripe", "a", keys=keys[1:])
    watched.reload()
    account = watched.current.get("stripe", "a")
    assert account is not None
    assert [key.kid for key in account.keys] == ["1", "2"]


def test_a_kid_added_while_running_is_not_dropped_again(tmp_path: Path) -> None:
    keys = [secret_key("whsec_1", kid="1"), secret_key("whsec_2", kid="2")]
    write_account(tmp_path, "stripe", "a", keys=keys[:1])
    watched = start(tmp_path)
    write_account(tmp_path, "stripe", "a", keys=keys)
    watched.reload()
    write_account(tmp_path, "stripe", "a", keys=keys[:1])
    assert any("once in force" in finding.sentence for finding in watched.reload())
    account = watched.current.get("stripe", "a")
    assert account is not None
    assert len(account.keys) == 2


def test_a_test_account_does_not_join_a_live_deployment(tmp_path: Path) -> None:
    stripe(tmp_path, "a", "whsec_a1")
    watched = start(tmp_path)
    stripe(tmp_path, "b", "whsec_b1", mode="test")
    watched.reload()
    assert secret_of(watched.current, "b") is None
    assert watched.current.mode == "live"


def test_a_newcomer_at_odds_with_a_revision_in_force_stands_back(tmp_path: Path) -> None:
    path = stripe(tmp_path, "a", "whsec_a1")
    watched = start(tmp_path)
    # The file of `a` is broken, so its old revision, with ledger `a`, stays in force.
    path.write_text("[[[")
    stripe(tmp_path, "b", "whsec_b1", more='ledger = "a"')
    watched.reload()
    assert secret_of(watched.current, "a") == b"whsec_a1"
    assert secret_of(watched.current, "b") is None


async def heard_of(watched: WatchedAccounts, condition: Callable[[], bool]) -> None:
    """Wait for the swap after which the condition holds."""
    swapped = asyncio.Event()
    watched.listen(lambda book: swapped.set())
    async with asyncio.timeout(WAIT_S_MAX):
        while not condition():
            await swapped.wait()
            swapped.clear()


async def test_a_change_of_a_file_is_noticed_without_asking(tmp_path: Path) -> None:
    stripe(tmp_path, "a", "whsec_a1")
    watched = start(tmp_path)
    stopping = asyncio.Event()
    watching = asyncio.create_task(watched.watch(stopping))
    stripe(tmp_path, "a", "whsec_a2")
    await heard_of(watched, lambda: secret_of(watched.current, "a") == b"whsec_a2")
    stripe(tmp_path, "new", "whsec_n1")
    await heard_of(watched, lambda: secret_of(watched.current, "new") == b"whsec_n1")
    stopping.set()
    async with asyncio.timeout(WAIT_S_MAX):
        await watching


async def test_a_swap_of_the_kubernetes_link_is_noticed(tmp_path: Path) -> None:
    mount = tmp_path / "stripe"
    for version, text in (("..1", "whsec_v1"), ("..2", "whsec_v2")):
        stripe(tmp_path, "shop", text)
        (mount / version).mkdir()
        (mount / "shop.toml").rename(mount / version / "shop.toml")
    (mount / "..data").symlink_to("..1")
    (mount / "shop.toml").symlink_to("..data/shop.toml")
    watched = start(tmp_path)
    assert secret_of(watched.current, "shop") == b"whsec_v1"
    stopping = asyncio.Event()
    watching = asyncio.create_task(watched.watch(stopping))
    heard: list[AccountBook] = []
    watched.listen(heard.append)
    # As the kubelet does it: a new link beside the old one, then a rename over it.
    (mount / "..data_tmp").symlink_to("..2")
    (mount / "..data_tmp").replace(mount / "..data")
    await heard_of(watched, lambda: secret_of(watched.current, "shop") == b"whsec_v2")
    assert len(heard) == 1
    stopping.set()
    async with asyncio.timeout(WAIT_S_MAX):
        await watching
