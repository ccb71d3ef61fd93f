"""Writing the cases that an SDK signed; each says its program, its package and the version."""

import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode

from tests.vectors.generators.cases import VECTORS, case

Json = dict[str, Any]
JSON = ["Content-Type", "application/json"]
FORM = ["Content-Type", "application/x-www-form-urlencoded"]


def secret(text: str, kid: str = "1", use: str = "verify") -> Json:
    return {"kid": kid, "use": use, "kind": "secret", "text": text}


def held(*keys: Json, mode: str = "live", **settings: str) -> Json:
    return {"mode": mode, "settings": settings, "keys": list(keys)}


def fact(
    kind: str, payment: str | None, order: str | None = None, *, minor: int | None = None,
    currency: str = "EUR", at: str | None = None, **more: Any,
) -> Json:  # fmt: skip
    """Return an expected event; what is None is compared as absent."""
    stated = {} if minor is None else {"amount_minor": minor, "currency": currency}
    told = {"type": kind, "payment_id": payment, "merchant_order_id": order, "refund_id": None}
    return told | {"occurred_at": at} | stated | more


def text_of(tree: Json) -> str:
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def form(fields: Json) -> bytes:
    return urlencode(fields).encode()


def from_pypi(package: str, call: str) -> str:
    """Return how a case says which Python package signed it."""
    return f"PyPI {package} {version(package)} ({call})"


class Cases:
    """The cases of one provider that one call of a package signs; `write` replaces its last run.

    `sign` takes what is said and the account, and returns headers and body."""

    def __init__(
        self, program: str, provider: str, signer: str, account: Json, at_ms: int,
        sign: Callable[[Any, Json], tuple[list[list[str]], bytes]],
    ) -> None:  # fmt: skip
        self.program = f"tests/vectors/generators/sdk/{program}: "
        self.provider, self.signer, self.account = provider, signer, account
        self.at_ms, self.sign = at_ms, sign
        self.language = program.removeprefix("by_").partition(".")[0].partition("_")[0]
        self.made: list[Json] = []

    def __call__(self, name: str, note: str, said: Any, expect: Json, **settings: str) -> None:
        account = self.account | {"settings": self.account["settings"] | settings}
        headers, body = self.sign(said, account)
        made = case(
            f"signed-in-{self.language}-{name}", note, account=account, provider=self.provider,
            headers=headers, body=body, received_at_ms=self.at_ms, expect=expect, origin="sdk",
        )  # fmt: skip
        self.made.append(made | {"source": self.program + self.signer})

    def write(self) -> None:
        path = VECTORS / f"{self.provider}.json"
        document = json.loads(path.read_text("utf-8"))
        # Each stays in its place: programs take turns in one file.
        new = {each["name"]: each for each in self.made}
        assert len(new) == len(self.made), "two cases of one name"
        cases = []
        for each in document["cases"]:
            if not each["source"].startswith(self.program):
                assert each["name"] not in new, each["name"]
                cases.append(each)
            elif each["name"] in new:
                cases.append(new.pop(each["name"]))
        document["cases"] = [*cases, *new.values()]
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
