"""Canaries through the logs: keys, cards and plaintext never reach a line, whoever logs them."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from processors.account_form import RawKey
from processors.keys import Secret
from streams.logging import configure_logging, redacted_text

CARD = "4111111111111111"
CANARY = "canary-of-a-key"
PEM = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----"


Lines = Callable[[], str]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(human=False)
    yield lambda: capsys.readouterr().err
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def raise_with_locals() -> None:
    body = f"plaintext {CANARY}"  # a local variable, as a traceback might show it
    key = RawKey("1", "verify", "secret", CANARY)
    raise RuntimeError(f"failed beside {len(body)} and {key!r}")


def test_a_line_is_one_json_object(lines: Lines) -> None:
    structlog.get_logger().info("role_ready", role="verify", count=3)
    line = json.loads(lines())
    assert (line["event"], line["level"], line["role"], line["count"]) == (
        "role_ready",
        "info",
        "verify",
        3,
    )
    assert line["timestamp"].endswith("Z")


def test_tracebacks_hold_no_local_variables(lines: Lines) -> None:
    try:
        raise_with_locals()
    except RuntimeError:
        structlog.get_logger().exception("judging_failed")
        logging.getLogger("library").exception("failed")
    text = lines()
    assert len(text.splitlines()) == 2
    assert "raise_with_locals" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    "members",
    [
        {"secret": CANARY},
        {"sasl_plain_password": CANARY},
        {"nested": {"deep": [{"api_key": CANARY}]}},
        {"body": CANARY},
        {"raw": CANARY.encode()},
        {"key_material": CANARY},
        {"headers": [["Authorization", CANARY]]},
        {"raw_key": RawKey("1", "verify", "secret", CANARY)},
        {"secret_object": Secret(CANARY.encode())},
        {"thing": Secret(CANARY.encode())},
        {"url": f"postgresql://till:{CANARY}@db/till"},
        {"note": f"whsec_{CANARY.replace('-', '')}"},
    ],
)
def test_what_is_secret_by_name_type_or_look_is_hidden(
    lines: Lines, members: dict[str, object]
) -> None:
    structlog.get_logger().warning("canary", **members)
    text = lines()
    assert "canary" in json.loads(text)["event"]
    assert CANARY not in text
    assert CANARY.replace("-", "") not in text


def test_libraries_pass_the_same_redaction(lines: Lines) -> None:
    logging.getLogger("library").warning("card %s, key %s", CARD, PEM)
    text = lines()
    assert json.loads(text)["logger"] == "library"
    assert CARD not in text
    assert "Y2FuYXJ5" not in text


def test_a_line_that_cannot_be_formatted_does_not_show_its_arguments(lines: Lines) -> None:
    record = logging.LogRecord("library", logging.WARNING, __file__, 1, "%d", (CANARY,), None)
    (ours,) = (each for each in logging.getLogger().handlers if "streams" in type(each).__module__)
    ours.handle(record)  # Through the logger, the test runner's own handler would raise first.
    text = lines()
    assert "library" in text
    assert CANARY not in text


def test_a_closed_stderr_ends_nothing(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    structlog.get_logger().error("role_failed")
    logging.getLogger("library").error("failed")


@pytest.mark.parametrize("card", [CARD, "4111 1111 1111 1111", "4111-1111-1111-1111"])
def test_a_card_number_is_hidden_in_every_spelling(card: str) -> None:
    assert card not in redacted_text(f"paid with {card}.")


@pytest.mark.parametrize(
    "text",
    ["offset 123456789", "2026112322001425180501234567", "1700000000000", "4111111111111112"],
)
def test_ids_and_numbers_stay_readable(text: str) -> None:
    assert redacted_text(text) == text


def test_people_get_lines_without_secrets_too(lines: Lines) -> None:
    configure_logging(human=True)
    try:
        raise_with_locals()
    except RuntimeError:
        structlog.get_logger().exception("judging_failed", secret=CANARY)
    text = lines()
    assert "judging_failed" in text
    assert CANARY not in text
