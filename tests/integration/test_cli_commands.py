"""The command line as a whole: help, exit codes, providers, accounts, vectors."""

import base64
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from processors.registry import PROVIDERS
from tests.support.account_files import secret_key, write_account
from tests.support.cli import Runner, runner


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TILLSTREAM_LOG", raising=False)
    monkeypatch.delenv("TILLSTREAM_ACCOUNTS", raising=False)
    return runner(capsys)


def test_help_names_the_commands_and_the_exit_codes(command: Runner) -> None:
    ran = command("--help")
    assert ran.code == 0
    for name in ("providers", "accounts", "check", "topics", "vectors"):
        assert name in ran.out
    assert "78 configuration" in " ".join(ran.out.split())


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("providers", "list"), ("providers", "show"), ("accounts", "init"),
     ("accounts", "show"), ("topics", "plan"), ("topics", "apply"), ("vectors", "run")],
)  # fmt: skip
def test_every_command_has_json_and_says_its_exit_codes(
    command: Runner, arguments: tuple[str, ...]
) -> None:
    ran = command(*arguments, "--help")
    assert ran.code == 0
    assert "--json" in ran.out
    assert "78 configuration" in " ".join(ran.out.split())


def test_help_loads_neither_cryptography_nor_a_log() -> None:
    script = (
        "import sys\nfrom streams.cli import run\nrun(['--help'])\n"
        "heavy = {'cryptography', 'aiokafka', 'rich', 'pydantic', 'watchfiles', 'structlog'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_a_command_that_does_not_exist_is_a_usage_error(command: Runner) -> None:
    assert command("no-such-command").code == 2
    assert command("check", "--no-such-option").code == 2


def test_the_entry_point_ends_with_the_commands_code(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from streams.cli import main; main()", "check"],
        capture_output=True, text=True, timeout=60, check=False,
        env={"TILLSTREAM_MODE": "x", "PYTHONPATH": str(Path(__file__).parents[2])}, cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 78
    assert ran.stderr.startswith("TILLSTREAM_MODE")


def test_every_provider_is_listed_and_shown(command: Runner) -> None:
    listed = command("providers", "list", "--json").json()
    assert {each["name"] for each in listed} == set(PROVIDERS)
    for name in PROVIDERS:
        ran = command("providers", "show", name, "--json")
        assert ran.code == 0
        assert ran.json()["callback_url"] == f"https://HOST/v1/callbacks/{name}/ACCOUNT"
        assert name in command("providers", "show", name).out


def test_an_unknown_provider_is_a_usage_error(command: Runner) -> None:
    assert command("providers", "show", "strype").code == 2
    assert command("accounts", "init", "strype").code == 2


def test_demo_accounts_of_every_provider_load_and_have_their_private_parts_beside(
    command: Runner, tmp_path: Path
) -> None:
    made = command("accounts", "init", "--demo", "--json")
    assert made.code == 0
    checked = command("check", "--json")
    assert checked.code == 0, checked.json()["findings"]
    assert checked.json()["findings"] == []
    loaded = [(each["provider"], each["account"]) for each in checked.json()["accounts"]]
    assert len(loaded) == 2 * len({provider for provider, _ in loaded}) >= 14
    for provider, account in loaded:
        private = tmp_path / "accounts" / ".simulator" / provider / f"{account}.json"
        part = json.loads(private.read_text())
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
        assert (part["provider"], part["account"]) == (provider, account)
        assert all("private_pem" in key or "secret_text" in key for key in part["keys"])
        public = (tmp_path / "accounts" / provider / f"{account}.toml").read_text()
        assert "PRIVATE KEY" not in public


def test_demo_keys_are_fresh_and_existing_accounts_stay(command: Runner, tmp_path: Path) -> None:
    command("accounts", "init", "stripe", "adyen", "--demo", "--folder", tmp_path / "one")
    command("accounts", "init", "stripe", "--demo", "--folder", tmp_path / "two")
    one = tmp_path / "one" / "stripe" / "shop-1.toml"
    two = tmp_path / "two" / "stripe" / "shop-1.toml"
    before = one.read_text()
    assert before != two.read_text()
    again = command("accounts", "init", "stripe", "--demo", "--folder", tmp_path / "one", "--json")
    assert again.json()["written"] == []
    assert one.read_text() == before


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_template_asks_for_everything_that_is_required(
    command: Runner, tmp_path: Path, name: str
) -> None:
    assert command("accounts", "init", name, "--name", "eu").code == 0
    ran = command("check", "--json")
    assert ran.code == 1
    named = {finding["field"] for finding in ran.json()["findings"]}
    assert "mode" in named
    required = {f"settings.{s.name}" for s in PROVIDERS[name].settings if s.required}
    assert required <= named
    if any(form.required for form in PROVIDERS[name].keys):
        assert any(field.startswith("keys") for field in named)


def test_a_template_that_is_filled_in_loads(command: Runner, tmp_path: Path) -> None:
    command("accounts", "init", "stripe")
    path = tmp_path / "accounts" / "stripe" / "shop-1.toml"
    text = path.read_text().replace('mode = ""', 'mode = "live"', 1)
    text = text.replace('kid = ""', 'kid = "1"', 1).replace('text = ""', 'text = "whsec_x"', 1)
    path.write_text(text)
    assert command("check").code == 0


def test_show_masks_secrets_and_shows_public_keys(command: Runner, tmp_path: Path) -> None:
    write_account(tmp_path / "accounts", "stripe", "shop", keys=[secret_key("whsec_canary")])
    ran = command("accounts", "show", "stripe", "shop", "--json")
    assert ran.code == 0
    assert ran.json()[0]["keys"][0]["material"] == "<secret>"
    assert "canary" not in ran.out + command("accounts", "show").out
    assert command("accounts", "show", "stripe", "absent").code == 1


def case_of(expected: str, *, signature: str = "t=1,v1=00") -> dict[str, Any]:
    return {
        "name": "forged",
        "origin": "made-here",
        "source": "this test",
        "account": {
            "mode": "live",
            "settings": {},
            "keys": [{"kid": "1", "use": "verify", "kind": "secret", "text": "whsec_canary"}],
        },
        "request": {
            "method": "POST",
            "target": "/v1/callbacks/stripe/shop",
            "headers": [["Stripe-Signature", signature]],
            "body_base64": base64.b64encode(b"{}").decode(),
        },
        "received_at_ms": 1_700_000_000_000,
        "expect": {"verdict": expected},
        "note": "a signature that fits nothing",
    }


def write_vectors(path: Path, *cases: Any, provider: str = "stripe") -> Path:
    path.write_text(json.dumps({"provider": provider, "cases": list(cases)}))
    return path


def test_agreeing_cases_end_with_0_and_one_line_each(command: Runner, tmp_path: Path) -> None:
    file = write_vectors(tmp_path / "stripe.json", case_of("refused"), case_of("refused"))
    ran = command("vectors", "run", file, "--json")
    assert ran.code == 0
    assert len(ran.lines()) == 2
    assert ran.lines()[0] == {
        "provider": "stripe",
        "name": "forged",
        "agrees": True,
        "verdict": "refused",
        "reason": "bad_signature",
        "events": [],
    }


def test_one_disagreeing_case_ends_with_1_and_the_others_run(
    command: Runner, tmp_path: Path
) -> None:
    file = write_vectors(tmp_path / "stripe.json", case_of("accepted"), case_of("refused"))
    ran = command("vectors", "run", file)
    assert ran.code == 1
    assert [line["agrees"] for line in ran.lines()] == [False, True]
    assert "forged" in ran.err


@pytest.mark.parametrize("case", [{}, {"name": "x"}, 7, None, case_of("refused") | {"account": 1}])
def test_a_case_out_of_format_is_named_and_the_others_run(
    command: Runner, tmp_path: Path, case: Any
) -> None:
    file = write_vectors(tmp_path / "stripe.json", case, case_of("refused"))
    ran = command("vectors", "run", file)
    assert ran.code == 1
    assert [line["agrees"] for line in ran.lines()] == [False, True]
    assert "Traceback" not in ran.err


def test_a_provider_that_does_not_exist_is_named(command: Runner, tmp_path: Path) -> None:
    file = write_vectors(tmp_path / "x.json", case_of("refused"), provider="strype")
    ran = command("vectors", "run", file)
    assert ran.code == 1
    assert "strype" in ran.err


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"provider": "stripe"}', "\x00"])
def test_a_file_that_is_no_vectors_file_is_a_usage_error(
    command: Runner, tmp_path: Path, text: str
) -> None:
    good = write_vectors(tmp_path / "good.json", case_of("refused"))
    bad = tmp_path / "bad.json"
    bad.write_text(text)
    ran = command("vectors", "run", good, bad, tmp_path / "absent.json", tmp_path)
    assert ran.code == 2
    assert "bad.json" in ran.err
    assert "absent.json" in ran.err
    assert ran.out == ""
