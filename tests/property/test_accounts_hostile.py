"""Account files damaged in every way: each is a finding, none an exception, none tells a key."""

import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from processors.account_form import Digest
from processors.registry import PROVIDERS
from streams.accounts import Finding, load_accounts
from streams.accounts.demo import demo_accounts, demo_providers, write_demo_account

DIGEST = Digest(b"digest key of the tests")


@cache
def demo_texts() -> dict[str, str]:
    """Return one good account file of each provider."""
    folder = Path(tempfile.mkdtemp())
    try:
        for provider in demo_providers():
            write_demo_account(folder, demo_accounts(provider)[0])
        return {
            path.parent.name: path.read_text(encoding="utf-8")
            for path in folder.glob("[a-z]*/*.toml")
        }
    finally:
        shutil.rmtree(folder)


def findings_of(folder: Path, provider: str, octets: bytes) -> tuple[Finding, ...]:
    path = folder / provider / "shop-1.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(octets)
    _, findings = load_accounts(
        folder, PROVIDERS, environ={}, mode=None, digest=DIGEST, seen=(), now_ms=1_800_000_000_000
    )
    return findings


def check_findings(text: str, findings: tuple[Finding, ...]) -> None:
    secrets = re.findall(r'^text = "(.*)"$', text, re.MULTILINE)
    for finding in findings:
        assert "defect" not in finding.sentence
        assert not [secret for secret in secrets if secret[:16] in str(finding)]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    provider=st.sampled_from(sorted(demo_providers())),
    at=st.floats(0, 1),
    cut=st.integers(0, 40),
    put=st.one_of(
        st.binary(max_size=12),
        st.text(alphabet='"=[]\n.#\\{}0a\u00e9\ufeff', max_size=8).map(str.encode),
    ),
)
@example(provider="stripe", at=0.0, cut=0, put=b"\xef\xbb\xbf")
@example(provider="stripe", at=0.0, cut=0, put=b"\x00")
def test_damage_anywhere_is_a_finding_or_harmless(
    tmp_path: Path, provider: str, at: float, cut: int, put: bytes
) -> None:
    text = demo_texts()[provider]
    octets = text.encode()
    place = int(at * len(octets))
    check_findings(
        text, findings_of(tmp_path, provider, octets[:place] + put + octets[place + cut :])
    )


@pytest.mark.parametrize("provider", sorted(demo_providers()))
def test_every_line_left_out_or_doubled_is_a_finding_or_harmless(
    tmp_path: Path, provider: str
) -> None:
    text = demo_texts()[provider]
    lines = text.splitlines(keepends=True)
    for number in range(len(lines)):
        for changed in (
            lines[:number] + lines[number + 1 :],
            lines[: number + 1] + lines[number:],
        ):
            check_findings(text, findings_of(tmp_path, provider, "".join(changed).encode()))


@pytest.mark.parametrize("provider", sorted(demo_providers()))
def test_every_member_of_another_type_is_a_finding(tmp_path: Path, provider: str) -> None:
    text = demo_texts()[provider]
    for member in re.findall(r"^(\w+) = ", text, re.MULTILINE):
        for value in ("1", "true", "[]", "{}", "1979-05-27", '""', '" "'):
            changed = re.sub(
                rf"^{member} = ('''.*?'''|.*?$)", f"{member} = {value}", text, count=1,
                flags=re.MULTILINE | re.DOTALL,
            )  # fmt: skip
            assert changed != text
            findings = findings_of(tmp_path, provider, changed.encode())
            check_findings(text, findings)
            assert any(finding.is_problem for finding in findings), (member, value)
