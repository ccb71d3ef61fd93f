"""The files of the providers: none says again what another says, and none grows beyond reading."""

from pathlib import Path

import pytest

from processors.registry import PROVIDERS
from tests.support.likeness import said, shared_runs
from tests.support.modules import module_name

FOLDER = Path(__file__).parents[2] / "processors/providers"
FILES = {name: (FOLDER / f"{module_name(name)}.py").read_text("utf-8") for name in PROVIDERS}
SHARED_LINES_MAX = 5
LINES_MIN, SAID_MAX = 60, 200

CHECK = """
def authenticate(callback: Callback, account: Account) -> Authentic[Fields]:
    stamp = callback.header("x-time", absent=Malformed)
    signed_ms = digits(stamp, what="x-time") * 1000
    text = callback.header("x-signature", absent=BadSignature)
    signature = from_base64(text, error=BadSignature)
    message = framed(stamp, b".", callback.body, proves=callback.body)
    proof = check_rsa((message,), hash="sha256", signature=signature, keys=account.keys)
    return proof.fresh(callback, signed_ms, within_ms=300_000)
"""


def test_no_two_files_share_six_lines_that_say_the_same() -> None:
    assert shared_runs(FILES, SHARED_LINES_MAX + 1) == [], "a recipe that two share moves down"


@pytest.mark.parametrize("name", sorted(FILES))
def test_file_can_be_read_in_one_sitting(name: str) -> None:
    source = FILES[name]
    assert len(source.splitlines()) >= LINES_MIN
    # Prose, imports and lone brackets are not counted: facts with their sources are welcome.
    assert len(said(source)) <= SAID_MAX


@pytest.mark.parametrize(
    ("change", "to"),
    [
        ("x-time", "x-stamp"),
        ("300_000", "60_000"),
        ("sha256", "sha1"),
        ("    stamp", "\n    stamp"),
    ],
)
def test_copied_recipe_is_found_whatever_its_texts_and_numbers(change: str, to: str) -> None:
    copied = CHECK.replace(change, to)
    assert copied != CHECK
    assert shared_runs({"one": CHECK, "two": "import re\n\n" + copied}, 6) != []


def test_other_recipes_tables_and_the_contracts_form_are_no_copies() -> None:
    other = CHECK.replace("framed", "joined").replace("check_rsa", "check_ecdsa")
    assert shared_runs({"one": CHECK, "two": other}, 6) == []
    tables = [
        "STATES = {\n" + "".join(f'    "{word}{n}": None,\n' for n in range(9)) + "}\n"
        for word in ("paid", "settled")
    ]
    assert shared_runs({"one": tables[0], "two": tables[1]}, 6) == []
    assert shared_runs({"one": tables[0], "two": tables[0]}, 6) != []
