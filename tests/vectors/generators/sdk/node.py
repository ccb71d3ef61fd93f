"""Asking an npm package for a signature; NODE_MODULES is the program's first argument."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.vectors.generators.cases import Headers
from tests.vectors.generators.sdk.written import Cases, Json

AT_S = 1_772_330_406  # 2026-03-01T02:00:06Z
Signed = tuple[Headers, bytes]


def ask(package: str, **said: Any) -> Json:
    answer: Json = json.loads(
        subprocess.run(
            ["node", Path(__file__).with_name("sign.js")],
            input=json.dumps({"package": package} | said), check=True, text=True,
            capture_output=True, env={"NODE_PATH": sys.argv[1], "PATH": "/usr/bin:/bin"},
        ).stdout
    )  # fmt: skip
    return answer


def signature(package: str, **said: Any) -> str:
    return str(ask(package, **said)["signature"])


def from_npm(package: str, call: str) -> str:
    return f"npm {package} {ask(package, only_version=True)['version']} ({call})"


def cases_by_npm(
    program: str, provider: str, package: str, call: str, account: Json,
    sign: Callable[[Any, Json], Signed],
) -> Cases:  # fmt: skip
    return Cases(program, provider, from_npm(package, call), account, AT_S * 1000, sign)


def key_of(account: Json) -> str:
    return str(account["keys"][0]["text"])
