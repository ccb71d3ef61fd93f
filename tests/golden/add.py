"""Write the goldens of records that have none yet. A golden that is there is never touched."""

import base64
import json
from pathlib import Path
from typing import Any, Final

from schemas.record import Draft, Record
from tests.golden.samples import drafts

FOLDER: Final = Path(__file__).parent / "records"


def as_golden(draft: Draft) -> dict[str, Any]:
    """Return a record as a golden file holds it."""
    value = draft.value or b""
    golden: dict[str, Any] = {
        "topic": draft.topic,
        "partition": draft.partition,
        "key": None if draft.key is None else draft.key.decode(),
        "headers": [[name, octets.decode()] for name, octets in draft.headers],
    }
    try:
        return golden | {"value": value.decode()}
    except UnicodeDecodeError:
        return golden | {"value_base64": base64.b64encode(value).decode()}


def from_golden(golden: dict[str, Any]) -> Record:
    """Return the log record that a golden file holds."""
    if "value" in golden:
        value = golden["value"].encode()
    else:
        value = base64.b64decode(golden["value_base64"])
    key = golden["key"]
    return Record(
        golden["topic"], golden["partition"], 0, 0, None if key is None else key.encode(), value,
        tuple((name, text.encode()) for name, text in golden["headers"]),
    )  # fmt: skip


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, draft in drafts().items():
        file = FOLDER / f"{name}.json"
        if not file.exists():
            text = json.dumps(as_golden(draft), ensure_ascii=False, indent=1) + "\n"
            file.write_text(text, encoding="utf-8")
            print("added", file.name)


if __name__ == "__main__":
    main()
