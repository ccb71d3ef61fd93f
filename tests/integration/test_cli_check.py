"""`tillstream check` on a folder with every fault that would look like forged callbacks later."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.account_form import Digest
from processors.registry import PROVIDERS
from schemas.revision import revision_draft
from schemas.topics import topics
from streams.accounts import load_accounts
from streams.embedded import EmbeddedLog
from streams.topology import ensure_topics
from tests.support.account_files import (
    certificate_pem,
    private_der_base64,
    public_der_base64,
    public_pem,
    rsa_key,
    secret_key,
    write_account,
)
from tests.support.cli import Runner, runner

APIV3 = "canaryAPIv3keyCANARYapiv3key0001"
HMAC = "0123456789abcdef" * 4
ADYEN = {"webhook_type": "standard", "capture_delay": "immediate"}
UNIONPAY = {"mer_id": "777290058110048", "sign_method": "01", "version": "5.1.0"}
ALIPAY = {"app_id": "1", "sign_type": "RSA2"}
SERIAL = 0x5157F09EFDC096DE15EBE81A47057A7232F1B8E1


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Runner]:
    monkeypatch.chdir(tmp_path)
    for name in ("TILLSTREAM_LOG", "TILLSTREAM_ACCOUNTS", "TILLSTREAM_STATE", "TILLSTREAM_MODE"):
        monkeypatch.delenv(name, raising=False)
    return runner(capsys)


def certificate_key(kid: str, pem: str, use: str = "verify") -> dict[str, str]:
    return {"kid": kid, "use": use, "kind": "certificate", "pem": pem}


def public_key(material: str) -> dict[str, str]:
    return {"kid": "1", "use": "verify", "kind": "public-key", "text": material}


def wechat(folder: Path, name: str, key: dict[str, str], *, apiv3: str | None = None) -> None:
    keys = [key, secret_key(apiv3 or name.ljust(32, "k"), use="decrypt")]
    write_account(folder, "wechatpay-v3", name, keys=keys, settings={"mchid": f"19{name}"})


def stripe(folder: Path, name: str, text: str) -> None:
    write_account(folder, "stripe", name, keys=[secret_key(text)])


def alipay(folder: Path, name: str, material: str) -> None:
    settings = ALIPAY | {"app_id": name}
    write_account(folder, "alipay", name, keys=[public_key(material)], settings=settings)


def adyen(folder: Path, name: str, text: str) -> None:
    settings = ADYEN | {"merchant_account_code": name}
    write_account(folder, "adyen", name, keys=[secret_key(text)], settings=settings)


def faulty_folder(folder: Path) -> None:
    """Write one fault a file."""
    platform = certificate_pem(cn="Tenpay.com sign", serial=SERIAL)
    wechat(folder, "decimal", certificate_key(str(SERIAL), platform))
    wechat(folder, "other", certificate_key(f"{SERIAL + 1:X}", platform))
    good = certificate_key(f"{SERIAL:X}", platform)
    wechat(folder, "newline", good, apiv3=APIV3 + "\n")
    wechat(folder, "short", good, apiv3=APIV3[:31])
    own = certificate_pem(cn="19own", serial=0x77, number=1)
    wechat(folder, "own", certificate_key("77", own))
    alipay(folder, "private", private_der_base64())
    alipay(folder, "armour", public_pem(2))
    alipay(folder, "crlf", public_pem(3).replace("\n", "\r\n"))
    alipay(folder, "bom", "\ufeff" + public_der_base64(4))
    test_root = certificate_pem(cn="CFCA TEST OCA1", serial=3)
    middle = certificate_pem(cn="CFCA TEST CS", serial=4, issuer="CFCA TEST OCA1")
    keys = [certificate_key("root", test_root, "root"), certificate_key("middle", middle, "root")]
    write_account(folder, "unionpay", "testroot", keys=keys, settings=UNIONPAY)
    adyen(folder, "short", HMAC[:63])
    stripe(folder, "quoted", '"whsec_canary"')
    stripe(folder, "blank", "whsec_canary ")
    stripe(folder, "empty", "")
    expired = certificate_pem(cn="a", serial=0x1A, from_days=-800, to_days=-365, number=5)
    wechat(folder, "expired", certificate_key("1A", expired))
    early = certificate_pem(cn="b", serial=0x2B, from_days=30, to_days=400, number=6)
    wechat(folder, "early", certificate_key("2B", early))
    adyen(folder, "twin-a", HMAC)
    adyen(folder, "twin-b", HMAC)


def test_one_run_lists_every_fault_with_file_field_and_sentence(
    tmp_path: Path, command: Runner
) -> None:
    for number in range(7):
        rsa_key(number)
    faulty_folder(tmp_path / "accounts")
    ran = command("check", "--json")
    findings = {
        (f"{Path(f['file']).parent.name}/{Path(f['file']).stem}", f["weight"]): f
        for f in ran.json()["findings"]
    }
    assert ran.code == 1
    problems = {name for name, weight in findings if weight == "problem"}
    assert problems == {
        "wechatpay-v3/decimal",
        "wechatpay-v3/other",
        "wechatpay-v3/newline",
        "wechatpay-v3/short",
        "wechatpay-v3/own",
        "alipay/private",
        "unionpay/testroot",
        "adyen/short",
        "stripe/quoted",
        "stripe/blank",
        "stripe/empty",
    }
    assert ("wechatpay-v3/expired", "warning") in findings
    assert ("wechatpay-v3/early", "note") in findings
    assert {"adyen/twin-a", "adyen/twin-b"} <= {n for n, weight in findings if weight == "warning"}
    assert all(f["field"] and len(f["sentence"]) > 10 for f in findings.values())


def test_each_sentence_says_what_is_wrong_and_never_bad_key(
    tmp_path: Path, command: Runner
) -> None:
    faulty_folder(tmp_path / "accounts")
    told = {
        f"{Path(f['file']).parent.name}/{Path(f['file']).stem}": f["sentence"]
        for f in command("check", "--json").json()["findings"]
        if f["weight"] == "problem"
    }
    for name, word in (
        ("wechatpay-v3/decimal", "hex"),
        ("wechatpay-v3/newline", "line ends"),
        ("wechatpay-v3/short", "31"),
        ("wechatpay-v3/own", "merchant's own"),
        ("alipay/private", "private key"),
        ("unionpay/testroot", "test"),
        ("adyen/short", "63"),
        ("stripe/quoted", "quotes"),
        ("stripe/blank", "blanks"),
        ("stripe/empty", "empty"),
    ):
        assert word in told[name], name
    assert not [sentence for sentence in told.values() if "bad key" in sentence]


def test_harmless_spellings_load(tmp_path: Path, command: Runner) -> None:
    faulty_folder(tmp_path / "accounts")
    loaded = {
        f"{a['provider']}/{a['account']}" for a in command("check", "--json").json()["accounts"]
    }
    assert {"alipay/armour", "alipay/crlf", "alipay/bom"} <= loaded
    assert "wechatpay-v3/expired" in loaded


def test_neither_form_shows_key_material(tmp_path: Path, command: Runner) -> None:
    faulty_folder(tmp_path / "accounts")
    for arguments in (("check",), ("check", "--json"), ("accounts", "show"),
                      ("accounts", "show", "--json")):  # fmt: skip
        ran = command(*arguments)
        for secret in (APIV3[:31], "whsec_canary", HMAC[:63], private_der_base64()[:40]):
            assert secret not in ran.out + ran.err


def test_people_read_the_same_findings_on_stderr(tmp_path: Path, command: Runner) -> None:
    faulty_folder(tmp_path / "accounts")
    findings = command("check", "--json").json()["findings"]
    ran = command("check")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == len(findings)
    assert ran.err.count("problem: ") == sum(f["weight"] == "problem" for f in findings)
    assert "warning: " in ran.err
    assert "note: " in ran.err


def test_warnings_alone_are_good(tmp_path: Path, command: Runner) -> None:
    adyen(tmp_path / "accounts", "a", HMAC)
    adyen(tmp_path / "accounts", "b", HMAC)
    ran = command("check", "--json")
    assert ran.code == 0
    assert ran.json()["good"]
    assert len(ran.json()["findings"]) == 2


def test_a_missing_folder_is_told_and_not_made(tmp_path: Path, command: Runner) -> None:
    ran = command("check")
    assert ran.code == 1
    assert "no such folder" in ran.err
    assert not (tmp_path / "accounts").exists()


def test_wrong_settings_end_with_78_and_every_problem(
    monkeypatch: pytest.MonkeyPatch, command: Runner
) -> None:
    monkeypatch.setenv("TILLSTREAM_LISTEN", "nowhere")
    monkeypatch.setenv("TILLSTREAM_LOGG", "x")
    ran = command("check")
    assert ran.code == 78
    assert "TILLSTREAM_LISTEN" in ran.err
    assert "TILLSTREAM_LOGG" in ran.err
    assert "Traceback" not in ran.err


def publish(path: Path, folder: Path) -> None:
    """Write the folder's revisions into the accounts topic, as verify does."""
    digest = Digest(bytes.fromhex((folder / "digest.key").read_text().strip()))
    book, _ = load_accounts(folder, PROVIDERS, environ={}, mode=None, digest=digest, seen=())

    async def append() -> None:
        log = EmbeddedLog(path, clock=lambda: time.time_ns() // 1_000_000)
        names = topics()
        await ensure_topics(log, names)
        appender = log.appender()
        await appender.append(
            [revision_draft(each, topic=names.accounts.name) for each in book.revisions()]
        )
        await appender.close()
        await log.close()

    asyncio.run(append())


def test_the_accounts_topic_tells_of_a_dropped_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Runner
) -> None:
    folder = tmp_path / "accounts"
    keys = [secret_key("whsec_1", kid="1"), secret_key("whsec_2", kid="2")]
    write_account(folder, "stripe", "shop", keys=keys)
    assert command("check").code == 0
    publish(tmp_path / "log.db", folder)
    write_account(folder, "stripe", "shop", keys=keys[1:])
    assert command("check").code == 0
    monkeypatch.setenv("TILLSTREAM_LOG", f"embedded://{tmp_path}/log.db")
    ran = command("check")
    assert ran.code == 1
    assert "keys (verify 1)" in ran.err
    assert command("check", "--offline").code == 0


def test_a_log_that_does_not_exist_is_not_made_by_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Runner
) -> None:
    stripe(tmp_path / "accounts", "shop", "whsec_1")
    monkeypatch.setenv("TILLSTREAM_LOG", f"embedded://{tmp_path}/log.db")
    assert command("check").code == 0
    assert not (tmp_path / "log.db").exists()


def test_a_password_of_the_settings_is_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Runner
) -> None:
    stripe(tmp_path / "accounts", "shop", "whsec_1")
    monkeypatch.setenv("TILLSTREAM_DATABASE", "postgresql://till:canary@db/till")
    monkeypatch.setenv("TILLSTREAM_KAFKA_SASL_PLAIN_PASSWORD", "canary")
    monkeypatch.setenv("TILLSTREAM_KAFKA_SSL_PASSWORD", "canary")
    for arguments in (("check",), ("check", "--json")):
        ran = command(*arguments)
        assert ran.code == 0
        assert "canary" not in ran.out + ran.err
