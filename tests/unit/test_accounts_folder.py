"""What goes wrong between accounts, and between an account and what was once in force."""

from pathlib import Path

from processors.account_form import Digest
from processors.registry import PROVIDERS
from schemas.revision import Revision
from streams.accounts import AccountBook, Finding, load_accounts
from streams.config import ServedMode
from tests.support.account_files import public_pem, secret_key, write_account

DIGEST = Digest(b"digest key of the tests")
HMAC = "0123456789abcdef" * 4
HMAC_2 = "fedcba9876543210" * 4


def load(
    folder: Path, *, mode: ServedMode | None = None, seen: tuple[Revision, ...] = ()
) -> tuple[AccountBook, tuple[Finding, ...]]:
    return load_accounts(folder, PROVIDERS, environ={}, mode=mode, digest=DIGEST, seen=seen)


def adyen(
    folder: Path, name: str, code: str, *, text: str | None = None, mode: str = "live",
    more: str = "", kids: tuple[str, ...] = ("1",),
) -> Path:  # fmt: skip
    settings = {
        "webhook_type": "standard",
        "merchant_account_code": code,
        "capture_delay": "immediate",
    }
    texts = [text or (name.encode().hex() + kid.encode().hex()).ljust(64, "0") for kid in kids]
    keys = [secret_key(each, kid=kid) for kid, each in zip(kids, texts, strict=True)]
    return write_account(folder, "adyen", name, keys=keys, settings=settings, mode=mode, more=more)


def problems(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(Path(f.file).stem, f.field) for f in findings if f.is_problem]


def warnings(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(Path(f.file).stem, f.field) for f in findings if f.weight == "warning"]


def test_mixed_modes_keep_the_test_accounts_out(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A")
    adyen(tmp_path, "b", "B", mode="test")
    book, findings = load(tmp_path)
    assert problems(findings) == [("b", "mode")]
    assert [account.name for account in book] == ["a"]
    assert book.mode == "live"


def test_a_deployment_that_serves_any_mode_takes_both(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A")
    adyen(tmp_path, "b", "B", mode="test")
    book, findings = load(tmp_path, mode="any")
    assert not findings
    assert book.mode == "any"


def test_a_deployment_of_one_mode_takes_no_other_account(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A")
    book, findings = load(tmp_path, mode="test")
    assert problems(findings) == [("a", "mode")]
    assert len(book) == 0


def test_the_same_money_in_two_ledgers_is_refused(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "Shop")
    adyen(tmp_path, "b", "Shop")
    book, findings = load(tmp_path)
    assert problems(findings) == [("a", "ledger"), ("b", "ledger")]
    assert len(book) == 0


def test_the_same_money_in_one_ledger_that_both_name_is_meant(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "Shop", more='ledger = "shop"')
    adyen(tmp_path, "b", "Shop", more='ledger = "shop"')
    book, findings = load(tmp_path)
    assert not findings
    assert {account.ledger for account in book} == {"shop"}


def test_a_service_provider_beside_its_sub_merchant_is_a_warning(tmp_path: Path) -> None:
    for name, more in (("sp", {}), ("sub", {"sub_mchid": "9"}), ("other", {"sub_mchid": "8"})):
        write_account(
            tmp_path, "wechatpay-v3", name, settings={"mchid": "1", **more},
            keys=[
                _public_key(f"PUB_KEY_ID_{name}"),
                secret_key(name.ljust(32, "k"), use="decrypt"),
            ],
        )  # fmt: skip
    _, findings = load(tmp_path)
    assert not problems(findings)
    about_ledgers = [each for each in warnings(findings) if each[1] == "ledger"]
    # The two sub-merchants report different money; the provider's account reports both.
    assert about_ledgers == [("other", "ledger"), ("sp", "ledger"), ("sp", "ledger"),
                             ("sub", "ledger")]  # fmt: skip


def _public_key(kid: str) -> dict[str, str]:
    return {"kid": kid, "use": "verify", "kind": "public-key", "pem": public_pem()}


def test_a_shared_ledger_must_be_named_by_all_who_share_it(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A")
    adyen(tmp_path, "b", "B", more='ledger = "a"')
    book, findings = load(tmp_path)
    assert problems(findings) == [("a", "ledger"), ("b", "ledger")]
    assert len(book) == 0


def test_one_ledger_name_at_two_providers_is_two_ledgers(tmp_path: Path) -> None:
    adyen(tmp_path, "shop", "A")
    write_account(tmp_path, "stripe", "shop", keys=[secret_key("whsec_x")])
    book, findings = load(tmp_path)
    assert not findings
    assert len(book) == 2


def test_the_same_key_in_two_accounts_is_a_warning_about_both(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A", text=HMAC)
    adyen(tmp_path, "b", "B", text=HMAC.upper())  # the same octets in another spelling
    book, findings = load(tmp_path)
    assert warnings(findings) == [("a", "keys (verify 1)"), ("b", "keys (verify 1)")]
    assert len(book) == 2
    assert all(HMAC not in str(finding) for finding in findings)


def test_a_dropped_kid_is_refused_and_a_retired_one_is_not(tmp_path: Path) -> None:
    path = adyen(tmp_path, "a", "A", kids=("1", "2"))
    seen = tuple(load(tmp_path)[0].revisions())
    adyen(tmp_path, "a", "A", kids=("2",))
    book, findings = load(tmp_path, seen=seen)
    assert problems(findings) == [("a", "keys (verify 1)")]
    assert len(book) == 0
    adyen(tmp_path, "a", "A", kids=("1", "2"))
    path.write_text(
        path.read_text().replace('kid = "1"', 'kid = "1"\nnot_after = 2026-01-01T00:00:00Z')
    )
    book, findings = load(tmp_path, seen=seen)
    assert not findings
    assert len(book) == 1


def test_a_kid_dropped_long_ago_is_still_refused(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A", kids=("1",))
    first = tuple(load(tmp_path)[0].revisions())
    adyen(tmp_path, "a", "A", kids=("2",))
    second = tuple(load(tmp_path)[0].revisions())
    _, findings = load(tmp_path, seen=first + second)
    assert problems(findings) == [("a", "keys (verify 1)")]


def test_a_drop_is_told_though_the_file_has_other_faults(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A", kids=("1", "2"))
    seen = tuple(load(tmp_path)[0].revisions())
    adyen(tmp_path, "a", "A", kids=("2",), mode="prod")
    _, findings = load(tmp_path, seen=seen)
    assert set(problems(findings)) == {("a", "mode"), ("a", "keys (verify 1)")}


def test_another_key_under_a_known_kid_is_a_warning(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A", text=HMAC)
    seen = tuple(load(tmp_path)[0].revisions())
    adyen(tmp_path, "a", "A", text=HMAC_2)
    _, findings = load(tmp_path, seen=seen)
    assert warnings(findings) == [("a", "keys (verify 1)")]


def test_a_ledger_once_used_is_never_changed(tmp_path: Path) -> None:
    adyen(tmp_path, "a", "A")
    seen = tuple(load(tmp_path)[0].revisions())
    adyen(tmp_path, "a", "A", more='ledger = "b"')
    book, findings = load(tmp_path, seen=seen)
    assert problems(findings) == [("a", "ledger")]
    assert len(book) == 0


def test_a_renamed_account_must_name_the_ledger_it_goes_on_with(tmp_path: Path) -> None:
    path = adyen(tmp_path, "old", "A", more='ledger = "new"')
    seen = tuple(load(tmp_path)[0].revisions())
    path.unlink()
    adyen(tmp_path, "new", "A")
    assert problems(load(tmp_path, seen=seen)[1]) == [("new", "ledger")]
    adyen(tmp_path, "new", "A", more='ledger = "new"')
    book, findings = load(tmp_path, seen=seen)
    assert not problems(findings)
    assert len(book) == 1


def test_an_account_whose_file_is_gone_is_a_warning(tmp_path: Path) -> None:
    path = adyen(tmp_path, "a", "A")
    seen = tuple(load(tmp_path)[0].revisions())
    path.unlink()
    adyen(tmp_path, "b", "B")
    _, findings = load(tmp_path, seen=seen)
    assert ("a", "") in warnings(findings)
