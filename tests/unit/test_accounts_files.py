"""Account files: read strictly, every fault named, nothing of a key in any message."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from processors.account_form import Digest
from processors.registry import PROVIDERS
from schemas.revision import Revision
from streams.accounts import AccountBook, Finding, load_accounts, load_digest
from streams.config import ServedMode
from tests.support.account_files import (
    certificate_pem,
    public_der_base64,
    secret_key,
    write_account,
)

DIGEST = Digest(b"digest key of the tests")
SECRET = "whsec_canaryCANARYcanary0123456789"


def load(
    folder: Path,
    *,
    mode: ServedMode | None = None,
    seen: tuple[Revision, ...] = (),
    environ: dict[str, str] | None = None,
    now_ms: int | None = None,
) -> tuple[AccountBook, tuple[Finding, ...]]:
    return load_accounts(
        folder,
        PROVIDERS,
        environ=environ or {},
        mode=mode,
        digest=DIGEST,
        seen=seen,
        now_ms=now_ms,
    )


def fields(findings: tuple[Finding, ...], weight: str = "problem") -> list[str]:
    return [finding.field for finding in findings if finding.weight == weight]


def stripe(folder: Path, name: str = "shop", *, text: str = SECRET, more: str = "") -> Path:
    return write_account(folder, "stripe", name, keys=[secret_key(text)], more=more)


def test_a_good_file_is_an_account_with_its_ledger_and_revision(tmp_path: Path) -> None:
    stripe(tmp_path, more='ledger = "eu"\nreply_when = "verified"')
    book, findings = load(tmp_path)
    account = book.get("stripe", "shop")
    assert not findings
    assert account is not None
    assert (account.ledger, account.mode) == ("eu", "live")
    assert book.reply_when("stripe", "shop") == "verified"
    assert book.revision("stripe", "shop").name == account.revision
    assert SECRET not in repr(book)
    assert book.get("stripe", "other") is None


@pytest.mark.parametrize(
    ("replace", "by", "field"),
    [
        ('mode = "live"', 'mode = "prod"', "mode"),
        ('mode = "live"', "", "mode"),
        ('provider = "stripe"', 'provider = "adyen"', "provider"),
        ('provider = "stripe"', "", "provider"),
        ("[settings]", 'tolerance = "1"\n[settings]', "tolerance"),
        ("[settings]", 'reply_when = "never"\n[settings]', "reply_when"),
        ("[settings]", "[settings]\nchannel = 1", "settings.channel"),
        ('kid = "1"', "kid = 1", "keys[1].kid"),
        ('kid = "1"', "", "keys[1].kid"),
        ('kid = "1"', 'kid = "1"\nalgorithm = "none"', "keys[1].algorithm"),
        ('kid = "1"', 'kid = "1"\nfile = "x"', "keys[1]"),
        ('kid = "1"', 'kid = "1"\nnot_after = "2026-01-01"', "keys[1].not_after"),
        ('kid = "1"', 'kid = "1"\nnot_after = 2026-01-01T00:00:00', "keys[1].not_after"),
        (f'text = "{SECRET}"', "", "keys[1]"),
        (f'text = "{SECRET}"', 'file = "absent.txt"', "keys[1].file"),
        (f'text = "{SECRET}"', 'env = "ABSENT"', "keys[1].env"),
        (f'text = "{SECRET}"', "text = 7", "keys[1].text"),
    ],
)
def test_a_fault_is_named_and_keeps_the_account_out(
    tmp_path: Path, replace: str, by: str, field: str
) -> None:
    path = stripe(tmp_path)
    text = path.read_text()
    assert replace in text
    path.write_text(text.replace(replace, by))
    book, findings = load(tmp_path)
    assert field in fields(findings)
    assert len(book) == 0
    assert all(SECRET not in str(finding) for finding in findings)
    assert all(finding.file == str(path) for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        f"text = {SECRET}",  # the parser's own message might quote it
        f'"{SECRET}"',
        f'{SECRET} = "x"',
        "[[[",
        "a = " + "[" * 10_000,
        "\x00",
    ],
)
def test_a_file_that_is_no_toml_of_ours_is_named_without_its_text(
    tmp_path: Path, text: str
) -> None:
    path = stripe(tmp_path)
    path.write_text(text)
    _, findings = load(tmp_path)
    assert findings
    assert all(SECRET not in str(finding) for finding in findings)


def test_a_key_pasted_where_a_name_belongs_is_not_repeated(tmp_path: Path) -> None:
    for name, member in (("a", "env"), ("b", "file"), ("c", "kind"), ("d", "use")):
        key = secret_key("x")
        if member in ("env", "file"):
            del key["text"]
        write_account(tmp_path, "alipay", name, keys=[key | {member: public_der_base64()}])
    _, findings = load(tmp_path)
    assert len({finding.file for finding in findings}) == 4
    assert not [f for f in findings if public_der_base64() in str(f)]


def test_every_file_is_looked_at_whatever_the_others_hold(tmp_path: Path) -> None:
    broken = [stripe(tmp_path, f"shop-{number}", text="") for number in range(5)]
    broken[0].write_text("[[[")
    stripe(tmp_path, "good")
    book, findings = load(tmp_path)
    assert {finding.file for finding in findings} == {str(path) for path in broken}
    assert [account.name for account in book] == ["good"]


def test_several_faults_of_one_file_are_told_together(tmp_path: Path) -> None:
    write_account(
        tmp_path, "adyen", "shop", mode="prod", settings={"webhook_type": "x", "y": "z"},
        keys=[secret_key("A" * 63), secret_key("B" * 64, kid="2") | {"not_before": "yesterday"}],
    )  # fmt: skip
    _, findings = load(tmp_path)
    assert {"mode", "settings.webhook_type", "settings.y", "keys[2].not_before"} <= set(
        fields(findings)
    )
    assert any("63" in finding.sentence for finding in findings)


def test_numbers_of_keys_are_those_of_the_file_though_one_is_unreadable(tmp_path: Path) -> None:
    unreadable = {"kid": "1", "use": "verify", "kind": "secret", "file": "absent"}
    write_account(tmp_path, "stripe", "shop", keys=[unreadable, secret_key('"x"', kid="2")])
    _, findings = load(tmp_path)
    assert [f.field for f in findings if f.field.startswith("keys")] == [
        "keys[1].file",
        "keys[2] (verify 2)",
    ]


def test_material_comes_from_beside_the_account_or_from_the_environment(tmp_path: Path) -> None:
    keys = [
        {"kid": "1", "use": "verify", "kind": "secret", "file": "endpoint.txt"},
        {"kid": "2", "use": "verify", "kind": "secret", "env": "STRIPE_SECRET"},
    ]
    path = write_account(tmp_path, "stripe", "shop", keys=keys)
    (path.parent / "endpoint.txt").write_text("whsec_one")
    book, findings = load(tmp_path, environ={"STRIPE_SECRET": "whsec_two"})
    account = book.get("stripe", "shop")
    assert not findings
    assert account is not None
    assert [key.secret.reveal() for key in account.keys] == [b"whsec_one", b"whsec_two"]


@pytest.mark.parametrize("octets", [b"\xff\xfe\x00", b"\x30\x82\x01\x22\x80", b"x" * 70_000, b""])
def test_a_key_file_that_is_no_text_is_named(tmp_path: Path, octets: bytes) -> None:
    key = {"kid": "1", "use": "verify", "kind": "secret", "file": "key"}
    path = write_account(tmp_path, "stripe", "shop", keys=[key])
    (path.parent / "key").write_bytes(octets)
    book, findings = load(tmp_path)
    assert len(book) == 0
    assert len(findings) == 1


def test_dates_of_a_key_are_instants_whatever_their_zone(tmp_path: Path) -> None:
    key = secret_key(SECRET) | {
        "not_before": "!2026-01-01T08:00:00+08:00",
        "not_after": "!2026-01-01T00:00:01Z",
    }
    write_account(tmp_path, "stripe", "shop", keys=[key])
    book, findings = load(tmp_path)
    account = book.get("stripe", "shop")
    assert not findings
    assert account is not None
    assert (account.keys[0].not_before_ms, account.keys[0].not_after_ms) == (
        1_767_225_600_000,
        1_767_225_601_000,
    )


def test_a_kubernetes_mount_is_read_through_its_links_and_once(tmp_path: Path) -> None:
    mount = tmp_path / "stripe"
    version = mount / "..2026_01_01"
    stripe(tmp_path)
    version.mkdir()
    (mount / "shop.toml").rename(version / "shop.toml")
    (mount / "..data").symlink_to(version.name)
    (mount / "shop.toml").symlink_to("..data/shop.toml")
    book, findings = load(tmp_path)
    assert not findings
    assert [account.name for account in book] == ["shop"]


def test_a_stray_file_an_unknown_provider_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text("")
    write_account(tmp_path, "strype", "shop", keys=[secret_key("x")])
    _, findings = load(tmp_path)
    assert [finding.field for finding in findings] == ["", "provider"] or fields(findings)
    assert {Path(finding.file).name for finding in findings} == {"shop.toml"}
    assert len({finding.file for finding in findings}) == 2
    _, absent = load(tmp_path / "absent")
    assert absent[0].is_problem


def test_expired_is_a_warning_and_not_yet_valid_a_note(tmp_path: Path) -> None:
    for name, serial, days in (("old", 0x1A, (-800, -365)), ("new", 0x2B, (30, 400))):
        pem = certificate_pem(cn="Tenpay", serial=serial, from_days=days[0], to_days=days[1])
        keys = [
            {"kid": f"{serial:X}", "use": "verify", "kind": "certificate", "pem": pem},
            secret_key(name.ljust(32, "k"), use="decrypt"),
        ]
        write_account(tmp_path, "wechatpay-v3", name, keys=keys, settings={"mchid": name})
    import time

    book, findings = load(tmp_path, now_ms=int(time.time() * 1000))
    assert len(book) == 2
    assert {(Path(f.file).stem, f.weight) for f in findings if "certificate" in f.sentence} == {
        ("old", "warning"),
        ("new", "note"),
    }


def test_the_digest_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first, findings = load_digest(tmp_path)
    again, _ = load_digest(tmp_path)
    assert first is not None
    assert again is not None
    assert not findings
    assert first(b"x") == again(b"x")
    assert stat.S_IMODE((tmp_path / "digest.key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["digest.key"]


def test_a_digest_key_that_cannot_be_made_or_read_is_a_problem(tmp_path: Path) -> None:
    digest, findings = load_digest(tmp_path / "absent")
    assert digest is None
    assert findings[0].is_problem
    (tmp_path / "digest.key").write_text("short")
    digest, findings = load_digest(tmp_path)
    assert digest is None
    assert findings[0].is_problem


def test_a_digest_key_for_all_to_read_is_a_warning(tmp_path: Path) -> None:
    load_digest(tmp_path)
    (tmp_path / "digest.key").chmod(0o644)
    digest, findings = load_digest(tmp_path)
    assert digest is not None
    assert [finding.weight for finding in findings] == ["warning"]


def test_a_defect_of_ours_in_one_account_is_a_finding_and_stops_no_other(tmp_path: Path) -> None:
    def broken_check(account: object) -> tuple[str, ...]:
        raise RuntimeError(f"about {SECRET}")

    defective = replace(PROVIDERS["adyen"], name="adyen", check=broken_check)
    providers = {**PROVIDERS, "adyen": defective}
    settings = {"webhook_type": "platform"}
    write_account(tmp_path, "adyen", "a", keys=[secret_key("0" * 64)], settings=settings)
    stripe(tmp_path)
    book, findings = load_accounts(
        tmp_path, providers, environ={}, mode=None, digest=DIGEST, seen=()
    )
    assert [account.provider for account in book] == ["stripe"]
    assert "RuntimeError" in findings[0].sentence
    assert SECRET not in str(findings)
