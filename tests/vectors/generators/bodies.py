"""Cases of providers that sign whole bodies: said in plain values, signed by the test signers."""

import json
from typing import Any

from tests.support.signers import SIGNERS, THIN
from tests.vectors.generators.cases import accepted, case, refused, replace_generated

Body = dict[str, Any] | bytes


def key(text: str, kid: str = "1", **dates: str) -> dict[str, Any]:
    return {"kid": kid, "use": "verify", "kind": "secret", "text": text, **dates}


def account(*keys: dict[str, Any], mode: str = "live", **settings: str) -> dict[str, Any]:
    return {"mode": mode, "settings": settings, "keys": list(keys)}


def fact(fact_type: str, payment_id: str | None, **members: Any) -> dict[str, Any]:
    return {"type": fact_type, "payment_id": payment_id} | members


class Cases:
    """The cases of one provider; each call adds one. `write` replaces those of the last run."""

    def __init__(
        self, provider: str, held: dict[str, Any], at_ms: int, *headers: list[str]
    ) -> None:
        self.provider, self.held, self.at_ms, self.headers = provider, held, at_ms, headers
        self.made: list[dict[str, Any]] = []

    def __call__(self, name: str, note: str, body: Body, expect: Any, **changes: Any) -> None:
        """Add a case. `changes`: the account, the receive time, headers, or `sent`: other bytes
        than those that are signed; `signed_ms`: another time than that of the receipt."""
        held = changes.get("account", self.held)
        at_ms = changes.get("at_ms", self.at_ms)
        request = {"headers": list(changes.get("headers", self.headers))}
        signing = {
            "account": changes.get("signed_by", held),
            "request": request,
            "received_at_ms": changes.get("signed_ms", at_ms),
        }
        sign = ({**SIGNERS, **THIN})[self.provider].sign
        headers, octets = sign(body, signing)  # type: ignore[arg-type]
        self.made.append(
            case(
                name,
                note,
                account=held,
                provider=self.provider,
                headers=changes.get("only_headers", headers),
                body=changes.get("sent", octets),
                received_at_ms=at_ms,
                expect=expect,
            )
        )

    def hostile(self, body: dict[str, Any]) -> None:
        """Add what every one of them must refuse, made of a body that is good."""
        text = json.dumps(body, ensure_ascii=False)
        self("signed-array", "Well signed, but no object.", b"[1]", refused("malformed"))
        self(
            "signed-name-twice",
            "A member stands twice: which counts?",
            (text[:-1] + "," + text[1:]).encode(),
            refused("malformed"),
        )
        self(
            "sent-with-a-blank-more",
            "The value is the same, the bytes are not.",
            body,
            refused("bad_signature"),
            sent=text.encode() + b" ",
        )
        self("no-headers", "Nothing but a body.", body, refused("bad_signature"), only_headers=[])

    def rotation(self, body: dict[str, Any], old: str, *events: dict[str, Any]) -> None:
        """Add the three moments of a secret that is rolled; `old` signs."""
        new = self.held["keys"]
        settings, mode = self.held["settings"], self.held["mode"]
        signed_by = account(key(old), mode=mode, **settings)
        for name, note, dates, expect in (
            (
                "old-secret-still-in-force",
                "Either may sign for a while.",
                {"not_after": "2100-01-01T00:00:00Z"},
                accepted(*events),
            ),
            (
                "old-secret-out-of-force",
                "Its time ended before the receipt.",
                {"not_after": "2000-01-01T00:00:00Z"},
                refused("bad_signature"),
            ),
            (
                "secret-not-yet-in-force",
                "Its time begins after the receipt.",
                {"not_before": "2100-01-01T00:00:00Z"},
                refused("bad_signature"),
            ),
        ):
            both = account(*new, key(old, "old", **dates), mode=mode, **settings)
            self(name, note, body, expect, account=both, signed_by=signed_by)

    def stale(self, body: dict[str, Any], within_ms: int, *events: dict[str, Any]) -> None:
        """Add both sides of both ends of the window."""
        for name, signed_ms, expect in (
            ("oldest-in-the-window", self.at_ms - within_ms, accepted(*events)),
            ("too-old", self.at_ms - within_ms - 1000, refused("stale")),
            ("newest-in-the-window", self.at_ms + within_ms, accepted(*events)),
            ("too-new", self.at_ms + within_ms + 1000, refused("stale")),
        ):
            self(name, "An end of the window.", body, expect, signed_ms=signed_ms)

    def write(self) -> None:
        replace_generated(self.provider, self.made)
