"""docs/adding-a-provider.md, followed to the letter: its made-up provider passes everything.

Nothing is added to what the document says; where it is wrong or has aged, this fails.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/adding-a-provider.md").read_text("utf-8")
WORKED = DOCUMENT.partition("## Worked through: Larkpay")[2]
COPIED = ("schemas", "processors", "streams", "tests", "docs", "deploy", "pyproject.toml",
          "README.md", "LICENSE")  # fmt: skip
COMMAND_S_MAX = 300


def blocks() -> Iterator[tuple[str, str, str]]:
    """Yield file, language and content of every block of the worked example, in its order."""
    named = ""
    for path, language, content in re.findall(
        r"^`([\w/.]+)`[^`\n]*:$|^```(\w+)\n(.*?)^```$", WORKED, re.MULTILINE | re.DOTALL
    ):
        named = path or named
        if language:
            yield named, language, content


def patched(text: str, hunk: str) -> str:
    """Return the text with the lines of a hunk added where its other lines stand."""
    lines = hunk.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
    assert text.count(before) == 1, f"these lines do not stand there once: {before}"
    return text.replace(before, "".join(f"{line[1:]}\n" for line in lines))


def commands() -> list[str]:
    """Return the commands that the document says to run, for the made-up provider."""
    section = DOCUMENT.partition("## 4. Add the lines")[2].partition("\n## ")[0]
    said = re.search(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert said is not None
    return said[1].replace("<name>", "larkpay").splitlines()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout with the example written into it."""
    root = tmp_path_factory.mktemp("larkpay")
    unwanted = shutil.ignore_patterns("__pycache__", "node_modules", ".*")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=unwanted)
        else:
            shutil.copy2(ROOT / name, root / name)
    (root / ".venv").symlink_to(sys.prefix)
    for name, language, content in blocks():
        file = root / name
        if language == "diff":
            content = patched(file.read_text("utf-8"), content)
        else:
            assert not file.exists()
        file.write_text(content, "utf-8")
    return root


def run(root: Path, command: str) -> str:
    """Run a command in the tree and return what it printed.

    Raises:
        AssertionError: it failed.
    """
    environ = os.environ | {
        "PYTHONPATH": str(root),
        "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
    }
    ran = subprocess.run(
        command.split(), cwd=root, env=environ, capture_output=True, text=True, check=False,
        timeout=COMMAND_S_MAX,
    )  # fmt: skip
    assert ran.returncode == 0, f"{command}: {ran.stdout[-3000:]}{ran.stderr[-3000:]}"
    return ran.stdout


def test_the_document_says_which_files_and_commands() -> None:
    named = [name for name, _, _ in blocks()]
    assert named[0] == "processors/providers/larkpay.py"
    assert "processors/registry.py" in named
    assert {f"tests/vectors/{name}" for name in ("larkpay.json", "generators/larkpay.py")} <= set(
        named
    )
    assert commands()[-1] == "make check"


def test_the_example_passes_every_command_of_the_document(tree: Path) -> None:
    for command in commands()[:-1]:
        said = run(tree, command)
        if "pytest" in command:
            passed = re.search(r"(\d+) passed", said)
            assert passed is not None
            assert int(passed[1]) > 100
            assert "skipped" not in said
    page = (tree / "docs/providers.md").read_text("utf-8")
    assert "\n## larkpay\n" in page
    # What `make check` runs, on the files of the example: it would first set up the environment.
    files = " ".join(dict.fromkeys(name for name, _, _ in blocks() if name.endswith(".py")))
    for command in (
        f"ruff format --check {files}",
        f"ruff check {files}",
        "mypy processors/providers/larkpay.py processors/registry.py",
        "python -m streams.specs --check",
    ):
        run(tree, f".venv/bin/{command}")


def test_what_looks_at_every_provider_accepts_the_example(tree: Path) -> None:
    said = run(
        tree,
        ".venv/bin/python -m pytest -q -k larkpay tests/unit/test_provider_files.py"
        " tests/unit/test_provider_pages.py tests/unit/test_bench_providers.py"
        " tests/unit/test_simulate_every_provider.py",
    )
    assert re.search(r"\d+ passed", said)
    run(tree, ".venv/bin/tillstream providers show larkpay")
