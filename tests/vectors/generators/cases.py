"""Writing cases of our own into a vectors file, beside those that came from elsewhere."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.modules import module_name

VECTORS = Path(__file__).parents[1]
Headers = list[list[str]]


def case(
    name: str,
    note: str,
    *,
    account: dict[str, Any],
    provider: str,
    headers: Headers,
    body: bytes,
    received_at_ms: int,
    expect: dict[str, Any],
    origin: str = "made-here",
) -> dict[str, Any]:
    """Return one case in the exchange format."""
    return {
        "name": name,
        "origin": origin,
        "source": f"tests/vectors/generators/{module_name(provider)}.py",
        "account": account,
        "request": {
            "method": "POST",
            "target": f"/v1/callbacks/{provider}/shop",
            "headers": headers,
            "body_base64": base64.b64encode(body).decode(),
        },
        "received_at_ms": received_at_ms,
        "expect": expect,
        "note": note,
    }


def accepted(*events: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": "accepted", "events": list(events)}


def refused(reason: str) -> dict[str, Any]:
    return {"verdict": "refused", "reason": reason}


def unsupported(reason: str) -> dict[str, Any]:
    return {"verdict": "unsupported", "reason": reason}


def replace_generated(provider: str, cases: Sequence[dict[str, Any]]) -> None:
    """Write `cases` behind those of other sources; a second run writes the same bytes."""
    path = VECTORS / f"{provider}.json"
    document = json.loads(path.read_text())
    ours = f"tests/vectors/generators/{module_name(provider)}.py"
    kept = [each for each in document["cases"] if each["source"] != ours]
    names = [each["name"] for each in (*kept, *cases)]
    assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)
    document["cases"] = [*kept, *cases]
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
