"""What the documents name exists: tests, files, commands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
)
TESTS = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_test_that_a_document_names_exists(document: Path) -> None:
    missing = []
    file = ""
    for named, function in re.findall(
        r"(test_\w+\.py)?(?:::(test_\w+))?", (ROOT / document).read_text()
    ):
        file = named or file
        if named and named not in TESTS:
            missing.append(named)
        if function and f"def {function}(" not in TESTS.get(file, ""):
            missing.append(f"{file}::{function}")
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text())
    assert [link for link in links if not (ROOT / document.parent / link).exists()] == []
